/* SPDX-License-Identifier: BSD-3-Clause */

/* What chance decides, by which shares, and how many backends are looked at for a new flow. */

#include <math.h>

#include "sched_rig.h"

#define FLOWS 200000

static struct sched_rig rig;
static uint32_t picked[SCHED_RIG_MEMBERS];

/* n new flows with one hash, on lanes in turn; none ends. */
static void give(uint32_t n)
{
	memset(picked, 0, sizeof picked);
	for (uint32_t i = 0; i < n; i++)
		picked[sched_rig_begin(&rig, i % rig.n_lanes, 4711)]++;
}

static void expect_share(uint32_t i, double share)
{
	const double got = (double)picked[i] / FLOWS;

	if (fabs(got - share) > 0.005)
		fail_msg("member %u: share %.4f, not %.4f", i, got, share);
}

/* Who wins a tie is a matter of chance: 1,000 first flows on lanes that know nothing. */
static void ties_go_round(void **state)
{
	static const enum scheduler kinds[] = {
		SCHEDULER_LC, SCHEDULER_WLC, SCHEDULER_P2C, SCHEDULER_LEAST_LATENCY};

	for (int k = 0; k < 4; k++) {
		sched_rig_start(&rig, 10, 1);
		sched_rig_use(&rig, kinds[k]);
		memset(picked, 0, sizeof picked);
		for (int i = 0; i < 1000; i++) {
			const uint16_t slot = sched_rig_begin(&rig, 0, 0);

			sched_rig_finish(&rig, 0, slot);
			memset(rig.lane[0]->recent, 0, 10 * sizeof *rig.lane[0]->recent);
			picked[slot]++;
		}
		for (uint32_t i = 0; i < 10; i++)
			assert_in_range(picked[i], 50, 170);
		sched_rig_end(&rig);
	}
}

/* Whom p2c compares is drawn by weight: where nothing speaks against anybody, that alone decides.
 */
static void p2c_draws_by_weight(void **state)
{
	sched_rig_start(&rig, 10, 1);
	rig.member[3].weight = 900;
	rig.spec.flows = 0;
	sched_rig_use(&rig, SCHEDULER_P2C);
	give(FLOWS);
	for (uint32_t i = 0; i < 10; i++)
		expect_share(i, i == 3 ? 0.5 : 0.5 / 9);
	sched_rig_end(&rig);
}

/* Chance knows no hash: one flow asked for again and again goes to each, by weight. */
static void random_goes_by_no_hash(void **state)
{
	sched_rig_start(&rig, 10, 2);
	rig.member[3].weight = 900;
	sched_rig_use(&rig, SCHEDULER_RANDOM);
	give(FLOWS);
	for (uint32_t i = 0; i < 10; i++)
		expect_share(i, i == 3 ? 0.5 : 0.5 / 9);
	sched_rig_end(&rig);
}

/* Share of new flows that go to the only idle one of n members, where each flow ends at once. */
static double idle_share(uint32_t n, enum scheduler s)
{
	uint32_t mine = 0;

	sched_rig_start(&rig, n, 1);
	sched_rig_use(&rig, s);
	for (uint32_t i = 0; i < n; i++)
		rig.lane[0]->flows->active[i] = i == n / 2 ? 0 : 9;
	for (uint32_t i = 0; i < FLOWS; i++) {
		const uint16_t slot = sched_rig_begin(&rig, 0, 0);

		sched_rig_finish(&rig, 0, slot);
		mine += slot == n / 2;
	}
	sched_rig_end(&rig);
	return (double)mine / FLOWS;
}

/* Up to 64 members are all looked at; of more, eight that are drawn. */
static void large_pools_are_not_scanned(void **state)
{
	static const enum scheduler kinds[] = {SCHEDULER_LC, SCHEDULER_WLC};
	static const uint32_t sizes[] = {2, 64, 65, 200};

	for (int k = 0; k < 2; k++)
		for (int i = 0; i < 4; i++) {
			const double all = 1 - pow(1 - 1.0 / sizes[i], 8),
				     want = sizes[i] <= 64 ? 1 : all,
				     got = idle_share(sizes[i], kinds[k]);

			if (fabs(got - want) > (want < 1 ? 0.05 * want : 0))
				fail_msg("%s, %u members: share %.4f, not %.4f",
					schedulers[kinds[k]].name, sizes[i], got, want);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ties_go_round),
		cmocka_unit_test(p2c_draws_by_weight),
		cmocka_unit_test(random_goes_by_no_hash),
		cmocka_unit_test(large_pools_are_not_scanned),
	};

	return cmocka_run_group_tests_name("sched_draw", tests, NULL, NULL);
}
