/* SPDX-License-Identifier: BSD-3-Clause */

/* New flows of pools with persist_s: the backend that the client has had. Worker. */

#ifndef SLUICE_DATAPATH_STICKY_H
#define SLUICE_DATAPATH_STICKY_H

#include "datapath/burst.h"

/* Does the pool remember its clients? `s` is here, and below, the VIP as the pool that was chosen
 * for the packet serves it. */
static inline bool sticky_wants(const struct lane *l, const struct service *s)
{
	return s->persist_s && l->flows && l->sessions && !s->untracked;
}

/* The slot of the backend of packet i's client, in use from now; -1 when it has none that takes new
 * flows. */
int sticky_find(struct lane *l, const struct generation *g, const struct service *s,
	const struct burst *b, uint32_t i);

/* Packet i's client has backend b->backend[i] from now on. One of another pool, which stands in, is
 * not remembered. */
void sticky_learn(struct lane *l, const struct generation *g, const struct service *s,
	const struct burst *b, uint32_t i);

/* Connections end: what their clients have counts as used. A bit in `ended` for each packet. */
void sticky_end(struct lane *l, const struct generation *g, const struct burst *b, uint32_t ended);

#endif
