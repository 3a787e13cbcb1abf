/* SPDX-License-Identifier: BSD-3-Clause */

/* Pools of every shape through the pipeline: a flow stays together, whatever picked its backend. */

#include "harness.h"

static struct frame frame;
static struct outcome outcome;

static struct rte_mbuf *packet(enum world_pool pool, uint16_t sport, uint8_t tcp_flags)
{
	const struct frame_spec spec = {
		.dst = sport % 2 ? VIP4 : VIP6,
		.dport = PORT_OF(pool),
		.sport = sport,
		.tcp_flags = tcp_flags,
	};

	harness_frame(&frame, &spec, WORLD_WAN);
	return rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
}

static const struct world_way *way_of(struct lane *l, enum world_pool pool, uint16_t sport)
{
	struct rte_mbuf *m = packet(pool, sport, 0x10);

	harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
	harness_expect(&outcome, VERDICT_FORWARDED, 1);
	return world_way_of(outcome.out[0].b);
}

/* A SYN, the same again, and the first data, before the first one has been through. */
static void one_flow_in_one_burst(void **state)
{
	static const enum world_pool pools[] = {POOL_RR, POOL_LC, POOL_RANDOM, POOL_MANY4};

	for (uint16_t round = 0; round < 50; round++)
		for (int p = 0; p < 4; p++) {
			struct rte_mbuf *m[] = {packet(pools[p], 1000 + round, 0x02),
				packet(pools[p], 1000 + round, 0x02),
				packet(pools[p], 1000 + round, 0x10)};

			harness_run(&outcome, WORLD_WAN, m, 3);
			harness_expect(&outcome, VERDICT_FORWARDED, 3);
			for (int i = 0; i < 3; i++) {
				const struct world_way *way = world_way_of(outcome.out[i].b);

				assert_int_equal(way->pool, pools[p]);
				assert_ptr_equal(way, world_way_of(outcome.out[0].b));
			}
		}
}

static void all_shapes_in_one_burst(void **state)
{
	static const enum world_pool pools[] = {
		POOL_RR, POOL_MANY4, POOL_LC, POOL_RANDOM, POOL_SOURCE, POOL_EMPTY};
	struct lane *l = harness_lane();
	const struct world_way *first[24];
	struct rte_mbuf *m[30];

	for (int again = 0; again < 2; again++) {
		uint16_t k = 0;

		for (uint16_t i = 0; i < 30; i++)
			m[i] = packet(pools[i % 6], 3000 + i, 0x10);
		harness_run_on(l, &outcome, WORLD_WAN, m, 30);
		assert_int_equal(outcome.count[VERDICT_NO_BACKEND], 5);
		assert_int_equal(outcome.n, 25);
		for (uint16_t i = 0; i < 24; i++) {
			if (i % 6 == 5)
				continue;
			const struct world_way *way = world_way_of(outcome.out[k].b);

			assert_int_equal(way->pool, pools[i % 6]);
			if (again)
				assert_ptr_equal(way, first[k]);
			first[k++] = way;
		}
	}
	lane_free(l);
}

/* Turns of flows, not of packets. */
static void rr_goes_round(void **state)
{
	struct lane *l = harness_lane();
	const struct world_way *first[4];

	if (!harness_flows) {
		lane_free(l);
		return;
	}
	for (uint16_t i = 0; i < 4; i++)
		first[i] = way_of(l, POOL_RR, 100 + i);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			assert_ptr_not_equal(first[i], first[k]);
	for (uint16_t i = 0; i < 40; i++) {
		assert_ptr_equal(way_of(l, POOL_RR, 200 + i), first[i % 4]);
		assert_ptr_equal(way_of(l, POOL_RR, 100), first[0]);
	}
	lane_free(l);
}

