/* SPDX-License-Identifier: BSD-3-Clause */

/* The whole way of a burst, from the mbufs a port gave to the mbufs it gets. */

#ifndef SLUICE_DATAPATH_PIPELINE_H
#define SLUICE_DATAPATH_PIPELINE_H

#include "datapath/burst.h"

#define PIPELINE_STAGES 7

/* The packet path as compiled for some level of CPU (level.h). All of them do the same. */
struct pipeline {
	const char *name; /* as the x86-64 psABI calls the level */
	void (*begin)(struct lane *l, const struct generation *g, struct burst *b);
	void (*find)(struct lane *l, const struct generation *g, struct burst *b);
	void (*finish)(struct lane *l, const struct generation *g, struct burst *b);
	void (*tx)(struct lane *l, struct burst *b, const uint16_t *dpdk_port);

	/* parse, classify, hash, find, flow, select, transform: for who measures them one by one */
	void (*stage[PIPELINE_STAGES])(struct lane *l, const struct generation *g, struct burst *b);
};

#define PIPELINES_MAX 2

/* Those that this CPU can run, the simplest first. Returns how many. */
uint32_t pipeline_list(const struct pipeline *out[PIPELINES_MAX]);

/* The one that runs. Written at start, before there are workers, then read only. */
extern const struct pipeline *pipeline_now;

/* Choose the fastest for this CPU and return its name. Without it the simplest one runs. */
const char *pipeline_init(void);

/* The three parts of a burst's way. The n <= BURST_MAX mbufs in b->mbuf came in by port b->rx_port;
 * the caller sets those three. Afterwards b->mbuf[0..b->n) are ready to leave by brief_port() of
 * b->brief[], not counted yet, and so are the lane's waiting packets (slow.h); all others are
 * counted and freed. Worker, or a test: needs no port.
 *
 * The flow table's entries come from memory between the parts: the first buckets between begin and
 * find, the second ones of flows that need them between find and finish. All parts of a burst want
 * the same generation, bursts are finished in the order they were begun, and one is looked for when
 * the one before it has finished. */
static inline void pipeline_begin(struct lane *l, const struct generation *g, struct burst *b)
{
	pipeline_now->begin(l, g, b);
}

static inline void pipeline_find(struct lane *l, const struct generation *g, struct burst *b)
{
	pipeline_now->find(l, g, b);
}

static inline void pipeline_finish(struct lane *l, const struct generation *g, struct burst *b)
{
	pipeline_now->finish(l, g, b);
}

/* All. */
static inline void pipeline_run(struct lane *l, const struct generation *g, struct burst *b)
{
	pipeline_begin(l, g, b);
	pipeline_find(l, g, b);
	pipeline_finish(l, g, b);
}

/* Hand the packets over, each port's in one go, and count what it took as forwarded, the rest
 * (freed) as tx_full. dpdk_port maps a port index to its DPDK id. Worker. */
static inline void pipeline_tx(struct lane *l, struct burst *b, const uint16_t *dpdk_port)
{
	pipeline_now->tx(l, b, dpdk_port);
}

#endif
