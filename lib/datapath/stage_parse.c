/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/slow.h"
#include "datapath/stage.h"
#include "net/parse_plain.h"

/* Packets between the one whose frame is fetched and the one that is parsed. */
#define PREFETCH  4

#define CSUM_MASK (RTE_MBUF_F_RX_IP_CKSUM_MASK)

/* The 6 bytes of a MAC address as a number, from a place where 8 bytes can be read. */
static inline uint64_t mac_load(const void *p)
{
	return hdr_load64(p) & 0xffffffffffff;
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
 * kernel: addressed to a VIP, and not neighbour discovery. The rest is the kernel's, whatever we
 * think of it. */
static __attribute__((noinline)) enum verdict shared_verdict(
	const struct generation *g, const uint8_t *frame, uint32_t len, enum verdict v)
{
	const uint8_t *dst;
	bool v6, nd;

	if (v == VERDICT_NOT_OUR_MAC || v == VERDICT_LOOP ||
		!parse_destination(frame, len, &dst, &v6, &nd))
		return VERDICT_PUNTED;
	if (nd || !vip_has_address(&g->vips, dst, v6))
		return VERDICT_PUNTED;
	return v;
}

/* Any frame, in full: the way of those that are not plain. */
static __attribute__((noinline)) enum verdict parse_any(const struct rte_mbuf *m, uint64_t own,
	bool accept_any, struct parsed *info, struct flow_key *key)
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

/* A frame in one piece to our own MAC address, of which the NIC says nothing bad: as nearly all
 * are. own_high: the address in the upper six bytes. */
static inline bool parse_plain(
	const struct rte_mbuf *m, uint64_t own_high, struct parsed *info, struct flow_key *key)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint32_t len = m->data_len;

	if (len < PARSE_PLAIN_MIN || m->pkt_len != len || hdr_load64(frame) << 16 != own_high ||
		(m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_BAD))
		return false;
	return parse_plain4(frame, len, !(m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD), info, key);
}

static __attribute__((noinline)) void end_packet(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t i, enum verdict v)
{
	struct rte_mbuf *m = b->mbuf[i];

	if (g->ports[b->rx_port].shared)
		v = shared_verdict(g, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, v);
	v = slow_odd(l, g, m, b->rx_port, v);
	if (v != SLOW_TAKEN)
		burst_end(l, b, i, v);
}

#if PARSE_HAS_GROUP
/* Four frames as parse_plain takes each of them, from number i on. */
static inline bool parse_group(struct burst *b, uint32_t i, uint64_t own_high)
{
	const uint8_t *frame[PARSE_GROUP];
	uint32_t len[PARSE_GROUP], strange = 0;
	uint64_t mac = 0, any = 0, all = ~UINT64_C(0);

	for (uint32_t j = 0; j < PARSE_GROUP; j++) {
		const struct rte_mbuf *m = b->mbuf[i + j];

		frame[j] = rte_pktmbuf_mtod(m, const uint8_t *);
		len[j] = m->data_len;
		strange |= (m->pkt_len ^ len[j]) | (len[j] < PARSE_PLAIN_MIN);
		any |= m->ol_flags;
		all &= m->ol_flags;
	}
	if (strange || ((any ^ all) & CSUM_MASK) || (any & RTE_MBUF_F_RX_IP_CKSUM_BAD))
		return false;
	for (uint32_t j = 0; j < PARSE_GROUP; j++)
		mac |= hdr_load64(frame[j]) << 16 ^ own_high;
	return !mac && parse_group4(frame,
			       _mm_set_epi32((int)len[3], (int)len[2], (int)len[1], (int)len[0]),
			       !(all & RTE_MBUF_F_RX_IP_CKSUM_GOOD), &b->info[i], &b->key[i]);
}

/* The plain packets at the head of a burst, in groups. Returns how many these are. */
static inline uint32_t parse_groups(struct burst *b, uint64_t own_high)
{
	uint32_t i = 0;

	for (; i + PARSE_GROUP <= b->n; i += PARSE_GROUP) {
		for (uint32_t j = i + PARSE_GROUP; j < i + 2 * PARSE_GROUP && j < b->n; j++)
			rte_prefetch0(rte_pktmbuf_mtod(b->mbuf[j], void *));
		if (!parse_group(b, i, own_high))
			break;
		memset(&b->is6[i], 0, PARSE_GROUP);
	}
	return i;
}
#else
static inline uint32_t parse_groups(struct burst *b, uint64_t own_high)
{
	return 0;
}
#endif

void stage_parse(struct lane *l, const struct generation *g, struct burst *b)
{
	const struct gen_port *port = &g->ports[b->rx_port];
	const uint64_t own = mac_load(&port->mac);
	const uint64_t own_high = own << 16;
	const uint32_t n = b->n;
	const uint32_t plain = parse_groups(b, own_high);
	uint32_t k = plain;

	for (uint32_t i = plain; i < n; i++) {
		struct rte_mbuf *m = b->mbuf[i];

		if (i + PREFETCH < n)
			rte_prefetch0(rte_pktmbuf_mtod(b->mbuf[i + PREFETCH], void *));
		b->is6[k] = false;
		if (__builtin_expect(!parse_plain(m, own_high, &b->info[k], &b->key[k]), 0)) {
			const enum verdict v =
				parse_any(m, own, port->accept_any, &b->info[k], &b->key[k]);

			if (v != PARSE_OK) {
				end_packet(l, g, b, i, v);
				continue;
			}
			b->is6[k] = b->info[k].v6;
		}
		b->mbuf[k++] = m;
	}
	b->n = (uint16_t)k;
}
