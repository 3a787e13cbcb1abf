/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/stage.h"

#define CSUM_MASK (RTE_MBUF_F_RX_IP_CKSUM_MASK)

/* The 6 bytes of a MAC address as a number, from a place where 8 bytes can be read. */
static inline uint64_t mac_load(const void *p)
{
	return hdr_load64(p) & 0xffffffffffff;
}

static uint64_t mac_of(const struct sl_ether *e)
{
	uint64_t v = 0;

	memcpy(&v, e->b, sizeof e->b);
	return v;
}

/* What becomes of a frame with destination and source MAC. PARSE_OK: go on. */
static inline enum verdict check_mac(const uint8_t *frame, uint64_t own, bool accept_any)
{
	if (__builtin_expect(mac_load(frame) == own, 1))
		return PARSE_OK;
	if (mac_load(frame + 6) == own)
		return VERDICT_LOOP;
	return accept_any && !(frame[0] & 1) ? PARSE_OK : VERDICT_NOT_OUR_MAC;
}

/* On a port that the kernel shares, a frame is ours only if the steering program keeps it from the
 * kernel: addressed to a VIP, and not ICMP. The rest is the kernel's, whatever we think of it. */
static __attribute__((noinline)) enum verdict shared_verdict(
	const struct generation *g, const uint8_t *frame, uint32_t len, enum verdict v)
{
	const uint8_t *dst;
	bool v6, icmp;

	if (v == VERDICT_NOT_OUR_MAC || v == VERDICT_LOOP ||
		!parse_destination(frame, len, &dst, &v6, &icmp))
		return VERDICT_PUNTED;
	if (icmp || !vip_has_address(&g->vips, dst, v6))
		return VERDICT_PUNTED;
	return v;
}

static inline enum verdict parse_one(const struct rte_mbuf *m, uint64_t own, bool accept_any,
	struct parsed *info, struct flow_key *key)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint32_t len = m->data_len;
	const uint64_t csum = m->ol_flags & CSUM_MASK;

	if (len < ETH_LEN)
		return VERDICT_RUNT;
	const enum verdict v = check_mac(frame, own, accept_any);

	if (v != PARSE_OK)
		return v;
	if (csum == RTE_MBUF_F_RX_IP_CKSUM_BAD)
		return VERDICT_IP_CHECKSUM;
	return parse_frame(frame, len, m->pkt_len, csum != RTE_MBUF_F_RX_IP_CKSUM_GOOD, info, key);
}

void stage_parse(struct lane *l, const struct generation *g, struct burst *b)
{
	const struct gen_port *port = &g->ports[b->rx_port];
	const uint64_t own = mac_of(&port->mac);
	uint32_t k = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		const struct rte_mbuf *m = b->mbuf[i];
		enum verdict v = parse_one(m, own, port->accept_any, &b->info[k], &b->key[k]);

		if (__builtin_expect(v == PARSE_OK, 1)) {
			b->is6[k] = b->info[k].v6;
			b->mbuf[k++] = b->mbuf[i];
			continue;
		}
		if (port->shared)
			v = shared_verdict(g, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, v);
		burst_end(l, b, i, v);
	}
	b->n = (uint16_t)k;
}
