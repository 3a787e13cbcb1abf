/* SPDX-License-Identifier: BSD-3-Clause */

/* Every way of forwarding, for packets of either family, with and without VLAN tags, plain and odd.
 * What leaves is taken apart here, by offsets and numbers of the RFCs, not by the product's code.
 */

#include <arpa/inet.h>
#include <netinet/in.h>

#include "harness.h"

enum { OUTER_NONE, OUTER_IPIP, OUTER_GUE, OUTER_DSCP };

struct mode {
	const char *name;
	enum world_pool pool;
	uint8_t outer;
	uint8_t family; /* of the outer header; dscp: of the VIP it serves */
	uint16_t port;  /* gue */
	bool full, varied;
};

static const struct mode modes[] = {
	{"l2", POOL_L2, OUTER_NONE, 0},
	{"ipip over IPv4", POOL_VIA4, OUTER_IPIP, 4},
	{"ipip over IPv6", POOL_VIA6, OUTER_IPIP, 6},
	{"gue over IPv4", POOL_GUE4, OUTER_GUE, 4, 6080},
	{"gue over IPv6", POOL_GUE6, OUTER_GUE, 6, 6080},
	{"gue over IPv4, full", POOL_GUE_FULL4, OUTER_GUE, 4, 6081, .full = true},
	{"gue over IPv6, full", POOL_GUE_FULL6, OUTER_GUE, 6, 6081, .full = true},
	{"ipip, varied IPv4", POOL_VARY4, OUTER_IPIP, 4, .varied = true},
	{"ipip, varied IPv6", POOL_VARY6, OUTER_IPIP, 6, .varied = true},
	{"dscp over IPv4", POOL_DSCP4, OUTER_DSCP, 4},
	{"dscp over IPv6", POOL_DSCP6, OUTER_DSCP, 6},
};

static const struct shape {
	const char *name;
	struct frame_spec spec;
	uint8_t family; /* 0: both */
	bool pieces;
	bool tcp_only; /* pools made before UDP had a port there */
} shapes[] = {
	{"ACK", {.payload = 3}, .tcp_only = true},
	{"SYN", {.tcp_flags = 2}, .tcp_only = true},
	{"FIN with data", {.tcp_flags = 17, .payload = 100, .tos = 0xb8}, .tcp_only = true},
	{"UDP", {.proto = IPPROTO_UDP, .payload = 1}},
	{"UDP without checksum", {.proto = IPPROTO_UDP, .payload = 33, .no_udp_csum = true}, 4},
	{"ECN", {.tos = 0x03, .payload = 12}, .tcp_only = true},
	{"IPv4 options", {.options = 10, .payload = 7}, 4, .tcp_only = true},
	{"extension headers", {FRAME_CHAIN("\x00\x3c\x2b"), .payload = 9}, 6, .tcp_only = true},
	{"padding", {.payload = 1, .padding = 17}, .tcp_only = true},
	{"largest", {.ip_len = 1400}, .tcp_only = true},
	{"in pieces", {.payload = 777}, .pieces = true, .tcp_only = true},
	{"UDP in pieces", {.proto = IPPROTO_UDP, .payload = 901}, .pieces = true},
};

#define N(a) (sizeof(a) / sizeof *(a))

static struct outcome out;
static struct frame in;

static uint32_t get16(const uint8_t *b)
{
	return (uint32_t)b[0] << 8 | b[1];
}

static void expect_eth(const struct frame *f, const struct world_way *way, uint32_t type)
{
	uint8_t mac[6];

	frame_mac(way->eth_dst, mac);
	assert_memory_equal(f->b, mac, 6);
	frame_mac(way->eth_src, mac);
	assert_memory_equal(f->b + 6, mac, 6);
	assert_int_equal(get16(f->b + 12), type);
}

/* An address of the prefix, and behind it not the prefix's own zeros only. */
static void expect_source(const struct mode *m, const struct world_way *way, const uint8_t *src)
{
	const uint32_t n = m->family == 6 ? 16 : 4;
	uint8_t wanted[16], zero[16] = {0};

	frame_address(way->source, wanted);
	if (!m->varied) {
		assert_memory_equal(src, wanted, n);
		return;
	}
	frame_address(n == 4 ? VARY_PREFIX4 ".0.0" : VARY_PREFIX6 ":", wanted);
	assert_memory_equal(src, wanted, n == 4 ? 2 : 12);
	assert_memory_not_equal(src + (n == 4 ? 2 : 12), zero, n == 4 ? 2 : 4);
}

