/* SPDX-License-Identifier: BSD-3-Clause */

/* The board comes from one configuration to the next in parts: until the switch all is as it was,
 * then all is as it shall be, whatever happens between two parts. */

#include "board_world.h"

/* -- Tests ---------------------------------------------------------------------------------------
 */

/* The members in force are those, in the order, with the weights of this configuration. */
static void assert_follows(const struct conf *conf)
{
	const struct board *b = d.board;
	size_t n = 0;

	assert_ptr_equal(b->followed, conf);
	assert_int_equal(b->n_pools, conf->n_pools);
	for (uint32_t p = 0; p < conf->n_pools; p++) {
		assert_string_equal(b->pools[p].name, conf->pools[p].name);
		assert_int_equal(b->pools[p].first, n);
		assert_int_equal(b->pools[p].n, conf->pools[p].n_backends);
		for (size_t i = 0; i < conf->pools[p].n_backends; i++, n++) {
			const struct conf_backend *be = &conf->pools[p].backends[i];
			const struct board_member *m = b->members[n];

			assert_string_equal(m->name, be->name);
			assert_true(sl_addr_eq(&m->address, &be->address));
			assert_int_equal(m->weight, be->weight);
			assert_int_equal(m->number, n);
			assert_int_equal(m->pool, p);
			assert_ptr_equal(b->by_slot[m->slot], m);
			assert_int_equal(m->n_questions, conf->pools[p].n_checks);
			for (size_t q = 0; q < m->n_questions; q++) {
				size_t k;
				struct board_member *const *judged =
					board_check_members(m->questions[q].check, &k);

				assert_int_equal(k, 1);
				assert_ptr_equal(judged[0], m);
			}
		}
	}
	assert_int_equal(b->n_members, n);
	if (!b->follow)
		assert_int_equal(n_checks(), conf->pools[0].n_checks ? n : 0);
}

static void test_all_at_once(void **state)
{
	struct shape other = plain;
	struct board_member *m = at(1, 3), *gone = at(0, 5);

	other.port = 81;
	other.weight = 7;
	other.without = 5;
	other.prefix = "x";
	result_of(m, HEALTH_CODE_L4TOUT);
	result_of(m, HEALTH_CODE_L4TOUT);
	assert_int_equal(m->m.state, HEALTH_DOWN);
	follow(conf_of(&other));
	assert_follows(running.conf);
	assert_ptr_equal(at(1, 3), m);
	assert_null(at(0, 5));
	assert_ptr_not_equal(at(0, 6), gone);
	/* what it is asked now was not asked yet, and it is what it was */
	assert_int_equal(m->questions[0].check->health.state, HEALTH_INIT);
	assert_int_equal(m->m.state, HEALTH_DOWN);
	assert_int_equal(m->share, 0);
	assert_int_equal(at(1, 4)->m.state, HEALTH_UP);
	assert_int_equal(at(1, 4)->share, 7);
}

/* What comes between two parts is heard, judged and decided on as if nothing was under way. */
static void test_results_meanwhile(void **state)
{
	struct shape other = plain;
	struct conf *before = running.conf, *conf;

	other.port = 81;
	conf = conf_of(&other);
	begin(conf);
	for (unsigned int part = 0; d.board->follow->stage <= FOLLOW_LEAVE; part++) {
		struct board_member *m = at(part % POOLS, part / POOLS % MEMBERS);
		const bool was_up = m->m.state == HEALTH_UP;

		assert_follows(before);
		assert_true(part < POOLS * MEMBERS);
		result_of(m, HEALTH_CODE_L4TOUT);
		result_of(m, HEALTH_CODE_L4TOUT);
		assert_true(was_up);
		assert_int_equal(m->m.state, HEALTH_DOWN);
		decide_now();
		assert_int_equal(m->share, 0);
		assert_int_equal(board_follow_step(d.board), 1);
	}
	assert_follows(conf);
	go_on(conf);
	assert_follows(conf);
	assert_int_equal(at(0, 0)->m.state, HEALTH_DOWN);
	assert_int_equal(at(0, 0)->share, 0);
	assert_int_equal(at(3, MEMBERS - 1)->m.state, HEALTH_UP);
	assert_int_equal(at(3, MEMBERS - 1)->share, 100);
}

