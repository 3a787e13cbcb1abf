/* SPDX-License-Identifier: BSD-3-Clause */

/* Rules that hold in every state that can be reached; random lives are health_model.py's part. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "health/decide.h"
#include "health/freeze.h"
#include "health/member.h"

#define ANY_STREAK 5

static const enum health_code codes[] = {HEALTH_CODE_L7OK, HEALTH_CODE_L4CON, HEALTH_CODE_SOCKERR};

/* Every state and streak below its limit can be reached; each meets each result. */
static void check_rules(const struct health_params *p, enum health_state state, uint32_t streak)
{
	for (size_t i = 0; i < 3; i++) {
		struct health_result r;
		struct health h;

		health_init(&h, 0);
		h.state = state;
		h.streak = streak;
		health_result_set(&r, codes[i], 1, "test");
		const bool changed = health_take(&h, p, &r, 77);
		const bool ok = i == HEALTH_OK, neutral = i == HEALTH_NEUTRAL;

		assert_int_equal(changed, h.state != state);
		assert_int_not_equal(changed ? h.state : HEALTH_UP, HEALTH_INIT);
		if (changed) {
			assert_int_equal(h.streak, 0);
			assert_int_equal(h.since_ms, 77);
			assert_int_equal(h.state, ok ? HEALTH_UP : HEALTH_DOWN);
		} else if (neutral) {
			assert_int_equal(h.streak, streak);
		} else {
			const bool against = (state == HEALTH_UP) != ok;

			assert_int_equal(h.streak, against ? streak + 1 : 0);
			assert_true(h.streak < (state == HEALTH_UP ? p->fall : p->rise));
		}
		if (state == HEALTH_INIT && !neutral)
			assert_true(changed);
	}
}

static void every_state_meets_every_result(void **state)
{
	for (uint32_t rise = 1; rise < ANY_STREAK; rise++)
		for (uint32_t fall = 1; fall < ANY_STREAK; fall++) {
			const struct health_params p = {
				.inter_ms = 1, .fastinter_ms = 1, .downinter_ms = 1, rise, fall};

			check_rules(&p, HEALTH_INIT, 0);
			for (uint32_t s = 0; s < fall; s++)
				check_rules(&p, HEALTH_UP, s);
			for (uint32_t s = 0; s < rise; s++)
				check_rules(&p, HEALTH_DOWN, s);
		}
}

static void the_last_sixteen_are_kept(void **state)
{
	const struct health_params p = {.rise = 1, .fall = 1};
	struct health_result r;
	struct health h;

	health_init(&h, 0);
	assert_null(health_kept(&h, 0));
	for (uint32_t i = 0; i < 40; i++) {
		health_result_set(&r, HEALTH_CODE_L4OK, i, "%u", i);
		health_take(&h, &p, &r, 1000 + i);
		assert_int_equal(health_kept(&h, 0)->result.duration_us, i);
	}
	for (uint32_t i = 0; i < HEALTH_KEPT; i++)
		assert_int_equal(health_kept(&h, i)->at_ms, 1039 - i);
	assert_null(health_kept(&h, HEALTH_KEPT));
}

/* What a member can be, as far as a decision looks. */
static const struct decide_member kinds[] = {
	{.ready = false, .state = HEALTH_UP},
	{.ready = true, .state = HEALTH_INIT},
	{.ready = true, .state = HEALTH_UP},
	{.ready = true, .state = HEALTH_UP, .suppressed = true},
	{.ready = true, .state = HEALTH_UP, .ejected = true},
	{.ready = true, .state = HEALTH_DOWN},
};
#define KINDS   (sizeof kinds / sizeof *kinds)
#define MEMBERS 4

static bool healthy(const struct decide_member *m)
{
	return m->ready && m->state == HEALTH_UP && !m->suppressed && !m->ejected;
}

/* Whatever the rules: nobody who must not gets a share, and a pool with a healthy member serves. */
static void decision_rules(const struct decide_rules *rules, const struct decide_memory *memory,
	struct decide_member *m, bool backup)
{
	struct decide_memory after = *memory;
	const struct decision d = decide(rules, &after, m, MEMBERS, backup, 10000);
	uint64_t shares = 0, w_healthy = 0, w_ready = 0;
	const bool all = d.reason == DECIDE_PANIC || d.reason == DECIDE_FAILOPEN;

