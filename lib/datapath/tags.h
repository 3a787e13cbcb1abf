/* SPDX-License-Identifier: BSD-3-Clause */

/* VLAN tags of frames on their way to a backend. A burst whose backends have none never comes here.
 * Worker only. */

#ifndef SLUICE_DATAPATH_TAGS_H
#define SLUICE_DATAPATH_TAGS_H

#include "datapath/burst.h"

/* Before the transform: has the packet headroom for the backend's whole header with its tags? */
static inline bool tags_fit(
	const struct backend *be, const struct rte_mbuf *m, const struct parsed *p)
{
	return !be->tags_len || m->data_off + p->l3_off >= (int)backend_hdr_len(be);
}

/* Bytes of tags that software puts into a frame. The other is the device's, which has the headroom
 * all the same: some of them are drivers. */
static inline uint32_t tags_in_frame(const struct backend *be)
{
	return be->nic & OFFLOAD_TX_VLAN ? 0 : be->tags_len;
}

/* Behind it: put the tags of all packets but those in `failed` between their MAC addresses and
 * EtherType. Their headroom was asked for. */
void tags_push(const struct generation *g, struct burst *b, uint32_t failed);

/* Put a tag back that the device took off: 802.1Q, since it does not say. False without headroom.
 */
bool tags_restore(struct rte_mbuf *m);

#endif
