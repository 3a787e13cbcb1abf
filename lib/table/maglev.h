/* SPDX-License-Identifier: BSD-3-Clause */

/* Weighted Maglev tables (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load
 * Balancer", NSDI 2016, 3.4). A packet's slot hash picks an entry, the entry names the backend
 * slot.
 *
 * Which member owns an entry depends on the members' identities and weights alone: not on names,
 * order or slot numbers. Each member has a permutation of all entries, from its identity: first
 * `offset`, then steps of `skip`. Members take turns, and in its turn a member takes its next entry
 * that is still free. With unequal weights a member is not in every round: a credit grows by its
 * weight each round, and a turn costs the greatest weight `top` of all. It starts at top * offset /
 * size. Within a round turns follow the order of identities: addresses by their bytes, then ids by
 * number.
 *
 * The table itself holds slots, because that is what the packet path needs, and slots are each
 * node's own matter. maglev_checksum therefore goes over identities: equal on two nodes whose
 * tables decide alike.
 *
 * Everything here is pure and belongs to the control side. */

#ifndef SLUICE_TABLE_MAGLEV_H
#define SLUICE_TABLE_MAGLEV_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* Every entry of a table without members. */
#define MAGLEV_NONE        0xffff

/* Backend slots have 14 bits; the last number is left to MAGLEV_NONE. */
#define MAGLEV_MAX_SLOT    0x3ffe
#define MAGLEV_MAX_MEMBERS (MAGLEV_MAX_SLOT + 1)
#define MAGLEV_MAX_SIZE    (1u << 24)

struct maglev_member {
	struct sl_addr address; /* the identity, when id is 0 */
	uint32_t id;            /* the identity, when not 0 */
	uint32_t weight;        /* 0 = in no entry */
	uint16_t slot;          /* what the table shows, <= MAGLEV_MAX_SLOT */
};

/* Fill table[size] with the slots of m[n]. With equal weights the numbers of entries differ by 1 at
 * most, with others they are as the weights, but for rounding. Without a weight above 0 every entry
 * is MAGLEV_NONE. 0, -EINVAL (size not a prime from 3 to MAGLEV_MAX_SIZE, n or a slot too great),
 * -EEXIST (two members with one identity), or -ENOMEM; the content of the table is undefined after
 * an error. */
int maglev_compile(const struct maglev_member *m, size_t n, uint16_t *table, uint32_t size);

/* *sum: 64 bits over the identities of the owners of all entries, in their order. m may have any
 * order. 0, -EINVAL (an entry is no member's slot, or n or a slot is too great), or -ENOMEM. */
int maglev_checksum(const struct maglev_member *m, size_t n, const uint16_t *table, uint32_t size,
	uint64_t *sum);

/* 64 bits that stand for the identity of a member. */
uint64_t maglev_identity(const struct maglev_member *m);

/* The same by slot, never 0; 0 = no member has this slot. NULL without memory; the caller frees it.
 */
uint64_t *maglev_identities(const struct maglev_member *m, size_t n);

/* Order of identities, for qsort over `const struct maglev_member *`. */
int maglev_identity_cmp(const void *left, const void *right);

/* A member as the filling sees it: its way through the table, and its weight, not 0. */
struct maglev_way {
	uint32_t offset; /* 0 .. size - 1 */
	uint32_t skip;   /* 1 .. size - 1 */
	uint32_t weight;
};

/* The inner step of maglev_compile: fill table[size], size a prime, with indexes into w[n]; n is 1
 * to MAGLEV_MAX_MEMBERS. 0 or -ENOMEM. */
int maglev_fill(const struct maglev_way *w, size_t n, uint16_t *table, uint32_t size);

#endif
