/* SPDX-License-Identifier: BSD-3-Clause */

/* ICMP errors to a VIP: they go where the flow goes that they quote. */

#include <netinet/in.h>

#include "harness.h"

#define CLIENT4 "198.51.100.7"
#define CLIENT6 "2001:db8:c::7"
#define ROUTER4 "192.0.2.77"
#define ROUTER6 "2001:db8:e::77"

static struct frame frame, quoted;
static struct outcome outcome;

static bool is6(const char *address)
{
	return strchr(address, ':') != NULL;
}

struct error_row {
	const char *name;
	struct frame_spec flow; /* the client's packets */
	uint8_t type, code;
	uint32_t rest;
	uint16_t quote; /* bytes of the backend's packet that are quoted */
	uint8_t vlans;
	enum verdict verdict; /* FORWARDED where nothing is said */
	uint8_t spoil;        /* see make_error */
};

#define TO4(pool) .dst = VIP4, .dport = PORT_OF(pool)
#define TO6(pool) .dst = VIP6, .dport = PORT_OF(pool)
#define UDP4      .dst = VIP4, .dport = 53, .proto = IPPROTO_UDP
#define UDP6      .dst = VIP6, .dport = 53, .proto = IPPROTO_UDP

#define BAD       VERDICT_ICMP_QUOTE_BAD
#define OTHER     VERDICT_ICMP_UNMATCHED

enum spoil {
	SPOIL_NOTHING,
	SPOIL_SUM,        /* of the ICMP message */
	SPOIL_QUOTED_SUM, /* of the quoted IPv4 header */
	SPOIL_SOURCE,     /* the quoted packet is from somebody else */
	SPOIL_VERSION,
	SPOIL_HDR_LEN,
	SPOIL_TOTAL,    /* quoted total length that holds no transport header */
	SPOIL_FRAGMENT, /* a later fragment is quoted */
	SPOIL_PROTO,    /* ICMP is quoted */
	SPOIL_DF,       /* not at all, but nobody may cut it */
};

