/* SPDX-License-Identifier: BSD-3-Clause */

/* What few pools ask for beside the transform: a hop off the packet's life (decrement_ttl), a
 * smaller MSS in a SYN (mss_clamp), the UDP checksum of GUE in full (gue_checksum), VLAN tags. A
 * burst without such a packet never comes here. Worker only. */

#ifndef SLUICE_DATAPATH_ADJUST_H
#define SLUICE_DATAPATH_ADJUST_H

#include "datapath/burst.h"

/* Before the transform. Returns the packets that have no hop left, or no headroom for tags,
 * untouched. */
uint32_t adjust_before(const struct generation *g, struct burst *b);

/* Has packet i, as it came, no hop left where one is taken? */
bool adjust_expired(const struct generation *g, const struct burst *b, uint32_t i);

/* After the transform of all packets but those in `failed`. */
void adjust_after(const struct generation *g, struct burst *b, uint32_t failed);

#endif
