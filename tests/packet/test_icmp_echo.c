/* SPDX-License-Identifier: BSD-3-Clause */

/* Ping to a VIP: who answers it, and with what. */

#include <netinet/in.h>

#include "datapath/slow.h"

#include "harness.h"

#define CLIENT4 "198.51.100.7"
#define CLIENT6 "2001:db8:c::7"

static struct frame frame, wanted;
static struct outcome outcome;

static bool is6(const char *address)
{
	return strchr(address, ':') != NULL;
}

struct echo_row {
	const char *name, *vip;
	uint16_t len; /* data bytes */
	uint8_t vlans, tos;
	uint8_t options; /* words of IPv4 options, or IPv6 extension headers of 8 bytes */
	uint8_t port;
	uint8_t padding; /* bytes behind the IP packet */
};

static const struct echo_row pings[] = {
	{"ping", VIP4, 56},
	{"ping, IPv6", VIP6, 56},
	{"empty ping", VIP4, 0},
	{"empty ping, IPv6", VIP6, 0},
	{"odd ping", VIP4, 33},
	{"odd ping, IPv6", VIP6, 1},
	{"large ping", VIP4, 1472},
	{"large ping, IPv6", VIP6, 1452},
	{"ping with VLAN", VIP4, 56, 1},
	{"ping with VLAN, IPv6", VIP6, 56, 1},
	{"ping with QinQ", VIP4, 57, 2},
	{"ping with QinQ, IPv6", VIP6, 57, 2},
	{"ping with TOS", VIP4, 8, 0, 0xb8},
	{"ping with a traffic class", VIP6, 8, 0, 0x2e},
	{"ping with options", VIP4, 56, 0, 0, 1},
	{"ping with ten words of options", VIP4, 56, 1, 0, 10},
	{"ping behind an extension header", VIP6, 56, 0, 0, 1},
	{"ping behind four extension headers", VIP6, 56, 2, 0, 4},
	{"padded ping", VIP4, 4, 0, 0, 0, 0, 14},
	{"padded ping, odd, IPv6", VIP6, 3, 1, 0, 1, 0, 9},
	{"ping to a VIP of every port", VIP4_ANY, 56},
	{"ping to a VIP of every port, IPv6", VIP6_ANY, 56},
	{"ping by the LAN", VIP4, 56, 0, 0, 0, WORLD_LAN},
	{"ping by a shared port", VIP6, 56, 0, 0, 0, WORLD_SHARED},
};

static const uint8_t *data(void)
{
	static uint8_t d[2048];

	for (unsigned int i = 0; i < sizeof d; i++)
		d[i] = (uint8_t)(i * 7 + 3);
	return d;
}

/* Put bytes between the IP header and what follows, and mend the IP header. */
static void insert_options(struct frame *f, uint8_t n)
{
	const bool six = f->b[f->l3] >> 4 == 6;
	const uint32_t len = n * (six ? 8u : 4u), at = f->l3 + (six ? 40 : 20);
	uint8_t *ip = f->b + f->l3, *more = f->b + at;

	memmove(more + len, more, f->len - at);
	memset(more, 1, len);
	for (uint8_t i = 0; six && i < n; i++)
		memcpy(more + 8 * i, (uint8_t[]){i + 1 < n ? 60 : 58, 0, 1, 4, 0, 0, 0, 0}, 8);
	f->len += len;
	f->ip_len += len;
	if (six && n)
		ip[6] = 60;
	else if (!six)
		ip[0] = (uint8_t)(0x45 + n);
	ip[six ? 4 : 2] = (uint8_t)((f->ip_len - (six ? 40 : 0)) >> 8);
	ip[six ? 5 : 3] = (uint8_t)(f->ip_len - (six ? 40 : 0));
	frame_fix_ipv4(f);
}

static void make_ping(const struct echo_row *row)
{
	const bool six = is6(row->vip);

	frame_message(&frame, &(struct frame_icmp){
				      .eth_dst = world_mac(row->port),
				      .src = six ? CLIENT6 : CLIENT4,
				      .dst = row->vip,
				      .vlans = row->vlans,
				      .tos = row->tos,
				      .ttl = 7,
				      .id = 99,
				      .type = six ? 128 : 8,
				      .rest = 0x12340007,
				      .data = data(),
				      .len = row->len,
			      });
	insert_options(&frame, row->options);
	memset(frame.b + frame.len, 0xa7, row->padding);
	frame.len += row->padding;
}

static void expect_pong(const struct echo_row *row, uint16_t i)
{
	const struct frame *got = &outcome.side[i];
	const bool six = is6(row->vip);
	const uint32_t l3 = 14 + 4u * row->vlans;

	frame_message(&wanted, &(struct frame_icmp){
				       .eth_dst = "02:cc:00:00:00:01",
				       .eth_src = world_mac(row->port),
				       .src = row->vip,
				       .dst = six ? CLIENT6 : CLIENT4,
				       .vlans = row->vlans,
				       .tos = row->tos,
				       .ttl = 64,
				       .id = (uint16_t)(got->b[l3 + 4] << 8 | got->b[l3 + 5]),
				       .type = six ? 129 : 0,
				       .rest = 0x12340007,
				       .data = data(),
				       .len = row->len,
			       });
	assert_int_equal(got->len, wanted.len);
	assert_memory_equal(got->b, wanted.b, wanted.len);
	assert_int_equal(outcome.side_port[i], row->port);
}