/* A check that asks the same at other times knows what the one before it found out until then. */
static void test_heir(void **state)
{
	struct shape other = plain;
	struct conf *conf;

	other.inter_ms = 3000;
	conf = conf_of(&other);
	begin(conf);
	go_to(FOLLOW_LEAVE);
	result_of(at(2, 2), HEALTH_CODE_L4TOUT);
	result_of(at(2, 2), HEALTH_CODE_L4TOUT);
	result_of(at(2, 3), HEALTH_CODE_L4TOUT);
	go_on(conf);
	assert_int_equal(at(2, 2)->questions[0].check->params.inter_ms, 3000);
	assert_int_equal(at(2, 2)->questions[0].check->health.state, HEALTH_DOWN);
	assert_int_equal(at(2, 2)->m.state, HEALTH_DOWN);
	assert_int_equal(at(2, 3)->questions[0].check->health.state, HEALTH_UP);
	assert_int_equal(at(2, 3)->questions[0].check->health.streak, 1);
	assert_string_equal(at(2, 3)->last_check, "c");
}

/* One that is to go is heard to the last, and then by nobody. */
static void test_removed_meanwhile(void **state)
{
	struct shape other = plain;
	struct board_member *gone = at(1, 5);
	struct board_check *c = gone->questions[0].check;
	struct conf *conf;
	uint64_t transitions;

	other.without = 5;
	conf = conf_of(&other);
	begin(conf);
	go_midway();
	result(c, HEALTH_CODE_L4TOUT);
	result(c, HEALTH_CODE_L4TOUT);
	assert_int_equal(gone->m.state, HEALTH_DOWN);
	go_to(FOLLOW_SETTLE);
	assert_null(at(1, 5));
	transitions = d.board->transitions;
	result(c, HEALTH_CODE_L4OK);
	assert_int_equal(gone->m.state, HEALTH_DOWN);
	assert_int_equal(d.board->transitions, transitions);
	go_on(conf);
	assert_follows(conf);
	assert_int_equal(n_checks(), POOLS * (MEMBERS - 1));
}

/* A check that is in force for nobody yet. */
static struct board_check *check_ahead(void)
{
	struct board_check *c;
	size_t n;

	TAILQ_FOREACH(c, &d.board->all, link)
	{
		board_check_members(c, &n);
		if (!n)
			return c;
	}
	return NULL;
}

/* A new check answers before its member is in force: the member is judged by that when it is. */
static void test_result_ahead(void **state)
{
	struct shape other = plain;
	const uint64_t transitions = d.board->transitions;
	struct board_check *c;
	struct conf *conf;

	other.more = POOLS * MEMBERS + 1;
	conf = conf_of(&other);
	begin(conf);
	go_to(FOLLOW_LEAVE);
	assert_int_equal(n_checks(), POOLS * MEMBERS + 1);
	c = check_ahead();
	result(c, HEALTH_CODE_L4OK);
	assert_int_equal(c->health.state, HEALTH_UP);
	assert_int_equal(d.board->transitions, transitions);
	assert_null(at(POOLS, 0));
	go_on(conf);
	assert_follows(conf);
	assert_ptr_equal(at(POOLS, 0)->questions[0].check, c);
	assert_int_equal(at(POOLS, 0)->m.state, HEALTH_UP);
	assert_int_equal(at(POOLS, 0)->share, 100);
}

/* Another configuration comes in the midst of the parts of one: nothing is left of that. */
static void test_another_meanwhile(void **state)
{
	struct shape other = plain, newest = plain;
	struct conf *before = running.conf, *conf;

	other.port = 81;
	other.weight = 1;
	other.prefix = "x";
	other.more = POOLS * MEMBERS + 1;
	begin(conf_of(&other));
	go_midway();
	assert_true(n_checks() > POOLS * MEMBERS);
	result_of(at(0, 1), HEALTH_CODE_L4TOUT);
	result_of(at(0, 1), HEALTH_CODE_L4TOUT);
	newest.weight = 9;
	newest.prefix = "y";
	conf = conf_of(&newest);
	begin(conf);
	assert_follows(before);
	assert_int_equal(n_checks(), POOLS * MEMBERS);
	go_on(conf);
	assert_follows(conf);
	assert_int_equal(at(0, 1)->m.state, HEALTH_DOWN);
	assert_int_equal(at(0, 2)->share, 9);

	/* and behind the switch: the one that is in force is brought to its end */
	begin(confs[1]);
	go_to(FOLLOW_SETTLE);
	begin(conf);
	assert_false(board_is_settling(d.board));
	assert_ptr_equal(d.board->followed, confs[1]);
	go_on(conf);
	assert_follows(conf);
}

