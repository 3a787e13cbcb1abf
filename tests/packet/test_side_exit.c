/* SPDX-License-Identifier: BSD-3-Clause */

/* The borders of the side exit: no room to wait in, no byte of headroom more than is needed, small
 * buffers to cut into, packets of unlike pools one after the other. */

#include <netinet/in.h>

#include "datapath/slow.h"

#include "harness.h"

#define TO4(pool) .dst = VIP4, .dport = PORT_OF(pool)
#define TO6(pool) .dst = VIP6, .dport = PORT_OF(pool)
#define CLIENT4   "198.51.100.7"

static struct frame frame;
static struct outcome outcome;

enum kind { PLAIN, MAY_BE_CUT, LAST_HOP, FRAGMENT, PING };

static void make(const struct frame_spec *spec, enum kind kind)
{
	const struct frame_icmp ping = {
		.eth_dst = world_mac(WORLD_WAN),
		.src = CLIENT4,
		.dst = spec->dst,
		.ttl = 7,
		.type = 8,
		.data = "ping",
		.len = 4,
	};

	if (kind == PING) {
		frame_message(&frame, &ping);
		return;
	}
	harness_frame(&frame, spec, WORLD_WAN);
	uint8_t *ip = frame.b + frame.l3;

	if (ip[0] >> 4 == 6) {
		ip[7] = kind == LAST_HOP ? 1 : ip[7];
		return;
	}
	if (kind == MAY_BE_CUT)
		ip[6] = 0;
	if (kind == FRAGMENT)
		ip[6] = 0x20;
	if (kind == LAST_HOP)
		ip[8] = 1;
	frame_fix_ipv4(&frame);
}

struct full_row {
	const char *name;
	struct frame_spec spec;
	enum kind kind;
	uint16_t each;        /* frames that leave for each packet */
	enum verdict verdict; /* where there is no room for all of them */
};

static const struct full_row full[] = {
	{"told of the MTU", {TO4(POOL_VIA4), .ip_len = 1500}, PLAIN, 1, VERDICT_TOO_BIG},
	{"told of the MTU, IPv6", {TO6(POOL_VIA4), .ip_len = 1500}, PLAIN, 1, VERDICT_TOO_BIG},
	{"cut in two", {TO4(POOL_VIA4), .ip_len = 1500}, MAY_BE_CUT, 2, VERDICT_TX_FULL},
	{"cut in seven", {TO4(POOL_VIA4), .ip_len = 9000}, MAY_BE_CUT, 7, VERDICT_TX_FULL},
	{"told of the last hop", {TO4(POOL_TTL)}, LAST_HOP, 1, VERDICT_TTL},
	{"told of the last hop, IPv6", {TO6(POOL_TTL)}, LAST_HOP, 1, VERDICT_TTL},
	{"fragment", {TO4(POOL_VIA4), .payload = 4}, FRAGMENT, 1, VERDICT_TX_FULL},
	{"ping", {.dst = VIP4}, PING, 1, VERDICT_TX_FULL},
	{"ping for a backend", {.dst = VIP4_CARRY}, PING, 1, VERDICT_TX_FULL},
	{"RST", {TO4(POOL_REFUSES), .tcp_flags = 2}, PLAIN, 1, VERDICT_NO_BACKEND},
	{"port unreachable", {TO4(POOL_REFUSES), .proto = IPPROTO_UDP}, PLAIN, 1,
		VERDICT_NO_BACKEND},
};

/* The frame of `row` three times, where places for `left` frames are left. */
static void run_with_room(const struct full_row *row, uint32_t left)
{
	static struct burst b;
	struct lane *l = harness_lane();
	const uint32_t fit = left / row->each, before = SLOW_OUT_MAX - left;

	l->slow_waiting = before;
	for (b.n = 0; b.n < 3; b.n++) {
		if (row->kind == FRAGMENT) { /* of three datagrams */
			frame.b[frame.l3 + 5] = (uint8_t)b.n;
			frame_fix_ipv4(&frame);
		}
		b.mbuf[b.n] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
	}
	b.rx_port = WORLD_WAN;
	pipeline_run(l, world->g, &b);
	assert_int_equal(b.n, 0);
	assert_int_equal(l->slow_waiting - before, fit * row->each);
	assert_int_equal(l->verdict[row->verdict], 3 - fit);
	for (uint32_t i = before; i < l->slow_waiting; i++)
		rte_pktmbuf_free(l->slow->out[i].m);
	l->slow_waiting = 0;
	lane_free(l);
	assert_int_equal(rig_mbufs(), 0);
	assert_int_equal(rig_buffers(), 0);
}

static void no_place_to_wait(void **state)
{
	const struct full_row *row = *state;

	make(&row->spec, row->kind);
	for (uint32_t left = 0; left <= 2u * row->each; left++)
		run_with_room(row, left);
}

