/* SPDX-License-Identifier: BSD-3-Clause */

/* Packets that do not fit the way to their backend: what their sender is told, to the byte, and the
 * pieces of those that may be cut. */

#include <netinet/in.h>

#include "datapath/slow.h"

#include "harness.h"

#define TO4(pool) .dst = VIP4, .dport = PORT_OF(pool)
#define TO6(pool) .dst = VIP6, .dport = PORT_OF(pool)
#define CLIENT4   "198.51.100.7"
#define CLIENT6   "2001:db8:c::7"

struct row {
	const char *name;
	struct frame_spec spec;
	uint32_t mtu; /* what the sender is told; what a piece may have */
	uint8_t port;
};

/* With DF, as all frames of these tests are, and over IPv6. */
static const struct row told[] = {
	{"1481 bytes, 4in4", {TO4(POOL_VIA4), .ip_len = 1481}, 1480},
	{"1481 bytes, 6in4", {TO6(POOL_VIA4), .ip_len = 1481}, 1480},
	{"1461 bytes, 4in6", {TO4(POOL_VIA6), .ip_len = 1461}, 1460},
	{"1461 bytes, 6in6", {TO6(POOL_VIA6), .ip_len = 1461}, 1460},
	{"1500 bytes, 4in4", {TO4(POOL_VIA4), .ip_len = 1500}, 1480},
	{"1500 bytes, 6in6", {TO6(POOL_VIA6), .ip_len = 1500}, 1460},
	{"1501 bytes direct", {TO4(POOL_L2), .ip_len = 1501}, 1500},
	{"1501 bytes direct, IPv6", {TO6(POOL_L2), .ip_len = 1501}, 1500},
	{"route of 1400, 4in4", {TO4(POOL_NARROW4), .ip_len = 1381}, 1380},
	{"route of 1400, 6in4", {TO6(POOL_NARROW4), .ip_len = 1381}, 1380},
	{"route of 1400, 4in6", {TO4(POOL_NARROW6), .ip_len = 1361}, 1360},
	{"route of 1400, 6in6", {TO6(POOL_NARROW6), .ip_len = 1361}, 1360},
	{"port of 9000", {TO4(POOL_ROUTED4), .ip_len = 8981}, 8980},
	{"port of 9000, IPv6", {TO6(POOL_ROUTED6), .ip_len = 8961}, 8960},
	{"VLAN, 4in4", {TO4(POOL_VIA4), .ip_len = 1481, .vlans = 1}, 1480},
	{"VLAN, 6in6", {TO6(POOL_VIA6), .ip_len = 1461, .vlans = 1}, 1460},
	{"VLAN, direct", {TO4(POOL_L2), .ip_len = 1501, .vlans = 1}, 1500},
	{"QinQ, 4in6", {TO4(POOL_VIA6), .ip_len = 1461, .vlans = 2}, 1460},
	{"QinQ, 6in4", {TO6(POOL_VIA4), .ip_len = 1481, .vlans = 2}, 1480},
	{"QinQ, direct, IPv6", {TO6(POOL_L2), .ip_len = 1501, .vlans = 2}, 1500},
	{"options are quoted", {TO4(POOL_VIA4), .ip_len = 1481, .options = 4}, 1480},
	{"extension headers are quoted", {TO6(POOL_VIA4), .ip_len = 1481, FRAME_CHAIN("\x00\x3c")},
		1480},
	{"UDP", {.dst = VIP4, .dport = 53, .proto = IPPROTO_UDP, .ip_len = 1490}, 1480},
	{"UDP, IPv6", {.dst = VIP6, .dport = 53, .proto = IPPROTO_UDP, .ip_len = 1490}, 1480},
	{"padding is not quoted", {TO4(POOL_VIA4), .ip_len = 1481, .padding = 9}, 1480},
	{"not to be cut, but with DF", {TO4(POOL_STRICT), .ip_len = 1481}, 1480},
	{"no IPv6 host is told less than 1280", {TO6(POOL_TIGHT6), .ip_len = 1281}, 1280},
	{"an IPv4 host is", {TO4(POOL_TIGHT6), .ip_len = 1261}, 1260},
	{"in by the LAN", {TO4(POOL_VIA4), .ip_len = 1481}, 1480, WORLD_LAN},
	{"in by a shared port", {TO6(POOL_VIA4), .ip_len = 1481}, 1480, WORLD_SHARED},
};