/* The outer IP header of a frame; returns where what follows begins, and its protocol. */
static uint32_t outer_ip(const struct mode *m, const struct world_way *way, const struct frame *f,
	uint8_t tos, uint8_t *proto)
{
	const uint8_t *ip = f->b + 14;
	uint8_t dst[16];

	frame_address(way->address, dst);
	expect_eth(f, way, m->family == 4 ? 0x0800 : 0x86dd);
	if (m->family == 4) {
		assert_int_equal(ip[0], 0x45);
		assert_int_equal(ip[1], tos);
		assert_int_equal(get16(ip + 2), f->len - 14);
		assert_int_equal(get16(ip + 6), 0x4000);
		assert_int_equal(ip[8], 64);
		expect_source(m, way, ip + 12);
		assert_memory_equal(ip + 16, dst, 4);
		*proto = ip[9];
		return 34;
	}
	assert_int_equal(get16(ip) >> 4, 0x600 | tos);
	assert_int_equal(get16(ip + 4), f->len - 54);
	assert_int_equal(ip[7], 64);
	expect_source(m, way, ip + 8);
	assert_memory_equal(ip + 24, dst, 16);
	*proto = ip[6];
	return 54;
}

/* UDP and GUE header at `at`; returns the protocol that the latter names. */
static uint8_t outer_gue(const struct mode *m, const struct frame *f, uint32_t at)
{
	const uint8_t *udp = f->b + at;

	assert_in_range(get16(udp), 0xc000, 0xffff);
	assert_int_equal(get16(udp + 2), m->port);
	assert_int_equal(get16(udp + 4), f->len - at);
	assert_int_equal(get16(udp + 6) != 0, m->full);
	assert_int_equal(udp[8], 0); /* version 0, data, no extensions */
	assert_int_equal(get16(udp + 10), 0);
	return udp[9];
}

static uint8_t tos_of(const struct frame *f)
{
	const uint8_t *ip = f->b + f->l3;

	return ip[0] >> 4 == 6 ? (uint8_t)(get16(ip) >> 4) : ip[1];
}

/* A frame of its own for the packet at `off`, so that its checksums can be recomputed too. */
static void expect_packet_sums(const struct frame *f, uint32_t off)
{
	static uint8_t alone[FRAME_MAX];

	memcpy(alone + 14, f->b + off, f->len - off);
	if (frame_checksums(alone, f->len - off + 14) < 0)
		fail_msg("a checksum of the packet inside is wrong");
}

static void expect_same_packet(const struct frame *f, uint32_t off)
{
	assert_int_equal(f->len - off, in.ip_len);
	assert_memory_equal(f->b + off, in.b + in.l3, in.ip_len);
}

/* Destination and DSCP are the backend's; with the old ones it is the packet that came. */
static void expect_dscp(const struct mode *m, const struct world_way *way, struct frame *f)
{
	const bool six = m->family == 6;
	const uint32_t at = six ? 24 : 16, n = six ? 16 : 4;
	uint8_t *ip = f->b + 14, dst[16];

	expect_eth(f, way, six ? 0x86dd : 0x0800);
	frame_address(way->address, dst);
	assert_memory_equal(ip + at, dst, n);
	f->l3 = 14;
	assert_int_equal(tos_of(f), WORLD_DSCP << 2 | (tos_of(&in) & 3));
	if (frame_checksums(f->b, f->len) < 1)
		fail_msg("a checksum is wrong or missing");
	memcpy(ip + at, in.b + in.l3 + at, n);
	memcpy(ip, in.b + in.l3, 2);
	if (!six)
		memcpy(ip + 10, in.b + in.l3 + 10, 2);
	const uint32_t l4 = 14 + in.l4 - in.l3;

	if (ip[six ? 6 : 9] == (six ? 58 : 1)) {
		memcpy(f->b + l4 + 2, in.b + in.l4 + 2, 2); /* ICMPv6 sums up addresses */
		expect_same_packet(f, 14);
		return;
	}
	const uint32_t sum = l4 + (ip[six ? 6 : 9] == 17 ? 6 : 16);

	if (six && ip[6] != 17 && ip[6] != 6)
		memcpy(f->b + l4 + 16, in.b + in.l4 + 16, 2); /* TCP behind extension headers */
	else
		memcpy(f->b + sum, in.b + in.l3 + sum - 14, 2);
	expect_same_packet(f, 14);
}

