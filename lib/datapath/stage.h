/* SPDX-License-Identifier: BSD-3-Clause */

/* The stages of the packet path, in their order. Each walks the live packets of one burst.
 * Worker only; no allocation, no lock, no system call. */

#ifndef SLUICE_DATAPATH_STAGE_H
#define SLUICE_DATAPATH_STAGE_H

#include "datapath/burst.h"
#include "datapath/level.h"

/* Frame to flow key: fills info, key, is6. Ends what is malformed or not for this port. */
void stage_parse(struct lane *l, const struct generation *g, struct burst *b);

/* Flow key to service. Ends what no VIP serves. */
void stage_classify(struct lane *l, const struct generation *g, struct burst *b);

/* Key to flow hash, and the entries of the table on their way to the cache. Nothing without a flow
 * table. */
void stage_hash(struct lane *l, const struct generation *g, struct burst *b);

/* Key to the backend that the flow has, as far as the first bucket knows it: fills backend where
 * one is found in good order. What is not there is in missed, and on its way to the cache; what
 * else needs a closer look is in unsettled. Without a flow table all are new_flows. */
void stage_find(struct lane *l, const struct generation *g, struct burst *b);

/* The same for the rest, which fills new_flows. */
void stage_flow(struct lane *l, const struct generation *g, struct burst *b);

/* Ends new flows that come from an address of ours: a VIP, the source of a tunnel, or the one that
 * probes come from. A flow that is remembered has passed here once. */
void stage_source(struct lane *l, const struct generation *g, struct burst *b);

/* Choose a backend for the new flows by the table of their pool, and remember it. Fills transform
 * what comes of it. Ends what has no backend. */
void stage_select(struct lane *l, const struct generation *g, struct burst *b);

/* Write the headers for the backend, one code path a kind. Ends what does not fit. */
void stage_transform(struct lane *l, const struct generation *g, struct burst *b);

/* The same, but leaves in the burst what does not fit, as it came; a bit for each in the answer. */
uint32_t stage_transform_try(struct lane *l, const struct generation *g, struct burst *b);

#endif