	for (size_t i = 0; i < MEMBERS; i++) {
		shares += m[i].share;
		w_healthy += healthy(&m[i]) ? m[i].weight : 0;
		w_ready += m[i].ready ? m[i].weight : 0;
		if (!m[i].ready)
			assert_int_equal(m[i].share, 0);
		else if (all)
			assert_int_equal(m[i].share, m[i].weight);
		else if (m[i].share)
			assert_int_equal(m[i].share, m[i].effective);
		if (m[i].state == HEALTH_DOWN && !all)
			assert_int_equal(m[i].share, 0);
		if (d.reason == DECIDE_NORMAL)
			assert_int_equal(m[i].share > 0, healthy(&m[i]));
	}
	if (w_healthy)
		assert_int_equal(d.action, POOL_ACTION_TABLE);
	assert_int_equal(d.action == POOL_ACTION_EMPTY, w_ready == 0);
	if (d.action != POOL_ACTION_TABLE || d.reason == DECIDE_REPLACE)
		assert_int_equal(shares, 0);
	else if (!d.borrow)
		assert_true(shares > 0);
	assert_int_equal(d.borrow, d.reason == DECIDE_SPILL || d.reason == DECIDE_REPLACE);
	if (d.borrow)
		assert_true(backup);
	if (d.reason == DECIDE_NORMAL && !memory->panic)
		assert_true(d.w_ok * 100 >= d.w_all * rules->panic_pct);
}

static void every_pool_of_four(void **state)
{
	const uint32_t pct[] = {0, 30, 50, 100};
	const uint64_t below[] = {1, 101, 100000};

	for (size_t n = 0; n < KINDS * KINDS * KINDS * KINDS; n++)
		for (size_t k = 0; k < 4 * 3 * 2 * 3 * 2 * 4; k++) {
			const struct decide_rules rules = {
				.panic_pct = pct[k % 4],
				.backup_below = below[k / 4 % 3],
				.backup_mode = (enum decide_backup_mode)(k / 12 % 2),
				.on_all_down = (enum decide_all_down)(k / 24 % 3),
			};
			const struct decide_memory memory = {
				.starting = k / 144 % 2,
				.panic = k / 144 / 2,
				.calm = k / 144 / 2,
				.calm_ms = 4000,
			};
			struct decide_member m[MEMBERS];
			size_t left = n;

			for (size_t i = 0; i < MEMBERS; i++, left /= KINDS) {
				m[i] = kinds[left % KINDS];
				m[i].weight = i == 3 ? 1 : 100;
				m[i].effective = i == 3 ? 1 : 20;
			}
			decision_rules(&rules, &memory, m, k / 72 % 2);
		}
}

/* 10 members of 100: exactly at panic_pct, one below, and the way out. */
static void panic_has_a_boundary_and_a_way_out(void **state)
{
	const struct decide_rules rules = {.panic_pct = 30, .backup_below = 1};
	struct decide_memory memory = {0};
	struct decide_member m[10];

	for (size_t i = 0; i < 10; i++)
		m[i] = (struct decide_member){true, 100, 100, i < 3 ? HEALTH_UP : HEALTH_DOWN};
	assert_int_equal(decide(&rules, &memory, m, 10, false, 0).reason, DECIDE_NORMAL);
	assert_int_equal(m[9].share, 0);
	m[2].state = HEALTH_DOWN;
	assert_int_equal(decide(&rules, &memory, m, 10, false, 1).reason, DECIDE_PANIC);
	assert_int_equal(m[9].share, 100);
	m[2].state = HEALTH_UP;
	assert_int_equal(decide(&rules, &memory, m, 10, false, 100000).reason, DECIDE_PANIC);
	m[3].state = HEALTH_UP;
	assert_int_equal(decide(&rules, &memory, m, 10, false, 200000).reason, DECIDE_PANIC);
	assert_int_equal(decide(&rules, &memory, m, 10, false, 204999).reason, DECIDE_PANIC);
	assert_int_equal(decide(&rules, &memory, m, 10, false, 205000).reason, DECIDE_NORMAL);
	m[3].state = HEALTH_DOWN;
	assert_int_equal(decide(&rules, &memory, m, 10, false, 205001).reason, DECIDE_NORMAL);
}

