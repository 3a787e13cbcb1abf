/* SPDX-License-Identifier: BSD-3-Clause */

/* A lane: RX queue i of every port together with TX queue i, and everything a packet there may
 * change. One worker drives a lane at a time; nobody else writes its fields. */

#ifndef SLUICE_DATAPATH_LANE_H
#define SLUICE_DATAPATH_LANE_H

#include <stdalign.h>
#include <stdint.h>

#include "base/counter.h"
#include "base/verdict.h"
#include "table/generation.h"
#include "table/load.h"
#include "table/session.h"

/* Most lanes there are. */
#define LANES_MAX 128

/* Packets and bytes of IP packets as they arrived, for what left towards a backend. */
struct traffic {
	uint64_t packets;
	uint64_t bytes;
};

/* Flows that a backend was given since sample number `sample` of its latency. */
struct lane_recent {
	uint32_t flows;
	uint8_t sample;
};

static inline void traffic_add(struct traffic *t, uint64_t packets, uint64_t bytes)
{
	counter_add(&t->packets, packets);
	counter_add(&t->bytes, bytes);
}

struct relay;
struct slow;

/* What became of the sessions that new flows looked for. */
struct lane_sessions {
	uint64_t hits;    /* new flows that went where their client was */
	uint64_t began;   /* clients that are remembered anew */
	uint64_t changed; /* clients whose backend takes no new flow any more */
	uint64_t evicted; /* sessions that made room for others before their time */
};

/* Worker: rw, control: ro, where nothing else is said. */
struct lane {
	alignas(64) uint16_t id; /* queue number on every port */
	uint16_t ip_id;          /* identification of the next outer IPv4 header */
	uint16_t clock;          /* seconds, wraps; the worker moves it on */
	bool mostly_new;         /* of the flows in the last burst; both buckets are fetched then */
	bool nearly_all_new;     /* the same; both are looked at in one then */
	struct flow_table *flows; /* NULL = no flow is remembered */
	struct ask *ask;          /* control: sets, worker: clears; NULL = no question (ask.h) */

	/* control: rw before the launch, worker: ro */
	const struct load_view *load;   /* NULL = nothing is known of the backends */
	struct session_table *sessions; /* of all lanes; NULL = no pool's clients are remembered */

	/* control: rw, worker: ro */
	uint32_t *others; /* by backend slot: flows on the other lanes, when last counted */

	uint64_t random;            /* state of lane_random(), never 0 */
	uint32_t *cursor;           /* by pool: its next turn */
	uint64_t program_strays;    /* answers of programs that name no member */
	struct lane_recent *recent; /* by backend slot */

	struct report_ring *reports; /* for the control thread (report.h) */

	struct relay *relay;   /* to and from other lanes (relay.h); NULL = there are none */
	struct slow *slow;     /* the side exit's own (slow.h) */
	uint32_t slow_waiting; /* packets that came by it and wait to be sent */

	uint64_t rx; /* packets received */
	uint64_t verdict[VERDICT_COUNT];
	struct traffic *service; /* by service id */
	struct traffic *backend; /* by backend slot, BACKEND_SLOTS rows */
	struct lane_sessions session;
	uint64_t *service_new;   /* flows that began, by service id */
	uint64_t *backend_new;   /* the same by backend slot */
	uint64_t *backend_over;  /* of those, that it got above its max_flows */
	uint64_t *backend_again; /* SYNs that came once more before anything else did, by slot */
};

/* A lane with zeroed counters for this many service ids and without a flow table; all on cache
 * lines of its own. NULL without memory. Control thread, before the worker that drives it starts.
 */
struct lane *lane_new(uint16_t id, uint32_t n_services);

/* Give it a flow table. 0 or -ENOMEM. Control thread, before the worker starts. */
int lane_add_flows(
	struct lane *l, const struct flow_shape *shape, const uint8_t secret[HASH_SECRET_BYTES]);

/* Count the flows of n slots over all lanes: into the rows of the view, and into `others` of each
 * lane. A lane then knows a backend's load as what the others had at the last count plus what it
 * has itself now, so its own choices count at once. Control thread. */
void lanes_count_flows(struct lane *const *lanes, uint32_t n_lanes, const uint16_t *slots, size_t n,
	struct load_view *view);

/* No worker may drive it any more. NULL is fine. */
void lane_free(struct lane *l);

static inline void lane_count(struct lane *l, enum verdict v, uint64_t n)
{
	counter_add(&l->verdict[v], n);
}

/* Flows that a backend has, as far as this lane knows. Only with a flow table. Worker. */
static inline uint32_t lane_flows_of(const struct lane *l, uint16_t slot)
{
	return __atomic_load_n(&l->others[slot], __ATOMIC_RELAXED) +
	       __atomic_load_n(&l->flows->active[slot], __ATOMIC_RELAXED);
}

#endif
