/* SPDX-License-Identifier: BSD-3-Clause */

/* The whole way of a burst, from the mbufs a port gave to the mbufs it gets. */

#ifndef SLUICE_DATAPATH_PIPELINE_H
#define SLUICE_DATAPATH_PIPELINE_H

#include "datapath/burst.h"

#define PIPELINE_STAGES 6

/* The packet path as compiled for some level of CPU (level.h). All of them do the same. */
struct pipeline {
	const char *name; /* as the x86-64 psABI calls the level */
	void (*begin)(struct lane *l, const struct generation *g, struct burst *b);
	void (*finish)(struct lane *l, const struct generation *g, struct burst *b);
	void (*tx)(struct lane *l, struct burst *b, const uint16_t *dpdk_port);

	/* parse, classify, hash, flow, select, transform: for who measures them one by one */
	void (*stage[PIPELINE_STAGES])(struct lane *l, const struct generation *g, struct burst *b);
};

#define PIPELINES_MAX 2

/* Those that this CPU can run, the simplest first. Returns how many. */
uint32_t pipeline_list(const struct pipeline *out[PIPELINES_MAX]);

/* The one that runs. Written at start, before there are workers, then read only. */
extern const struct pipeline *pipeline_now;

/* Choose the fastest for this CPU and return its name. Without it the simplest one runs. */
const char *pipeline_init(void);

/* The two halves of a burst's way. The n <= BURST_MAX mbufs in b->mbuf came in by port b->rx_port;
 * the caller sets those three. Afterwards b->mbuf[0..b->n) are ready to leave by brief_port() of
 * b->brief[], not counted yet, and so are the lane's waiting packets (slow.h); all others are
 * counted and freed. Worker, or a test: needs no port.
 *
 * While the second half of one burst runs, the flow table's entries for the next come from memory.
 * Both halves of a burst want the same generation, and bursts are finished in the order they were
 * begun. */
static inline void pipeline_begin(struct lane *l, const struct generation *g, struct burst *b)
{
	pipeline_now->begin(l, g, b);
}

static inline void pipeline_finish(struct lane *l, const struct generation *g, struct burst *b)
{
	pipeline_now->finish(l, g, b);
}

/* Both. */
static inline void pipeline_run(struct lane *l, const struct generation *g, struct burst *b)
{
	pipeline_begin(l, g, b);
	pipeline_finish(l, g, b);
}

/* Hand the packets over, each port's in one go, and count what it took as forwarded, the rest
 * (freed) as tx_full. dpdk_port maps a port index to its DPDK id. Worker. */
static inline void pipeline_tx(struct lane *l, struct burst *b, const uint16_t *dpdk_port)
{
	pipeline_now->tx(l, b, dpdk_port);
}

#endif
