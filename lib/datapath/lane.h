/* SPDX-License-Identifier: BSD-3-Clause */

/* A lane: RX queue i of every port together with TX queue i, and everything a packet there may
 * change. One worker drives a lane at a time; nobody else writes its fields. */

#ifndef SLUICE_DATAPATH_LANE_H
#define SLUICE_DATAPATH_LANE_H

#include <stdalign.h>
#include <stdint.h>

#include "base/verdict.h"
#include "table/generation.h"

/* One writer: a relaxed load and store is a plain add, and readers on other threads are race-free.
 */
static inline void counter_add(uint64_t *c, uint64_t n)
{
	__atomic_store_n(c, __atomic_load_n(c, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline uint64_t counter_read(const uint64_t *c)
{
	return __atomic_load_n(c, __ATOMIC_RELAXED);
}

/* Packets and bytes of IP packets as they arrived, for what left towards a backend. */
struct traffic {
	uint64_t packets;
	uint64_t bytes;
};

/* All worker: rw, control: ro. */
struct lane {
	alignas(64) uint16_t id; /* queue number on every port */
	uint16_t ip_id;          /* identification of the next outer IPv4 header */
	uint16_t clock;          /* seconds, wraps; the worker moves it on */
	bool mostly_new;         /* of the flows in the last burst; both buckets are fetched then */
	struct flow_table *flows; /* NULL = no flow is remembered */

	uint64_t rx; /* packets received */
	uint64_t verdict[VERDICT_COUNT];
	struct traffic *service; /* by service id, CONF_MAX_VIPS rows */
	struct traffic *backend; /* by backend slot, BACKEND_SLOTS rows */
	uint64_t *service_new;   /* flows that began, by service id */
	uint64_t *backend_new;   /* the same by backend slot */
};

/* A lane with zeroed counters for this many service ids and without a flow table; all on cache
 * lines of its own. NULL without memory. Control thread, before the worker that drives it starts.
 */
struct lane *lane_new(uint16_t id, uint32_t n_services);

/* Give it a flow table. 0 or -ENOMEM. Control thread, before the worker starts. */
int lane_add_flows(struct lane *l, uint32_t entries, const uint8_t secret[HASH_SECRET_BYTES]);

/* No worker may drive it any more. NULL is fine. */
void lane_free(struct lane *l);

static inline void lane_count(struct lane *l, enum verdict v, uint64_t n)
{
	counter_add(&l->verdict[v], n);
}

#endif
