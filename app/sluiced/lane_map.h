/* SPDX-License-Identifier: BSD-3-Clause */

/* Which worker drives which lane. The control thread says who shall; the worker that drives a lane
 * hands it over itself, between two rounds of polling, so there is never a moment with two drivers,
 * and none with no driver that is longer than the other one's round. All that a lane knows goes
 * along: its queues stay the same, so no packet and no flow is lost. */

#ifndef SLUICED_LANE_MAP_H
#define SLUICED_LANE_MAP_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "datapath/lane.h"

/* Workers are numbered from 0; a number fits a byte. */
struct lane_map {
	/* control: rw before the workers start, then ro for both */
	struct lane *const *lanes;
	uint32_t n_lanes;

	/* control: rw, worker: ro */
	alignas(64) uint32_t changes; /* of `wanted` */
	uint8_t wanted[LANES_MAX];    /* worker that shall drive the lane */

	/* the worker that is named: rw, others: ro */
	alignas(64) uint8_t owner[LANES_MAX]; /* worker that drives the lane */
};

/* Lane i to worker i, i + n, and so on. Control thread, before the workers start. */
void lane_map_start(
	struct lane_map *m, struct lane *const *lanes, uint32_t n_lanes, uint32_t n_workers);

/* Have a worker take over a lane. Control thread. */
void lane_map_move(struct lane_map *m, uint32_t lane, uint32_t worker);

/* The worker that drives a lane. Any thread. */
static inline uint32_t lane_map_owner(const struct lane_map *m, uint32_t lane)
{
	return __atomic_load_n(&m->owner[lane], __ATOMIC_ACQUIRE);
}

/* What a worker knows of the map. Worker: rw. */
struct lane_view {
	uint32_t seen; /* changes that are worked in */
	uint32_t n;
	struct lane *lane[LANES_MAX];
};

/* Hand over what is not to be driven any more, take over what is there; list in *v what the worker
 * drives now. Worker. */
void lane_map_follow(struct lane_map *m, uint32_t worker, struct lane_view *v);

/* The same once a loop, with no burst begun and not finished: a load when nothing has changed. */
static inline void lane_map_look(struct lane_map *m, uint32_t worker, struct lane_view *v)
{
	if (__builtin_expect(__atomic_load_n(&m->changes, __ATOMIC_RELAXED) != v->seen, 0))
		lane_map_follow(m, worker, v);
}

#endif
