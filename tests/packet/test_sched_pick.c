/* SPDX-License-Identifier: BSD-3-Clause */

/* Whom schedulers pick: shares against weights, and what load, latency and errors change. */

#include <math.h>

#include "sched_rig.h"

#define FLOWS 200000

static struct random rnd;
static struct sched_rig rig;
static uint32_t picked[SCHED_RIG_MEMBERS];

/* n new flows on lanes in turn; none ends. */
static void give(uint32_t n)
{
	memset(picked, 0, sizeof picked);
	for (uint32_t i = 0; i < n; i++)
		picked[sched_rig_begin(&rig, i % rig.n_lanes, random_next(&rnd))]++;
}

static double share(uint32_t i, uint32_t n)
{
	return (double)picked[i] / n;
}

/* Of n members with the shares that the table says. For flows that come by chance its mean is n - 1
 * and its variance twice that; schedulers that look at what they do stay far below. */
static double chi_square(uint32_t flows)
{
	double chi = 0;

	for (uint32_t i = 0; i < rig.n; i++) {
		const double want = flows * sched_share(rig.table, i);

		chi += (picked[i] - want) * (picked[i] - want) / want;
	}
	return chi;
}

static void weigh(void)
{
	for (uint32_t i = 0; i < rig.n; i++)
		rig.member[i].weight = 50 + 25 * (i % 7);
}

static void shares_are_as_the_weights(void **state)
{
	static const uint32_t sizes[] = {2, 10, 64, 65, 300};

	for (int s = 0; s < SCHEDULER_COUNT; s++)
		for (int k = 0; k < 5; k++) {
			sched_rig_start(&rig, sizes[k], 2);
			weigh();
			sched_rig_use(&rig, (enum scheduler)s);
			give(FLOWS);
			const double chi = chi_square(FLOWS), n = sizes[k];

			if (chi > n + 5 * sqrt(2 * n))
				fail_msg("%s, %u members: chi-square %.1f", schedulers[s].name,
					sizes[k], chi);
			sched_rig_end(&rig);
		}
}

/* The shares that sched_share() promises are those of the weights, where weights count. */
static void promised_shares(void **state)
{
	double sum = 0;

	sched_rig_start(&rig, 10, 1);
	weigh();
	for (uint32_t i = 0; i < 10; i++)
		sum += rig.member[i].weight;
	for (int s = 0; s < SCHEDULER_COUNT; s++) {
		const bool even = s == SCHEDULER_RR || s == SCHEDULER_LC;
		const double room = s == SCHEDULER_RING ? 0.4 : 0.001;

		sched_rig_use(&rig, (enum scheduler)s);
		for (uint32_t i = 0; i < 10; i++) {
			const double want = even ? 0.1 : rig.member[i].weight / sum;

			assert_true(fabs(sched_share(rig.table, i) / want - 1) < room);
		}
	}
	sched_rig_end(&rig);
}

static void lanes_start_apart(void **state)
{
	uint16_t first[SCHED_RIG_LANES];
	bool seen[1000] = {false};
	uint32_t apart = 0;

	sched_rig_start(&rig, 1000, SCHED_RIG_LANES);
	sched_rig_use(&rig, SCHEDULER_RR);
	for (uint32_t l = 0; l < SCHED_RIG_LANES; l++) {
		first[l] = sched_rig_begin(&rig, l, 0);
		for (int step = -30; step <= 30; step++)
			apart += seen[(first[l] + step + 1000) % 1000];
		seen[first[l]] = true;
		assert_int_equal(sched_rig_begin(&rig, l, 0), (first[l] + 1) % 1000);
	}
	assert_int_equal(apart, 0);
	sched_rig_end(&rig);
}