static void expect_mode(const struct mode *m, struct frame *f)
{
	const struct world_way *way = world_way_in(m->pool);
	const bool six = in.b[in.l3] >> 4 == 6;
	uint8_t proto;
	uint32_t at;

	if (m->outer == OUTER_DSCP) {
		expect_dscp(m, way, f);
		return;
	}
	if (m->outer == OUTER_NONE) {
		expect_eth(f, way, six ? 0x86dd : 0x0800);
		expect_same_packet(f, 14);
		return;
	}
	at = outer_ip(m, way, f, tos_of(&in), &proto);
	if (m->outer == OUTER_GUE) {
		assert_int_equal(proto, IPPROTO_UDP);
		proto = outer_gue(m, f, at);
		at += 12;
	}
	assert_int_equal(proto, six ? IPPROTO_IPV6 : IPPROTO_IPIP);
	/* over IPv6 a checksum of zero is allowed to tunnels only, and unknown to the judge */
	if (m->outer != OUTER_GUE || m->family == 4 || m->full)
		assert_true(frame_checksums(f->b, f->len) > 0);
	expect_packet_sums(f, at);
	expect_same_packet(f, at);
}

static bool applies(const struct mode *m, const struct shape *s, uint32_t family)
{
	if (s->family && s->family != family)
		return false;
	if (m->outer == OUTER_DSCP && m->family != family)
		return false;
	return s->tcp_only || m->pool >= POOL_GUE4;
}

static void one(const struct mode *m, const struct shape *s, uint32_t family, uint8_t vlans)
{
	struct frame_spec spec = s->spec;
	struct rte_mbuf *mbuf;

	spec.dst = family == 4 ? VIP4 : VIP6;
	spec.dport = (uint16_t)PORT_OF(m->pool);
	spec.sport = 40001;
	spec.vlans = vlans;
	harness_frame(&in, &spec, WORLD_WAN);
	mbuf = s->pieces ? rig_chain(in.b, in.len, RIG_HEADROOM, 120, 57)
			 : rig_mbuf(in.b, in.len, RIG_HEADROOM);
	harness_run(&out, WORLD_WAN, &mbuf, 1);
	harness_expect(&out, VERDICT_FORWARDED, 1);
	expect_mode(m, &out.out[0]);
}

static void every_mode(void **state)
{
	uint32_t cases = 0;

	for (size_t m = 0; m < N(modes); m++)
		for (size_t s = 0; s < N(shapes); s++)
			for (uint32_t family = 4; family <= 6; family += 2)
				for (uint8_t vlans = 0; vlans <= 2; vlans++) {
					if (!applies(&modes[m], &shapes[s], family))
						continue;
					one(&modes[m], &shapes[s], family, vlans);
					cases++;
				}
	printf("%u cases\n", cases);
	assert_true(cases >= 500);
}

/* What backends' NICs spread by is the same for all packets of a flow, and differs between flows.
 */
static void entropy_by_flow(void **state)
{
	static const enum world_pool pools[] = {POOL_GUE4, POOL_GUE6, POOL_VARY4, POOL_VARY6};
	static const uint8_t at[] = {34, 54, 28, 34};
	static const uint8_t bytes[] = {2, 2, 2, 4};

	for (size_t p = 0; p < N(pools); p++) {
		uint8_t first[4] = {0};
		uint32_t differ = 0;
		struct lane *l = harness_lane();

		for (int i = 0; i < 64; i++) {
			const struct frame_spec spec = {.dst = VIP4,
				.dport = (uint16_t)PORT_OF(pools[p]),
				.sport = (uint16_t)(2000 + i / 2),
				.payload = (uint16_t)i};
			struct rte_mbuf *m;

			harness_frame(&in, &spec, WORLD_WAN);
			m = rig_mbuf(in.b, in.len, RIG_HEADROOM);
			harness_run_on(l, &out, WORLD_WAN, &m, 1);
			harness_expect(&out, VERDICT_FORWARDED, 1);
			if (i & 1)
				assert_memory_equal(first, out.out[0].b + at[p], bytes[p]);
			else
				differ += memcmp(first, out.out[0].b + at[p], bytes[p]) != 0;
			memcpy(first, out.out[0].b + at[p], bytes[p]);
		}
		assert_true(differ >= 31);
		lane_free(l);
	}
}

