/* SPDX-License-Identifier: BSD-3-Clause */

/* Fragments to a VIP: all of a datagram reach the backend of its flow, in whatever order they come,
 * and what is wrong with them ends under its name. */

#include <netinet/in.h>

#include "datapath/slow.h"

#include "harness.h"
#include "random.h"

#define UDP4      .dst = VIP4, .dport = 53, .proto = IPPROTO_UDP
#define UDP6      .dst = VIP6, .dport = 53, .proto = IPPROTO_UDP, FRAME_CHAIN("\x2c")
#define TO4(pool) .dst = VIP4, .dport = PORT_OF(pool)
#define TO6(pool) .dst = VIP6, .dport = PORT_OF(pool), FRAME_CHAIN("\x2c")

#define PIECES    8

struct row {
	const char *name;
	struct frame_spec spec;
	uint16_t step; /* payload bytes of each fragment but the last */
	enum world_pool pool;
};

/* An IPv6 datagram is written with a fragment header, which the pieces take over. */
static const struct row rows[] = {
	{"UDP", {UDP4, .payload = 1000}, 400, POOL_VIA4},
	{"UDP, IPv6", {UDP6, .payload = 1000}, 400, POOL_VIA4},
	{"UDP in six", {UDP4, .payload = 2300}, 400, POOL_VIA4},
	{"TCP", {TO4(POOL_VIA4), .payload = 777}, 256, POOL_VIA4},
	{"TCP through an IPv6 tunnel", {TO4(POOL_VIA6), .payload = 777}, 256, POOL_VIA6},
	{"TCP, IPv6", {TO6(POOL_VIA4), .payload = 777}, 256, POOL_VIA4},
	{"TCP, 6in6", {TO6(POOL_VIA6), .payload = 777}, 256, POOL_VIA6},
	{"direct", {TO4(POOL_L2), .payload = 500}, 200, POOL_L2},
	{"direct, IPv6", {TO6(POOL_L2), .payload = 500}, 200, POOL_L2},
	{"VLAN", {UDP4, .payload = 900, .vlans = 1}, 304, POOL_VIA4},
	{"QinQ, IPv6", {UDP6, .payload = 900, .vlans = 2}, 304, POOL_VIA4},
	{"options", {UDP4, .payload = 900, .options = 4}, 304, POOL_VIA4},
	{"our own address", {TO4(POOL_ROUTED4), .payload = 500}, 200, POOL_ROUTED4},
};

static struct frame whole, piece[PIECES];
static struct outcome outcome;
static unsigned int n_pieces;

static bool is6(const struct frame_spec *s)
{
	return strchr(s->dst, ':') != NULL;
}

/* Bytes of the IP header and, for IPv6, the fragment header. */
static uint32_t header(const struct frame_spec *s)
{
	return is6(s) ? 48 : 20 + 4u * s->options;
}

static void make(const struct frame_spec *s, uint16_t step)
{
	harness_frame(&whole, s, WORLD_WAN);
	const uint32_t all = whole.ip_len - header(s);

	n_pieces = 0;
	for (uint32_t from = 0; from < all; from += step)
		frame_cut(&piece[n_pieces++], &whole, header(s), from,
			from + step < all ? from + step : all, from + step < all);
}

static void run(struct lane *l, const struct frame *f)
{
	struct rte_mbuf *m = rig_mbuf(f->b, f->len, RIG_HEADROOM);

	harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
}

static void in_order(void **state)
{
	const struct row *row = *state;
	struct lane *l = harness_lane();

	for (int again = 0; again < 2; again++) { /* the identification may come back at once */
		make(&row->spec, row->step);
		for (unsigned int i = 0; i < n_pieces; i++) {
			run(l, &piece[i]);
			harness_expect_count(&outcome, VERDICT_FORWARDED, 1);
			harness_expect_side(&outcome, 0, &piece[i], world_way_in(row->pool));
		}
		assert_int_equal(l->slow->frags.used, 0);
	}
	lane_free(l);
}

