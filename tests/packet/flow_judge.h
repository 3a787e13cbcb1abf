/* SPDX-License-Identifier: BSD-3-Clause */

/* Sends the packets of many flows through the pipeline and judges where they go. It reads the outer
 * destination of every frame that leaves and remembers by itself where each flow was. */

#ifndef SLUICE_TESTS_FLOW_JUDGE_H
#define SLUICE_TESTS_FLOW_JUDGE_H

#include "datapath/pipeline.h"
#include "flow_world.h"
#include "frame.h"
#include "random.h"

/* Flow numbers are 24 bits. */
#define MAX_FLOWS (1u << 24)

#define HEADROOM  128

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

/* Where a flow was seen last. */
struct flow {
	uint8_t backend; /* FLOW_NOBODY: never */
	bool fresh;      /* SYNs and nothing else: remembered for FLOW_SYN_S seconds only */
	bool closed;     /* FIN, and no SYN since: for FLOW_CLOSING_S seconds */
	uint16_t gone;   /* that backend's count at that time */
	uint16_t seen;   /* the lane's clock */
};

struct judge {
	struct flow_world w;
	struct random r;
	bool free_choice; /* what decides about new flows is judged elsewhere */
	struct flow *flow;
	uint32_t n_flows, room;
	uint64_t packets, rehashed, refused_drain, wrong;
	const char *what; /* the first thing that was wrong */
	uint32_t which;
	struct frame frame[FLOW_SERVICES];
	struct burst b;
	struct rte_mbuf m[BURST_MAX];
	uint8_t room_for[BURST_MAX][512];
	uint32_t ids[BURST_MAX];
	uint8_t lap; /* of strangers: more source ports than flows have */
};

/* With a lane for `entries` flows, or without a flow table (0); no backend is in. `room`: most
 * flows there will be. Aborts without memory. */
struct judge *judge_new(uint32_t room, uint32_t entries);

/* Fail the test if anything was wrong; judge_end frees, besides. */
void judge_says(const struct judge *j);
void judge_end(struct judge *j);

/* Bring the backends [first, end) in, with one weight. */
void judge_bring_in(struct judge *j, uint32_t first, uint32_t end);

/* Sweep one part in `share` of the flow table, as the worker does beside packets. */
void judge_sweep(struct judge *j, uint32_t share);

/* One packet of each flow from `first` on. */
void send_range(struct judge *j, uint32_t first, uint32_t end, uint8_t flags);

/* Packets of flows at random. */
void send_random(struct judge *j, uint32_t packets, uint8_t flags);

/* Packets of TCP flows with numbers from `first` on, which belong to nobody. They must leave, but
 * where they go is not looked at. */
void send_strangers(struct judge *j, uint32_t first, uint32_t packets, uint8_t flags);

/* n new flows: a first packet, and one that confirms. */
void open_flows(struct judge *j, uint32_t n);

/* How many flows of each backend there are. */
void census(const struct judge *j, uint32_t on[FLOW_BACKENDS]);

/* A flow's number says all about it: service, source address, source port. */
static inline uint32_t service_of(uint32_t id)
{
	return id & 3;
}

static inline bool is_tcp(uint32_t id)
{
	return !(id & 2);
}

#endif
