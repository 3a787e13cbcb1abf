/* SPDX-License-Identifier: BSD-3-Clause */

/* Configuration and network to generation: the header for each backend, how much fits behind it,
 * and what cannot be sent. */

#include "compile_build.h"

#define ONE(keys, address)                                        \
	PORTS "pools = ( { name = \"p\"; table_size = 251; " keys \
	      " backends = ( " B("b", address) " ); } );"

/* A backend's header by kind of pool and address; its room by the MTU of port and route. */
static void headers_and_room(void **state)
{
	static const struct {
		const char *text;
		enum transform transform;
		uint32_t overhead;
		uint8_t hdr_len;
	} kinds[] = {
		{ONE("forward = \"ipip\";", "10.0.0.1"), TRANSFORM_PUSH4, 20, 34},
		{ONE("forward = \"ipip\";", "fd00::1"), TRANSFORM_PUSH6, 40, 54},
		{ONE("forward = \"gue\";", "10.0.0.1"), TRANSFORM_GUE4, 32, 46},
		{ONE("forward = \"gue\";", "fd00::1"), TRANSFORM_GUE6, 52, 66},
		{ONE("tunnel_source_prefix = [ \"10.9.0.0/16\" ];", "10.0.0.1"), TRANSFORM_VARY4,
			20, 34},
		{ONE("tunnel_source_prefix = [ \"fd09::/64\" ];", "fd00::1"), TRANSFORM_VARY6, 40,
			54},
		{ONE("forward = \"l2\";", "10.0.0.1"), TRANSFORM_SET_MAC, 0, 14},
		{ONE("forward = \"l2\";", "fd00::1"), TRANSFORM_SET_MAC, 0, 14},
	};
	static const struct {
		uint32_t port, route, mtu;
	} mtus[] = {{1500, 0, 1500}, {1500, 1400, 1400}, {1500, 9000, 1500}, {9000, 1500, 1500},
		{65535, 0, 65535}, {1500, 41, 41}};

	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		for (size_t m = 0; m < sizeof mtus / sizeof *mtus; m++) {
			hops[0].source =
				addr(strstr(kinds[k].text, "fd00::1") ? "fd00::f" : "192.0.2.1");
			ports[0].mtu = mtus[m].port;
			hops[0].mtu = mtus[m].route;
			struct generation *g = build(kinds[k].text, NULL);
			const struct backend *be = &g->backends[20];

			assert_int_equal(be->transform, kinds[k].transform);
			const uint32_t mtu = mtus[m].mtu;

			assert_int_equal(be->inner_max,
				mtu > kinds[k].overhead ? mtu - kinds[k].overhead : 0);
			assert_int_equal(be->way, 1u << be->transform);
			assert_int_equal(be->tunnel.len, kinds[k].hdr_len);
			assert_memory_equal(be->tunnel.hdr, hops[0].mac.b, 6);
			assert_memory_equal(be->tunnel.hdr + 6, ports[0].mac.b, 6);
			assert_int_equal(be->port, 0);
			generation_free(g);
		}
}

/* A route that has no room for the outer header takes nothing at all. */
static void no_room_for_the_header(void **state)
{
	for (hops[0].mtu = 1; hops[0].mtu <= 20; hops[0].mtu++) {
		struct generation *g = build(ONE("", "10.0.0.1"), NULL);

		assert_int_equal(g->backends[20].inner_max, 0);
		generation_free(g);
	}
}

/* Above 65535 bytes no packet is. */
static void room_has_a_limit(void **state)
{
	ports[0].mtu = 100000;
	struct generation *g = build(ONE("forward = \"l2\";", "10.0.0.1"), NULL);

	assert_int_equal(g->backends[20].inner_max, 65535);
	generation_free(g);
}

static void overheads(void **state)
{
	const struct sl_addr four = addr("10.0.0.1"), six = addr("fd00::1");

	assert_int_equal(compile_overhead(CONF_FORWARD_L2, &four), 0);
	assert_int_equal(compile_overhead(CONF_FORWARD_L2, &six), 0);
	assert_int_equal(compile_overhead(CONF_FORWARD_IPIP, &four), 20);
	assert_int_equal(compile_overhead(CONF_FORWARD_IPIP, &six), 40);
}

static void unresolved(const char *text)
{
	struct generation *g = build(text, NULL);

	assert_int_equal(g->backends[20].transform, TRANSFORM_UNRESOLVED);
	assert_int_equal(
		g->backends[20].state, BACKEND_READY); /* it keeps its place in the table */
	assert_int_equal(g->owned[20], 251);
	generation_free(g);
}

static void what_cannot_be_sent(void **state)
{
	hops[0].on_link = false;
	unresolved(ONE("forward = \"l2\";", "10.0.0.1"));
	hops[0].on_link = true;
	hops[0].has_source = false;
	unresolved(ONE("forward = \"ipip\";", "10.0.0.1"));
	unresolved(ONE("tunnel_source = [ \"fd00::f\" ];", "10.0.0.1"));
	hops[0] = (struct compile_hop){.resolved = false};
	unresolved(ONE("forward = \"ipip\";", "10.0.0.1"));
	unresolved(ONE("forward = \"l2\";", "10.0.0.1"));
}

static void behind_a_router_by_tunnel(void **state)
{
	hops[0].on_link = false;
	struct generation *g = build(ONE("", "10.0.0.1"), NULL);

	assert_int_equal(g->backends[20].transform, TRANSFORM_PUSH4);
	generation_free(g);
}

