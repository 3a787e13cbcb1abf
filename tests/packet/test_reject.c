/* SPDX-License-Identifier: BSD-3-Clause */

/* New flows of a pool that refuses them: TCP gets the RST that RFC 9293, 3.10.7.1 asks for, UDP an
 * ICMP error, to the byte. */

#include <netinet/in.h>

#include "datapath/slow.h"

#include "harness.h"

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

#define TO4 .dst = VIP4, .dport = PORT_OF(POOL_REFUSES)
#define TO6 .dst = VIP6, .dport = PORT_OF(POOL_REFUSES)

struct row {
	const char *name;
	struct frame_spec spec;
	uint32_t counted; /* bytes of data, SYN and FIN */
	uint8_t port;
};

static const struct row tcp[] = {
	{"SYN", {TO4, .tcp_flags = SYN}, 1},
	{"SYN, IPv6", {TO6, .tcp_flags = SYN}, 1},
	{"SYN with data", {TO4, .tcp_flags = SYN, .payload = 9}, 10},
	{"ACK", {TO4, .payload = 100}, 100},
	{"ACK, IPv6", {TO6, .payload = 100}, 100},
	{"FIN ACK", {TO4, .tcp_flags = FIN | ACK}, 1},
	{"IP options", {TO4, .tcp_flags = SYN, .options = 3}, 1},
	{"extension headers", {TO6, .tcp_flags = SYN, FRAME_CHAIN("\x00\x3c")}, 1},
	{"authentication header", {TO6, .tcp_flags = SYN, FRAME_CHAIN("\x33\x3c")}, 1},
	{"whole packet with a fragment header", {TO6, .tcp_flags = SYN, FRAME_CHAIN("\x2c")}, 1},
	{"VLAN", {TO4, .tcp_flags = SYN, .vlans = 1}, 1},
	{"QinQ, IPv6", {TO6, .tcp_flags = SYN, .vlans = 2}, 1},
	{"padding", {TO4, .tcp_flags = SYN, .padding = 6}, 1},
	{"in by the LAN", {TO4, .tcp_flags = SYN}, 1, WORLD_LAN},
};

static const struct row udp[] = {
	{"UDP", {TO4, .proto = IPPROTO_UDP, .payload = 33}},
	{"UDP, IPv6", {TO6, .proto = IPPROTO_UDP, .payload = 33}},
	{"UDP, long", {TO4, .proto = IPPROTO_UDP, .payload = 1200}},
	{"UDP, long, IPv6", {TO6, .proto = IPPROTO_UDP, .payload = 1400}},
	{"UDP, VLAN", {TO4, .proto = IPPROTO_UDP, .payload = 5, .vlans = 1}},
};

static struct frame frame, wanted;
static struct outcome outcome;

static uint32_t be32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Of a frame without its VLAN tags. */
static int bare_checksums(const struct frame *f)
{
	static struct frame bare;

	memcpy(bare.b, f->b, 12);
	memcpy(bare.b + 12, f->b + frame.l3 - 2, f->len - frame.l3 + 2);
	return frame_checksums(bare.b, f->len - frame.l3 + 14);
}

static void expect_reset(const struct row *row, const struct frame *got)
{
	const bool v6 = strchr(row->spec.dst, ':');
	const uint32_t ip_len = v6 ? 40 : 20, at = v6 ? 8 : 12, n = v6 ? 16 : 4;
	const uint8_t *in = frame.b + frame.l3, *out = got->b + frame.l3;
	const uint8_t *seg = frame.b + frame.l4, *rst = out + ip_len;
	uint8_t mac[6];

	assert_int_equal(got->len, frame.l3 + ip_len + 20);
	assert_int_equal(bare_checksums(got), v6 ? 1 : 2);
	assert_memory_equal(got->b, frame.b + 6, 6);
	frame_mac(world_mac(row->port), mac);
	assert_memory_equal(got->b + 6, mac, 6);
	assert_memory_equal(got->b + 12, frame.b + 12, frame.l3 - 12);
	assert_memory_equal(out + at, in + at + n, n);
	assert_memory_equal(out + at + n, in + at, n);
	assert_int_equal(v6 ? out[6] : out[9], IPPROTO_TCP);
	assert_int_equal(v6 ? out[7] : out[8], 64);
	assert_memory_equal(rst, seg + 2, 2);
	assert_memory_equal(rst + 2, seg, 2);
	assert_int_equal(rst[12], 5 << 4);
	if (seg[13] & ACK) {
		assert_int_equal(be32(rst + 4), be32(seg + 8));
		assert_int_equal(be32(rst + 8), 0);
		assert_int_equal(rst[13], RST);
	} else {
		assert_int_equal(be32(rst + 4), 0);
		assert_int_equal(be32(rst + 8), be32(seg + 4) + row->counted);
		assert_int_equal(rst[13], RST | ACK);
	}
}

