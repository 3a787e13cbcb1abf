/* SPDX-License-Identifier: BSD-3-Clause */

/* ICMP errors about packets that we sent through a tunnel: what is right is reported, once, to the
 * control thread; what is forged, cut or about somebody else's packets ends under its name. */

#include <netinet/in.h>

#include "datapath/report.h"

#include "harness.h"

#define ROUTER4 "192.0.2.77"
#define ROUTER6 "2001:db8:e::77"
#define BAD     VERDICT_ICMP_QUOTE_BAD
#define OTHER   VERDICT_ICMP_UNMATCHED

enum spoil {
	SPOIL_NOTHING,
	SPOIL_SUM,    /* of the message */
	SPOIL_HEADER, /* checksum of the quoted IPv4 header */
	SPOIL_VERSION,
	SPOIL_OPTIONS,
	SPOIL_SOURCE,  /* quoted packet of another source of ours */
	SPOIL_BACKEND, /* quoted packet to nobody we know */
	SPOIL_LENGTH,  /* inner and outer length do not fit */
	SPOIL_INNER,   /* inner version */
	SPOIL_CLIENT,  /* the inner packet is for no VIP */
	SPOIL_FRAGMENT,
	SPOIL_PROTO,
	SPOIL_PORT, /* GUE from a port that we do not take */
	SPOIL_GUE,  /* a GUE header that we do not write */
};

struct row {
	const char *name;
	enum world_pool pool;
	bool inner6;
	uint8_t type, code;
	uint32_t rest;
	uint16_t quote; /* bytes of the outer packet */
	uint16_t mtu;   /* that is reported */
	enum verdict verdict;
	uint8_t spoil;
	uint8_t vlans, port;
};

#define ANSWERED VERDICT_ANSWERED