/* The first one last: the others wait, and follow it in the order they came. */
static void first_one_last(void **state)
{
	const struct row *row = *state;
	struct lane *l = harness_lane();

	make(&row->spec, row->step);
	for (unsigned int i = 1; i < n_pieces; i++) {
		run(l, &piece[i]);
		harness_expect_count(&outcome, VERDICT_HELD, 1);
		assert_int_equal(outcome.n_side, 0);
	}
	run(l, &piece[0]);
	assert_int_equal(outcome.n_side, n_pieces);
	for (unsigned int i = 0; i < n_pieces; i++)
		harness_expect_side(&outcome, (uint16_t)i, &piece[i], world_way_in(row->pool));
	assert_int_equal(l->verdict[VERDICT_HELD], 0);
	assert_int_equal(l->slow->frags.used, 0);
	lane_free(l);
}

/* In every order, and all in one burst: all come out once, at one backend. */
static void any_order(void **state)
{
	struct random r = random_start();

	for (int round = 0; round < 400; round++) {
		const struct row *row = &rows[random_below(&r, sizeof rows / sizeof *rows)];
		struct lane *l = harness_lane();
		struct rte_mbuf *m[PIECES];

		make(&row->spec, row->step);
		for (unsigned int i = 0; i < n_pieces; i++) {
			const unsigned int k = i + random_below(&r, n_pieces - i);
			const struct frame t = piece[i];

			piece[i] = piece[k];
			piece[k] = t;
		}
		for (unsigned int i = 0; i < n_pieces; i++)
			m[i] = rig_mbuf(piece[i].b, piece[i].len, RIG_HEADROOM);
		harness_run_on(l, &outcome, WORLD_WAN, m, (uint16_t)n_pieces);
		harness_expect_count(&outcome, VERDICT_FORWARDED, (uint16_t)n_pieces);
		assert_int_equal(outcome.n_side, n_pieces);
		for (unsigned int i = 0; i < n_pieces; i++)
			assert_ptr_equal(world_way_of(outcome.side[i].b), world_way_in(row->pool));
		assert_int_equal(l->slow->frags.used, 0);
		lane_free(l);
	}
}

/* A fragment goes where the packets of its flow go that come whole. */
static void follows_its_flow(void **state)
{
	for (uint16_t port = 3000; port < 3100; port++) {
		const struct frame_spec spec = {TO4(POOL_MANY4), .sport = port, .payload = 600};
		struct lane *l = harness_lane();

		make(&spec, 256);
		run(l, &whole);
		const struct world_way *way = world_way_of(outcome.out[0].b);

		for (unsigned int i = n_pieces; i-- > 0;)
			run(l, &piece[i]);
		assert_int_equal(outcome.n_side, n_pieces);
		for (unsigned int i = 0; i < n_pieces; i++)
			assert_ptr_equal(world_way_of(outcome.side[i].b), way);
		lane_free(l);
	}
}

static enum flow_state state_of(const struct lane *l, const struct frame *f)
{
	uint8_t key[16] = {0};

	memcpy(key, f->b + f->l3 + 12, 8);
	memcpy(key + 8, f->b + f->l4, 4);
	key[12] = f->b[f->l3 + 9];
	const struct flow_at at = flow_find(l->flows, hash16(&l->flows->key, key));

	assert_non_null(at.b);
	return flow_state(at);
}

/* A first fragment means the same to the life of its flow as a packet that comes whole. */
static void lives_as_its_flow(void **state)
{
	static const struct {
		struct frame_spec packet[2];
		enum flow_state state;
	} lives[] = {
		{{{UDP4, .payload = 600}, {UDP4, .payload = 600}}, FLOW_UDP},
		{{{TO4(POOL_VIA4), .payload = 600, .tcp_flags = 2},
			 {TO4(POOL_VIA4), .payload = 600, .tcp_flags = 2}},
			FLOW_NEW},
		{{{TO4(POOL_VIA4), .payload = 600, .tcp_flags = 2},
			 {TO4(POOL_VIA4), .payload = 600, .tcp_flags = 16}},
			FLOW_ESTABLISHED},
		{{{TO4(POOL_VIA4), .payload = 600, .tcp_flags = 16},
			 {TO4(POOL_VIA4), .payload = 600, .tcp_flags = 17}},
			FLOW_CLOSING},
	};

	for (size_t k = 0; harness_flows && k < 4 * sizeof lives / sizeof *lives; k++) {
		struct lane *l = harness_lane();

		for (uint32_t i = 0; i < 2; i++) { /* in fragments: the first, the second, both */
			make(&lives[k / 4].packet[i], 256);
			if (k >> i & 1)
				for (unsigned int n = 0; n < n_pieces; n++)
					run(l, &piece[n]);
			else
				run(l, &whole);
		}
		assert_int_equal(state_of(l, &whole), lives[k / 4].state);
		lane_free(l);
	}
}