/* One of 100 members in slow start still gets something, and the steps are even. */
static void slow_start_steps(void **state)
{
	const struct member_params p = {.slow_start_ms = 30000, .slow_start_steps = 5};
	const struct member_checks up = {.n = 1, .up = 1};
	struct member m;

	member_init(&m, 1000);
	assert_int_equal(member_judge(&m, &p, &up, true, 1000), MEMBER_STATE);
	assert_int_equal(member_weight(&m, &p, 100, 1000), 20);
	assert_int_equal(member_weight(&m, &p, 100, 8499), 20);
	assert_int_equal(member_weight(&m, &p, 100, 8500), 40);
	assert_int_equal(member_weight(&m, &p, 100, 16000), 60);
	assert_int_equal(member_weight(&m, &p, 100, 23500), 80);
	assert_int_equal(member_weight(&m, &p, 100, 30999), 80);
	assert_int_equal(member_weight(&m, &p, 100, 31000), 100);
	assert_int_equal(member_weight(&m, &p, 1, 1000), 1);
	assert_int_equal(member_weight(&m, &p, 0, 1000), 0);
	assert_int_equal(member_tick(&m, &p, 31000), MEMBER_RAMP);
	assert_int_equal(member_tick(&m, &p, 31001), 0);
}

/* Up and down every 5 s for 10 minutes, 3 failures or 2 successes to turn. */
static void flapping_is_held_out(void **state)
{
	const struct member_params p = {.flap_suppress = 2500,
		.flap_reuse = 1250,
		.flap_half_life_ms = 60000,
		.flap_max_ms = 300000};
	const struct member_checks up = {.n = 1, .up = 1}, down = {.n = 1, .down = 1};
	struct member m;
	bool in = false;
	int changes = 0;

	member_init(&m, 0);
	for (uint64_t now = 0; now < 600000; now += 100) {
		member_judge(&m, &p, now / 5000 % 2 ? &down : &up, false, now);
		member_tick(&m, &p, now);
		const bool is_in = m.state == HEALTH_UP && !m.suppressed;

		changes += is_in != in;
		in = is_in;
	}
	print_message("%d changes\n", changes);
	assert_in_range(changes, 4, 8);
}

static void freeze_needs_most_of_several_pools(void **state)
{
	assert_true(freeze_is_mass(&(struct freeze_count){7, 10, 3}));
	assert_false(freeze_is_mass(&(struct freeze_count){69, 100, 3}));
	assert_false(freeze_is_mass(&(struct freeze_count){10, 10, 2}));
	assert_false(freeze_is_mass(&(struct freeze_count){0, 0, 0}));
}

static void freeze_ends(void **state)
{
	struct freeze f = {0};

	assert_false(freeze_tick(&f, 0));
	assert_true(freeze_begin(&f, FREEZE_LINK, FREEZE_MS, 1000));
	assert_false(freeze_begin(&f, FREEZE_MASS, 100, 1000));
	assert_int_equal(f.why, FREEZE_LINK);
	freeze_link_back(&f, 2000);
	assert_false(freeze_tick(&f, 2000 + FREEZE_SETTLE_MS - 1));
	assert_true(freeze_tick(&f, 2000 + FREEZE_SETTLE_MS));
	assert_false(freeze_tick(&f, 2000 + FREEZE_SETTLE_MS));
	assert_true(freeze_begin(&f, FREEZE_MASS, FREEZE_MS, 10000));
	freeze_link_back(&f, 11000);
	assert_false(freeze_tick(&f, 10000 + FREEZE_MS - 1));
	assert_true(freeze_tick(&f, 10000 + FREEZE_MS));
}

/* Who makes a freeze longer is told so, and it has that one's reason from then on. */
static void freeze_grows(void **state)
{
	struct freeze f = {0};

	assert_int_equal(freeze_left_ms(&f, 500), 0);
	assert_true(freeze_begin(&f, FREEZE_LINK, 1000, 1000));
	assert_int_equal(freeze_left_ms(&f, 1400), 600);
	assert_true(freeze_begin(&f, FREEZE_MANUAL, 9000, 1400));
	assert_int_equal(f.why, FREEZE_MANUAL);
	freeze_link_back(&f, 1500);
	assert_int_equal(freeze_left_ms(&f, 1500), 8900);
	freeze_end(&f);
	assert_int_equal(freeze_left_ms(&f, 1500), 0);
	assert_true(freeze_tick(&f, 1500));
	assert_int_equal(f.why, FREEZE_NOT);
	assert_false(freeze_tick(&f, 1500));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_meets_every_result),
		cmocka_unit_test(the_last_sixteen_are_kept),
		cmocka_unit_test(every_pool_of_four),
		cmocka_unit_test(panic_has_a_boundary_and_a_way_out),
		cmocka_unit_test(slow_start_steps),
		cmocka_unit_test(flapping_is_held_out),
		cmocka_unit_test(freeze_needs_most_of_several_pools),
		cmocka_unit_test(freeze_ends),
		cmocka_unit_test(freeze_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