static void resets(void **state)
{
	const struct row *row = *state;
	struct rte_mbuf *m[2];

	harness_frame(&frame, &row->spec, row->port);
	m[0] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
	m[1] = rig_mbuf(frame.b, frame.len, 0); /* needs none */
	harness_run(&outcome, row->port, m, 2);
	harness_expect(&outcome, VERDICT_ANSWERED, 2);
	assert_int_equal(outcome.n_side, 2);
	for (int i = 0; i < 2; i++) {
		expect_reset(row, &outcome.side[i]);
		assert_int_equal(outcome.side_port[i], row->port);
	}
}

static void tells_udp(void **state)
{
	const struct row *row = *state;
	const bool v6 = strchr(row->spec.dst, ':');
	const uint32_t most = v6 ? 1280 - 48 : 576 - 28;

	harness_frame(&frame, &row->spec, row->port);
	harness_one(&outcome, row->port, &frame);
	harness_expect(&outcome, VERDICT_ANSWERED, 1);
	assert_int_equal(outcome.n_side, 1);
	const uint8_t *ip = outcome.side[0].b + frame.l3;

	frame_message(&wanted, &(struct frame_icmp){
				       .eth_dst = "02:cc:00:00:00:01",
				       .eth_src = world_mac(row->port),
				       .src = row->spec.dst,
				       .dst = v6 ? "2001:db8:c::7" : "198.51.100.7",
				       .vlans = row->spec.vlans,
				       .tos = 0xc0,
				       .ttl = 64,
				       .id = v6 ? 0 : (uint16_t)(ip[4] << 8 | ip[5]),
				       .type = v6 ? 1 : 3,
				       .code = v6 ? 4 : 3,
				       .data = frame.b + frame.l3,
				       .len = frame.ip_len < most ? frame.ip_len : most,
			       });
	assert_int_equal(outcome.side[0].len, wanted.len);
	assert_memory_equal(outcome.side[0].b, wanted.b, wanted.len);
}

static void no_answer_to_a_reset(void **state)
{
	harness_frame(&frame, &(struct frame_spec){TO4, .tcp_flags = RST}, WORLD_WAN);
	harness_one(&outcome, WORLD_WAN, &frame);
	harness_expect(&outcome, VERDICT_NO_BACKEND, 1);
	harness_frame(&frame, &(struct frame_spec){TO4, .proto = IPPROTO_UDP}, WORLD_WAN);
	struct rte_mbuf *m = rig_mbuf(frame.b, frame.len, 27);

	harness_run(&outcome, WORLD_WAN, &m, 1);
	harness_expect(&outcome, VERDICT_NO_BACKEND, 1); /* no headroom for the message */
}

/* A flood from one prefix is answered SLOW_PREFIX_RATE times a second, then dropped. */
static void answers_are_limited(void **state)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};

	for (int k = 0; k < 2; k++) {
		struct lane *l = harness_lane();
		uint64_t answered = 0, limited = 0;

		for (int i = 0; i < SLOW_PREFIX_RATE + 13; i++) {
			const struct frame_spec spec = {TO4, .proto = protos[k], .tcp_flags = SYN,
				.sport = (uint16_t)(1000 + i)};

			harness_frame(&frame, &spec, WORLD_WAN);
			struct rte_mbuf *m = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);

			harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
			answered += outcome.count[VERDICT_ANSWERED];
			limited += outcome.count[VERDICT_RATE_LIMITED];
		}
		assert_int_equal(answered, SLOW_PREFIX_RATE);
		assert_int_equal(limited, 13);
		lane_free(l);
	}
}

#define ROWS(array) (sizeof(array) / sizeof *(array))

int main(void)
{
	struct CMUnitTest tests[ROWS(tcp) + ROWS(udp) + 2];
	size_t n = 0;

	for (size_t i = 0; i < ROWS(tcp); i++)
		tests[n++] = (struct CMUnitTest){
			tcp[i].name, resets, NULL, NULL, (void *)(uintptr_t)&tcp[i]};
	for (size_t i = 0; i < ROWS(udp); i++)
		tests[n++] = (struct CMUnitTest){
			udp[i].name, tells_udp, NULL, NULL, (void *)(uintptr_t)&udp[i]};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(no_answer_to_a_reset);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(answers_are_limited);
	return harness_main("reject", tests, n);
}