/* What waits in vain ends when its time is over, under frag; and without a first one nothing does.
 */
static void waits_in_vain(void **state)
{
	const struct frame_spec spec = {UDP4, .payload = 1000};
	struct lane *l = harness_lane();

	make(&spec, 400);
	run(l, &piece[1]);
	assert_int_equal(l->verdict[VERDICT_HELD], 1);
	l->clock = (uint16_t)(l->clock + FRAG_WAIT_S);
	slow_tick(l);
	assert_int_equal(l->verdict[VERDICT_HELD], 1);
	l->clock++;
	slow_tick(l);
	assert_int_equal(l->verdict[VERDICT_HELD], 0);
	assert_int_equal(l->verdict[VERDICT_FRAG], 1);
	assert_int_equal(l->slow->frags.used, 0);
	assert_int_equal(rig_mbufs(), 0);
	/* in every place of the memory */
	for (uint32_t i = 0; i < 200; i++) {
		piece[1].b[piece[1].l3 + 5] = (uint8_t)i;
		frame_fix_ipv4(&piece[1]);
		run(l, &piece[1]);
	}
	l->clock = (uint16_t)(l->clock + FRAG_LIFE_S + 1);
	slow_tick(l);
	assert_int_equal(l->slow->frags.used, 0);
	assert_int_equal(l->verdict[VERDICT_HELD], 0);
	lane_free(l);
}

/* A datagram of which no packet can be sent: the first fragment, one that waited for it and one
 * that comes later end under the same name, or as frag where the first one ended by itself. */
static void none_can_be_sent(void **state)
{
	static const struct {
		struct frame_spec spec;
		uint8_t proto; /* 0: as it is */
		enum verdict first, other;
	} ends[] = {
		{{TO4(POOL_DARK), .payload = 700}, 0, VERDICT_NEIGH_UNRESOLVED,
			VERDICT_NEIGH_UNRESOLVED},
		{{TO4(POOL_EMPTY), .payload = 700}, 0, VERDICT_NO_BACKEND, VERDICT_FRAG},
		{{UDP4, .src = VIP4_TWIN, .payload = 700}, 0, VERDICT_MARTIAN_SRC, VERDICT_FRAG},
		{{.dst = VIP4, .dport = 9, .payload = 700}, 0, VERDICT_NO_VIP, VERDICT_FRAG},
		{{UDP4, .payload = 700}, 47, VERDICT_L4_PROTO, VERDICT_FRAG},
		{{TO4(POOL_VIA4), .payload = 700, .tcp_flags = 3}, 0, VERDICT_TCP_FLAGS,
			VERDICT_FRAG},
	};

	for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
		struct lane *l = harness_lane();

		make(&ends[k].spec, 256);
		for (unsigned int i = 0; ends[k].proto && i < n_pieces; i++) {
			piece[i].b[piece[i].l3 + 9] = ends[k].proto;
			frame_fix_ipv4(&piece[i]);
		}
		run(l, &piece[1]);
		harness_expect_count(&outcome, VERDICT_HELD, 1);
		for (unsigned int i = 0; i < n_pieces; i += 2)
			run(l, &piece[i]);
		assert_int_equal(l->rx, 3);
		assert_int_equal(l->verdict[VERDICT_HELD], 0);
		assert_int_equal(l->verdict[ends[k].other], ends[k].first == ends[k].other ? 3 : 2);
		assert_int_equal(l->verdict[ends[k].first], ends[k].first == ends[k].other ? 3 : 1);
		lane_free(l);
		assert_int_equal(rig_mbufs(), 0);
	}
}