static const struct row rows[] = {
	{"4in4", POOL_VIA4, 0, 3, 4, 1400, 28, 1400, ANSWERED},
	{"6in4", POOL_VIA4, 1, 3, 4, 1300, 100, 1300, ANSWERED},
	{"4in6", POOL_VIA6, 0, 2, 0, 1280, 48, 1280, ANSWERED},
	{"6in6", POOL_VIA6, 1, 2, 0, 1399, 1200, 1399, ANSWERED},
	{"our own address", POOL_ROUTED4, 0, 3, 4, 1000, 68, 1000, ANSWERED},
	{"varied source", POOL_VARY4, 0, 3, 4, 1400, 28, 1400, ANSWERED},
	{"varied source, IPv6", POOL_VARY6, 1, 2, 0, 1400, 88, 1400, ANSWERED},
	{"GUE", POOL_GUE4, 0, 3, 4, 1400, 28, 1400, ANSWERED},
	{"GUE, its header quoted", POOL_GUE4, 1, 3, 4, 1400, 32, 1400, ANSWERED},
	{"GUE, all quoted", POOL_GUE_FULL4, 0, 3, 4, 1400, 200, 1400, ANSWERED},
	{"GUE over IPv6", POOL_GUE6, 0, 2, 0, 1400, 48, 1400, ANSWERED},
	{"GUE over IPv6, all quoted", POOL_GUE_FULL6, 1, 2, 0, 1400, 300, 1400, ANSWERED},
	{"VLAN", POOL_VIA4, 0, 3, 4, 1400, 28, 1400, ANSWERED, .vlans = 1},
	{"QinQ, IPv6", POOL_VIA6, 0, 2, 0, 1400, 48, 1400, ANSWERED, .vlans = 2},
	{"MTU 0 of an old router", POOL_VIA4, 0, 3, 4, 0, 28, 1006, ANSWERED},
	{"MTU 1", POOL_VIA4, 0, 3, 4, 1, 28, 1, ANSWERED},
	{"host unreachable", POOL_VIA4, 0, 3, 1, 0, 28, 0, ANSWERED},
	{"protocol unreachable", POOL_VIA4, 1, 3, 2, 0, 28, 0, ANSWERED},
	{"port unreachable, GUE", POOL_GUE4, 0, 3, 3, 0, 28, 0, ANSWERED},
	{"no route", POOL_VIA6, 0, 1, 0, 0, 48, 0, ANSWERED},
	{"time exceeded", POOL_VIA4, 0, 11, 0, 0, 28, 0, ANSWERED},
	{"time exceeded, IPv6", POOL_VIA6, 0, 3, 0, 0, 48, 0, ANSWERED},
	{"unknown next header", POOL_VIA6, 0, 4, 1, 6, 48, 0, ANSWERED},
	{"on a port of the kernel's", POOL_VIA4, 0, 3, 4, 1400, 28, 1400, ANSWERED,
		.port = WORLD_SHARED},
	{"on a port of the kernel's, IPv6", POOL_GUE6, 0, 2, 0, 1400, 48, 1400, ANSWERED,
		.port = WORLD_SHARED},

	{"wrong checksum", POOL_VIA4, 0, 3, 4, 1400, 28, 0, BAD, SPOIL_SUM},
	{"wrong checksum, IPv6", POOL_VIA6, 0, 2, 0, 1400, 48, 0, BAD, SPOIL_SUM},
	{"7 bytes behind the header", POOL_VIA4, 0, 3, 4, 1400, 27, 0, BAD},
	{"7 bytes behind the header, IPv6", POOL_VIA6, 0, 2, 0, 1400, 47, 0, BAD},
	{"cut to 8 bytes", POOL_VIA4, 0, 3, 4, 1400, 8, 0, BAD},
	{"nothing quoted", POOL_VIA4, 0, 3, 4, 1400, 0, 0, BAD},
	{"quoted checksum", POOL_VIA4, 0, 3, 4, 1400, 28, 0, BAD, SPOIL_HEADER},
	{"quoted version", POOL_VIA4, 0, 3, 4, 1400, 28, 0, BAD, SPOIL_VERSION},
	{"quoted version, IPv6", POOL_VIA6, 0, 2, 0, 1400, 48, 0, BAD, SPOIL_VERSION},
	{"quoted options", POOL_VIA4, 0, 3, 4, 1400, 28, 0, BAD, SPOIL_OPTIONS},
	{"from another source", POOL_VIA4, 0, 3, 4, 1400, 28, 0, BAD, SPOIL_SOURCE},
	{"from another source, IPv6", POOL_VIA6, 0, 2, 0, 1400, 48, 0, BAD, SPOIL_SOURCE},
	{"inner length", POOL_VIA4, 0, 3, 4, 1400, 28, 0, BAD, SPOIL_LENGTH},
	{"inner length, IPv6", POOL_VIA6, 1, 2, 0, 1400, 48, 0, BAD, SPOIL_LENGTH},
	{"GUE length", POOL_GUE4, 0, 3, 4, 1400, 28, 0, BAD, SPOIL_LENGTH},
	{"inner version", POOL_VIA4, 0, 3, 4, 1400, 28, 0, BAD, SPOIL_INNER},
	{"an MTU that it fitted", POOL_VIA4, 0, 3, 4, 1420, 28, 0, BAD},
	{"an MTU that it fitted, IPv6", POOL_VIA6, 0, 2, 0, 70000, 48, 0, BAD},

	{"backend of somebody else", POOL_VIA4, 0, 3, 4, 1400, 28, 0, OTHER, SPOIL_BACKEND},
	{"backend of somebody else, IPv6", POOL_VIA6, 0, 2, 0, 1400, 48, 0, OTHER, SPOIL_BACKEND},
	{"for no VIP", POOL_VIA4, 0, 3, 4, 1400, 40, 0, OTHER, SPOIL_CLIENT},
	{"for no VIP, GUE", POOL_GUE6, 1, 2, 0, 1400, 92, 0, OTHER, SPOIL_CLIENT},
	{"later fragment", POOL_VIA4, 0, 3, 4, 1400, 28, 0, OTHER, SPOIL_FRAGMENT},
	{"TCP quoted", POOL_VIA4, 0, 3, 4, 1400, 28, 0, OTHER, SPOIL_PROTO},
	{"TCP quoted, IPv6", POOL_VIA6, 0, 2, 0, 1400, 48, 0, OTHER, SPOIL_PROTO},
	{"UDP of the host", POOL_GUE4, 0, 3, 3, 0, 28, 0, OTHER, SPOIL_PORT},
	{"GUE control message", POOL_GUE4, 0, 3, 3, 0, 32, 0, OTHER, SPOIL_GUE},
	{"redirect", POOL_VIA4, 0, 5, 1, 0, 28, 0, OTHER},
	{"echo", POOL_VIA4, 0, 8, 0, 0, 28, 0, OTHER},
	{"echo, IPv6", POOL_VIA6, 0, 128, 0, 0, 48, 0, OTHER},
	{"TCP quoted, on a port of the kernel's", POOL_VIA4, 0, 3, 4, 1400, 28, 0, VERDICT_PUNTED,
		SPOIL_PROTO, .port = WORLD_SHARED},
	{"ping to the host on a port of the kernel's", POOL_VIA4, 0, 8, 0, 0, 28, 0, VERDICT_PUNTED,
		.port = WORLD_SHARED},
};