static struct frame frame, wanted;
static struct outcome outcome;

/* The message that the sender of `frame` gets from a port. */
static void expect_told(const struct row *row, uint16_t i)
{
	const struct frame *got = &outcome.side[i];
	const bool v6 = strchr(row->spec.dst, ':');
	const uint32_t most = v6 ? 1280 - 48 : 576 - 28;

	frame_message(&wanted,
		&(struct frame_icmp){
			.eth_dst = "02:cc:00:00:00:01",
			.eth_src = world_mac(row->port),
			.src = row->spec.dst,
			.dst = v6 ? CLIENT6 : CLIENT4,
			.vlans = row->spec.vlans,
			.tos = 0xc0,
			.ttl = 64,
			.id = v6 ? 0 : (uint16_t)(got->b[frame.l3 + 4] << 8 | got->b[frame.l3 + 5]),
			.type = v6 ? 2 : 3,
			.code = v6 ? 0 : 4,
			.rest = row->mtu,
			.data = frame.b + frame.l3,
			.len = frame.ip_len < most ? frame.ip_len : most,
		});
	assert_int_equal(got->len, wanted.len);
	assert_memory_equal(got->b, wanted.b, wanted.len);
	assert_int_equal(outcome.side_port[i], row->port);
}

static void tells(void **state)
{
	const struct row *row = *state;
	struct rte_mbuf *m[BURST_MAX];

	harness_frame(&frame, &row->spec, row->port);
	for (uint16_t n = 1; n <= BURST_MAX; n += 31) {
		for (uint16_t i = 0; i < n; i++)
			m[i] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		harness_run(&outcome, row->port, m, n);
		harness_expect(&outcome, VERDICT_ANSWERED, n);
		assert_int_equal(outcome.n_side, n);
		for (uint16_t i = 0; i < n; i++)
			expect_told(row, i);
	}
	/* in pieces of odd lengths, the first of which has all headers */
	m[0] = rig_chain(frame.b, frame.len, RIG_HEADROOM, 201, 77);
	harness_run(&outcome, row->port, m, 1);
	harness_expect(&outcome, VERDICT_ANSWERED, 1);
	expect_told(row, 0);
}

/* Without DF. */
static const struct row cut[] = {
	{"1481 bytes, 4in4", {TO4(POOL_VIA4), .ip_len = 1481}, 1480},
	{"1500 bytes, 4in4", {TO4(POOL_VIA4), .ip_len = 1500}, 1480},
	{"1461 bytes, 4in6", {TO4(POOL_VIA6), .ip_len = 1461}, 1460},
	{"1501 bytes direct", {TO4(POOL_L2), .ip_len = 1501}, 1500},
	{"route of 1400", {TO4(POOL_NARROW4), .ip_len = 1500}, 1380},
	{"two full pieces", {TO4(POOL_VIA4), .ip_len = 20 + 2 * 1456}, 1480},
	{"two full pieces and a byte", {TO4(POOL_VIA4), .ip_len = 20 + 2 * 1456 + 1}, 1480},
	{"a byte less than two", {TO4(POOL_VIA4), .ip_len = 20 + 2 * 1456 - 1}, 1480},
	{"9000 bytes in seven", {TO4(POOL_VIA4), .ip_len = 9000}, 1480},
	{"9000 bytes through an IPv6 tunnel", {TO4(POOL_VIA6), .ip_len = 9000}, 1460},
	{"UDP", {.dst = VIP4, .dport = 53, .proto = IPPROTO_UDP, .ip_len = 4000}, 1480},
	{"VLAN", {TO4(POOL_VIA4), .ip_len = 1500, .vlans = 1}, 1480},
	{"QinQ, direct", {TO4(POOL_L2), .ip_len = 3001, .vlans = 2}, 1500},
	{"options", {TO4(POOL_VIA4), .ip_len = 2000, .options = 3}, 1480},
	{"ten words of options", {TO4(POOL_VIA6), .ip_len = 3000, .options = 10}, 1460},
	{"padding", {TO4(POOL_VIA4), .ip_len = 1481, .padding = 7}, 1480},
	{"TOS", {TO4(POOL_VIA4), .ip_len = 1481, .tos = 0xb8}, 1480},
};

