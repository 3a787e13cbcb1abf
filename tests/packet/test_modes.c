/* SPDX-License-Identifier: BSD-3-Clause */

/* Every way of forwarding, for packets of either family, with and without VLAN tags, plain and odd,
 * towards backends without tags, with one and with two. */

#include <netinet/in.h>

#include "mode_judge.h"

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
	mode_expect(m, &out.out[0], &in);
}

static uint32_t plain_packets(const struct mode *m)
{
	uint32_t cases = 0;

	for (size_t s = 0; s < N(shapes); s++)
		for (uint32_t family = 4; family <= 6; family += 2)
			for (uint8_t vlans = 0; vlans <= 2; vlans++) {
				if (!applies(m, &shapes[s], family))
					continue;
				one(m, &shapes[s], family, vlans);
				cases++;
			}
	return cases;
}

static void every_mode(void **state)
{
	uint32_t cases = 0;

	for (size_t t = 0; t < TAGGINGS; t++) {
		mode_into_network(&taggings[t]);
		for (size_t m = 0; m < MODES; m++)
			cases += plain_packets(&modes[m]);
	}
	printf("%u cases\n", cases);
	assert_true(cases >= 1500);
	for (size_t t = TAGGINGS; t < TAGGINGS_ALL; t++) {
		mode_into_network(&taggings[t]);
		plain_packets(&modes[0]);
	}
	mode_into_network(&taggings[0]);
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
	const uint32_t mtu = tagging->len > 4 ? 1496 : 1500;

	if (m->outer == OUTER_NONE || m->outer == OUTER_DSCP)
		return mtu;
	return mtu - (m->family == 4 ? 20 : 40) - (m->outer == OUTER_GUE ? 12 : 0);
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
			mode_expect_sums(&out.side[0], 14 + 4u * vlans);
		} else {
			harness_expect(&out, VERDICT_FORWARDED, 1);
			mode_expect(m, &out.out[0], &in);
		}
		lane_free(l);
	}
}

/* An error about an answer of the backend goes the way of the flow. */
static void icmp_error(const struct mode *m, uint32_t family, uint8_t vlans)
{
	struct lane *l = harness_lane();

	harness_too_big(&in, vip_of(family), (uint16_t)PORT_OF(m->pool), 40000, vlans, 60);
	run_one(l, &in);
	harness_expect_count(&out, VERDICT_FORWARDED, 1);
	assert_int_equal(out.n_side, 1);
	mode_expect(m, &out.side[0], &in);
	lane_free(l);
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

	mode_take_off_tags(f);
	mode_expect_eth(f, way, six ? 0x86dd : 0x0800);
	assert_int_equal(f->len, 14 + in.ip_len);
	frame_address(way->address, dst);
	assert_memory_equal(f->b + 14 + (six ? 24 : 16), dst, six ? 16 : 4);
	f->l3 = 14;
	assert_int_equal(mode_tos(f), WORLD_DSCP << 2 | (mode_tos(&in) & 3));
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

		frame_cut(&in, &whole, hdr, from, to, to < all);
		run_one(l, &in);
		harness_expect_count(&out, VERDICT_FORWARDED, 1);
		assert_int_equal(out.n_side, 1);
		if (m->outer == OUTER_DSCP)
			expect_dscp_piece(m, &out.side[0], from ? NULL : &made);
		else
			mode_expect(m, &out.side[0], &in);
	}
	lane_free(l);
}

static uint32_t odd_packets(void)
{
	uint32_t cases = 0;

	for (size_t i = 0; i < MODES; i++)
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
	return cases;
}

static void odd_packets_over_every_mode(void **state)
{
	uint32_t cases = 0;

	for (size_t t = 0; t < TAGGINGS; t++) {
		mode_into_network(&taggings[t]);
		cases += odd_packets();
	}
	mode_into_network(&taggings[0]);
	printf("%u cases\n", cases);
	assert_true(cases >= 450);
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