/* A ping that came in fragments: a backend may put it together where backends answer pings; else,
 * and an answer that nobody asked for, it ends. */
static void ping_in_fragments(void **state)
{
	static const struct {
		const char *vip;
		uint8_t type;
		bool carried;
	} pings[] = {{VIP4_CARRY, 8, true}, {VIP4_CARRY, 0, false}, {VIP4, 8, false},
		{VIP4_QUIET, 8, false}};
	static const uint8_t data[900];

	for (size_t k = 0; k < sizeof pings / sizeof *pings; k++) {
		const struct frame_spec spec = {.dst = pings[k].vip};
		struct lane *l = harness_lane();

		frame_message(&whole, &(struct frame_icmp){
					      .eth_dst = world_mac(WORLD_WAN),
					      .src = "198.51.100.7",
					      .dst = pings[k].vip,
					      .ttl = 7,
					      .id = 77,
					      .type = pings[k].type,
					      .data = data,
					      .len = sizeof data,
				      });
		frame_cut(&piece[0], &whole, header(&spec), 0, 400, true);
		frame_cut(&piece[1], &whole, header(&spec), 400, 800, true);
		frame_cut(&piece[2], &whole, header(&spec), 800, 908, false);
		for (int i = 0; i < 3; i++) {
			run(l, &piece[i]);
			harness_expect_count(
				&outcome, pings[k].carried ? VERDICT_FORWARDED : VERDICT_FRAG, 1);
			if (pings[k].carried)
				assert_int_equal(world_way_of(outcome.side[0].b)->pool, POOL_MANY4);
		}
		lane_free(l);
	}
}

/* Over IPv4 each protocol has identifications of its own (RFC 791, 3.2). */
static void protocols_do_not_mix(void **state)
{
	const struct frame_spec udp = {UDP4, .payload = 1000},
				tcp = {TO4(POOL_VIA6), .payload = 1000};
	struct lane *l = harness_lane();
	struct frame waits;

	make(&udp, 400);
	waits = piece[1];
	run(l, &waits);
	make(&tcp, 400);
	assert_memory_equal(piece[0].b + piece[0].l3 + 4, waits.b + waits.l3 + 4, 2);
	for (unsigned int i = 0; i < n_pieces; i++) {
		run(l, &piece[i]);
		harness_expect_count(&outcome, VERDICT_FORWARDED, 1);
	}
	assert_int_equal(l->verdict[VERDICT_HELD], 1);
	lane_free(l);
}

/* Each by n for n. */
static void overlap(void **state)
{
	const struct frame_spec spec = {UDP4, .payload = 1000};
	struct lane *l = harness_lane();
	struct frame over;

	make(&spec, 400);
	frame_cut(&over, &whole, header(&spec), 392, 800, true);
	run(l, &piece[0]);
	for (int i = 0; i < 9; i++) {
		run(l, i ? &piece[1] : &over);
		harness_expect(&outcome, VERDICT_FRAG_OVERLAP, 1);
	}
	lane_free(l);
	l = harness_lane();
	run(l, &piece[1]); /* waits, and ends with the datagram */
	run(l, &over);
	assert_int_equal(l->verdict[VERDICT_FRAG_OVERLAP], 2);
	assert_int_equal(l->verdict[VERDICT_HELD], 0);
	lane_free(l);
}

/* More than may wait. */
static void no_room(void **state)
{
	const struct frame_spec spec = {UDP4, .payload = 1000};
	struct lane *l = harness_lane();

	make(&spec, 400);
	for (int i = 0; i < FRAG_HELD_MAX + 20; i++) {
		piece[1].b[piece[1].l3 + 4] = (uint8_t)(i >> 8); /* another datagram each */
		piece[1].b[piece[1].l3 + 5] = (uint8_t)i;
		frame_fix_ipv4(&piece[1]);
		run(l, &piece[1]);
	}
	assert_int_equal(
		l->verdict[VERDICT_HELD] + l->verdict[VERDICT_FRAG_CACHE_FULL], FRAG_HELD_MAX + 20);
	assert_true(l->verdict[VERDICT_HELD] <= FRAG_HELD_MAX);
	assert_true(l->verdict[VERDICT_FRAG_CACHE_FULL] >= 20);
	lane_free(l);
	assert_int_equal(rig_mbufs(), 0);
}