static uint32_t be16(const uint8_t *b)
{
	return (uint32_t)b[0] << 8 | b[1];
}

/* A piece as the backend must see it: its own IP header, wrapped like any packet. Returns the
 * payload bytes. */
static uint32_t expect_piece(const struct row *row, uint16_t i, uint32_t done)
{
	const struct world_way *way = world_way_in(
		row->spec.proto ? POOL_VIA4 : (enum world_pool)(row->spec.dport - PORT_OF(0)));
	const struct frame *got = &outcome.side[i];
	const uint32_t outer = !way->source ? 0 : strchr(way->source, ':') ? 40 : 20;
	const uint8_t *ip = got->b + 14 + outer, *was = frame.b + frame.l3;
	const uint32_t hdr = (ip[0] & 15) * 4u, was_hdr = (was[0] & 15) * 4u;
	const uint32_t len = be16(ip + 2) - hdr, all = frame.ip_len - was_hdr;
	static struct frame piece;

	assert_true(got->len == 14 + outer + hdr + len && hdr + len <= row->mtu);
	assert_int_equal(be16(ip + 6), done / 8 | (done + len < all ? 0x2000 : 0));
	assert_int_equal(hdr, i ? 20 : was_hdr); /* "no operation" is not copied */
	assert_true(done + len == all || len % 8 == 0);
	assert_true(done + len == all || row->mtu - hdr - len < 8 + was_hdr - 20);
	/* identification, TTL, protocol, addresses, TOS as they were */
	assert_memory_equal(ip + 4, was + 4, 2);
	assert_memory_equal(ip + 8, was + 8, 2);
	assert_memory_equal(ip + 12, was + 12, 8 + (i ? 0 : was_hdr - 20));
	assert_int_equal(ip[1], was[1]);
	assert_memory_equal(ip + hdr, was + was_hdr + done, len);
	if (frame_checksums(got->b, got->len) < 1)
		fail_msg("a checksum is missing or wrong");
	/* the header in front of it is that of a packet of its own */
	memcpy(piece.b + 14, ip, hdr + len);
	piece.l3 = 14;
	piece.ip_len = hdr + len;
	frame_wrap(&wanted, &piece,
		&(struct frame_outer){.eth_dst = way->eth_dst,
			.eth_src = way->eth_src,
			.src = way->source,
			.dst = way->source ? way->address : NULL,
			.tos = was[1],
			.id = (uint16_t)be16(got->b + 18),
			.label = (got->b[15] & 15u) << 16 | be16(got->b + 16)});
	assert_int_equal(got->len, wanted.len);
	assert_memory_equal(got->b, wanted.b, wanted.len);
	assert_int_equal(outcome.side_port[i], way->port);
	return len;
}

static void expect_cut(const struct row *row)
{
	const uint32_t all = frame.ip_len - (frame.b[frame.l3] & 15) * 4u;
	uint32_t done = 0;

	harness_expect_count(&outcome, VERDICT_FORWARDED, 1);
	for (uint16_t i = 0; i < outcome.n_side; i++)
		done += expect_piece(row, i, done);
	assert_int_equal(done, all);
}