static struct frame frame, client, sent;
static struct outcome outcome;

static bool outer6(const struct row *row)
{
	return strchr(world_way_in(row->pool)->address, ':') != NULL;
}

/* What we send to the backend: 1420 bytes, headers included. */
static void send_one(struct lane *l, const struct row *row)
{
	const uint32_t outer = outer6(row) ? 40 : 20;
	const bool gue = row->pool >= POOL_GUE4 && row->pool <= POOL_GUE_FULL6;
	struct rte_mbuf *m;

	harness_frame(&client,
		&(struct frame_spec){
			.dst = row->inner6 ? VIP6 : VIP4,
			.dport = (uint16_t)PORT_OF(row->pool),
			.ip_len = (uint16_t)(1420 - outer - (gue ? 12 : 0)),
		},
		WORLD_WAN);
	m = rig_mbuf(client.b, client.len, RIG_HEADROOM);
	harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
	harness_expect_count(&outcome, VERDICT_FORWARDED, 0);
	assert_int_equal(outcome.n, 1);
	sent = outcome.out[0];
	assert_int_equal(sent.len, 14 + 1420);
	sent.l3 = 14;
}

static void spoil(const struct row *row)
{
	const bool six = outer6(row);
	uint8_t *ip = sent.b + 14, *behind = ip + (six ? 40 : 20);
	const bool gue = ip[six ? 6 : 9] == 17;

	switch (row->spoil) {
	case SPOIL_VERSION:
		ip[0] ^= 0x10;
		break;
	case SPOIL_OPTIONS:
		ip[0]++;
		break;
	case SPOIL_SOURCE:
		ip[six ? 23 : 15] ^= 1;
		break;
	case SPOIL_BACKEND:
		ip[six ? 39 : 19] ^= 0x80;
		break;
	case SPOIL_LENGTH:
		behind[gue || behind[0] >> 4 == 6 ? 5 : 3] ^= 1;
		break;
	case SPOIL_INNER:
		behind[0] ^= 0x20;
		break;
	case SPOIL_CLIENT:
		behind[(gue ? 12 : 0) + (row->inner6 ? 39 : 19)] ^= 0x80;
		break;
	case SPOIL_FRAGMENT:
		ip[7] = 1;
		break;
	case SPOIL_PROTO:
		ip[six ? 6 : 9] = 6;
		break;
	case SPOIL_PORT:
		behind[0] &= 0x7f;
		break;
	case SPOIL_GUE:
		behind[8] = 0x20;
		break;
	default:
		break;
	}
	if (!six && row->spoil != SPOIL_OPTIONS)
		frame_fix_ipv4(&sent);
	if (row->spoil == SPOIL_HEADER)
		ip[10] ^= 1;
}

