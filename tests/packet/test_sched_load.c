/* SPDX-License-Identifier: BSD-3-Clause */

/* How even the load of backends is when lanes share nothing: 16 lanes, 100 backends, 20,000
 * connections at any time. A connection ends by chance and another one begins at once on some lane.
 * What is compared is the greatest number of connections of a backend by the mean, at many moments:
 * the value that three of four moments stay below. */

#include "sched_rig.h"

#define LANES       16
#define BACKENDS    100
#define CONNECTIONS 20000

/* How many connections come between two counts of the control thread. With 10 ms between counts
 * that is 23,200 a second. */
#define BETWEEN     232

/* Connections that come in all; the first ones only fill the table. */
#define ALL         (60 * CONNECTIONS)
#define WARM_UP     (4 * CONNECTIONS)
#define MOMENT      1000

struct connection {
	uint8_t lane;
	uint16_t slot;
};

static struct random rnd;
static struct sched_rig rig;
static struct connection open[CONNECTIONS];

/* The rejected way: each lane takes the least loaded backend of the last count, as it stands. */
static uint16_t stale_least[LANES];
static bool stale;

static void count(void)
{
	uint32_t least = UINT32_MAX;

	sched_rig_count(&rig);
	for (uint16_t i = 0; i < BACKENDS; i++) {
		const uint32_t flows = load_flows(rig.load, i);

		if (flows >= least)
			continue;
		least = flows;
		for (int l = 0; l < LANES; l++)
			stale_least[l] = i;
	}
}

static struct connection begin(void)
{
	struct connection c = {.lane = (uint8_t)random_below(&rnd, LANES)};

	if (stale) {
		c.slot = stale_least[c.lane];
		rig.lane[c.lane]->flows->active[c.slot]++;
	} else {
		c.slot = sched_rig_begin(&rig, c.lane, random_next(&rnd));
	}
	return c;
}

static int value_cmp(const void *left, const void *right)
{
	const double l = *(const double *)left, r = *(const double *)right;

	return (l > r) - (l < r);
}

static double run(enum scheduler s, bool herd)
{
	static double value[ALL / MOMENT];
	uint32_t n = 0;

	sched_rig_start(&rig, BACKENDS, LANES);
	sched_rig_use(&rig, s);
	stale = herd;
	for (uint32_t i = 0; i < ALL; i++) {
		const uint32_t at = i < CONNECTIONS ? i : random_below(&rnd, CONNECTIONS);

		if (i % BETWEEN == 0)
			count();
		if (i >= CONNECTIONS)
			sched_rig_finish(&rig, open[at].lane, open[at].slot);
		open[at] = begin();
		if (i >= WARM_UP && i % MOMENT == 0)
			value[n++] = sched_rig_imbalance(&rig);
	}
	sched_rig_end(&rig);
	qsort(value, n, sizeof *value, value_cmp);
	return value[n * 3 / 4];
}

static void expect(const char *what, enum scheduler s, bool herd, double want)
{
	const double is = run(s, herd);

	printf("%s: %.3f\n", what, is);
	assert_true(is > want - 0.02 && is < want + 0.02);
}

static void hash(void **state)
{
	expect("hash", SCHEDULER_MAGLEV, false, 1.21);
}

static void own_count(void **state)
{
	expect("lc by own count", SCHEDULER_LC, false, 1.02);
}

static void snapshot_and_own_part(void **state)
{
	expect("p2c by snapshot and own part", SCHEDULER_P2C, false, 1.02);
}

static void stale_snapshot_herds(void **state)
{
	expect("lc by a stale snapshot", SCHEDULER_LC, true, 1.68);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash),
		cmocka_unit_test(own_count),
		cmocka_unit_test(snapshot_and_own_part),
		cmocka_unit_test(stale_snapshot_herds),
	};

	rnd = random_start();
	return cmocka_run_group_tests_name("sched_load", tests, NULL, NULL);
}
