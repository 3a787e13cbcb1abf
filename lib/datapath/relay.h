/* SPDX-License-Identifier: BSD-3-Clause */

/* Packets whose flow another lane remembers: ICMP errors, which a NIC spreads by their outer
 * addresses, and fragments, which it spreads without ports. Such a packet goes round the lanes
 * (docs/decisions/0043-relay-between-lanes.md).
 *
 * Each lane has one ring, from the lane before it, the first one's from the last. A packet that is
 * sent off goes through all rings and its message comes home to the lane that received it, with or
 * without the packet. On the way
 *   - the lane that RSS says is the flow's, where that is known, takes the packet;
 *   - else the first lane that has the flow, or at last the lane that received it.
 * Who takes it does with it what it would do with one of its own. A message about a fragment brings
 * home where the rest of the datagram goes.
 *
 * A lane has so many messages under way that all of all lanes fit into one ring: none is ever full,
 * nobody waits, and no packet is lost. A packet for which the lane has no message left is dealt
 * with where it is. Worker only, where nothing else is said. */

#ifndef SLUICE_DATAPATH_RELAY_H
#define SLUICE_DATAPATH_RELAY_H

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/flow_key.h"
#include "datapath/frag_cache.h"
#include "datapath/lane.h"
#include "datapath/rss.h"

/* Messages of one lane that may be under way, at most and at least: fewer with more lanes, so that
 * a ring has no more than RELAY_ROOM up to 128 of them. A worker that was away finds bursts in its
 * queues: some of them may be fragments alone. */
#define RELAY_OPEN_MAX 256
#define RELAY_OPEN_MIN 32
#define RELAY_ROOM     4096

/* Messages that a lane looks at between two bursts, as many as a burst has: a flood of fragments
 * takes a bounded share of its time. */
#define RELAY_WORK_MAX 32

enum relay_state {
	RELAY_ASKS,    /* nobody has taken the packet */
	RELAY_CARRIED, /* it was taken, and of its datagram more may pass */
	RELAY_REFUSED, /* it was taken, and of its datagram nothing passes */
};

struct relay_msg {
	union {
		struct rte_mbuf *m; /* RELAY_ASKS */
		uint64_t hash;      /* RELAY_CARRIED, a fragment: of its flow */
	};
	union {
		struct flow_key key; /* RELAY_ASKS: of the flow */
		struct {             /* else, about a fragment */
			struct frag_key datagram;
			uint16_t service, backend; /* RELAY_CARRIED */
		};
	};
	uint8_t state;   /* enum relay_state */
	uint8_t origin;  /* lane that received the packet */
	uint8_t home;    /* lane that takes it, whether it has the flow or not */
	uint8_t rx_port; /* index into generation.ports */
	bool v6;
	bool fragment; /* else an ICMP error */
};

static_assert(sizeof(struct relay_msg) == 64, "one cache line");

struct relay_ring {
	alignas(64) uint32_t head; /* worker of the lane before: rw, of this lane: ro */
	alignas(64) uint32_t tail; /* worker of this lane: rw */
	uint32_t mask;
	/* [tail, head): of this lane's worker; others: the one's before */
	alignas(64) struct relay_msg at[];
};

struct relay {
	/* control: rw before the workers start, then ro for both */
	alignas(128) struct relay_ring *in;
	struct relay_ring *out;    /* the next lane's `in` */
	const struct rss_map *rss; /* by port */
	uint32_t n_ports;
	uint32_t n_lanes;
	uint32_t open_max; /* messages of this lane that may be under way */

	/* worker: rw, control: ro */
	uint32_t open;    /* those that are */
	uint64_t asked;   /* packets sent off */
	uint64_t taken;   /* packets of other lanes that this one took */
	uint64_t refused; /* packets that stayed: all messages were under way */
};

/* Join n lanes of 2 and more; with fewer, nothing. rss: by port, must outlive the lanes. 0 or
 * -ENOMEM. Control thread, before the workers start. */
int relay_join(
	struct lane *const *lanes, uint32_t n_lanes, const struct rss_map *rss, uint32_t n_ports);

/* Frees the packets that are in the lane's ring, too. NULL is fine. Control thread, when no worker
 * drives any of the lanes. */
void relay_part(struct relay *r);

struct odd;

/* Send a packet off to where its flow with this key may be. False: it stays with the caller. */
bool relay_ask(struct lane *l, const struct odd *p, const struct flow_key *key, bool fragment);

/* Look at what has come; what leaves waits in the lane (slow.h). Returns the messages. */
uint32_t relay_work(struct lane *l, const struct generation *g);

/* Has something come? Once a loop for each lane, with no burst of it begun and not finished. */
static inline bool relay_due(const struct lane *l)
{
	const struct relay *r = l->relay;

	return r && __atomic_load_n(&r->in->head, __ATOMIC_RELAXED) != r->in->tail;
}

#endif