/* More than may wait of one datagram, or with too many gaps: each by n for n. */
static void no_room_for_one_datagram(void **state)
{
	const struct frame_spec spec = {UDP4, .payload = 1600};
	static struct frame f;

	for (uint32_t apart = 1; apart <= 2; apart++) {
		const uint32_t room = apart == 1 ? FRAG_HELD_EACH : FRAG_PARTS;
		struct lane *l = harness_lane();

		make(&spec, 800);
		for (uint32_t i = 1; i <= room + 20; i++) {
			frame_cut(&f, &whole, header(&spec), 16 * apart * i, 16 * apart * i + 16,
				true);
			run(l, &f);
			harness_expect(
				&outcome, i <= room ? VERDICT_HELD : VERDICT_FRAG_CACHE_FULL, 1);
		}
		lane_free(l);
		assert_int_equal(rig_mbufs(), 0);
	}
}

static void tiny(void **state)
{
	const struct frame_spec tcp = {TO4(POOL_VIA4), .payload = 300};
	const struct frame_spec six = {UDP6, .payload = 300};
	static struct frame f[6];

	make(&tcp, 256);
	frame_cut(&f[0], &whole, header(&tcp), 0, 8, true);   /* ports, and no flags */
	frame_cut(&f[1], &whole, header(&tcp), 8, 24, true);  /* flags that come later */
	frame_cut(&f[2], &whole, header(&tcp), 64, 64, true); /* nothing */
	frame_cut(&f[3], &whole, header(&tcp), 64, 71, true); /* not a multiple of 8 */
	make(&six, 256);
	frame_cut(&f[4], &whole, header(&six), 64, 70, true);
	frame_cut(&f[5], &whole, header(&six), 64, 64, false);
	for (unsigned int i = 0; i < 6; i++) {
		struct rte_mbuf *m[BURST_MAX];

		for (uint16_t k = 0; k < BURST_MAX; k++)
			m[k] = rig_mbuf(f[i].b, f[i].len, RIG_HEADROOM);
		harness_run(&outcome, WORLD_WAN, m, BURST_MAX);
		harness_expect(&outcome, VERDICT_FRAG_TINY, BURST_MAX);
	}
}

/* Where the pool wants none: the first one ends as frag, and so does what waited for it. */
static void refused(void **state)
{
	const struct frame_spec spec = {TO4(POOL_STRICT), .payload = 1000};
	struct lane *l = harness_lane();

	make(&spec, 256);
	run(l, &piece[1]);
	run(l, &piece[0]);
	assert_int_equal(l->verdict[VERDICT_FRAG], 2);
	assert_int_equal(l->verdict[VERDICT_HELD], 0);
	for (unsigned int i = 2; i < n_pieces; i++) {
		run(l, &piece[i]);
		harness_expect(&outcome, VERDICT_FRAG, 1);
	}
	lane_free(l);
}

int main(void)
{
	enum { ROWS = sizeof rows / sizeof *rows };
	static struct CMUnitTest tests[2 * ROWS + 12];
	const struct CMUnitTest more[] = {
		cmocka_unit_test(any_order),
		cmocka_unit_test(follows_its_flow),
		cmocka_unit_test(lives_as_its_flow),
		cmocka_unit_test(waits_in_vain),
		cmocka_unit_test(none_can_be_sent),
		cmocka_unit_test(ping_in_fragments),
		cmocka_unit_test(protocols_do_not_mix),
		cmocka_unit_test(overlap),
		cmocka_unit_test(no_room),
		cmocka_unit_test(no_room_for_one_datagram),
		cmocka_unit_test(tiny),
		cmocka_unit_test(refused),
	};
	size_t n = 0;

	for (size_t i = 0; i < ROWS; i++) {
		void *row = (void *)(uintptr_t)&rows[i];

		tests[n++] = (struct CMUnitTest){rows[i].name, in_order, NULL, NULL, row};
		tests[n++] = (struct CMUnitTest){rows[i].name, first_one_last, NULL, NULL, row};
	}
	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		tests[n++] = more[i];
	return harness_main("frag", tests, n);
}
