/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/tags.h"

/* The addresses come from the compiled header: those of the frame have just been stored, and wait
 * for that. */
static inline void push(struct rte_mbuf *m, const struct backend *be)
{
	const uint16_t len = be->tags_len;

	if (be->nic & OFFLOAD_TX_VLAN) {
		m->vlan_tci = hdr_be16(be->tags + 2);
		m->ol_flags |= RTE_MBUF_F_TX_VLAN;
		return;
	}

	m->data_off = (uint16_t)(m->data_off - len);
	m->data_len = (uint16_t)(m->data_len + len);
	m->pkt_len += len;
	uint8_t *at = rte_pktmbuf_mtod(m, uint8_t *);

	memcpy(at, be->tunnel.hdr, ETH_TYPE_OFF);
	memcpy(at + ETH_TYPE_OFF, be->tags, VLAN_LEN);
	if (len > VLAN_LEN)
		memcpy(at + ETH_TYPE_OFF + VLAN_LEN, be->tags + VLAN_LEN, VLAN_LEN);
}

void tags_push(const struct generation *g, struct burst *b, uint32_t failed)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const struct backend *be = &g->backends[b->backend[i]];

		if (be->way & BACKEND_TAGS && !(failed >> i & 1))
			push(b->mbuf[i], be);
	}
}

bool tags_restore(struct rte_mbuf *m)
{
	uint8_t *from = rte_pktmbuf_mtod(m, uint8_t *), *at = from - VLAN_LEN;

	if (m->data_off < VLAN_LEN)
		return false;
	m->data_off = (uint16_t)(m->data_off - VLAN_LEN);
	m->data_len = (uint16_t)(m->data_len + VLAN_LEN);
	m->pkt_len += VLAN_LEN;
	m->ol_flags &= ~(RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
	memmove(at, from, ETH_TYPE_OFF);
	hdr_store16(at + ETH_TYPE_OFF, htobe16(ETH_TYPE_VLAN));
	hdr_store16(at + ETH_TYPE_OFF + 2, htobe16(m->vlan_tci));
	return true;
}
