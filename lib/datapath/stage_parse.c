/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/slow.h"
#include "datapath/stage.h"
#include "net/parse_plain.h"
#include "net/tunnel_quote.h"

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

/* A frame of IPv6 may be shorter than what is read of it in one go: its buffer is not. */
static inline bool can_read6(const struct rte_mbuf *m)
{
	return m->buf_len >= m->data_off + PARSE_PLAIN6_READ;
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
	return parse_plain4(frame, len, !(m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD), info, key) ||
	       (can_read6(m) && parse_plain6(frame, len, info, key));
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

/* The lengths of the frames of a group. False: one is too short, or in several pieces. */
static inline bool group_len(
	const struct parse_numbers *k, struct rte_mbuf *const m[PARSE_GROUP], parse_signed *len)
{
	const uint8_t *at[PARSE_GROUP];
	parse_words row[PARSE_ROWS], column[PARSE_ROWS];

	for (uint32_t j = 0; j < PARSE_GROUP; j++)
		at[j] = (const uint8_t *)m[j];
	for (int i = 0; i < PARSE_ROWS; i++)
		row[i] = parse_row(at, i, offsetof(struct rte_mbuf, packet_type));
	parse_columns(row, column);
	*len = (parse_signed)(column[2] & k->half);
	return !parse_bits((column[1] != (parse_words)*len) | ((parse_signed)k->least > *len));
}

/* What the NIC says of the checksums of IPv4 headers: 1 all good, 0 nothing, -1 this and that. */
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

/* A bit for each frame that is not to our own MAC address or not of IPv4; of those, in *v6 the ones
 * of IPv6 to our own MAC address. */
static __attribute__((noinline)) uint32_t group_strangers(
	const uint8_t *const frame[PARSE_GROUP], uint64_t own, uint32_t *v6)
{
	uint32_t ours4 = 0, ours6 = 0;

	for (uint32_t j = 0; j < PARSE_GROUP; j++) {
		const uint16_t type = hdr_load16(frame[j] + ETH_TYPE_OFF);
		const uint32_t ours = mac_load(frame[j]) == own;

		ours4 |= (ours & (uint32_t)(type == htobe16(ETH_TYPE_IPV4))) << j;
		ours6 |= (ours & (uint32_t)(type == htobe16(ETH_TYPE_IPV6))) << j;
	}
	*v6 = ours6;
	return ours4 ^ PARSE_GROUP_ALL;
}

static inline bool group_can_read6(
	const struct parse_numbers *k, struct rte_mbuf *const m[PARSE_GROUP], parse_signed len)
{
	bool can = true;

	if (__builtin_expect(!parse_bits((parse_signed)k->read6 > len), 1))
		return true;
	for (uint32_t j = 0; j < PARSE_GROUP; j++)
		can &= can_read6(m[j]);
	return can;
}

/* A group of IPv6. */
static __attribute__((noinline)) uint32_t parse_group_v6(const struct parse_numbers *k,
	struct burst *b, uint32_t i, const uint8_t *const *frame, parse_signed len)
{
	memset(&b->is6[i], true, PARSE_GROUP);
	b->plain = false;
	return parse_group6(k, frame, len, &b->info[i], &b->key[i]);
}

/* Up to a group of IPv6 that stand here and there, packets at[0..n). A bit for each, by its number
 * in the burst, that is not plain. */
static uint32_t parse_some6(
	struct burst *b, const uint8_t *const *frame, const uint8_t at[PARSE_GROUP], uint32_t n)
{
	const struct parse_numbers *k = parse_numbers();
	const uint8_t *some[PARSE_GROUP];
	struct rte_mbuf *m[PARSE_GROUP];
	struct parsed info[PARSE_GROUP];
	struct flow_key key[PARSE_GROUP];
	parse_signed len;
	uint32_t bad = PARSE_GROUP_ALL, odd = 0;

	for (uint32_t j = 0; j < PARSE_GROUP; j++) { /* the last one fills up the group */
		some[j] = frame[at[j < n ? j : n - 1]];
		m[j] = b->mbuf[at[j < n ? j : n - 1]];
	}
	if (group_len(k, m, &len) && group_can_read6(k, m, len))
		bad = parse_group6(k, some, len, info, key);
	for (uint32_t j = 0; j < n; j++) {
		if (bad >> j & 1) {
			odd |= 1u << at[j];
			continue;
		}
		b->is6[at[j]] = true;
		b->info[at[j]] = info[j];
		b->key[at[j]] = key[j];
	}
	return odd;
}

/* IPv6 among IPv4: a bit of `left` for each. The same. */
static __attribute__((noinline)) uint32_t parse_scattered6(
	struct burst *b, const uint8_t *const *frame, uint32_t left)
{
	uint8_t at[PARSE_GROUP];
	uint32_t n = 0, odd = 0;

	b->plain = false;
	for (; left; left &= left - 1) {
		at[n++] = (uint8_t)__builtin_ctz(left);
		if (n < PARSE_GROUP && (left & (left - 1)))
			continue;
		odd |= parse_some6(b, frame, at, n);
		n = 0;
	}
	return odd;
}

/* The group from packet i on. A bit for each that is not plain; for IPv6 among IPv4 in *v6. */
static inline uint32_t parse_group(const struct parse_numbers *k, struct burst *b, uint32_t i,
	const uint8_t *const *frame, struct parse_common *c, uint64_t own, uint32_t *v6)
{
	const int csum = group_csum(&b->mbuf[i]);
	parse_signed len;
	uint32_t strangers = 0;

	if (!group_len(k, &b->mbuf[i], &len) || csum < 0)
		return PARSE_GROUP_ALL;
	memset(&b->is6[i], false, PARSE_GROUP);
	if (__builtin_expect(!parse_group_ether(c, frame, false), 0)) {
		if (parse_group_ether(c, frame, true) && group_can_read6(k, &b->mbuf[i], len))
			return parse_group_v6(k, b, i, frame, len);
		strangers = group_strangers(frame, own, v6);
	}
	return strangers | parse_group4(k, c, frame, len, !csum, &b->info[i], &b->key[i]);
}

/* The packets at the head of a burst, in groups. Returns how many these are; a bit of *odd for each
 * that is not plain. Without any of those, b->alike of them go to the same VIP. */
static inline uint32_t parse_groups(
	struct burst *b, const uint8_t *const *frame, uint64_t own, uint32_t *odd)
{
	const uint32_t n = b->n / PARSE_GROUP * PARSE_GROUP;
	const struct parse_numbers *k = parse_numbers();
	struct parse_common c;
	uint32_t scattered = 0;

	if (!n || b->mbuf[0]->data_len < PARSE_PLAIN_MIN)
		return 0;
	parse_common_start(&c, (const uint8_t *)&own, frame[0]);
	for (uint32_t i = 0; i < n; i += PARSE_GROUP) {
		uint32_t v6 = 0;

		*odd |= parse_group(k, b, i, frame + i, &c, own, &v6) << i;
		scattered |= v6 << i;
	}
	if (__builtin_expect(scattered, 0))
		*odd = (*odd & ~scattered) | parse_scattered6(b, frame, scattered);
	b->alike = *odd || !b->plain || parse_bits(c.differs != 0) ? 0 : (uint8_t)n;
	return n;
}
#else
static inline uint32_t parse_groups(
	struct burst *b, const uint8_t *const *frame, uint64_t own, uint32_t *odd)
{
	return 0;
}
#endif

/* Where the frames begin; they are on their way to the cache then. */
static inline void fetch_frames(const struct burst *b, const uint8_t *frame[BURST_MAX])
{
	const uint32_t n = b->n;

	BURST_UNROLL
	for (uint32_t i = 0; i < n; i++) {
		frame[i] = rte_pktmbuf_mtod(b->mbuf[i], const uint8_t *);
		rte_prefetch0(frame[i]);
	}
}

/* One packet. False: its way is at an end. */
static inline bool parse_one(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t i, uint64_t own)
{
	struct rte_mbuf *m = b->mbuf[i];

	if (parse_plain(m, own << 16, &b->info[i], &b->key[i])) {
		b->is6[i] = b->info[i].v6;
		return true;
	}
	const enum verdict v =
		parse_any(m, own, g->ports[b->rx_port].accept_any, &b->info[i], &b->key[i]);

	if (v != PARSE_OK) {
		end_packet(l, g, b, i, v);
		return false;
	}
	b->is6[i] = b->info[i].v6;
	return true;
}

void stage_parse(struct lane *l, const struct generation *g, struct burst *b)
{
	const uint64_t own = mac_load(&g->ports[b->rx_port].mac);
	const uint8_t *frame[BURST_MAX];
	uint32_t left = 0, gone = 0;

	b->alike = 0;
	b->plain = true;
	fetch_frames(b, frame);
	const uint32_t grouped = parse_groups(b, frame, own, &left);

	left |= burst_all(b) & ~(uint32_t)((1ull << grouped) - 1);
	b->plain &= !left;
	for (; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);

		gone |= (uint32_t)!parse_one(l, g, b, i, own) << i;
	}
	if (__builtin_expect(gone, 0)) {
		b->alike = 0;
		burst_close(b, gone);
	}
}
