/* SPDX-License-Identifier: BSD-3-Clause */

/* Transmission: what the ports take counts as forwarded, what they do not as tx_full. The ports are
 * net_ring devices, which hold 1023 packets each and give them back on reception. */

#include <netinet/in.h>
#include <rte_ethdev.h>

#include "datapath/slow.h"

#include "harness.h"
#include "rings.h"

#define RING_HOLDS 1023

static uint16_t dpdk_port[WORLD_PORTS];
static struct frame frame;
static struct lane *lane;

/* Take back what a port holds; returns how many. */
static uint32_t drain(enum world_port port)
{
	struct rte_mbuf *m[BURST_MAX];
	uint32_t sum = 0;
	uint16_t n;

	while ((n = rte_eth_rx_burst(dpdk_port[port], 0, m, BURST_MAX))) {
		sum += n;
		for (uint16_t i = 0; i < n; i++)
			assert_int_equal(rte_pktmbuf_mtod(m[i], uint8_t *)[5], port + 1);
		rte_pktmbuf_free_bulk(m, n);
	}
	return sum;
}

/* A burst of n packets, number i to pool pools[i % k], from reception to transmission. */
static void pass(const enum world_pool *pools, uint16_t k, uint16_t n)
{
	static struct burst b;

	for (uint16_t i = 0; i < n; i++) {
		const struct frame_spec spec = {
			.dst = VIP4, .dport = (uint16_t)PORT_OF(pools[i % k])};

		harness_frame(&frame, &spec, WORLD_WAN);
		b.mbuf[i] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
	}
	b.n = n;
	b.rx_port = WORLD_WAN;
	pipeline_run(lane, world->g, &b);
	/* the tests know a frame's port by the last byte of its destination */
	for (uint16_t i = 0; i < b.n; i++)
		rte_pktmbuf_mtod(b.mbuf[i], uint8_t *)[5] = brief_port(b.brief[i]) + 1;
	pipeline_tx(lane, &b, dpdk_port);
}

/* A burst of n packets of 1500 bytes that do not fit their tunnel: answered, or cut in two each. */
static void pass_big(bool cut, uint16_t n)
{
	const struct frame_spec spec = {.dst = VIP4, .dport = PORT_OF(POOL_VIA4), .ip_len = 1500};
	static struct burst b;

	harness_frame(&frame, &spec, WORLD_WAN);
	if (cut)
		frame.b[frame.l3 + 6] = 0;
	frame_fix_ipv4(&frame);
	for (uint16_t i = 0; i < n; i++)
		b.mbuf[i] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
	b.n = n;
	b.rx_port = WORLD_WAN;
	pipeline_run(lane, world->g, &b);
	assert_int_equal(b.n, 0);
	for (uint32_t i = 0; i < lane->slow_waiting; i++) {
		const struct slow_out *out = &lane->slow->out[i];

		rte_pktmbuf_mtod(out->m, uint8_t *)[5] = out->port + 1;
	}
	pipeline_tx(lane, &b, dpdk_port);
	assert_int_equal(lane->slow_waiting, 0);
}

static void expect_counts(uint64_t rx, uint64_t forwarded, uint64_t tx_full)
{
	uint64_t sum = 0;

	assert_int_equal(lane->rx, rx);
	assert_int_equal(lane->verdict[VERDICT_FORWARDED], forwarded);
	assert_int_equal(lane->verdict[VERDICT_TX_FULL], tx_full);
	for (int v = 0; v < VERDICT_COUNT; v++)
		sum += lane->verdict[v];
	assert_int_equal(sum, rx);
}

/* Packets and bytes of all services, or of all backends. */
static struct traffic total(const struct traffic *rows, uint32_t n)
{
	struct traffic t = {0};

	for (uint32_t i = 0; i < n; i++) {
		t.packets += rows[i].packets;
		t.bytes += rows[i].bytes;
	}
	return t;
}

