/* SPDX-License-Identifier: BSD-3-Clause */

/* Rules of a VIP: which pool serves a new flow. */

#include "harness.h"

struct row {
	const char *src, *dst;
	uint8_t tos;
	enum world_pool pool;
};

static const struct row rows[] = {
	{"192.0.2.9", VIP4, 0, POOL_VIA4},
	{"198.51.100.1", VIP4, 0, POOL_L2},
	{"198.51.100.63", VIP4, 0, POOL_L2},
	{"198.51.100.64", VIP4, 0, POOL_VIA6},
	{"198.51.100.127", VIP4, 0, POOL_VIA6},
	{"198.51.101.1", VIP4, 0, POOL_VIA4},
	{"192.0.2.9", VIP4, 46 << 2, POOL_ROUTED4},
	{"192.0.2.9", VIP4, 46 << 2 | 3, POOL_ROUTED4}, /* ECN is no part of it */
	{"192.0.2.9", VIP4, 10 << 2, POOL_ROUTED4},
	{"192.0.2.9", VIP4, 11 << 2, POOL_VIA4},
	{"198.51.100.1", VIP4, 46 << 2, POOL_L2}, /* the source says more */
	{"2001:db8:d::1", VIP6, 0, POOL_VIA4},
	{"2001:db8:c::1", VIP6, 0, POOL_L2},
	{"2001:db8:c:1::1", VIP6, 0, POOL_VIA6},
	{"2001:db8:c:1:ffff:ffff:ffff:ffff", VIP6, 0, POOL_VIA6},
	{"2001:db8:c:3::", VIP6, 0, POOL_L2},
	{"2001:db8:d::1", VIP6, 46 << 2, POOL_ROUTED4},
	{"2001:db8:c::1", VIP6, 46 << 2, POOL_L2},
};

static struct frame frame;
static struct outcome outcome;

static struct frame_spec spec_of(const struct row *r, uint16_t sport)
{
	return (struct frame_spec){
		.src = r->src, .dst = r->dst, .sport = sport, .dport = PORT_RULES, .tos = r->tos};
}

static void each_to_its_pool(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct frame_spec spec = spec_of(&rows[i], 0);

		harness_frame(&frame, &spec, WORLD_WAN);
		harness_one(&outcome, WORLD_WAN, &frame);
		harness_expect(&outcome, VERDICT_FORWARDED, 1);
		const struct world_way *way = world_way_of(outcome.out[0].b);

		if (way->pool != rows[i].pool)
			fail_msg("row %zu: pool %d", i, way->pool);
		harness_expect_out(&outcome, 0, &frame, way);
	}
}

/* All of them in one burst, with flows of other VIPs between them. */
static void in_one_burst(void **state)
{
	enum { N = sizeof rows / sizeof *rows };
	struct rte_mbuf *m[BURST_MAX];
	uint16_t n = 0;

	for (uint16_t i = 0; i < N && n + 1 < BURST_MAX; i++) {
		const struct frame_spec spec = spec_of(&rows[i], (uint16_t)(2000 + i));
		const struct frame_spec other = {.dst = rows[i].dst, .dport = PORT_OF(POOL_VIA4)};

		harness_frame(&frame, &spec, WORLD_WAN);
		m[n++] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		if (i % 2)
			continue;
		harness_frame(&frame, &other, WORLD_WAN);
		m[n++] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
	}
	harness_run(&outcome, WORLD_WAN, m, n);
	harness_expect(&outcome, VERDICT_FORWARDED, n);
	for (uint16_t i = 0, k = 0; i < N && k + 1 < n; i++, k++) {
		assert_int_equal(world_way_of(outcome.out[k].b)->pool, rows[i].pool);
		if (i % 2 == 0)
			assert_int_equal(world_way_of(outcome.out[++k].b)->pool, POOL_VIA4);
	}
}

static void pool_of_a_rule_without_backend(void **state)
{
	static const struct row empty[] = {
		{"198.51.100.200", VIP4, 0, 0}, {"2001:db8:c:2::1", VIP6, 0, 0}};

	for (int i = 0; i < 2; i++) {
		const struct frame_spec spec = spec_of(&empty[i], 0);

		harness_frame(&frame, &spec, WORLD_WAN);
		harness_one(&outcome, WORLD_WAN, &frame);
		harness_expect(&outcome, VERDICT_NO_BACKEND, 1);
	}
}

/* A connection stays where it began, though its packets change their mark. */
static void only_new_flows(void **state)
{
	if (!harness_flows)
		return;
	struct lane *l = harness_lane();
	struct row r = {"192.0.2.9", VIP4, 46 << 2, POOL_ROUTED4};

	for (int i = 0; i < 3; i++) {
		const struct frame_spec spec = spec_of(&r, 777);
		struct rte_mbuf *m;

		harness_frame(&frame, &spec, WORLD_WAN);
		m = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
		assert_int_equal(world_way_of(outcome.out[0].b)->pool, POOL_ROUTED4);
		r.tos = (uint8_t)(i << 2);
	}
	lane_free(l);
}

/* `oversize` and `fragments` are those of the pool that a rule names, not of the VIP's own. */
static void odd_packets_by_the_rules_pool(void **state)
{
	static const struct {
		uint8_t dscp;
		uint16_t ip_len, field;
		enum verdict verdict;
	} odd[] = {
		{33, 1481, 0, VERDICT_TOO_BIG},
		{33, 1480, 0, VERDICT_FORWARDED},
		{33, 996, 0x2000, VERDICT_FRAG},
		{46, 996, 0x2000, VERDICT_FORWARDED},
		{0, 996, 0x2000, VERDICT_FORWARDED},
	};
	static struct frame f;
	static struct outcome o;

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		const struct frame_spec spec = {.src = "192.0.2.9",
			.dst = VIP4,
			.dport = PORT_RULES,
			.tos = (uint8_t)(odd[i].dscp << 2),
			.ip_len = odd[i].ip_len};

		harness_frame(&f, &spec, WORLD_WAN);
		f.b[f.l3 + 6] = (uint8_t)(odd[i].field >> 8);
		f.b[f.l3 + 7] = 0;
		frame_fix_ipv4(&f);
		harness_one(&o, WORLD_WAN, &f);
		if (o.n)
			harness_expect(&o, odd[i].verdict, 1);
		else
			harness_expect_count(&o, odd[i].verdict, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_packets_by_the_rules_pool),
		cmocka_unit_test(each_to_its_pool),
		cmocka_unit_test(in_one_burst),
		cmocka_unit_test(pool_of_a_rule_without_backend),
		cmocka_unit_test(only_new_flows),
	};

	return harness_main("rules", tests, sizeof tests / sizeof *tests);
}
