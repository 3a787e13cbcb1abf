/* SPDX-License-Identifier: BSD-3-Clause */

/* Where mbufs come from: allocated, filled, and kept in a line as long as the lead, as a receive
 * ring keeps them. With a short lead the pipeline finds them in the first cache, with a long one
 * not. */

#ifndef SLUICE_BENCH_SOURCE_H
#define SLUICE_BENCH_SOURCE_H

#include <rte_mbuf.h>

#include "datapath/burst.h"
#include "frame.h"

struct source {
	struct rte_mempool *pool;
	struct frame_source frames;
	struct rte_mbuf **line; /* bursts in waiting, a ring */
	uint32_t bursts;        /* in it */
	uint32_t at;            /* the oldest */
};

/* Fill the line. 0 or -ENOMEM. */
int source_open(
	struct source *s, struct rte_mempool *pool, uint32_t ahead, const struct bench_case *c);

void source_close(struct source *s);

/* The next BURST_MAX packets; a new burst goes into the line. False without mbufs. */
bool source_take(struct source *s, struct rte_mbuf **out);

#endif
