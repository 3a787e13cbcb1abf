/* SPDX-License-Identifier: BSD-3-Clause */

/* The schedule against a clock that only the test moves. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "health/schedule.h"

#define MANY   2000
#define SECOND 1000000ull

static struct schedule_item items[MANY];

static struct schedule *fill(
	uint64_t seed, size_t n, uint32_t interval_ms, uint32_t inflight, uint32_t rate)
{
	struct schedule *s = schedule_new(seed);

	memset(items, 0, sizeof items);
	schedule_limit(s, inflight, rate);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(schedule_add(s, &items[i], interval_ms, SECOND), 0);
	return s;
}

/* Sleep as long as the schedule says, start all that may, each probe takes no time. Counts starts
 * until `end`. */
static size_t run(
	struct schedule *s, uint64_t *now, uint64_t end, uint32_t interval_ms, uint32_t jitter_pct)
{
	size_t starts = 0;

	while (*now < end) {
		for (struct schedule_item *i; (i = schedule_next(s, *now)); starts++) {
			assert_true(i->due_us <= *now);
			schedule_done(s, i, interval_ms, jitter_pct, *now);
		}
		const uint64_t wait = schedule_wait_us(s, *now);

		*now = wait < end - *now ? *now + wait : end;
	}
	return starts;
}

static void everybody_has_a_turn_each_interval(void **state)
{
	const uint64_t seed = (uint64_t)time(NULL);
	struct schedule *s = fill(seed, MANY, 2000, 1024, 10000);
	uint64_t now = SECOND, last[MANY] = {0};
	size_t starts = 0;

	print_message("seed %llu\n", (unsigned long long)seed);
	while (now < 21 * SECOND) {
		for (struct schedule_item *i; (i = schedule_next(s, now)); starts++) {
			const size_t n = (size_t)(i - items);

			if (last[n])
				assert_in_range(now - last[n], 1800000, 2200100);
			else
				assert_in_range(now - SECOND, 0, 2000000);
			last[n] = now;
			schedule_done(s, i, 2000, 10, now);
		}
		now += schedule_wait_us(s, now);
	}
	assert_in_range(starts, MANY * 9, MANY * 11);
	schedule_free(s);
}

static void equal_seeds_are_equal(void **state)
{
	uint64_t due[2][100];

	for (int k = 0; k < 3; k++) {
		struct schedule *s = fill(k == 2 ? 8 : 7, 100, 2000, 10, 100);

		for (int i = 0; i < 100; i++)
			due[k > 0][i] = items[i].due_us;
		if (k == 1)
			assert_memory_equal(due[0], due[1], sizeof due[0]);
		schedule_free(s);
	}
	assert_memory_not_equal(due[0], due[1], sizeof due[0]);
}

static void a_long_probe_is_followed_by_a_gap(void **state)
{
	struct schedule *s = fill(1, 1, 1, 1, 1000);
	const uint64_t now = 2 * SECOND;
	struct schedule_item *i = schedule_next(s, now);

	assert_ptr_equal(i, &items[0]);
	assert_null(schedule_next(s, now + 5 * SECOND));
	schedule_done(s, i, 500, 0, now + 700000);
	assert_int_equal(i->due_us, now + 700000 + SCHEDULE_GAP_US);
	i = schedule_next(s, i->due_us);
	schedule_done(s, i, 500, 0, i->start_us + 1000);
	assert_int_equal(i->due_us, i->start_us + 500000);
	schedule_free(s);
}

static void limits_hold_back(void **state)
{
	struct schedule *s = fill(2, 100, 1, 10, 1000);
	uint64_t now = 2 * SECOND;
	size_t started = 0;

	while (schedule_next(s, now))
		started++;
	assert_int_equal(started, 10);
	assert_int_equal(schedule_inflight(s), 10);
	assert_int_equal(schedule_delayed(s), 1);
	assert_true(schedule_lag_us(s, now) > 900000);
	/* only the end of one helps */
	assert_true(schedule_wait_us(s, now) == UINT64_MAX);
	for (size_t i = 0; i < 100; i++)
		if (items[i].running) {
			schedule_remove(s, &items[i]);
			break;
		}
	assert_non_null(schedule_next(s, now));
	schedule_free(s);

	s = fill(3, 1000, 1, 1000, 100);
	now = 2 * SECOND;
	/* 100 a second and a tenth of a second's worth in advance */
	assert_in_range(run(s, &now, 4 * SECOND, 1, 0), 195, 215);
	schedule_free(s);
}

static void a_stall_makes_no_burst(void **state)
{
	struct schedule *s = fill(4, MANY, 2000, MANY, 1000000);
	uint64_t now = SECOND;

	run(s, &now, 4 * SECOND, 2000, 10);
	assert_int_equal(schedule_stalls(s), 0);
	now += 30 * SECOND; /* stopped, or suspended */
	size_t at_once = 0;

	for (struct schedule_item *i; (i = schedule_next(s, now)); at_once++)
		schedule_done(s, i, 2000, 10, now);
	assert_int_equal(schedule_stalls(s), 1);
	assert_in_range(at_once, 0, MANY / 100);
	/* and afterwards all go on at their pace */
	assert_in_range(run(s, &now, now + 2 * SECOND, 2000, 10), MANY * 9 / 10, MANY * 11 / 10);
	schedule_free(s);
}

static void random_removal_keeps_the_order(void **state)
{
	const unsigned int seed = (unsigned int)time(NULL);
	struct schedule *s = fill(seed, MANY, 2000, MANY, 1000000);
	uint64_t now = 2 * SECOND, last = 0;
	size_t left = 0;

	print_message("seed %u\n", seed);
	srand(seed);
	for (size_t i = 0; i < MANY; i++) {
		if (rand() % 3 == 0)
			schedule_remove(s, &items[i]);
		else if (rand() % 5 == 0)
			schedule_hurry(s, &items[i], SECOND);
		left += items[i].at > 0;
	}
	now = 4 * SECOND;
	for (struct schedule_item *i; (i = schedule_next(s, now)); left--) {
		assert_true(i->due_us >= last);
		last = i->due_us;
	}
	assert_int_equal(left, 0);
	schedule_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_has_a_turn_each_interval),
		cmocka_unit_test(equal_seeds_are_equal),
		cmocka_unit_test(a_long_probe_is_followed_by_a_gap),
		cmocka_unit_test(limits_hold_back),
		cmocka_unit_test(a_stall_makes_no_burst),
		cmocka_unit_test(random_removal_keeps_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
