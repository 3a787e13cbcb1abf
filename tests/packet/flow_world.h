/* SPDX-License-Identifier: BSD-3-Clause */

/* Backends that come, leave, change their weight and their next hop, and the generations that
 * follow from it, made the way the daemon does: slots from compile/ids.h, backends that left kept
 * as long as they have flows, one lane. */

#ifndef SLUICE_TESTS_FLOW_WORLD_H
#define SLUICE_TESTS_FLOW_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "compile/compile.h"
#include "compile/ids.h"
#include "datapath/lane.h"

#define FLOW_POOLS     2
#define FLOW_BACKENDS  48 /* all there ever are; number % FLOW_POOLS is the pool */
#define FLOW_NOBODY    0xff
#define FLOW_TABLE     65537
/* Timeouts: a SYN alone, after a FIN, anything else. */
#define FLOW_SYN_S     10
#define FLOW_CLOSING_S 30
#define FLOW_IDLE_S    900

/* Pool 0 serves the TCP VIPs, pool 1 the UDP ones; a service number is protocol * 2 + family. */
#define FLOW_SERVICES  4
#define FLOW_VIP4      "203.0.113.1"
#define FLOW_VIP6      "2001:db8::1"
#define FLOW_TCP_PORT  80
#define FLOW_UDP_PORT  53
#define FLOW_MAC       "02:aa:00:00:00:01"

enum flow_place { FLOW_OUT, FLOW_IN, FLOW_LEAVING };

struct flow_backend {
	enum flow_place place;
	uint32_t weight;
	uint16_t mac; /* last two bytes of its next hop's */
	enum conf_admin admin;
	bool down;      /* marked so by health checks */
	bool saturated; /* has its max_flows; the caller tells the load view */
	bool purged;    /* down, and its flows start over; set by flow_world_publish */
	bool drained;   /* in drain, and its time is over */
	uint16_t gone;  /* how often it went out for good */
	uint16_t slot;
};

struct flow_world {
	uint32_t persist_s; /* of both pools */
	struct flow_backend be[FLOW_BACKENDS];
	struct lane *lane;
	struct generation *g; /* the one in force */
	struct ids *slots;
	uint64_t revision;
	enum conf_marked_down on_marked_down;
	enum conf_track track[FLOW_POOLS];
	uint32_t max_flows; /* of every backend */
	uint32_t udp_s;     /* flows.udp_s, FLOW_IDLE_S to begin with */
};

/* All backends out. entries 0: a lane without a flow table. Aborts without memory. */
void flow_world_start(struct flow_world *w, uint32_t entries);
void flow_world_end(struct flow_world *w);

/* Put a new generation in force. */
void flow_world_publish(struct flow_world *w);

/* Backends of a pool that get new flows. */
uint32_t flow_world_ready(const struct flow_world *w, uint32_t pool);

static inline bool flow_world_takes_new(const struct flow_backend *be)
{
	return be->place == FLOW_IN && be->weight > 0 && be->admin == CONF_ADMIN_READY && !be->down;
}

/* No packet at all goes there: its flows start over. */
static inline bool flow_world_is_out(const struct flow_backend *be)
{
	return be->place == FLOW_OUT ||
	       (be->place == FLOW_IN &&
		       (be->admin == CONF_ADMIN_MAINT || be->drained || be->purged));
}

/* The backend with this outer destination (4 or 16 bytes), FLOW_NOBODY when there is none. */
uint8_t flow_world_at(const uint8_t *address, bool v6);

/* The backend that the table in force names for a slot hash; where that is saturated and flows of
 * the pool are remembered, the first of the next 8 entries that is not. */
uint8_t flow_world_choice(const struct flow_world *w, uint32_t service, uint64_t hash);

#endif