static const struct error_row errors[] = {
	{"fragmentation needed, 4in4", {TO4(POOL_VIA4)}, 3, 4, 1400, 28},
	{"fragmentation needed, 4in6", {TO4(POOL_VIA6)}, 3, 4, 1400, 548},
	{"fragmentation needed, direct", {TO4(POOL_L2)}, 3, 4, 1400, 28},
	{"too big, 6in4", {TO6(POOL_VIA4)}, 2, 0, 1280, 1232},
	{"too big, 6in6", {TO6(POOL_VIA6)}, 2, 0, 1280, 48},
	{"too big, direct", {TO6(POOL_L2)}, 2, 0, 1280, 100},
	{"port unreachable, UDP", {UDP4}, 3, 3, 0, 28},
	{"port unreachable, UDP, IPv6", {UDP6}, 1, 4, 0, 48},
	{"host unreachable", {TO4(POOL_VIA4)}, 3, 1, 0, 29},
	{"no route", {TO6(POOL_VIA6)}, 1, 0, 0, 49},
	{"time exceeded", {TO4(POOL_VIA4)}, 11, 0, 0, 100},
	{"time exceeded, IPv6", {TO6(POOL_VIA4)}, 3, 0, 0, 100},
	{"parameter problem", {TO4(POOL_VIA4)}, 12, 0, 0, 28},
	{"parameter problem, IPv6", {TO6(POOL_VIA4)}, 4, 1, 40, 60},
	{"with VLAN", {TO4(POOL_VIA4)}, 3, 4, 1400, 64, 1},
	{"with VLAN, IPv6", {TO6(POOL_VIA6)}, 2, 0, 1400, 64, 1},
	{"with QinQ", {TO4(POOL_VIA6)}, 3, 4, 1400, 64, 2},
	{"with QinQ, IPv6", {TO6(POOL_VIA4)}, 2, 0, 1400, 64, 2},
	{"with QinQ, direct", {TO6(POOL_L2)}, 2, 0, 1400, 64, 2},
	{"to a VIP of every port", {.dst = VIP4_ANY, .dport = 7777}, 3, 4, 1400, 28},

	{"wrong checksum", {TO4(POOL_VIA4)}, 3, 4, 1400, 28, 0, BAD, SPOIL_SUM},
	{"wrong checksum, IPv6", {TO6(POOL_VIA4)}, 2, 0, 1400, 48, 0, BAD, SPOIL_SUM},
	{"7 bytes of transport header", {TO4(POOL_VIA4)}, 3, 4, 1400, 27, 0, BAD},
	{"7 bytes of transport header, IPv6", {TO6(POOL_VIA4)}, 2, 0, 1400, 47, 0, BAD},
	{"no transport header", {TO4(POOL_VIA4)}, 3, 4, 1400, 20, 0, BAD},
	{"cut to 8 bytes", {TO4(POOL_VIA4)}, 3, 4, 1400, 8, 0, BAD},
	{"cut to 8 bytes, IPv6", {TO6(POOL_VIA4)}, 2, 0, 1400, 8, 0, BAD},
	{"nothing quoted", {TO4(POOL_VIA4)}, 3, 4, 1400, 0, 0, BAD},
	{"nothing quoted, IPv6", {TO6(POOL_VIA4)}, 1, 0, 0, 0, 0, BAD},
	{"quoted header with a wrong checksum", {TO4(POOL_VIA4)}, 3, 4, 1400, 28, 0, BAD,
		SPOIL_QUOTED_SUM},
	{"quoted packet from another address", {TO4(POOL_VIA4)}, 3, 4, 1400, 28, 0, BAD,
		SPOIL_SOURCE},
	{"quoted packet from another address, IPv6", {TO6(POOL_VIA4)}, 2, 0, 1400, 48, 0, BAD,
		SPOIL_SOURCE},
	{"quoted version 5", {TO4(POOL_VIA4)}, 3, 4, 1400, 28, 0, BAD, SPOIL_VERSION},
	{"quoted version 7", {TO6(POOL_VIA4)}, 2, 0, 1400, 48, 0, BAD, SPOIL_VERSION},
	{"quoted header of 60 bytes", {TO4(POOL_VIA4)}, 3, 4, 1400, 28, 0, BAD, SPOIL_HDR_LEN},
	{"quoted packet too short", {TO4(POOL_VIA4)}, 3, 4, 1400, 28, 0, BAD, SPOIL_TOTAL},
	{"quoted packet too short, IPv6", {TO6(POOL_VIA4)}, 2, 0, 1400, 48, 0, BAD, SPOIL_TOTAL},

	{"later fragment quoted", {TO4(POOL_VIA4)}, 3, 4, 1400, 28, 0, OTHER, SPOIL_FRAGMENT},
	{"ICMP quoted", {TO4(POOL_VIA4)}, 3, 1, 0, 28, 0, OTHER, SPOIL_PROTO},
	{"ICMPv6 quoted", {TO6(POOL_VIA4)}, 1, 0, 0, 48, 0, OTHER, SPOIL_PROTO},
	{"port that nobody serves", {.dst = VIP4, .dport = 9}, 3, 3, 0, 28, 0, OTHER},
	{"port that nobody serves, IPv6", {.dst = VIP6, .dport = 9}, 1, 4, 0, 48, 0, OTHER},
	{"redirect", {TO4(POOL_VIA4)}, 5, 1, 0, 28, 0, OTHER},
	{"source quench", {TO4(POOL_VIA4)}, 4, 0, 0, 28, 0, OTHER},
	{"echo reply", {TO4(POOL_VIA4)}, 0, 0, 0, 28, 0, OTHER},
	{"echo reply, IPv6", {TO6(POOL_VIA4)}, 129, 0, 0, 48, 0, OTHER},
	{"timestamp", {TO4(POOL_VIA4)}, 13, 0, 0, 12, 0, OTHER},
	{"multicast listener query", {TO6(POOL_VIA4)}, 130, 0, 0, 48, 0, OTHER},
	{"as long as fits", {TO4(POOL_VIA4)}, 3, 4, 1400, 1452},
	{"as long as fits, IPv6", {TO6(POOL_VIA6)}, 2, 0, 1400, 1412},
	{"as long as fits, with DF", {TO4(POOL_VIA4)}, 3, 4, 1400, 1452, 0, VERDICT_FORWARDED,
		SPOIL_DF},
	{"too long, and no error about an error", {TO4(POOL_VIA4)}, 3, 4, 1400, 1453, 0,
		VERDICT_TOO_BIG, SPOIL_DF},
	{"too long, IPv6", {TO6(POOL_VIA6)}, 2, 0, 1400, 1413, 0, VERDICT_TOO_BIG},
	{"empty pool", {TO4(POOL_EMPTY)}, 3, 4, 1400, 28, 0, VERDICT_NO_BACKEND},
	{"next hop unknown", {TO4(POOL_DARK)}, 3, 4, 1400, 28, 0, VERDICT_NEIGH_UNRESOLVED},
};