/* Source and destination of the outer header. */
static void expect_outer(const char *text, const char *src, const char *dst)
{
	const struct sl_addr s = addr(src), d = addr(dst);
	struct generation *g = build(text, NULL);
	const uint8_t *hdr = g->backends[20].tunnel.hdr;
	const uint32_t n = sl_addr_len(&d), at = n == 4 ? 26 : 22;

	assert_memory_equal(hdr + at, sl_addr_bytes(&s), n);
	assert_memory_equal(hdr + at + n, sl_addr_bytes(&d), n);
	generation_free(g);
}

static void tunnel_source_of_pool_or_hop(void **state)
{
	const char *both = "tunnel_source = [ \"10.9.9.9\", \"fd00::9\" ];";
	char text[1024];

	expect_outer(ONE("", "10.0.0.1"), "192.0.2.1", "10.0.0.1");
	expect_outer(ONE("tunnel_source = [ \"fd00::9\" ];", "10.0.0.1"), "192.0.2.1", "10.0.0.1");
	hops[0].source = addr("fd00::f");
	expect_outer(ONE("", "fd00::1"), "fd00::f", "fd00::1");
	expect_outer(ONE("tunnel_source = [ \"10.9.9.9\" ];", "fd00::1"), "fd00::f", "fd00::1");
	for (int has = 0; has < 2; has++) {
		hops[0].has_source = has;
		snprintf(text, sizeof text, ONE("%s", "10.0.0.1"), both);
		expect_outer(text, "10.9.9.9", "10.0.0.1");
		snprintf(text, sizeof text, ONE("%s", "fd00::1"), both);
		expect_outer(text, "fd00::9", "fd00::1");
	}
}

/* Tags stand beside the header. A second one takes its bytes from the port's MTU, not from one that
 * is smaller already. */
static void tags_of_the_way(void **state)
{
	static const struct {
		const char *vlans;
		uint32_t port, route, room;
		uint8_t len, bytes[8];
	} rows[] = {
		{"100", 1500, 0, 1480, 4, {0x81, 0, 0, 100}},
		{"100", 1500, 1400, 1380, 4, {0x81, 0, 0, 100}},
		{"256.4094", 1500, 0, 1476, 8, {0x88, 0xa8, 1, 0, 0x81, 0, 0xf, 0xfe}},
		{"256.4094", 1500, 1500, 1476, 8, {0x88, 0xa8, 1, 0, 0x81, 0, 0xf, 0xfe}},
		{"256.4094", 1500, 1496, 1476, 8, {0x88, 0xa8, 1, 0, 0x81, 0, 0xf, 0xfe}},
		{"256.4094", 1504, 1500, 1480, 8, {0x88, 0xa8, 1, 0, 0x81, 0, 0xf, 0xfe}},
		{"256.4094", 3, 0, 0, 8, {0x88, 0xa8, 1, 0, 0x81, 0, 0xf, 0xfe}},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(sl_vlans_parse(rows[i].vlans, &hops[0].vlans), 0);
		ports[0].mtu = rows[i].port;
		hops[0].mtu = rows[i].route;
		struct generation *g = build(ONE("", "10.0.0.1"), NULL);
		const struct backend *be = &g->backends[20];

		assert_int_equal(be->way, 1u << TRANSFORM_PUSH4 | BACKEND_TAGS);
		assert_int_equal(be->tags_len, rows[i].len);
		assert_memory_equal(be->tags, rows[i].bytes, rows[i].len);
		assert_int_equal(be->tunnel.len, 34);
		assert_int_equal(backend_hdr_len(be), 34 + rows[i].len);
		assert_int_equal(be->inner_max, rows[i].room);
		generation_free(g);
	}
	hops[0].resolved = false;
	struct generation *g = build(ONE("", "10.0.0.1"), NULL);

	assert_int_equal(g->backends[20].way, 1u << TRANSFORM_UNRESOLVED);
	generation_free(g);
}

static void leavers_stay_reachable(void **state)
{
	n_leavers = 2;
	leavers[0] = (struct compile_leaver){.be.address = addr("10.0.5.1"),
		.pool.forward = CONF_FORWARD_IPIP,
		.slot = 25,
		.hop = hops[5]};
	leavers[1] = (struct compile_leaver){.be.address = addr("10.0.6.1"),
		.pool.forward = CONF_FORWARD_IPIP,
		.slot = 26,
		.pool.has_tunnel_source[0] = true,
		.pool.tunnel_source[0] = addr("10.9.9.9"),
		.hop = {.resolved = false}};
	struct generation *g = build(ONE("", "10.0.0.1"), NULL);

	assert_int_equal(g->backends[25].state, BACKEND_DRAIN);
	assert_int_equal(g->backends[25].transform, TRANSFORM_PUSH4);
	assert_int_equal(g->backends[25].inner_max, 1480);
	assert_memory_equal(g->backends[25].tunnel.hdr, hops[5].mac.b, 6);
	assert_int_equal(g->backends[26].state, BACKEND_DRAIN);
	assert_int_equal(g->backends[26].transform, TRANSFORM_UNRESOLVED);
	assert_int_equal(g->owned[25], 0);
	for (uint32_t i = 0; i < 251; i++)
		assert_int_equal(g->tables[0]->entry[i], 20);
	generation_free(g);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, usual)
	const struct CMUnitTest tests[] = {
		TEST(headers_and_room),
		TEST(no_room_for_the_header),
		TEST(room_has_a_limit),
		TEST(overheads),
		TEST(what_cannot_be_sent),
		TEST(behind_a_router_by_tunnel),
		TEST(tunnel_source_of_pool_or_hop),
		TEST(tags_of_the_way),
		TEST(leavers_stay_reachable),
	};

	return cmocka_run_group_tests_name("compile_header", tests, NULL, NULL);
}
