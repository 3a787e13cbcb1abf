/* SPDX-License-Identifier: BSD-3-Clause */

/* New flows and the backends that were chosen for them, into the flow table of the lane. Worker;
 * the lane has one. */

#ifndef SLUICE_DATAPATH_REMEMBER_H
#define SLUICE_DATAPATH_REMEMBER_H

#include "datapath/burst.h"
#include "datapath/level.h"

/* Packets of a burst and the slots that they go to, in step. */
struct choices {
	uint32_t n;
	uint8_t packet[BURST_MAX];
	uint16_t slot[BURST_MAX];
};

/* Packet i goes to `slot`: into the burst, the table and the counters. */
enum flow_remembered remember(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t i, uint16_t slot);

/* The same for each choice, in their order. */
void remember_all(
	struct lane *l, const struct generation *g, struct burst *b, const struct choices *c);

#endif