/* Frames and the least headroom with which they leave. */
static const struct {
	struct frame_spec spec;
	enum kind kind;
	uint16_t headroom;
	enum verdict verdict; /* with so much */
	enum verdict without; /* with one byte less */
} borders[] = {
	{{TO4(POOL_VIA4), .ip_len = 1500}, PLAIN, 28, VERDICT_ANSWERED, VERDICT_TOO_BIG},
	{{TO6(POOL_VIA4), .ip_len = 1500}, PLAIN, 48, VERDICT_ANSWERED, VERDICT_TOO_BIG},
	{{TO4(POOL_VIA4), .ip_len = 1500}, MAY_BE_CUT, 20, VERDICT_FORWARDED,
		VERDICT_ENCAP_HEADROOM},
	{{TO4(POOL_VIA4), .ip_len = 1500, .vlans = 2}, MAY_BE_CUT, 12, VERDICT_FORWARDED,
		VERDICT_ENCAP_HEADROOM},
	{{TO4(POOL_VIA6), .ip_len = 1500}, MAY_BE_CUT, 40, VERDICT_FORWARDED,
		VERDICT_ENCAP_HEADROOM},
	{{TO4(POOL_TTL)}, LAST_HOP, 28, VERDICT_ANSWERED, VERDICT_TTL},
	{{TO6(POOL_TTL)}, LAST_HOP, 48, VERDICT_ANSWERED, VERDICT_TTL},
	{{TO4(POOL_VIA4), .payload = 4}, FRAGMENT, 20, VERDICT_FORWARDED, VERDICT_ENCAP_HEADROOM},
	{{TO4(POOL_REFUSES), .proto = IPPROTO_UDP}, PLAIN, 28, VERDICT_ANSWERED,
		VERDICT_NO_BACKEND},
	{{TO6(POOL_REFUSES), .proto = IPPROTO_UDP}, PLAIN, 48, VERDICT_ANSWERED,
		VERDICT_NO_BACKEND},
};

static void least_headroom(void **state)
{
	for (size_t i = 0; i < sizeof borders / sizeof *borders; i++) {
		make(&borders[i].spec, borders[i].kind);
		for (uint16_t less = 0; less < 2; less++) {
			struct rte_mbuf *m = rig_mbuf(
				frame.b, frame.len, (uint16_t)(borders[i].headroom - less));

			harness_run(&outcome, WORLD_WAN, &m, 1);
			harness_expect_count(
				&outcome, less ? borders[i].without : borders[i].verdict, 1);
			for (uint16_t k = 0; k < outcome.n_side; k++)
				assert_true(borders[i].spec.vlans || /* the sum looks at none */
					    frame_checksums(
						    outcome.side[k].b, outcome.side[k].len) > 0);
		}
	}
}

/* A pool of mbufs with room for an IP packet of `room` bytes, and the frame in one of them. */
static struct rte_mbuf *small_mbuf(struct rte_mempool **pool, uint16_t room)
{
	const uint16_t size = (uint16_t)(RTE_PKTMBUF_HEADROOM + 14 + room);

	*pool = rte_pktmbuf_pool_create("small", 63, 0, 0, size, SOCKET_ID_ANY);
	assert_non_null(*pool);
	/* longer than one of them has room for: a chain */
	struct rte_mbuf *head = NULL;

	for (uint32_t off = 0, n; off < frame.len; off += n) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(*pool);

		assert_non_null(m);
		if (!head)
			m->data_off = 64; /* room for all headers */
		n = rte_pktmbuf_tailroom(m);
		n = n < frame.len - off ? n : frame.len - off;
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), frame.b + off, n);
		if (head)
			assert_int_equal(rte_pktmbuf_chain(head, m), 0);
		else
			head = m;
	}
	return head;
}

