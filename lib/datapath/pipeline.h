/* SPDX-License-Identifier: BSD-3-Clause */

/* The whole way of a burst, from the mbufs a port gave to the mbufs it gets. */

#ifndef SLUICE_DATAPATH_PIPELINE_H
#define SLUICE_DATAPATH_PIPELINE_H

#include "datapath/burst.h"

/* Process the n <= BURST_MAX mbufs in b->mbuf that came in by port b->rx_port; the caller sets
 * those three. Afterwards b->mbuf[0..b->n) are ready to leave by b->tx_port[], not counted yet, and
 * so are the lane's waiting packets (slow.h); all others are counted and freed. Worker, or a test:
 * needs no port. */
void pipeline_run(struct lane *l, const struct generation *g, struct burst *b);

/* The two halves of pipeline_run: while the second half of one burst runs, the flow table's entries
 * for the next come from memory. Both halves of a burst want the same generation, and bursts are
 * finished in the order they were begun. */
void pipeline_begin(struct lane *l, const struct generation *g, struct burst *b);
void pipeline_finish(struct lane *l, const struct generation *g, struct burst *b);

/* Hand the packets over, each port's in one go, and count what it took as forwarded, the rest
 * (freed) as tx_full. dpdk_port maps a port index to its DPDK id. Worker. */
void pipeline_tx(struct lane *l, struct burst *b, const uint16_t *dpdk_port);

#endif
