/* SPDX-License-Identifier: BSD-3-Clause */

/* What a change of a pool moves: predicted, then made and counted. */

#include <math.h>

#include "sched_rig.h"
#include "table/sched_diff.h"

#define FLOWS 200000

static struct random rnd;
static struct sched_rig before, after;

/* Share of flows that both rigs give different backends. */
static double changed(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < FLOWS; i++) {
		const uint64_t hash = random_next(&rnd);

		n += sched_rig_begin(&before, 0, hash) != sched_rig_begin(&after, 0, hash);
	}
	return (double)n / FLOWS;
}

/* What the shares of the flows that each backend got differ by. */
static double shifted(void)
{
	double sum = 0;

	for (uint32_t i = 0; i < FLOWS; i++) {
		sched_rig_begin(&before, 0, random_next(&rnd));
		sched_rig_begin(&after, 0, random_next(&rnd));
	}
	for (uint32_t i = 0; i < SCHED_RIG_MEMBERS; i++) {
		const double a = i < before.n ? sched_rig_flows(&before, i) : 0;
		const double b = i < after.n ? sched_rig_flows(&after, i) : 0;

		sum += fabs(a - b) / 2 / FLOWS;
	}
	return sum;
}

static void expect(const char *what, enum scheduler from, enum scheduler to)
{
	bool by_slots;
	double predicted;

	sched_rig_use(&before, from);
	sched_rig_use(&after, to);
	assert_int_equal(sched_moved(before.table, after.table, true, &predicted, &by_slots), 0);
	assert_int_equal(
		by_slots, before.table->shape == SCHED_TABLE && after.table->shape == SCHED_TABLE);
	const double is = by_slots ? changed() : shifted();

	printf("%s, %s -> %s: predicted %.4f, is %.4f\n", what, schedulers[from].name,
		schedulers[to].name, predicted, is);
	assert_true(fabs(is - predicted) < (by_slots ? 0.005 : 0.012));
}

static void start(uint32_t n)
{
	sched_rig_start(&before, n, 1);
	sched_rig_start(&after, n, 1);
}

static void end(void)
{
	sched_rig_end(&before);
	sched_rig_end(&after);
}

static void other_schedulers(void **state)
{
	for (int from = 0; from < SCHEDULER_COUNT; from++)
		for (int to = 0; to < SCHEDULER_COUNT; to++) {
			start(20);
			for (uint32_t i = 0; i < 20; i++)
				before.member[i].weight = after.member[i].weight = 50 + 10 * i;
			expect("scheduler", (enum scheduler)from, (enum scheduler)to);
			end();
		}
}

static void members_and_weights(void **state)
{
	static const enum scheduler kinds[] = {
		SCHEDULER_MAGLEV, SCHEDULER_RING, SCHEDULER_WRR, SCHEDULER_WLC};

	for (int k = 0; k < 4; k++) {
		start(30);
		after.n = 29;
		expect("one less", kinds[k], kinds[k]);
		end();
		start(30);
		before.n = 29;
		expect("one more", kinds[k], kinds[k]);
		end();
		start(30);
		after.member[3].weight = 1000;
		expect("weight", kinds[k], kinds[k]);
		end();
		start(30);
		after.spec.size = 4999;
		expect("size", kinds[k], kinds[k]);
		end();
	}
}

static void nothing_changes(void **state)
{
	bool by_slots;
	double moved;

	start(30);
	for (int s = 0; s < SCHEDULER_COUNT; s++) {
		sched_rig_use(&before, (enum scheduler)s);
		sched_rig_use(&after, (enum scheduler)s);
		assert_int_equal(
			sched_moved(before.table, after.table, true, &moved, &by_slots), 0);
		assert_true(moved == 0);
	}
	end();
}

static void to_none_and_back(void **state)
{
	const struct sched_spec nobody = {.size = 251};
	struct sched_table *none = sched_compile(&nobody);
	bool by_slots;
	double moved;

	start(30);
	sched_rig_use(&before, SCHEDULER_MAGLEV);
	assert_int_equal(sched_moved(before.table, none, true, &moved, &by_slots), 0);
	assert_true(fabs(moved - 1) < 1e-9);
	assert_int_equal(sched_moved(none, before.table, true, &moved, &by_slots), 0);
	assert_true(fabs(moved - 1) < 1e-9);
	assert_true(sched_deviation(none) == 0);
	sched_unref(none);
	end();
}

/* The size bounds how far a share can be off: a slot of 251 / 30. */
static void deviation_is_the_greatest(void **state)
{
	double most = 0;

	start(30);
	before.spec.size = 251;
	sched_rig_use(&before, SCHEDULER_MAGLEV);
	for (uint32_t i = 0; i < 30; i++)
		most = fmax(most, fabs(before.table->owned[i] * 30.0 / 251 - 1));
	assert_true(fabs(sched_deviation(before.table) - most) < 1e-9);
	assert_true(most > 0 && most < 0.2);
	sched_rig_use(&before, SCHEDULER_RR);
	assert_true(sched_deviation(before.table) < 1e-9);
	end();
}

/* By the weights, where they count. */
static void meant_shares(void **state)
{
	start(4);
	for (uint32_t i = 0; i < 4; i++)
		before.member[i].weight = 100 * (i + 1);
	for (int s = 0; s < SCHEDULER_COUNT; s++) {
		const bool even = s == SCHEDULER_RR || s == SCHEDULER_LC;

		sched_rig_use(&before, (enum scheduler)s);
		for (uint32_t i = 0; i < 4; i++)
			assert_true(fabs(sched_meant(before.table, i) -
					    (even ? 0.25 : (i + 1) / 10.0)) < 1e-9);
	}
	end();
}

/* Where another part of the key is hashed, no slot says where a flow goes. */
static void another_hash(void **state)
{
	bool by_slots;
	double moved;

	start(4);
	sched_rig_use(&before, SCHEDULER_MAGLEV);
	after.n = 3;
	sched_rig_use(&after, SCHEDULER_MAGLEV);
	assert_int_equal(sched_moved(before.table, after.table, false, &moved, &by_slots), 0);
	assert_false(by_slots);
	assert_true(fabs(moved - 0.25) < 0.001);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_schedulers),
		cmocka_unit_test(members_and_weights),
		cmocka_unit_test(nothing_changes),
		cmocka_unit_test(to_none_and_back),
		cmocka_unit_test(deviation_is_the_greatest),
		cmocka_unit_test(meant_shares),
		cmocka_unit_test(another_hash),
	};

	rnd = random_start();
	return cmocka_run_group_tests_name("sched_diff", tests, NULL, NULL);
}