/* The error, to where the packet came from. */
static void make_error(const struct row *row)
{
	const bool six = outer6(row);
	uint8_t own[16];
	char to[64];

	memcpy(own, sent.b + 14 + (six ? 8 : 12), six ? 16 : 4);
	if (six)
		for (int i = 0; i < 8; i++)
			sprintf(to + 5 * i, "%02x%02x%c", own[2 * i], own[2 * i + 1],
				i < 7 ? ':' : 0);
	else
		sprintf(to, "%u.%u.%u.%u", own[0], own[1], own[2], own[3]);
	spoil(row);
	frame_message(&frame, &(struct frame_icmp){
				      .eth_dst = world_mac(row->port),
				      .src = six ? ROUTER6 : ROUTER4,
				      .dst = to,
				      .vlans = row->vlans,
				      .ttl = 60,
				      .type = row->type,
				      .code = row->code,
				      .rest = row->rest,
				      .data = sent.b + 14,
				      .len = row->quote,
			      });
	if (row->spoil == SPOIL_SUM)
		frame.b[frame.l4 + 2] ^= 1;
}

static void expect_report(struct lane *l, const struct row *row)
{
	const struct world_way *way = world_way_in(row->pool);
	const bool gue = row->pool >= POOL_GUE4 && row->pool <= POOL_GUE_FULL6;
	const bool full = row->pool == POOL_GUE_FULL4 || row->pool == POOL_GUE_FULL6;
	struct sl_addr backend, teller;
	struct report r;

	assert_true(report_pop(l->reports, &r));
	assert_int_equal(sl_addr_parse(way->address, &backend), 0);
	assert_int_equal(sl_addr_parse(outer6(row) ? ROUTER6 : ROUTER4, &teller), 0);
	assert_memory_equal(&r.backend, &backend, sizeof backend);
	assert_memory_equal(&r.teller, &teller, sizeof teller);
	assert_int_equal(r.mtu, row->mtu);
	assert_int_equal(r.port, gue ? (full ? 6081 : 6080) : 0);
	assert_int_equal(r.type, row->type);
	assert_int_equal(r.code, row->code);
}

static void each_ends_as_it_should(void **state)
{
	const struct row *row = *state;
	struct lane *l = harness_lane();
	struct rte_mbuf *m[BURST_MAX];
	struct report r;

	for (uint16_t n = 1; n <= 7; n += 6) {
		send_one(l, row);
		make_error(row);
		for (uint16_t i = 0; i < n; i++)
			m[i] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		harness_run_on(l, &outcome, row->port, m, n);
		harness_expect_count(&outcome, row->verdict, n);
		assert_int_equal(outcome.n + outcome.n_side, 0);
		for (uint16_t i = 0; i < n && row->verdict == ANSWERED; i++)
			expect_report(l, row);
		assert_false(report_pop(l->reports, &r));
	}
	lane_free(l);
}

/* Nobody reads: what has no room is not waited for, and what was told first stays. */
static void ring_is_bounded(void **state)
{
	struct lane *l = harness_lane();
	struct report r;

	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < REPORTS + 8; i++) {
			struct rte_mbuf *m;

			send_one(l, &rows[0]);
			make_error(&rows[0]);
			m = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
			harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
			harness_expect_count(
				&outcome, i < REPORTS ? ANSWERED : VERDICT_RATE_LIMITED, 1);
		}
		for (uint32_t i = 0; i < REPORTS; i++)
			expect_report(l, &rows[0]);
		assert_false(report_pop(l->reports, &r));
	}
	lane_free(l);
}

int main(void)
{
	enum { ROWS = sizeof rows / sizeof *rows };
	static struct CMUnitTest tests[ROWS + 1];
	size_t n = 0;

	for (size_t i = 0; i < ROWS; i++)
		tests[n++] = (struct CMUnitTest){rows[i].name, each_ends_as_it_should, NULL, NULL,
			(void *)(uintptr_t)&rows[i]};
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(ring_is_bounded);
	return harness_main("tunnel_error", tests, n);
}