static void may_be_cut(struct frame *f)
{
	f->b[f->l3 + 6] &= (uint8_t)~0x40;
	frame_fix_ipv4(f);
}

static void cuts(void **state)
{
	const struct row *row = *state;
	struct rte_mbuf *m;

	harness_frame(&frame, &row->spec, row->port);
	may_be_cut(&frame);
	harness_one(&outcome, row->port, &frame);
	expect_cut(row);
	m = rig_chain(frame.b, frame.len, RIG_HEADROOM, 99, 501);
	harness_run(&outcome, row->port, &m, 1);
	expect_cut(row);
}

/* An option that is to be copied stands in every piece, one that is not in the first alone. */
static void copies_options(void **state)
{
	const struct frame_spec spec = {TO4(POOL_VIA4), .ip_len = 3000, .options = 3};
	const uint8_t options[12] = {7, 5, 4, 0, 0, 0x88, 4, 0xab, 0xcd, 1, 1, 0};

	harness_frame(&frame, &spec, WORLD_WAN);
	memcpy(frame.b + frame.l3 + 20, options, sizeof options);
	may_be_cut(&frame);
	harness_one(&outcome, WORLD_WAN, &frame);
	harness_expect_count(&outcome, VERDICT_FORWARDED, 1);
	assert_int_equal(outcome.n_side, 3);
	assert_int_equal(outcome.side[0].b[34], 0x48);
	assert_memory_equal(outcome.side[0].b + 54, options, sizeof options);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(outcome.side[i].b[34], 0x46);
		assert_memory_equal(outcome.side[i].b + 54, options + 5, 4);
		assert_true(frame_checksums(outcome.side[i].b, outcome.side[i].len) > 0);
	}
}

/* The packet with an option of this kind and length, which may be cut. */
static struct rte_mbuf *with_option(unsigned int kind, unsigned int len)
{
	static const struct frame_spec spec = {TO4(POOL_VIA4), .ip_len = 1500, .options = 10};

	harness_frame(&frame, &spec, WORLD_WAN);
	frame.b[frame.l3 + 20] = (uint8_t)kind;
	frame.b[frame.l3 + 21] = (uint8_t)len;
	may_be_cut(&frame);
	return rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
}

/* Options that make no sense are cut with the packet and end it nowhere. */
static void survives_bad_options(void **state)
{
	struct lane *l = harness_lane();
	struct rte_mbuf *m[BURST_MAX];

	for (unsigned int kind = 0; kind < 256; kind++)
		for (unsigned int len = 0; len < 64; len += BURST_MAX) {
			for (unsigned int i = 0; i < BURST_MAX; i++)
				m[i] = with_option(kind, len + i);
			harness_run_on(l, &outcome, WORLD_WAN, m, BURST_MAX);
			harness_expect_count(&outcome, VERDICT_FORWARDED, BURST_MAX);
			assert_int_equal(outcome.n_side, 2 * BURST_MAX);
			for (uint16_t i = 0; i < outcome.n_side; i++)
				assert_true(frame_checksums(
						    outcome.side[i].b, outcome.side[i].len) > 0);
		}
	lane_free(l);
}

/* Run `n` packets too big, in bursts, on one lane; returns how many were answered. */
static uint32_t answered(struct lane *l, uint32_t n, const char *src, uint32_t step)
{
	struct rte_mbuf *m[BURST_MAX];
	uint32_t sum = 0;

	for (uint32_t done = 0; done < n;) {
		uint16_t k = 0;

		for (; k < BURST_MAX && done < n; k++, done++) {
			const struct frame_spec spec = {TO4(POOL_VIA4), .ip_len = 1481, .src = src};

			harness_frame(&frame, &spec, WORLD_WAN);
			frame.b[frame.l3 + 13] = (uint8_t)(done * step >> 8);
			frame.b[frame.l3 + 14] = (uint8_t)(done * step);
			frame_fix_ipv4(&frame);
			m[k] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		}
		harness_run_on(l, &outcome, WORLD_WAN, m, k);
		sum += (uint32_t)outcome.count[VERDICT_ANSWERED];
		assert_int_equal(
			outcome.count[VERDICT_ANSWERED] + outcome.count[VERDICT_RATE_LIMITED], k);
	}
	return sum;
}