/* The counters of the only backend of a pool. */
static const struct traffic *row_of(enum world_pool pool)
{
	uint8_t mac[6];

	frame_mac(world_way_in(pool)->eth_dst, mac);
	for (uint32_t slot = 0; slot < world->g->n_backends; slot++)
		if (memcmp(world->g->backends[slot].tunnel.hdr, mac, sizeof mac) == 0)
			return &lane->backend[slot];
	fail_msg("no backend behind %s", world_way_in(pool)->eth_dst);
	return NULL;
}

static int fresh_lane(void **state)
{
	lane = harness_lane();
	return 0;
}

static int free_lane(void **state)
{
	const uint32_t held = drain(WORLD_WAN) + drain(WORLD_LAN);

	lane_free(lane);
	return held || rig_mbufs() || rig_buffers();
}

static void one_port(void **state)
{
	const enum world_pool pool = POOL_VIA4;

	pass(&pool, 1, BURST_MAX);
	pass(&pool, 1, 1);
	pass(&pool, 1, 0);
	expect_counts(33, 33, 0);
	assert_int_equal(drain(WORLD_WAN), 33);
	assert_int_equal(drain(WORLD_LAN), 0);
}

static void two_ports(void **state)
{
	const enum world_pool pools[] = {POOL_VIA4, POOL_ROUTED4, POOL_ROUTED6, POOL_L2, POOL_DARK};

	pass(pools, 5, BURST_MAX);
	expect_counts(32, 26, 0);
	assert_int_equal(lane->verdict[VERDICT_NEIGH_UNRESOLVED], 6);
	assert_int_equal(drain(WORLD_WAN), 13);
	assert_int_equal(drain(WORLD_LAN), 13);
}

static void second_port_alone(void **state)
{
	const enum world_pool pool = POOL_ROUTED6;

	pass(&pool, 1, 5);
	expect_counts(5, 5, 0);
	assert_int_equal(drain(WORLD_LAN), 5);
}

static void full_ring(void **state)
{
	const enum world_pool pool = POOL_VIA4;

	for (int i = 0; i < 32; i++)
		pass(&pool, 1, BURST_MAX);
	expect_counts(1024, RING_HOLDS, 1024 - RING_HOLDS);
	pass(&pool, 1, BURST_MAX);
	pass(&pool, 1, 7);
	expect_counts(1024 + 39, RING_HOLDS, 1024 - RING_HOLDS + 39);
	assert_int_equal(rig_mbufs(), RING_HOLDS);
	assert_int_equal(drain(WORLD_WAN), RING_HOLDS);
}

/* One port full does not hold back the other. */
static void one_of_two_full(void **state)
{
	const enum world_pool pools[] = {POOL_VIA4, POOL_ROUTED4};

	for (int i = 0; i < 31; i++)
		pass(pools, 1, BURST_MAX);
	pass(pools, 1, 31);
	expect_counts(1023, 1023, 0);
	pass(pools, 2, BURST_MAX);
	expect_counts(1055, 1039, 16);
	assert_int_equal(drain(WORLD_LAN), 16);
	assert_int_equal(drain(WORLD_WAN), RING_HOLDS);
}

/* Traffic is counted once, by packets as they arrived, and only what has left. */
static void traffic_of_what_left(void **state)
{
	const enum world_pool pool = POOL_VIA4;

	for (int i = 0; i < 33; i++)
		pass(&pool, 1, BURST_MAX);
	const struct traffic s = total(lane->service, world->g->n_services);
	const struct traffic b = total(lane->backend, BACKEND_SLOTS);

	assert_int_equal(s.packets, RING_HOLDS);
	assert_int_equal(s.bytes, RING_HOLDS * 40);
	assert_int_equal(b.packets, RING_HOLDS);
	assert_int_equal(b.bytes, RING_HOLDS * 40);
	assert_int_equal(drain(WORLD_WAN), RING_HOLDS);
}

