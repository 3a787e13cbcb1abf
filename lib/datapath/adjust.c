/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/adjust.h"
#include "datapath/chain.h"
#include "datapath/tags.h"
#include "net/rewrite.h"

static uint8_t *ip_of(const struct burst *b, uint32_t i)
{
	return rte_pktmbuf_mtod_offset(b->mbuf[i], uint8_t *, b->info[i].l3_off);
}

bool adjust_expired(const struct generation *g, const struct burst *b, uint32_t i)
{
	return g->backends[b->backend[i]].way & BACKEND_TTL &&
	       rewrite_hops(ip_of(b, i), b->info[i].v6) <= 1;
}

static void clamp_mss(const struct backend *be, const struct burst *b, uint32_t i)
{
	const struct parsed *p = &b->info[i];
	uint8_t proto, *ip = ip_of(b, i);
	const uint32_t room = b->mbuf[i]->data_len - p->l3_off;
	const uint32_t len = p->l3_len < room ? p->l3_len : room;
	uint8_t *tcp = rewrite_l4(ip, len, &proto, p->v6);

	if (tcp && proto == PROTO_TCP && (uint32_t)(tcp - ip) + TCP_LEN <= len)
		rewrite_mss(tcp, len - (uint32_t)(tcp - ip),
			be->mss ? be->mss : rewrite_mss_of(be->inner_max, p->v6));
}

uint32_t adjust_before(const struct generation *g, struct burst *b)
{
	uint32_t failed = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		const struct backend *be = &g->backends[b->backend[i]];
		const struct parsed *p = &b->info[i];

		if (p->l3_len > be->inner_max)
			continue; /* told or cut first; its pieces come by here */
		if (adjust_expired(g, b, i) || !tags_fit(be, b->mbuf[i], p)) {
			failed |= 1u << i;
			continue;
		}
		if (be->way & BACKEND_TTL)
			rewrite_ttl(ip_of(b, i), p->v6);
		if (be->way & BACKEND_MSS && p->opening == TCP_SYN)
			clamp_mss(be, b, i);
	}
	return failed;
}

/* The device completes the checksum. l2_len: of the frame with the tags that stand in it then. */
static void ask_checksum(struct rte_mbuf *m, uint32_t l2_len, bool outer_v6)
{
	const uint32_t off = tunnel_udp_off(outer_v6);

	tunnel_write_udp_pseudo(rte_pktmbuf_mtod(m, uint8_t *), m->pkt_len - off, outer_v6);
	m->tx_offload = rte_mbuf_tx_offload(l2_len, off - ETH_LEN, UDP_LEN, 0, 0, 0, 0);
	m->ol_flags |=
		RTE_MBUF_F_TX_UDP_CKSUM | (outer_v6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4);
}

static void udp_checksum(struct rte_mbuf *m, const struct backend *be, bool outer_v6)
{
	const uint32_t off = tunnel_udp_off(outer_v6), len = m->pkt_len - off;

	if (be->nic & OFFLOAD_TX_UDP_CSUM) {
		ask_checksum(m, ETH_LEN + tags_in_frame(be), outer_v6);
		return;
	}
	tunnel_write_udp_csum(
		rte_pktmbuf_mtod(m, uint8_t *), chain_sum(m, off, len), len, outer_v6);
}

void adjust_after(const struct generation *g, struct burst *b, uint32_t failed)
{
	for (uint32_t i = 0; brief_way(b->any) & BACKEND_UDP_CSUM && i < b->n; i++) {
		const struct backend *be = &g->backends[b->backend[i]];

		if (!(failed >> i & 1) && be->way & BACKEND_UDP_CSUM)
			udp_checksum(
				b->mbuf[i], be, brief_transform(b->brief[i]) == TRANSFORM_GUE6);
	}
	if (brief_way(b->any) & BACKEND_TAGS)
		tags_push(g, b, failed);
}