static const char *vip_of(uint32_t family)
{
	return family == 4 ? VIP4 : VIP6;
}

static void run_one(struct lane *l, const struct frame *f)
{
	struct rte_mbuf *m = rig_mbuf(f->b, f->len, RIG_HEADROOM);

	harness_run_on(l, &out, WORLD_WAN, &m, 1);
}

/* Bytes of the largest IP packet that the way of a mode carries. */
static uint32_t largest(const struct mode *m)
{
	if (m->outer == OUTER_NONE || m->outer == OUTER_DSCP)
		return 1500;
	return 1500 - (m->family == 4 ? 20 : 40) - (m->outer == OUTER_GUE ? 12 : 0);
}

/* One byte too many, and nobody may cut it: the sender is told what fits. One byte less passes. */
static void too_big(const struct mode *m, uint32_t family, uint8_t vlans)
{
	const uint32_t max = largest(m), off = 14 + 4u * vlans + (family == 4 ? 20 : 40);

	for (uint32_t more = 0; more <= 1; more++) {
		struct lane *l = harness_lane();

		harness_frame(&in,
			&(struct frame_spec){.dst = vip_of(family),
				.dport = (uint16_t)PORT_OF(m->pool),
				.vlans = vlans,
				.ip_len = (uint16_t)(max + more)},
			WORLD_WAN);
		run_one(l, &in);
		if (more) {
			harness_expect_count(&out, VERDICT_ANSWERED, 1);
			assert_int_equal(out.n_side, 1);
			assert_int_equal(out.side_port[0], WORLD_WAN);
			assert_int_equal(out.side[0].b[off], family == 4 ? 3 : 2);
			assert_int_equal(out.side[0].b[off + 1], family == 4 ? 4 : 0);
			assert_int_equal(get16(out.side[0].b + off + 6), max);
			expect_packet_sums(&out.side[0], 14 + 4u * vlans);
		} else {
			harness_expect(&out, VERDICT_FORWARDED, 1);
			expect_mode(m, &out.out[0]);
		}
		lane_free(l);
	}
}

/* An error about an answer of the backend goes the way of the flow. */
static void icmp_error(const struct mode *m, uint32_t family, uint8_t vlans)
{
	static struct frame quoted;
	const bool six = family == 6;
	struct lane *l = harness_lane();

	frame_build(&quoted, &(struct frame_spec){.src = vip_of(family),
				     .dst = six ? "2001:db8:c::7" : "198.51.100.7",
				     .sport = (uint16_t)PORT_OF(m->pool),
				     .dport = 40000,
				     .ip_len = 1400});
	frame_message(&in, &(struct frame_icmp){.eth_dst = world_mac(WORLD_WAN),
				   .src = six ? "2001:db8:e::77" : "192.0.2.77",
				   .dst = vip_of(family),
				   .vlans = vlans,
				   .ttl = 60,
				   .type = six ? 2 : 3,
				   .code = six ? 0 : 4,
				   .rest = 1300,
				   .data = quoted.b + quoted.l3,
				   .len = 64});
	run_one(l, &in);
	harness_expect_count(&out, VERDICT_FORWARDED, 1);
	assert_int_equal(out.n_side, 1);
	expect_mode(m, &out.side[0]);
	lane_free(l);
}