/* What comes by the side exit is sent and counted like the rest; a packet that was cut counts once,
 * with the bytes that came. */
static void side_exit(void **state)
{
	pass_big(false, 40 - BURST_MAX);
	assert_int_equal(lane->verdict[VERDICT_ANSWERED], 8);
	assert_int_equal(drain(WORLD_WAN), 8);
	assert_int_equal(row_of(POOL_VIA4)->packets, 0);
	pass_big(true, BURST_MAX);
	expect_counts(40, BURST_MAX, 0);
	assert_int_equal(row_of(POOL_VIA4)->packets, BURST_MAX);
	assert_int_equal(row_of(POOL_VIA4)->bytes, BURST_MAX * 1500);
	assert_int_equal(total(lane->service, world->g->n_services).bytes, BURST_MAX * 1500);
	assert_int_equal(drain(WORLD_WAN), 2 * BURST_MAX);
}

static void side_exit_to_a_full_ring(void **state)
{
	for (int i = 0; i < 15; i++)
		pass_big(true, BURST_MAX);
	pass_big(true, 31);
	assert_int_equal(lane->verdict[VERDICT_TX_FULL], 0);
	pass_big(true, 3); /* 1022 are there: one piece fits, and no packet */
	pass_big(false, 2);
	expect_counts(511 + 5, 511, 5);
	assert_int_equal(drain(WORLD_WAN), RING_HOLDS);
}

/* Each packet counts for its own backend, though the ports take theirs out of order. */
static void traffic_of_each_backend(void **state)
{
	const enum world_pool pools[] = {POOL_ROUTED6, POOL_VIA4, POOL_VIA4, POOL_L2};

	pass(pools, 4, BURST_MAX);
	assert_int_equal(row_of(POOL_ROUTED6)->packets, 8);
	assert_int_equal(row_of(POOL_VIA4)->packets, 16);
	assert_int_equal(row_of(POOL_L2)->packets, 8);
	assert_int_equal(row_of(POOL_VIA4)->bytes, 16 * 40);
	assert_int_equal(drain(WORLD_LAN), 8);
	assert_int_equal(drain(WORLD_WAN), 24);
	/* the same with one of the ports full */
	for (int i = 0; i < 32; i++)
		pass(pools + 1, 1, BURST_MAX);
	pass(pools, 4, BURST_MAX);
	assert_int_equal(row_of(POOL_ROUTED6)->packets, 16);
	assert_int_equal(row_of(POOL_VIA4)->packets, 16 + RING_HOLDS);
	assert_int_equal(row_of(POOL_L2)->packets, 8);
	assert_int_equal(drain(WORLD_LAN), 8);
	assert_int_equal(drain(WORLD_WAN), RING_HOLDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_port, fresh_lane, free_lane),
		cmocka_unit_test_setup_teardown(two_ports, fresh_lane, free_lane),
		cmocka_unit_test_setup_teardown(second_port_alone, fresh_lane, free_lane),
		cmocka_unit_test_setup_teardown(full_ring, fresh_lane, free_lane),
		cmocka_unit_test_setup_teardown(one_of_two_full, fresh_lane, free_lane),
		cmocka_unit_test_setup_teardown(traffic_of_what_left, fresh_lane, free_lane),
		cmocka_unit_test_setup_teardown(side_exit, fresh_lane, free_lane),
		cmocka_unit_test_setup_teardown(side_exit_to_a_full_ring, fresh_lane, free_lane),
		cmocka_unit_test_setup_teardown(traffic_of_each_backend, fresh_lane, free_lane),
	};

	int failed;

	if (harness_start())
		return 1;
	rings_start(dpdk_port);
	failed = cmocka_run_group_tests_name("tx", tests, NULL, NULL);
	rte_eal_hotplug_remove("vdev", "net_ring0");
	rte_eal_hotplug_remove("vdev", "net_ring1");
	harness_stop();
	return failed != 0;
}
