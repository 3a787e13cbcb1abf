/* SPDX-License-Identifier: BSD-3-Clause */

/* What every scheduler compiles to. A worker knows this shape and no scheduler by name:
 * TABLE: entry[hash scaled to the size]. */

#ifndef SLUICE_TABLE_SCHED_H
#define SLUICE_TABLE_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/maglev.h"

/* One compiled table. Immutable after it was made; shared by reference between generations as long
 * as the members it was made from stay the same. The reference count is the control side's and the
 * builder's (atomic). */
struct sched_table {
	uint32_t refs;     /* control, builder: rw */
	uint32_t size;     /* entries */
	uint64_t checksum; /* equal on every node with the same members; 0 without members */
	size_t n_members;
	struct maglev_member *members; /* what the table was made from, in the order given */
	uint32_t *owned;               /* entries of each member */
	uint16_t entry[];              /* backend slot or MAGLEV_NONE */
};

/* Build a Maglev table of `size` entries (a prime) for n > 0 members, all of weight above 0. NULL
 * without memory. refs = 1. Builder thread; takes about a millisecond per thousand members at 65537
 * entries. */
struct sched_table *sched_maglev(const struct maglev_member *members, size_t n, uint32_t size);

/* A table without members: one entry, MAGLEV_NONE. NULL without memory. refs = 1. */
struct sched_table *sched_none(void);

/* True when `t` is what sched_maglev would make of these arguments. */
bool sched_same(
	const struct sched_table *t, const struct maglev_member *members, size_t n, uint32_t size);

struct sched_table *sched_ref(struct sched_table *t);

/* Drop a reference; frees with the last. NULL is fine. */
void sched_unref(struct sched_table *t);

/* Entry number for a slot hash: its upper 32 bits scaled to the size, which needs no division
 * (Lemire, "Fast Random Integer Generation in an Interval", 2019, section 3). */
static inline uint32_t sched_index(uint64_t hash, uint32_t size)
{
	return (uint32_t)(((hash >> 32) * size) >> 32);
}

#endif