/* [from, to) of the payload of a packet as a fragment; an IPv6 one has a fragment header. */
static void cut(struct frame *f, const struct frame *whole, uint32_t hdr, uint32_t from,
	uint32_t to, bool more)
{
	uint8_t *ip = f->b + whole->l3;

	*f = *whole;
	memcpy(ip + hdr, whole->b + whole->l3 + hdr + from, to - from);
	f->ip_len = hdr + to - from;
	f->len = f->l3 + f->ip_len;
	if (ip[0] >> 4 == 6) {
		ip[4] = (uint8_t)((f->ip_len - 40) >> 8);
		ip[5] = (uint8_t)(f->ip_len - 40);
		ip[42] = (uint8_t)(from >> 8);
		ip[43] = (uint8_t)((from & 0xf8) | more);
		return;
	}
	ip[2] = (uint8_t)(f->ip_len >> 8);
	ip[3] = (uint8_t)f->ip_len;
	ip[6] = (uint8_t)((more ? 0x20 : 0) | from >> 11);
	ip[7] = (uint8_t)(from >> 3);
	frame_fix_ipv4(f);
}

/* Layer 3 DSR: the transport header, with the checksum that the packet has when it is made for the
 * backend's address, is in the first fragment alone; the others keep all bytes behind the IP
 * header.
 */
static void expect_dscp_piece(const struct mode *m, struct frame *f, const struct frame *made)
{
	const struct world_way *way = world_way_in(m->pool);
	const bool six = m->family == 6;
	const uint32_t hdr = six ? 40 : 20, l4 = in.l4 - in.l3;
	uint8_t dst[16];

	expect_eth(f, way, six ? 0x86dd : 0x0800);
	assert_int_equal(f->len, 14 + in.ip_len);
	frame_address(way->address, dst);
	assert_memory_equal(f->b + 14 + (six ? 24 : 16), dst, six ? 16 : 4);
	f->l3 = 14;
	assert_int_equal(tos_of(f), WORLD_DSCP << 2 | (tos_of(&in) & 3));
	assert_true(six || frame_checksums(f->b, f->len) > 0); /* of the header */
	if (made) {
		assert_memory_equal(f->b + 14 + l4 + 6, made->b + made->l4 + 6, 2);
		memcpy(f->b + 14 + l4 + 6, in.b + in.l4 + 6, 2);
	}
	assert_memory_equal(f->b + 14 + hdr, in.b + in.l3 + hdr, in.ip_len - hdr);
}

static void fragments(const struct mode *m, uint32_t family, uint8_t vlans)
{
	static struct frame whole, made;
	const uint32_t hdr = family == 6 ? 48 : 20, all = 8 + 1000;
	struct frame_spec spec = {.dst = vip_of(family),
		.dport = (uint16_t)PORT_OF(m->pool),
		.proto = IPPROTO_UDP,
		.vlans = vlans,
		.payload = 1000};
	struct lane *l = harness_lane();

	if (family == 6) {
		spec.chain = "\x2c";
		spec.n_chain = 1;
	}
	harness_frame(&whole, &spec, WORLD_WAN);
	if (m->outer == OUTER_DSCP) {
		spec.dst = world_way_in(m->pool)->address;
		harness_frame(&made, &spec, WORLD_WAN);
	}
	for (uint32_t from = 0; from < all; from += 400) {
		const uint32_t to = from + 400 < all ? from + 400 : all;

		cut(&in, &whole, hdr, from, to, to < all);
		run_one(l, &in);
		harness_expect_count(&out, VERDICT_FORWARDED, 1);
		assert_int_equal(out.n_side, 1);
		if (m->outer == OUTER_DSCP)
			expect_dscp_piece(m, &out.side[0], from ? NULL : &made);
		else
			expect_mode(m, &out.side[0]);
	}
	lane_free(l);
}

static void odd_packets_over_every_mode(void **state)
{
	uint32_t cases = 0;

	for (size_t i = 0; i < N(modes); i++)
		for (uint32_t family = 4; family <= 6; family += 2)
			for (uint8_t vlans = 0; vlans <= 2; vlans++) {
				const struct mode *m = &modes[i];

				if (m->outer == OUTER_DSCP && m->family != family)
					continue;
				too_big(m, family, vlans);
				icmp_error(m, family, vlans);
				cases += 3;
				if (m->pool < POOL_GUE4) /* no UDP there */
					continue;
				fragments(m, family, vlans);
				cases += 3;
			}
	printf("%u cases\n", cases);
	assert_true(cases >= 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mode),
		cmocka_unit_test(odd_packets_over_every_mode),
		cmocka_unit_test(entropy_by_flow),
	};

	return harness_main("modes", tests, N(tests));
}
