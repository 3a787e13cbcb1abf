/* SPDX-License-Identifier: BSD-3-Clause */

/* A packet fares in a burst as it does alone, whoever its neighbours are. */

#include <netinet/in.h>

#include "harness.h"
#include "random.h"

#define ROUNDS 300

static struct random rnd;
static struct frame frames[BURST_MAX];
static struct outcome alone[BURST_MAX], together;

/* Any packet of the world: all pools, so all transforms and the drops behind them; now and then one
 * that nobody serves, or whose header is broken. */
static void random_frame(struct frame *f)
{
	static const char *const vips[] = {VIP4, VIP6, VIP4_TWIN, VIP6_TWIN, VIP4_ANY, VIP6_ANY};
	const uint32_t pool = random_below(&rnd, WORLD_PURE_POOLS + 1);
	const struct frame_spec spec = {
		.dst = vips[random_below(&rnd, 6)],
		.sport = (uint16_t)random_next(&rnd),
		.dport = (uint16_t)PORT_OF(pool < WORLD_PURE_POOLS ? pool : WORLD_POOLS),
		.proto = random_below(&rnd, 16) ? IPPROTO_TCP : IPPROTO_UDP,
		.vlans = (uint8_t)(random_below(&rnd, 4) ? 0 : random_below(&rnd, 4)),
		.options = (uint8_t)(random_below(&rnd, 4) ? 0 : random_below(&rnd, 11)),
		.tos = (uint8_t)random_next(&rnd),
		.payload = (uint16_t)random_below(&rnd, random_below(&rnd, 3) ? 64 : 1500),
		.padding = (uint16_t)random_below(&rnd, 20),
	};

	harness_frame(f, &spec, WORLD_WAN);
	if (random_below(&rnd, 16) == 0)
		f->b[random_below(&rnd, f->l4)] ^= (uint8_t)random_next(&rnd);
}

static struct rte_mbuf *mbuf(const struct frame *f, bool pieces)
{
	return pieces ? rig_chain(f->b, f->len, RIG_HEADROOM, 120, 50)
		      : rig_mbuf(f->b, f->len, RIG_HEADROOM);
}

/* Put aside what may differ from run to run: identification and checksum of an outer IPv4 header.
 */
static void blank_id(struct frame *f)
{
	uint8_t *ip = f->b + 14;
	const bool gue = ip[9] == IPPROTO_UDP && ip[22] == 6080 >> 8 && ip[23] - 6080 % 256 < 2;
	const bool tunnel =
		ip[0] >> 4 == 4 && (ip[9] == IPPROTO_IPIP || ip[9] == IPPROTO_IPV6 || gue);

	if (tunnel) {
		memset(ip + 4, 0, 2);
		memset(ip + 10, 0, 2);
	}
}

static void compare(uint16_t n)
{
	uint64_t sum[VERDICT_COUNT] = {0};
	uint16_t k = 0, side = 0;

	for (uint16_t i = 0; i < n; i++) {
		side += alone[i].n_side;
		for (int v = 0; v < VERDICT_COUNT; v++)
			sum[v] += alone[i].count[v];
		if (!alone[i].n)
			continue;
		assert_true(k < together.n);
		blank_id(&alone[i].out[0]);
		blank_id(&together.out[k]);
		assert_int_equal(together.out[k].len, alone[i].out[0].len);
		assert_memory_equal(together.out[k].b, alone[i].out[0].b, together.out[k].len);
		assert_int_equal(together.tx_port[k], alone[i].tx_port[0]);
		assert_int_equal(together.backend[k], alone[i].backend[0]);
		assert_int_equal(together.service[k], alone[i].service[0]);
		k++;
	}
	assert_int_equal(together.n, k);
	assert_int_equal(together.n_side, side);
	for (int v = 0; v < VERDICT_COUNT; v++)
		assert_int_equal(together.count[v], sum[v]);
}

static void mixed_burst_as_alone(void **state)
{
	struct rte_mbuf *m[BURST_MAX];
	uint64_t kinds = 0;

	for (int round = 0; round < ROUNDS; round++) {
		const uint16_t n =
			(uint16_t)(round % 4 ? BURST_MAX : random_below(&rnd, BURST_MAX + 1));

		for (uint16_t i = 0; i < n; i++) {
			const bool pieces = random_below(&rnd, 4) == 0;
			struct rte_mbuf *one;

			random_frame(&frames[i]);
			one = mbuf(&frames[i], pieces);
			m[i] = mbuf(&frames[i], pieces);
			harness_run(&alone[i], WORLD_WAN, &one, 1);
		}
		harness_run(&together, WORLD_WAN, m, n);
		compare(n);
		for (int v = 0; v < VERDICT_COUNT; v++)
			kinds |= (uint64_t)(together.count[v] != 0) << v;
	}
	/* the bursts were as mixed as they should be */
	const enum verdict wanted[] = {VERDICT_NO_VIP, VERDICT_NO_BACKEND, VERDICT_ANSWERED,
		VERDICT_NEIGH_UNRESOLVED, VERDICT_VLAN, VERDICT_IP_CHECKSUM};

	for (unsigned int i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (!(kinds >> wanted[i] & 1))
			fail_msg("no packet met %s", verdict_name(wanted[i]));
}

/* The harness runs each burst on memory full of 0xa5; here bursts follow each other as in a worker.
 */
static void order_is_kept(void **state)
{
	static const enum world_pool pools[] = {
		POOL_VIA4, POOL_L2, POOL_VIA6, POOL_ROUTED4, POOL_ROUTED6};
	struct rte_mbuf *m[BURST_MAX];

	for (uint16_t i = 0; i < BURST_MAX; i++) {
		const struct frame_spec spec = {
			.dst = i % 3 ? VIP4 : VIP6,
			.dport = (uint16_t)PORT_OF(pools[i % 5]),
			.sport = (uint16_t)(1000 + i),
		};

		harness_frame(&frames[i], &spec, WORLD_WAN);
		m[i] = rig_mbuf(frames[i].b, frames[i].len, RIG_HEADROOM);
	}
	harness_run(&together, WORLD_WAN, m, BURST_MAX);
	harness_expect(&together, VERDICT_FORWARDED, BURST_MAX);
	for (uint16_t i = 0; i < BURST_MAX; i++)
		harness_expect_out(&together, i, &frames[i], world_way_in(pools[i % 5]));
}

static void nothing_in(void **state)
{
	harness_run(&together, WORLD_WAN, NULL, 0);
	harness_expect(&together, VERDICT_FORWARDED, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_in),
		cmocka_unit_test(order_is_kept),
		cmocka_unit_test(mixed_burst_as_alone),
	};

	rnd = random_start();
	return harness_main("burst", tests, sizeof tests / sizeof *tests);
}