/* One prefix gets so many answers a second and no more; another one still gets its own. */
static void a_prefix_has_a_rate(void **state)
{
	struct lane *l = harness_lane();

	assert_int_equal(answered(l, 200, "198.0.0.7", 0), SLOW_PREFIX_RATE);
	assert_int_equal(answered(l, 10, "197.0.0.7", 0), 10);
	l->clock++;
	assert_int_equal(answered(l, 200, "198.0.0.8", 0), SLOW_PREFIX_RATE);
	l->clock++;
	/* exactly that verdict, as often as packets come */
	answered(l, SLOW_PREFIX_RATE, "198.0.0.8", 0);
	for (uint16_t n = 1; n <= BURST_MAX; n += 31) {
		struct rte_mbuf *m[BURST_MAX];

		for (uint16_t i = 0; i < n; i++)
			m[i] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		harness_run_on(l, &outcome, WORLD_WAN, m, n);
		harness_expect(&outcome, VERDICT_RATE_LIMITED, n);
	}
	lane_free(l);
}

/* So does a lane, whoever asks. */
static void a_lane_has_a_rate(void **state)
{
	struct lane *l = harness_lane();

	assert_int_equal(answered(l, 3 * SLOW_LANE_RATE, "198.0.0.7", 1), SLOW_LANE_RATE);
	l->clock++;
	assert_int_equal(answered(l, 20, "198.0.0.7", 1), 20);
	lane_free(l);
}

/* Nothing to cut into: the packet is dropped under that name, n by n. */
static void without_buffers(void **state)
{
	const struct frame_spec spec = {TO4(POOL_VIA4), .ip_len = 1500};
	static struct rte_mbuf *all[8192];
	struct lane *l = harness_lane();
	struct rte_mbuf *m[BURST_MAX];
	uint32_t n = 0;

	harness_frame(&frame, &spec, WORLD_WAN);
	may_be_cut(&frame);
	for (uint16_t i = 0; i < BURST_MAX; i++)
		m[i] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
	while ((all[n] = rte_pktmbuf_alloc(m[0]->pool)))
		n++;
	harness_run_on(l, &outcome, WORLD_WAN, m, BURST_MAX);
	harness_expect(&outcome, VERDICT_MBUF_ALLOC, BURST_MAX);
	while (n)
		rte_pktmbuf_free(all[--n]);
	lane_free(l);
}

int main(void)
{
	enum { TOLD = sizeof told / sizeof *told, CUT = sizeof cut / sizeof *cut };
	static struct CMUnitTest tests[TOLD + CUT + 8];
	const struct CMUnitTest more[] = {
		cmocka_unit_test(copies_options),
		cmocka_unit_test(survives_bad_options),
		cmocka_unit_test(a_prefix_has_a_rate),
		cmocka_unit_test(a_lane_has_a_rate),
		cmocka_unit_test(without_buffers),
	};
	size_t n = 0;

	for (size_t i = 0; i < TOLD; i++)
		tests[n++] = (struct CMUnitTest){
			told[i].name, tells, NULL, NULL, (void *)(uintptr_t)&told[i]};
	for (size_t i = 0; i < CUT; i++)
		tests[n++] = (struct CMUnitTest){
			cut[i].name, cuts, NULL, NULL, (void *)(uintptr_t)&cut[i]};
	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		tests[n++] = more[i];
	return harness_main("mtu", tests, n);
}
