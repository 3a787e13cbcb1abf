/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/slow.h"
#include "datapath/stage.h"
#include "net/parse_plain.h"
#include "net/tunnel_quote.h"

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
 * kernel: addressed to a VIP, and not neighbour discovery, or an error about a tunnel. The rest is
 * the kernel's, whatever we think of it. */
static __attribute__((noinline)) enum verdict shared_verdict(
	const struct generation *g, const uint8_t *frame, uint32_t len, enum verdict v)
{
	const uint8_t *dst;
	bool v6, nd;

	if (v == VERDICT_NOT_OUR_MAC || v == VERDICT_LOOP || v == VERDICT_VLAN ||
		!parse_destination(frame, len, &dst, &v6, &nd))
		return VERDICT_PUNTED;
	if (nd)
		return VERDICT_PUNTED;
	if (vip_has_address(&g->vips, dst, v6))
		return v;
	return tunnel_quote_steered(frame, len, dst, v6) && slow_is_tunnel_source(g, dst, v6)
		       ? v
		       : VERDICT_PUNTED;
}

/* Is the tag that the device took off one too many? */
static inline bool too_many_tags(const struct rte_mbuf *m, const uint8_t *frame, uint32_t len)
{
	uint8_t l3_off;
	uint16_t type;

	return m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED &&
	       parse_link(frame, len, &l3_off, &type) == PARSE_OK &&
	       l3_off == ETH_LEN + VLAN_MAX * VLAN_LEN;
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
	if (too_many_tags(m, frame, len))
		return VERDICT_VLAN;
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

static_assert(
	offsetof(struct rte_mbuf, pkt_len) == offsetof(struct rte_mbuf, packet_type) + 4 &&
		offsetof(struct rte_mbuf, data_len) == offsetof(struct rte_mbuf, packet_type) + 8,
	"group_len loads them together");

/* The lengths of four frames. *plain: each lies in one piece and is long enough. */
static inline __m128i group_len(struct rte_mbuf *const m[PARSE_GROUP], bool *plain)
{
	__m128i v[PARSE_GROUP];

	for (uint32_t j = 0; j < PARSE_GROUP; j++)
		v[j] = _mm_loadu_si128((const __m128i *)&m[j]->packet_type);
	const __m128i whole =
		_mm_unpackhi_epi64(_mm_unpacklo_epi32(v[0], v[1]), _mm_unpacklo_epi32(v[2], v[3]));
	const __m128i here =
		_mm_unpacklo_epi64(_mm_unpackhi_epi32(v[0], v[1]), _mm_unpackhi_epi32(v[2], v[3]));
	const __m128i len = _mm_and_si128(here, _mm_set1_epi32(0xffff));
	const __m128i odd = _mm_or_si128(
		_mm_xor_si128(whole, len), _mm_cmpgt_epi32(_mm_set1_epi32(PARSE_PLAIN_MIN), len));

	*plain = _mm_testz_si128(odd, odd);
	return len;
}

/* What the NIC says of the checksums of four IPv4 headers: 1 all good, 0 nothing, -1 this and that.
 */
static inline int group_csum(struct rte_mbuf *const m[PARSE_GROUP])
{
	uint64_t any = 0, all = CSUM_MASK;

	for (uint32_t j = 0; j < PARSE_GROUP; j++)
		any |= m[j]->ol_flags;
	if (__builtin_expect(!(any & CSUM_MASK), 1))
		return 0;
	for (uint32_t j = 0; j < PARSE_GROUP; j++)
		all &= m[j]->ol_flags;
	return (any & CSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD &&
			       all == RTE_MBUF_F_RX_IP_CKSUM_GOOD
		       ? 1
		       : -1;
}

/* Four frames as parse_plain takes each of them, from number i on. */
static inline bool parse_group(
	struct burst *b, uint32_t i, const uint8_t *const frame[PARSE_GROUP], uint64_t own_high)
{
	const int csum = group_csum(&b->mbuf[i]);
	bool plain;
	const __m128i len = group_len(&b->mbuf[i], &plain);
	uint64_t mac = 0;

	if (!plain || csum < 0)
		return false;
	for (uint32_t j = 0; j < PARSE_GROUP; j++)
		mac |= hdr_load64(frame[j]) << 16 ^ own_high;
	return !mac && parse_group4(frame, len, !csum, &b->info[i], &b->key[i]);
}

/* Where four frames begin; they are on their way to the cache then. */
static inline void group_fetch(
	struct rte_mbuf *const m[PARSE_GROUP], const uint8_t *frame[PARSE_GROUP])
{
	for (uint32_t j = 0; j < PARSE_GROUP; j++) {
		frame[j] = rte_pktmbuf_mtod(m[j], const uint8_t *);
		rte_prefetch0(frame[j]);
	}
}

/* The plain packets at the head of a burst, in groups. Returns how many these are. */
static inline uint32_t parse_groups(struct burst *b, uint64_t own_high)
{
	const uint32_t n = b->n / PARSE_GROUP * PARSE_GROUP;
	const uint8_t *frame[PARSE_GROUP], *next[PARSE_GROUP] = {NULL};
	uint32_t i = 0;

	if (n)
		group_fetch(&b->mbuf[0], next);
	for (; i < n; i += PARSE_GROUP) {
		memcpy(frame, next, sizeof frame);
		if (i + PARSE_GROUP < n)
			group_fetch(&b->mbuf[i + PARSE_GROUP], next);
		if (!parse_group(b, i, frame, own_high))
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
