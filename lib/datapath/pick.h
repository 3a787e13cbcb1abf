/* SPDX-License-Identifier: BSD-3-Clause */

/* Choosing a backend for one new flow by the shapes that keep state (lib/table/sched.h): all but
 * TABLE. Worker; only with a flow table, which keeps the choice. */

#ifndef SLUICE_DATAPATH_PICK_H
#define SLUICE_DATAPATH_PICK_H

#include "datapath/lane.h"

/* A random number of the lane: xorshift64* (Marsaglia, "Xorshift RNGs", 2003; Vigna, 2016). */
static inline uint64_t lane_random(struct lane *l)
{
	uint64_t x = l->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	l->random = x;
	return x * UINT64_C(0x2545f4914f6cdd1d);
}

static inline uint16_t pick_chance(struct lane *l, const struct service *s)
{
	return s->entry[sched_index(lane_random(l), s->size)];
}

/* The next turn of the pool on this lane. A list that became shorter is entered anew. */
static inline uint16_t pick_cursor(struct lane *l, const struct service *s)
{
	const struct sched_table *t = s->table;
	uint32_t at = l->cursor[s->pool];

	if (__builtin_expect(at >= t->n_list, 0))
		at = at == t->n_list ? 0 : sched_index((uint64_t)at << 32, t->n_list);
	l->cursor[s->pool] = at + 1;
	return t->list[at];
}

/* The best candidate by the table's metric: of all of them, begun at a random place, or above
 * SCHED_SCAN_MOST of SCHED_DRAWS that are drawn by weight; SCHED_SCORE draws two in any case. */
uint16_t pick_load(struct lane *l, const struct sched_table *t);

/* What the table's program answers for a flow with this slot hash; MAGLEV_NONE, counted, when that
 * is no member. */
uint16_t pick_program(struct lane *l, const struct sched_table *t, const struct flow_key *key,
	bool v6, uint8_t dscp, uint64_t hash);

#endif