/* The packet of the backend that is quoted: source and destination of the flow exchanged. */
static void make_quoted(const struct error_row *row)
{
	const bool six = is6(row->flow.dst);
	const struct frame_spec answer = {
		.src = row->flow.dst,
		.dst = six ? CLIENT6 : CLIENT4,
		.sport = row->flow.dport,
		.dport = row->flow.sport ? row->flow.sport : 40000,
		.proto = row->flow.proto,
		.ip_len = 1500,
	};

	frame_build(&quoted, &answer);
	uint8_t *ip = quoted.b + quoted.l3;

	switch (row->spoil) {
	case SPOIL_SOURCE:
		ip[six ? 23 : 15] ^= 1;
		break;
	case SPOIL_VERSION:
		ip[0] ^= 0x10;
		break;
	case SPOIL_HDR_LEN:
		ip[0] = 0x4f;
		break;
	case SPOIL_TOTAL:
		ip[six ? 4 : 2] = 0;
		ip[six ? 5 : 3] = six ? 7 : 27;
		break;
	case SPOIL_FRAGMENT:
		ip[7] = 1;
		break;
	case SPOIL_PROTO:
		ip[six ? 6 : 9] = six ? 58 : 1;
		break;
	default:
		break;
	}
	frame_fix_ipv4(&quoted);
	if (row->spoil == SPOIL_QUOTED_SUM)
		ip[10] ^= 1;
}

static void make_error(const struct error_row *row)
{
	const bool six = is6(row->flow.dst);

	make_quoted(row);
	frame_message(&frame, &(struct frame_icmp){
				      .eth_dst = world_mac(WORLD_WAN),
				      .src = six ? ROUTER6 : ROUTER4,
				      .dst = row->flow.dst,
				      .vlans = row->vlans,
				      .ttl = 60,
				      .type = row->type,
				      .code = row->code,
				      .rest = row->rest,
				      .data = quoted.b + quoted.l3,
				      .len = row->quote,
			      });
	if (row->spoil == SPOIL_DF) {
		frame.b[frame.l3 + 6] = 0x40;
		frame_fix_ipv4(&frame);
	}
	if (row->spoil == SPOIL_SUM)
		frame.b[frame.l4 + 2] ^= 1;
}

static const struct world_way *way_of(const struct error_row *row)
{
	const int pool = row->flow.dport - PORT_OF(0);

	return world_way_in(pool >= 0 && pool < WORLD_POOLS ? (enum world_pool)pool : POOL_VIA4);
}

static void errors_go_their_way(void **state)
{
	const struct error_row *row = *state;
	struct rte_mbuf *m[BURST_MAX];

	make_error(row);
	for (uint16_t n = 1; n <= BURST_MAX; n += 31) {
		for (uint16_t i = 0; i < n; i++)
			m[i] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		harness_run(&outcome, WORLD_WAN, m, n);
		harness_expect_count(&outcome, row->verdict, n);
		assert_int_equal(outcome.n_side, row->verdict == VERDICT_FORWARDED ? n : 0);
		for (uint16_t i = 0; i < outcome.n_side; i++)
			harness_expect_side(&outcome, i, &frame, way_of(row));
	}
}

