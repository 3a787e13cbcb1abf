/* SPDX-License-Identifier: BSD-3-Clause */

/* Every fast loop of the packet path does what the simplest one does: on the same random traffic
 * the same packets leave in the same order and the same counters grow.
 *
 * The simplest way is plain C without any vectors, that of the hash included, packet by packet,
 * none of them in a burst that anything is quicker for, with flows known by their whole keys. */

#include "twin.h"

/* Without vectors: compiled for this test alone. */
extern const struct pipeline pipeline_plain;

/* Fewer entries than there are flows, which are taken from each other; and a table that grows from
 * the smallest size to one with room for all. */
#define CROWDED  512
#define SPACIOUS (1u << 17)
#define NARROW   (1u << 14)
#define SMALL    (1u << 14)
#define SMALLEST 64

/* Many packets of few flows, or few of many. */
static const struct twin_plan crowd = {.clients = 3000}, one_each = {.clients = 3000, .once = true},
			      regulars = {.clients = 96, .once = true};

typedef void compare_fn(const struct twin_way *way, void *with);

/* The function for each copy of the code, looking ahead or not. */
static void each_way(struct twin_way way, compare_fn *compare, void *with)
{
	const struct pipeline *all[PIPELINES_MAX];
	const uint32_t n = pipeline_list(all);

	for (uint32_t i = 0; i < n; i++) {
		way.pipeline = all[i];
		way.name = all[i]->name;
		for (int ahead = 0; ahead < 2; ahead++) {
			way.ahead = ahead;
			printf("code %s%s\n", way.name, ahead ? ", looking ahead" : "");
			compare(&way, with);
		}
	}
}

static void compare_lonely(const struct twin_way *way, void *with)
{
	const struct twin *simplest = with;
	struct twin t;

	twin_run(&t, way, simplest->plan);
	twin_compare(&t, simplest, true);
	if (t.l->flows) /* else what is remembered depends on who came first */
		assert_int_equal(t.l->flows->evicted + t.l->flows->bypass, 0);
	twin_end(&t);
}

/* `sizes`: with tables of other sizes and kinds as well. */
static void as_the_simplest(const struct twin_plan *plan, bool sizes)
{
	const struct twin_way simplest = {"simplest", &pipeline_plain, .scalar = true,
		.lonely = true, .most = SPACIOUS, .start = SPACIOUS, .exact_keys = true};
	struct twin s;

	twin_run(&s, &simplest, plan);
	assert_true(s.out[TWIN_WAN].n > TWIN_POLLS);
	assert_true(s.out[TWIN_LAN].n > TWIN_POLLS / 16);
	assert_true(s.out[TWIN_ANSWERS].n > 0);
	each_way((struct twin_way){.most = NARROW, .start = NARROW}, compare_lonely, &s);
	if (sizes) {
		each_way((struct twin_way){.most = SPACIOUS, .start = SMALL}, compare_lonely, &s);
		each_way((struct twin_way){.most = SPACIOUS, .start = SPACIOUS, .exact_keys = true},
			compare_lonely, &s);
	}
	twin_end(&s);
}

static void many_flows(void **state)
{
	as_the_simplest(&one_each, true);
}

static void few_flows(void **state)
{
	as_the_simplest(&regulars, true);
}

/* Bursts in which a flow occurs more than once, and a table that is too small: burst by burst,
 * without vectors, against the others; the tables end up equal as well. */
static void compare_bursts(const struct twin_way *way, void *with)
{
	const struct twin *plain = with;
	struct twin t;

	twin_run(&t, way, plain->plan);
	twin_compare(&t, plain, false);
	if (t.l->flows)
		twin_compare_flows(t.l->flows, plain->l->flows);
	twin_end(&t);
}

static void as_plain(struct twin_way way)
{
	struct twin s;

	way.name = "plain";
	way.pipeline = &pipeline_plain;
	way.scalar = true;
	twin_run(&s, &way, &crowd);
	if (s.l->flows)
		assert_true(s.l->flows->evicted > 0 || way.most != CROWDED);
	way.scalar = false;
	each_way(way, compare_bursts, &s);
	twin_end(&s);
}

static void table_too_small(void **state)
{
	as_plain((struct twin_way){.most = CROWDED, .start = CROWDED});
}

static void table_that_grows(void **state)
{
	as_plain((struct twin_way){.most = SPACIOUS, .start = SMALLEST});
}

/* Services of a pool with track = "none" among others. */
static void forget(bool none)
{
	struct generation *g = world->g;

	g->some_forgotten = none;
	for (uint32_t i = 0; i < g->n_services; i++)
		if (g->services[i].pool == POOL_MANY4)
			g->services[i].forgotten = g->services[i].untracked = none;
}

static void some_forgotten(void **state)
{
	forget(true);
	as_the_simplest(&regulars, false);
	as_plain((struct twin_way){.most = CROWDED, .start = CROWDED});
	forget(false);
}

/* A burst that nothing follows is not kept back, however small: what came has left. */
static void last_burst_leaves(void **state)
{
	const struct twin_way way = {
		"last", pipeline_now, .most = CROWDED, .start = CROWDED, .ahead = true};
	static struct burst two[2];
	struct twin t;
	const struct ahead_ends ends = {twin_take, twin_give, &t};

	twin_start(&t, &way, &crowd);
	while (t.polls) {
		const uint32_t n = ahead_run(t.l, world->g, &ends, two);
		uint64_t sum = 0;

		for (int v = 0; v < VERDICT_COUNT; v++)
			sum += t.l->verdict[v];
		assert_int_equal(t.l->rx, t.taken);
		assert_int_equal(sum, t.taken);
		assert_true(n <= AHEAD_BURSTS * BURST_MAX);
	}
	twin_end(&t);
}

/* Devices come with the first group of tests. */
static int devices(void **state)
{
	static bool there;

	if (!there)
		twin_devices();
	there = true;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(many_flows, devices),
		cmocka_unit_test(few_flows),
		cmocka_unit_test(table_too_small),
		cmocka_unit_test(table_that_grows),
		cmocka_unit_test(some_forgotten),
		cmocka_unit_test(last_burst_leaves),
	};

	return harness_main("loops", tests, sizeof tests / sizeof *tests);
}