/* Chance and no hash: a flow that was forgotten may come to any of the four. */
static void random_draws_anew(void **state)
{
	enum { TIMES = 400 };
	struct lane *l = harness_lane();
	const struct world_way *seen[4] = {NULL};
	uint32_t times[4] = {0};

	for (int i = 0; harness_flows && i < TIMES; i++) {
		const struct world_way *way = way_of(l, POOL_RANDOM, 700);
		int k = 0;

		assert_ptr_equal(way_of(l, POOL_RANDOM, 700), way);
		while (k < 3 && seen[k] && seen[k] != way)
			k++;
		seen[k] = way;
		times[k]++;
		for (uint32_t b = 0; b <= l->flows->mask; b++)
			for (uint32_t at = 0; at < FLOW_WAYS; at++)
				if (l->flows->bucket[b].tag[at])
					flow_forget(l->flows,
						(struct flow_at){&l->flows->bucket[b], at});
	}
	for (int k = 0; harness_flows && k < 4; k++)
		assert_in_range(times[k], TIMES / 4 - 50, TIMES / 4 + 50);
	lane_free(l);
}

/* The table is full of live connections: a flow that it cannot hold stays together all the same.
 * One that does find a place is confirmed by its second packet and stays too. */
static void without_a_place(void **state)
{
	static const enum world_pool pools[] = {POOL_RR, POOL_LC, POOL_RANDOM};
	struct lane *l = harness_lane();
	uint64_t bypassed;

	if (!harness_flows) {
		lane_free(l);
		return;
	}
	for (uint16_t i = 0; i < 4000; i++)
		way_of(l, POOL_MANY4, 5000 + i / 2);
	bypassed = l->flows->bypass;
	for (int p = 0; p < 3; p++) {
		const struct world_way *way[50];

		for (uint16_t i = 0; i < 50; i++) {
			way[i] = way_of(l, pools[p], 300 + i);
			assert_ptr_equal(way_of(l, pools[p], 300 + i), way[i]);
		}
		for (int again = 0; again < 3; again++)
			for (uint16_t i = 0; i < 50; i++)
				assert_ptr_equal(way_of(l, pools[p], 300 + i), way[i]);
	}
	assert_true(l->flows->bypass > bypassed + 100);
	lane_free(l);
}

/* The VIP's pool gets another scheduler under its flows: none of them moves, and the new ones go as
 * the new one says. */
static void switching_moves_no_flow(void **state)
{
	if (!harness_flows)
		return;
	struct lane *l = harness_lane();
	const struct world_way *way[20];
	struct generation *g = world->g;
	struct service before[4096];
	uint16_t sports = 0;

	for (uint16_t i = 0; i < 20; i++)
		way[i] = way_of(l, POOL_MANY4, 100 + i);
	memcpy(before, g->services, g->n_services * sizeof *before);
	for (int s = 0; s < SCHEDULER_COUNT; s++) {
		const struct sched_spec *is = &g->tables[POOL_MANY4]->spec;
		struct sched_spec spec = *is;

		spec.scheduler = (enum scheduler)s;
		struct sched_table *t = sched_compile(&spec);

		assert_non_null(t);
		for (uint32_t i = 0; i < g->n_services; i++)
			if (before[i].table == g->tables[POOL_MANY4]) {
				g->services[i].entry = t->entry;
				g->services[i].size = t->size;
				g->services[i].shape = t->shape;
				g->services[i].table = t;
			}
		for (uint16_t i = 0; i < 20; i++)
			assert_ptr_equal(way_of(l, POOL_MANY4, 100 + i), way[i]);
		for (uint16_t i = 0; i < 20; i++)
			assert_int_equal(way_of(l, POOL_MANY4, 1000 + sports++)->pool, POOL_MANY4);
		memcpy(g->services, before, g->n_services * sizeof *before);
		sched_unref(t);
	}
	lane_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_flow_in_one_burst),
		cmocka_unit_test(all_shapes_in_one_burst),
		cmocka_unit_test(rr_goes_round),
		cmocka_unit_test(random_draws_anew),
		cmocka_unit_test(without_a_place),
		cmocka_unit_test(switching_moves_no_flow),
	};

	return harness_main("shapes", tests, sizeof tests / sizeof *tests);
}
