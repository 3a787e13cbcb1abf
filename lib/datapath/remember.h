/* SPDX-License-Identifier: BSD-3-Clause */

/* New flows and the backends that were chosen for them, into the flow table of the lane. Worker;
 * the lane has one. */

#ifndef SLUICE_DATAPATH_REMEMBER_H
#define SLUICE_DATAPATH_REMEMBER_H

#include "datapath/burst.h"
#include "datapath/level.h"

/* Packet i goes to `slot`: into the burst, the table and the counters. */
enum flow_remembered remember(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t i, uint16_t slot);

/* The same for several, a bit for each, that the burst has backends for (burst_choose); in their
 * order. */
void remember_all(struct lane *l, const struct generation *g, struct burst *b, uint32_t packets);

#endif