static void answers_ping(void **state)
{
	const struct echo_row *row = *state;
	struct rte_mbuf *m[BURST_MAX];

	make_ping(row);
	for (uint16_t n = 1; n <= BURST_MAX; n += 31) {
		for (uint16_t i = 0; i < n; i++)
			m[i] = rig_mbuf(frame.b, frame.len, 0);
		harness_run(&outcome, row->port, m, n);
		harness_expect(&outcome, VERDICT_ANSWERED, n);
		for (uint16_t i = 0; i < n; i++)
			expect_pong(row, i);
	}
	if (row->len < 100)
		return;
	m[0] = rig_chain(frame.b, frame.len, 0, 141, 77);
	harness_run(&outcome, row->port, m, 1);
	harness_expect(&outcome, VERDICT_ANSWERED, 1);
	expect_pong(row, 0);
}

static struct rte_mbuf *ping_of(uint32_t value, bool six)
{
	const uint8_t data_be[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	frame_message(&frame, &(struct frame_icmp){
				      .eth_dst = world_mac(WORLD_WAN),
				      .src = six ? CLIENT6 : CLIENT4,
				      .dst = six ? VIP6 : VIP4,
				      .ttl = 7,
				      .type = six ? 128 : 8,
				      .data = data_be,
				      .len = 2,
			      });
	return rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
}

/* Every checksum there is comes out right, the two spellings of zero too. */
static void every_checksum(void **state)
{
	struct lane *l = harness_lane();
	struct rte_mbuf *m[BURST_MAX];

	for (int six = 0; six < 2; six++)
		for (uint32_t v = 0; v < 65536; v += BURST_MAX) {
			for (uint32_t i = 0; i < BURST_MAX; i++)
				m[i] = ping_of(v + i, six);
			l->clock++; /* answers have a rate */
			harness_run_on(l, &outcome, WORLD_WAN, m, BURST_MAX);
			harness_expect(&outcome, VERDICT_ANSWERED, BURST_MAX);
			for (uint16_t i = 0; i < BURST_MAX; i++)
				assert_true(frame_checksums(
						    outcome.side[i].b, outcome.side[i].len) > 0);
		}
	lane_free(l);
}

/* A backend answers: the request travels like the pool's traffic, always to the same one. */
static void carries_ping(void **state)
{
	struct echo_row row = {"", *state};
	const struct world_way *first = NULL;

	for (int i = 0; i < 20; i++) {
		row.len = (uint16_t)(i * 40);
		make_ping(&row);
		harness_one(&outcome, WORLD_WAN, &frame);
		harness_expect_count(&outcome, VERDICT_FORWARDED, 1);
		const struct world_way *way = world_way_of(outcome.side[0].b);

		assert_non_null(way);
		assert_int_equal(way->pool, POOL_MANY4);
		assert_true(!first || way == first);
		first = way;
		harness_expect_side(&outcome, 0, &frame, way);
	}
}

static void quiet_vip(void **state)
{
	const struct echo_row row = {"", *state, 56};
	struct rte_mbuf *m[BURST_MAX];

	make_ping(&row);
	for (uint16_t i = 0; i < BURST_MAX; i++)
		m[i] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
	harness_run(&outcome, WORLD_WAN, m, BURST_MAX);
	harness_expect(&outcome, VERDICT_ICMP_UNMATCHED, BURST_MAX);
}

static void pings_have_a_rate(void **state)
{
	const struct echo_row row = {"", VIP4, 56};
	struct lane *l = harness_lane();
	uint64_t answered = 0, limited = 0;

	make_ping(&row);
	for (int i = 0; i < 100; i++) {
		struct rte_mbuf *m = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);

		harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
		answered += outcome.count[VERDICT_ANSWERED];
		limited += outcome.count[VERDICT_RATE_LIMITED];
	}
	assert_int_equal(answered, SLOW_PREFIX_RATE);
	assert_int_equal(limited, 100 - SLOW_PREFIX_RATE);
	lane_free(l);
}

int main(void)
{
	enum { PINGS = sizeof pings / sizeof *pings };
	static struct CMUnitTest tests[PINGS + 8];
	static const char *const carry[] = {VIP4_CARRY, VIP6_CARRY};
	static const char *const quiet[] = {VIP4_QUIET, VIP6_QUIET};
	size_t n = 0;

	for (size_t i = 0; i < PINGS; i++)
		tests[n++] = (struct CMUnitTest){
			pings[i].name, answers_ping, NULL, NULL, (void *)(uintptr_t)&pings[i]};
	for (int i = 0; i < 2; i++) {
		tests[n++] = (struct CMUnitTest){"a backend answers ping", carries_ping, NULL, NULL,
			(void *)(uintptr_t)carry[i]};
		tests[n++] = (struct CMUnitTest){
			"nobody answers ping", quiet_vip, NULL, NULL, (void *)(uintptr_t)quiet[i]};
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(every_checksum);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(pings_have_a_rate);
	return harness_main("icmp_echo", tests, n);
}