/* Pieces are no longer than the buffers for them, and not too many. */
static void small_buffers(void **state)
{
	static const struct {
		uint16_t room, ip_len, pieces; /* 0: too big */
	} rows[] = {
		{600, 1500, 3},             /* 576 bytes each: 1480 = 2 * 576 + 328 */
		{604, 20 + 3 * 584, 3},     /* exactly */
		{604, 20 + 3 * 584 + 1, 4}, /* and one byte more */
		{20 + 7, 1500, 0},          /* not even 8 bytes */
		{20 + 56, 20 + SLOW_PIECES_MAX * 56, SLOW_PIECES_MAX},
		{20 + 56, 20 + SLOW_PIECES_MAX * 56 + 1, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct frame_spec spec = {TO4(POOL_VIA4), .ip_len = rows[i].ip_len};
		struct lane *l = harness_lane();
		static struct burst b;
		struct rte_mempool *pool;
		uint32_t payload = 0;

		make(&spec, MAY_BE_CUT);
		b.mbuf[0] = small_mbuf(&pool, rows[i].room);
		b.n = 1;
		b.rx_port = WORLD_WAN;
		pipeline_run(l, world->g, &b);
		assert_int_equal(l->verdict[VERDICT_TOO_BIG], !rows[i].pieces);
		assert_int_equal(l->slow_waiting, rows[i].pieces);
		for (uint32_t k = 0; k < l->slow_waiting; k++) {
			const uint32_t len = l->slow->out[k].m->pkt_len - 14 - 20;

			assert_true(len <= rows[i].room);
			payload += len - 20;
			rte_pktmbuf_free(l->slow->out[k].m);
		}
		assert_int_equal(payload, rows[i].pieces ? spec.ip_len - 20 : 0);
		l->slow_waiting = 0;
		lane_free(l);
		assert_int_equal(rte_mempool_in_use_count(pool), 0);
		rte_mempool_free(pool);
	}
}

/* What `f` has in its outer header, and below it, that goes by the flow. */
static void expect_same_flow(const struct frame *f, const struct frame *small)
{
	const uint8_t *a = f->b + 14, *b = small->b + 14;

	assert_memory_equal(f->b, small->b, 14);
	assert_int_equal(a[0] >> 4, b[0] >> 4);
	if (a[0] >> 4 == 6) {
		assert_memory_equal(a, b, 4); /* class and flow label */
		assert_memory_equal(a + 6, b + 6, 2 + 32);
		if (a[6] == IPPROTO_UDP)
			assert_memory_equal(a + 40, b + 40, 4);
		return;
	}
	assert_memory_equal(a + 8, b + 8, 2);
	assert_memory_equal(a + 12, b + 12, 8);
	if (a[9] == IPPROTO_UDP)
		assert_memory_equal(a + 20, b + 20, 4);
}

/* Pieces go as a packet of their flow goes that need not be cut, whatever was cut before. */
static void pools_in_turn(void **state)
{
	static const enum world_pool pools[] = {POOL_VIA4, POOL_VIA6, POOL_L2, POOL_GUE_FULL4,
		POOL_GUE6, POOL_GUE4, POOL_VARY6, POOL_GUE_FULL6, POOL_VARY4, POOL_TTL, POOL_L2,
		POOL_GUE_FULL4, POOL_NARROW6};
	struct lane *l = harness_lane();
	static struct frame small;

	for (size_t i = 0; i < 2 * sizeof pools / sizeof *pools; i++) {
		const enum world_pool pool = pools[i % (sizeof pools / sizeof *pools)];
		struct frame_spec spec = {TO4(pool)};
		struct rte_mbuf *m;

		make(&spec, MAY_BE_CUT);
		m = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
		harness_expect(&outcome, VERDICT_FORWARDED, 1);
		small = outcome.out[0];
		spec.ip_len = 4000;
		make(&spec, MAY_BE_CUT);
		m = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
		harness_expect_count(&outcome, VERDICT_FORWARDED, 1);
		assert_true(outcome.n_side >= 3);
		for (uint16_t k = 0; k < outcome.n_side; k++) {
			expect_same_flow(&outcome.side[k], &small);
			assert_true(pool == POOL_GUE6 || /* has none */
				    frame_checksums(outcome.side[k].b, outcome.side[k].len) > 0);
		}
	}
	lane_free(l);
}

/* No error about a later fragment (RFC 1122, 3.2.2): it ends under the reason; about a first one
 * there is. */
static void later_fragments_get_no_answer(void **state)
{
	static const struct {
		struct frame_spec spec;
		enum kind kind;
		enum verdict verdict;
	} rows[] = {
		{{TO4(POOL_TTL), .payload = 44}, LAST_HOP, VERDICT_TTL},
		{{TO4(POOL_VIA4), .ip_len = 1484}, PLAIN, VERDICT_TOO_BIG},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lane *l = harness_lane();
		struct rte_mbuf *m[2];

		for (int later = 0; later < 2; later++) {
			make(&rows[i].spec, rows[i].kind);
			frame.b[frame.l3 + 6] |= 0x20; /* beside DF: as some hosts send them */
			frame.b[frame.l3 + 7] = later ? 200 : 0;
			frame_fix_ipv4(&frame);
			m[later] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		}
		harness_run_on(l, &outcome, WORLD_WAN, m, 2);
		assert_int_equal(outcome.count[VERDICT_ANSWERED], 1);
		assert_int_equal(outcome.count[rows[i].verdict], 1);
		assert_int_equal(outcome.n_side, 1);
		lane_free(l);
	}
}

int main(void)
{
	enum { FULL = sizeof full / sizeof *full };
	static struct CMUnitTest tests[FULL + 4];
	size_t n = 0;

	for (size_t i = 0; i < FULL; i++)
		tests[n++] = (struct CMUnitTest){
			full[i].name, no_place_to_wait, NULL, NULL, (void *)(uintptr_t)&full[i]};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(least_headroom);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(small_buffers);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(pools_in_turn);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(later_fragments_get_no_answer);
	return harness_main("side_exit", tests, n);
}
