/* SPDX-License-Identifier: BSD-3-Clause */

/* Health to tables: who is in, who helps out, and what a service does without a table. */

#include "compile_build.h"

/* Backends 0-2 are web's, 3 and 4 sorry's. */
#define TEXT                                                                                \
	PORTS "pools = ("                                                                   \
	      "{ name = \"web\"; table_size = 1009; backends = (" B("x", "10.0.0.1") "," B( \
		      "y", "10.0.0.2") "," B("z",                                           \
		      "10.0.0.3") "); },"                                                   \
				  "{ name = \"sorry\"; table_size = 1009; backends = (" B(  \
					  "s", "10.0.1.1") "," B("t",                       \
					  "10.0.1.2") "); } );"                             \
						      "vips = ( { name = \"v\"; address = " \
						      "\"203.0.113.1\"; port = 80; pool = " \
						      "\"web\"; } );"

static int all_up(void **state)
{
	usual(state);
	health = health_view_new(5, 2);
	assert_non_null(health);
	for (int i = 0; i < 5; i++)
		health->backends[i].weight = 100;
	return 0;
}

static int end(void **state)
{
	health_view_free(health);
	health = NULL;
	return 0;
}

/* Entries of pool p's table that lead to backend i. */
static uint32_t entries(const struct generation *g, size_t p, int i)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < g->tables[p]->size; k++)
		n += g->tables[p]->entry[k] == slots[i];
	return n;
}

static void all_up_is_as_without_health(void **state)
{
	struct generation *one = build(TEXT, NULL);
	struct health_view *v = health;

	health = NULL;
	struct generation *two = build(TEXT, one);

	assert_ptr_equal(one->tables[0], two->tables[0]);
	assert_ptr_equal(one->tables[1], two->tables[1]);
	health = v;
	generation_free(two);
	generation_free(one);
}

static void weights_are_the_views(void **state)
{
	health->backends[0].weight = 25;
	health->backends[1].weight = 0;
	health->backends[1].down = true;
	struct generation *g = build(TEXT, NULL);

	assert_in_range(entries(g, 0, 0), 200, 204);
	assert_int_equal(entries(g, 0, 1), 0);
	assert_int_equal(g->owned[slots[0]], entries(g, 0, 0));
	assert_int_equal(g->backends[slots[0]].state, BACKEND_READY);
	assert_int_equal(g->backends[slots[1]].state, BACKEND_DOWN);
	generation_free(g);

	health->backends[0].down = true; /* in the table for want of others */
	g = build(TEXT, NULL);
	assert_int_equal(g->backends[slots[0]].state, BACKEND_READY);
	generation_free(g);
}

static void lent_backends_stand_in_both_tables(void **state)
{
	struct health_view_member *lent = calloc(2, sizeof *lent);

	lent[0] = (struct health_view_member){3, 100};
	lent[1] = (struct health_view_member){4, 300};
	health->backends[0].weight = 0;
	health->backends[1].weight = 0;
	health->pools[0].borrowed = lent;
	health->pools[0].n_borrowed = 2;
	struct generation *g = build(TEXT, NULL);

	assert_in_range(entries(g, 0, 2), 200, 204);
	assert_in_range(entries(g, 0, 3), 200, 204);
	assert_in_range(entries(g, 0, 4), 603, 608);
	assert_in_range(entries(g, 1, 3), 503, 506);
	/* a share is of the backend's own pool */
	assert_int_equal(g->owned[slots[3]], entries(g, 1, 3));
	assert_int_equal(g->owned[slots[2]], entries(g, 0, 2));

	struct generation *again = build(TEXT, g);

	assert_ptr_equal(again->tables[0], g->tables[0]);
	assert_ptr_equal(again->tables[1], g->tables[1]);
	generation_free(again);
	generation_free(g);
}

static void without_a_table_the_service_knows_why(void **state)
{
	static const enum pool_action actions[] = {
		POOL_ACTION_WAIT, POOL_ACTION_EMPTY, POOL_ACTION_REJECT, POOL_ACTION_DROP};

	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		health->pools[0].action = actions[i];
		struct generation *g = build(TEXT, NULL);

		assert_int_equal(g->services[services[0]].action, actions[i]);
		assert_int_equal(g->tables[0]->spec.n, 0);
		assert_int_equal(entries(g, 0, 0) + entries(g, 0, 1) + entries(g, 0, 2), 0);
		assert_int_equal(g->tables[1]->spec.n, 2);
		generation_free(g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_up_is_as_without_health, all_up, end),
		cmocka_unit_test_setup_teardown(weights_are_the_views, all_up, end),
		cmocka_unit_test_setup_teardown(lent_backends_stand_in_both_tables, all_up, end),
		cmocka_unit_test_setup_teardown(without_a_table_the_service_knows_why, all_up, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