/* Between the switch and the end of judging no pool is decided on; right behind it all are. */
static void test_no_decision_while_settling(void **state)
{
	struct shape other = plain;
	struct conf *conf;

	other.weight = 5;
	conf = conf_of(&other);
	begin(conf);
	go_to(FOLLOW_SETTLE);
	result_of(at(3, 1), HEALTH_CODE_L4TOUT);
	result_of(at(3, 1), HEALTH_CODE_L4TOUT);
	assert_int_equal(at(3, 1)->m.state, HEALTH_DOWN);
	decide_now();
	assert_int_equal(at(3, 1)->share, 100);
	assert_int_equal(at(3, 2)->share, 100);
	go_on(conf);
	assert_int_equal(at(3, 1)->share, 0);
	assert_int_equal(at(3, 2)->share, 5);
}

/* A freeze that begins before the new ones are judged holds them as they are judged. */
static void test_freeze_while_settling(void **state)
{
	struct shape other = plain;
	struct conf *conf;

	other.unasked = true;
	other.more = POOLS * MEMBERS + 1;
	conf = conf_of(&other);
	begin(conf);
	go_to(FOLLOW_SETTLE);
	board_freeze(d.board, FREEZE_MANUAL, 60000);
	go_on(conf);
	assert_true(at(POOLS, 0)->is_held);
	assert_int_equal(at(POOLS, 0)->share, 100);
	assert_int_equal(at(0, 0)->share, 100);
}

/* No memory anywhere on the way: all is as it was. */
static void test_no_memory(void **state)
{
	struct shape other = plain;
	struct conf *before = running.conf, *conf;
	int rc, tries = 0;

	other.port = 81;
	other.prefix = "x";
	other.more = POOLS * MEMBERS + 1;
	conf = conf_of(&other);
	do {
		assert_follows(before);
		strdups_left = 7 * tries++;
		rc = board_follow(d.board, conf, slots);
		strdups_left = -1;
		assert_null(d.board->follow);
	} while (rc == -ENOMEM);
	assert_int_equal(rc, 0);
	assert_true(tries > 2 * POOLS);
	running.conf = conf;
	assert_follows(conf);
}

/* Pools that change while others are decided on have their turn right behind. */
static void test_touched_meanwhile(void **state)
{
	for (unsigned int p = 0; p < POOLS; p++)
		board_touch(d.board, &d.board->pools[p]);
	board_decide_begin(d.board, false);
	assert_int_equal(board_decide_step(d.board), 1);
	builds = 0;
	for (unsigned int p = 0; p < POOLS; p++) {
		result_of(at(p, 0), HEALTH_CODE_L4TOUT);
		result_of(at(p, 0), HEALTH_CODE_L4TOUT);
	}
	decide_now();
	assert_int_equal(at(0, 0)->share, 100); /* the first one's turn was over */
	assert_int_equal(at(1, 0)->share, 0);
	assert_int_equal(builds, 1);
	assert_true(d.board->touched);
	decide_now();
	assert_int_equal(at(0, 0)->share, 0);
	assert_int_equal(builds, 2);
	assert_false(d.board->touched);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_at_once),
		TEST(test_results_meanwhile),
		TEST(test_heir),
		TEST(test_removed_meanwhile),
		TEST(test_result_ahead),
		TEST(test_another_meanwhile),
		TEST(test_no_decision_while_settling),
		TEST(test_freeze_while_settling),
		TEST(test_no_memory),
		TEST(test_touched_meanwhile),
	};
	int rc;

	assert_non_null(mkdtemp(dir));
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return rc;
}