/* Each lane in turn, whatever became of the pool in between. */
static void cursor_follows_another_list(void **state)
{
	sched_rig_start(&rig, 1000, 1);
	sched_rig_use(&rig, SCHEDULER_RR);
	give(700);
	rig.n = 3;
	sched_rig_use(&rig, SCHEDULER_RR);
	give(300);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(picked[i], 100);
	rig.n = 1000;
	sched_rig_use(&rig, SCHEDULER_RR);
	give(1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(picked[i], 1);
	sched_rig_end(&rig);
}

/* lc takes a free backend first, and one that gets a second lane's flows is none the wiser. */
static void lc_takes_the_least_loaded(void **state)
{
	sched_rig_start(&rig, 20, 2);
	sched_rig_use(&rig, SCHEDULER_LC);
	for (uint32_t i = 0; i < 20; i++)
		rig.lane[0]->flows->active[i] = i == 13 ? 2 : 5;
	for (int k = 0; k < 3; k++)
		assert_int_equal(sched_rig_begin(&rig, 0, 0), 13);
	rig.lane[1]->flows->active[4] = 1;
	for (int k = 0; k < 19; k++)
		assert_int_not_equal(sched_rig_begin(&rig, 1, 0), 4);
	sched_rig_end(&rig);
}

static void wlc_takes_the_least_loaded_for_its_weight(void **state)
{
	sched_rig_start(&rig, 3, 1);
	rig.member[0].weight = 400;
	sched_rig_use(&rig, SCHEDULER_WLC);
	rig.lane[0]->flows->active[0] = 30;
	rig.lane[0]->flows->active[1] = rig.lane[0]->flows->active[2] = 10;
	assert_int_equal(sched_rig_begin(&rig, 0, 0), 0);
	rig.lane[0]->flows->active[0] = 48;
	assert_int_not_equal(sched_rig_begin(&rig, 0, 0), 0);
	sched_rig_end(&rig);
}

/* Flows that other lanes have count for p2c as of the last count, own ones at once. */
static void p2c_knows_the_other_lanes(void **state)
{
	sched_rig_start(&rig, 2, 2);
	sched_rig_use(&rig, SCHEDULER_P2C);
	rig.lane[1]->flows->active[0] = 100;
	sched_rig_count(&rig);
	assert_int_equal(load_flows(rig.load, 0), 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(sched_rig_begin(&rig, 0, 0), 1);
	assert_int_equal(lane_flows_of(rig.lane[0], 0), 100);
	assert_int_equal(lane_flows_of(rig.lane[0], 1), 100);
	assert_int_equal(lane_flows_of(rig.lane[1], 1), 0);
	sched_rig_count(&rig);
	assert_int_equal(lane_flows_of(rig.lane[1], 1), 100);
	/* own ones are not among those of the others as well */
	assert_int_equal(lane_flows_of(rig.lane[0], 1), 100);
	assert_int_equal(lane_flows_of(rig.lane[1], 0), 100);
	sched_rig_finish(&rig, 0, 1);
	assert_int_equal(lane_flows_of(rig.lane[0], 1), 99);
	assert_int_equal(lane_flows_of(rig.lane[1], 1), 100);
	sched_rig_end(&rig);
}

/* Share of member 0 among ten, under p2c, when connections come and go. */
static double p2c_share(uint16_t errors, uint32_t latency_us)
{
	enum { OPEN = 2000 };
	static uint16_t open[OPEN];
	uint32_t mine = 0;

	sched_rig_start(&rig, 10, 1);
	sched_rig_use(&rig, SCHEDULER_P2C);
	for (uint16_t i = 0; i < 10; i++)
		load_sample(rig.load, i, i ? 1000 : latency_us);
	load_set_errors(rig.load, 0, errors);
	for (uint32_t i = 0; i < FLOWS; i++) {
		const uint32_t at = i < OPEN ? i : random_below(&rnd, OPEN);

		if (i >= OPEN)
			sched_rig_finish(&rig, 0, open[at]);
		open[at] = sched_rig_begin(&rig, 0, 0);
		mine += open[at] == 0 && i >= OPEN;
	}
	sched_rig_end(&rig);
	return (double)mine / (FLOWS - OPEN);
}

static void errors_lower_the_share_under_p2c(void **state)
{
	const double none = p2c_share(0, 1000), some = p2c_share(100, 1000),
		     half = p2c_share(500, 1000), all = p2c_share(1000, 1000);

	printf("share of one of ten, 0, 10, 50, 100 %% errors: %.3f %.3f %.3f %.3f\n", none, some,
		half, all);
	assert_true(none > 0.095 && none < 0.105);
	assert_true(some < none - 0.005);
	assert_true(half < some - 0.02);
	assert_true(all < half - 0.01);
	assert_true(all > 0);
}

static void latency_lowers_the_share_under_p2c(void **state)
{
	const double same = p2c_share(0, 1000), slow = p2c_share(0, 2000), fast = p2c_share(0, 500);

	assert_true(slow < same - 0.02);
	assert_true(fast > same + 0.02);
}

/* What p2c.flows, p2c.latency and p2c.errors are for: 0 takes a reason out. */
static void p2c_parts_count_as_told(void **state)
{
	sched_rig_start(&rig, 2, 1);
	rig.spec.flows = 0;
	rig.spec.latency = 0;
	sched_rig_use(&rig, SCHEDULER_P2C);
	load_sample(rig.load, 0, 9000);
	load_sample(rig.load, 1, 1000);
	load_set_errors(rig.load, 1, 1);
	give(100);
	assert_int_equal(picked[0], 100);
	rig.spec.latency = 1;
	sched_rig_use(&rig, SCHEDULER_P2C);
	give(100);
	assert_int_equal(picked[1], 100);
	sched_rig_end(&rig);
}

static void saturated_backends_come_last(void **state)
{
	static const enum scheduler kinds[] = {
		SCHEDULER_LC, SCHEDULER_WLC, SCHEDULER_P2C, SCHEDULER_LEAST_LATENCY};

	for (int k = 0; k < 4; k++) {
		sched_rig_start(&rig, 2, 1);
		sched_rig_use(&rig, kinds[k]);
		load_set_flags(rig.load, 0, LOAD_SATURATED);
		give(1000);
		assert_int_equal(picked[0], 0);
		load_set_flags(rig.load, 1, LOAD_SATURATED);
		give(1000);
		assert_true(picked[0] > 300);
		sched_rig_end(&rig);
	}
}

static void least_latency_goes_where_it_is_low(void **state)
{
	sched_rig_start(&rig, 4, 1);
	sched_rig_use(&rig, SCHEDULER_LEAST_LATENCY);
	for (uint16_t i = 0; i < 4; i++)
		load_sample(rig.load, i, 1000u * (i + 1));
	/* few flows between two probes: all to the lowest */
	for (int k = 0; k < 50; k++) {
		assert_int_equal(sched_rig_begin(&rig, 0, 0), 0);
		for (uint16_t i = 0; i < 4; i++)
			load_sample(rig.load, i, 1000u * (i + 1));
	}
	/* many: none gets them all, and what they get tends to 1 / latency */
	give(FLOWS);
	const double all = 1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4;

	for (uint32_t i = 0; i < 4; i++)
		assert_true(fabs(share(i, FLOWS) * all * (i + 1) - 1) < 0.01);
	sched_rig_end(&rig);
}

/* Between two probes no lane sends its flows to one backend, and 16 lanes do not either. */
static void least_latency_does_not_herd(void **state)
{
	sched_rig_start(&rig, 50, SCHED_RIG_LANES);
	sched_rig_use(&rig, SCHEDULER_LEAST_LATENCY);
	for (uint16_t i = 0; i < 50; i++)
		load_sample(rig.load, i, 1000u + i);
	give(50 * SCHED_RIG_LANES * 10);
	for (uint32_t i = 0; i < 50; i++)
		assert_in_range(picked[i], 8 * SCHED_RIG_LANES, 12 * SCHED_RIG_LANES);
	sched_rig_end(&rig);
}

static void slow_and_unknown_come_later(void **state)
{
	sched_rig_start(&rig, 3, 1);
	rig.spec.max_latency_us = 5000;
	sched_rig_use(&rig, SCHEDULER_LEAST_LATENCY);
	load_sample(rig.load, 0, 6000);
	load_sample(rig.load, 1, 4000);
	give(1000);
	assert_int_equal(picked[1], 1000); /* 0 is slow, 2 is unknown */
	for (int k = 0; k < 100; k++)
		load_sample(rig.load, 1, 7000);
	give(1000);
	assert_int_equal(picked[2], 1000); /* 1 became slow */
	for (int k = 0; k < 100; k++)
		load_sample(rig.load, 2, 8000);
	give(1000);
	assert_true(picked[0] > 350 && picked[1] > 300 && picked[2] > 250);
	sched_rig_end(&rig);
}

/* However small the weight: the first flow after a probe goes where latency is lowest. */
static void least_latency_before_weight(void **state)
{
	static const uint32_t light[] = {1, 10, 100};

	for (int k = 0; k < 3; k++) {
		sched_rig_start(&rig, 20, 1);
		for (uint32_t i = 0; i < 20; i++)
			rig.member[i].weight = i == 7 ? light[k] : 1000;
		sched_rig_use(&rig, SCHEDULER_LEAST_LATENCY);
		for (int again = 0; again < 20; again++) {
			for (uint16_t i = 0; i < 20; i++)
				load_sample(rig.load, i, i == 7 ? 20000 : 21000);
			assert_int_equal(sched_rig_begin(&rig, 0, 0), 7);
		}
		sched_rig_end(&rig);
	}
}

/* A backend that no probe has measured waits, also through many flows between two probes. */
static void unknown_waits_through_many_flows(void **state)
{
	sched_rig_start(&rig, 2, 1);
	sched_rig_use(&rig, SCHEDULER_LEAST_LATENCY);
	load_sample(rig.load, 0, 20000);
	give(FLOWS);
	assert_int_equal(picked[0], FLOWS);
	sched_rig_end(&rig);
}

/* Equal latency: as the weights. */
static void least_latency_ties_go_by_weight(void **state)
{
	sched_rig_start(&rig, 2, 1);
	rig.member[1].weight = 300;
	sched_rig_use(&rig, SCHEDULER_LEAST_LATENCY);
	load_sample(rig.load, 0, 1000);
	load_sample(rig.load, 1, 1000);
	assert_int_equal(sched_rig_begin(&rig, 0, 0), 1);
	give(4000);
	assert_in_range(picked[1], 2980, 3020);
	sched_rig_end(&rig);
}

static void latency_is_a_moving_average(void **state)
{
	struct load_view *v = load_new();

	load_sample(v, 3, 1000);
	assert_int_equal(load_latency_us(v, 3), 1000);
	load_sample(v, 3, 2000);
	assert_int_equal(load_latency_us(v, 3), 1100);
	load_sample(v, 3, 1000);
	assert_int_equal(load_latency_us(v, 3), 1090);
	assert_int_equal(load_sample_number(v, 3), 3);
	for (int i = 0; i < 200; i++)
		load_sample(v, 3, 7);
	assert_int_equal(load_latency_us(v, 3), 7);
	for (int i = 0; i < 200; i++)
		load_sample(v, 3, 9);
	assert_int_equal(load_latency_us(v, 3), 9);
	load_set_errors(v, 3, 500);
	load_forget(v, 3);
	assert_int_equal(load_latency_us(v, 3) + load_error_permille(v, 3), 0);
	assert_int_equal(load_latency_us(v, 2) + load_latency_us(v, 4), 0);
	load_free(v);
}

/* 1,000 changes of members, weights and scheduler, with flows that stay: sched_rig_begin() proves
 * that each pick is one of the members of now. */
static void a_thousand_changes(void **state)
{
	sched_rig_start(&rig, 20, 2);
	for (int i = 0; i < 1000; i++) {
		rig.n = 1 + random_below(&rnd, i % 10 ? 30 : 200);
		rig.spec.size = 2003;
		for (uint32_t m = 0; m < 200; m++)
			rig.member[m] = (struct maglev_member){.id = m + 1,
				.weight = 1 + random_below(&rnd, 1000),
				.slot = (uint16_t)m};
		sched_rig_use(&rig, (enum scheduler)random_below(&rnd, SCHEDULER_COUNT));
		load_sample(
			rig.load, (uint16_t)random_below(&rnd, 200), 1 + random_below(&rnd, 1000));
		give(100);
	}
	sched_rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_are_as_the_weights),
		cmocka_unit_test(promised_shares),
		cmocka_unit_test(lanes_start_apart),
		cmocka_unit_test(cursor_follows_another_list),
		cmocka_unit_test(lc_takes_the_least_loaded),
		cmocka_unit_test(wlc_takes_the_least_loaded_for_its_weight),
		cmocka_unit_test(p2c_knows_the_other_lanes),
		cmocka_unit_test(errors_lower_the_share_under_p2c),
		cmocka_unit_test(latency_lowers_the_share_under_p2c),
		cmocka_unit_test(p2c_parts_count_as_told),
		cmocka_unit_test(saturated_backends_come_last),
		cmocka_unit_test(least_latency_goes_where_it_is_low),
		cmocka_unit_test(least_latency_does_not_herd),
		cmocka_unit_test(slow_and_unknown_come_later),
		cmocka_unit_test(least_latency_before_weight),
		cmocka_unit_test(unknown_waits_through_many_flows),
		cmocka_unit_test(least_latency_ties_go_by_weight),
		cmocka_unit_test(latency_is_a_moving_average),
		cmocka_unit_test(a_thousand_changes),
	};

	rnd = random_start();
	return cmocka_run_group_tests_name("sched_pick", tests, NULL, NULL);
}