/* One that is too long is cut like any packet. */
static void a_long_error_may_be_cut(void **state)
{
	const struct error_row row = {"", {TO4(POOL_VIA4)}, 3, 4, 1400, 1453};

	make_error(&row);
	harness_one(&outcome, WORLD_WAN, &frame);
	harness_expect_count(&outcome, VERDICT_FORWARDED, 1);
	assert_int_equal(outcome.n_side, 2);
	for (uint16_t i = 0; i < 2; i++)
		assert_ptr_equal(world_way_of(outcome.side[i].b), way_of(&row));
}

/* The way that a frame which left took. */
static const struct world_way *left_by(const struct frame *f)
{
	return world_way_of(f->b);
}

/* Client after client: its error goes where its packets go, by the table and by the flow table. */
static void error_follows_its_flow(void **state)
{
	static const char *const vips[] = {VIP4, VIP6};

	for (unsigned int i = 0; i < 200; i++) {
		const struct error_row row = {"",
			{.dst = vips[i % 2],
				.dport = PORT_OF(i % 4 < 2 ? POOL_MANY4 : POOL_SOURCE),
				.sport = (uint16_t)(2000 + i)},
			i % 2 ? 2 : 3, i % 2 ? 0 : 4, 1300, 64};
		struct lane *l = harness_lane();
		struct rte_mbuf *m;

		harness_frame(&frame, &row.flow, WORLD_WAN);
		m = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
		const struct world_way *way = left_by(&outcome.out[0]);

		assert_non_null(way);
		make_error(&row);
		m = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
		harness_expect_count(&outcome, VERDICT_FORWARDED, 1);
		harness_expect_side(&outcome, 0, &frame, way);
		lane_free(l);
	}
}

/* A flow that the table would send elsewhere by now: the error goes where the flow is, and leaves
 * it as it was. */
static void remembered_flow_wins(void **state)
{
	const struct error_row row = {"", {TO4(POOL_MANY4)}, 3, 4, 1300, 64};
	struct lane *l = harness_lane();
	struct rte_mbuf *m;

	if (!l->flows) {
		lane_free(l);
		return;
	}
	harness_frame(&frame, &row.flow, WORLD_WAN);
	m = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
	harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
	const uint16_t slot = outcome.backend[0];
	const uint16_t other = slot == 100 ? 101 : (uint16_t)(slot - 1);
	struct flow_at at = {NULL, 0};

	for (uint32_t b = 0; b <= l->flows->mask; b++)
		for (uint32_t way = 0; way < FLOW_WAYS; way++)
			if (l->flows->bucket[b].tag[way])
				at = (struct flow_at){&l->flows->bucket[b], way};
	assert_non_null(at.b);
	assert_int_equal(flow_slot(at), slot);
	at.b->note[at.way].backend =
		(uint16_t)((at.b->note[at.way].backend & ~BACKEND_SLOT_MASK) | other);
	const struct flow_bucket before = *at.b;

	make_error(&row);
	m = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
	harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
	harness_expect_count(&outcome, VERDICT_FORWARDED, 1);
	assert_memory_equal(outcome.side[0].b, world->g->backends[other].tunnel.hdr, 6);
	assert_memory_equal(&before, at.b, sizeof before);
	lane_free(l);
}

int main(void)
{
	enum { ERRORS = sizeof errors / sizeof *errors };
	static struct CMUnitTest tests[ERRORS + 3];
	size_t n = 0;

	for (size_t i = 0; i < ERRORS; i++)
		tests[n++] = (struct CMUnitTest){errors[i].name, errors_go_their_way, NULL, NULL,
			(void *)(uintptr_t)&errors[i]};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_long_error_may_be_cut);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(error_follows_its_flow);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(remembered_flow_wins);
	return harness_main("icmp_error", tests, n);
}
