/* SPDX-License-Identifier: BSD-3-Clause */

/* What every scheduler compiles to, on the control side. A worker knows the shapes and no scheduler
 * by name:
 *
 *     TABLE   entry[hash scaled to the size]
 *     CHANCE  entry[a random number scaled to the size]
 *     CURSOR  list[cursor++], each lane with a cursor of its own
 *     LOAD    the best candidate by a metric: of all, or of a few drawn by weight
 *     PROGRAM the candidate that the operator's own program names
 *
 * All but TABLE act on new flows only and lean on the flow table to keep them. A flow that finds no
 * place there goes by TABLE, so its packets stay together; every table has `entry` for that. */

#ifndef SLUICE_TABLE_SCHED_H
#define SLUICE_TABLE_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/scheduler.h"
#include "table/maglev.h"
#include "table/program.h"

enum sched_shape { SCHED_TABLE, SCHED_CHANCE, SCHED_CURSOR, SCHED_LOAD, SCHED_PROGRAM };

/* LOAD: what makes a candidate the better one. */
enum sched_metric {
	SCHED_FLOWS,        /* fewest flows of this lane */
	SCHED_WEIGHT_FLOWS, /* the same by weight */
	SCHED_SCORE,        /* flows, latency and errors of one against the other */
	SCHED_LATENCY,      /* latency of probes, and the flows since the last one */
};

/* LOAD looks at every candidate up to this number, and above it at a few that it draws. */
#define SCHED_SCAN_MOST 64
#define SCHED_DRAWS     8

/* LOAD: a member, and the alias method's row for drawing one by weight (Vose, "A Linear Algorithm
 * for Generating Random Numbers with a Given Distribution", 1991). */
struct sched_candidate {
	uint16_t slot;
	uint16_t weight;
	uint16_t keep;  /* of 65536 draws of this row so many stay, 65535 = all */
	uint16_t alias; /* the row that the others go to */
};

/* What a table is made from: the part of a pool's configuration that schedulers read. */
struct sched_spec {
	enum scheduler scheduler;
	uint32_t size;                  /* entries of the table, a prime */
	uint32_t virtual_nodes;         /* ring: points of a member of weight 100 */
	uint8_t flows, latency, errors; /* p2c: what each counts for */
	uint32_t max_latency_us;        /* least-latency: slower ones come last; 0 = none does */
	struct sched_program *program;  /* bpf; its answers are not used when NULL */
	const struct maglev_member *members; /* n of weight above 0, in any order */
	size_t n;
};

/* One compiled table. Immutable after it was made; shared by reference between generations as long
 * as what it was made from stays the same. The reference count is the control side's and the
 * builder's (atomic). */
struct sched_table {
	uint32_t refs; /* control, builder: rw */
	uint8_t shape; /* enum sched_shape */
	uint8_t metric;
	uint32_t size;                     /* entries */
	uint32_t n_list;                   /* CURSOR: turns */
	uint32_t n_candidates;             /* LOAD */
	double mean_weight;                /* LOAD: of the candidates */
	uint16_t *list;                    /* CURSOR: backend slots in turn */
	struct sched_candidate *candidate; /* LOAD */
	uint64_t checksum;      /* equal on every node with the same members; 0 without members */
	struct sched_spec spec; /* what it was made from; owns its members */
	uint32_t *owned;        /* entries, or turns of CURSOR, of each member */
	uint16_t entry[];       /* backend slot or MAGLEV_NONE */
};

/* A scheduler. compile fills what its shape needs, and nothing else is set of the table but `spec`
 * and `size`. 0 or -errno. Builder thread; pure. */
struct sched_ops {
	const char *name;
	int (*compile)(struct sched_table *t);
};

/* By enum scheduler. */
extern const struct sched_ops schedulers[SCHEDULER_COUNT];

/* Build a table. NULL without memory, or when the spec is not what conf_check lets through.
 * refs = 1. Without members: one entry, MAGLEV_NONE, shape TABLE. Builder thread; Maglev takes
 * about a millisecond per thousand members at 65537 entries. */
struct sched_table *sched_compile(const struct sched_spec *spec);

/* Look at a table before it is used: every entry, turn and candidate is a member, and every member
 * has its share of the entries, within 3 entries or 1 %, where there are enough for that. 0,
 * -EINVAL with a message, or -ENOMEM. Builder thread. */
int sched_check(const struct sched_table *t, struct sl_err *err);

/* True when `t` is what sched_compile would make of this. */
bool sched_same(const struct sched_table *t, const struct sched_spec *spec);

struct sched_table *sched_ref(struct sched_table *t);

/* Drop a reference; frees with the last. NULL is fine. */
void sched_unref(struct sched_table *t);

/* What all `owned` add up to, at least 1. */
static inline uint32_t sched_turns(const struct sched_table *t)
{
	return t->shape == SCHED_CURSOR ? t->n_list : t->size;
}

/* Share of new flows that member i is meant to have, 0 to 1: by the table or the turns, with LOAD
 * by weight, where the metric does not say otherwise. */
double sched_share(const struct sched_table *t, size_t i);

/* Parts of compile functions. */

/* Fill entry by Maglev; every compile function but ring's begins with it. 0 or -errno. */
int sched_fill_maglev(struct sched_table *t);

/* The members in the order of their identities, weight above 0; the caller frees it. NULL without
 * memory. */
const struct maglev_member **sched_sorted(const struct sched_table *t);

/* Make the table a LOAD one: candidates with the rows for drawing them, by weight or evenly. */
int sched_fill_candidates(struct sched_table *t, enum sched_metric metric, bool by_weight);

/* Entry number for a slot hash: its upper 32 bits scaled to the size, which needs no division
 * (Lemire, "Fast Random Integer Generation in an Interval", 2019, section 3). */
static inline uint32_t sched_index(uint64_t hash, uint32_t size)
{
	return (uint32_t)(((hash >> 32) * size) >> 32);
}

#endif
