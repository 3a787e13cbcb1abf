/* SPDX-License-Identifier: BSD-3-Clause */

/* Stable numbers: kept, not given out again too early, and told apart by their epoch. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "compile/ids.h"
#include "random.h"

#define LIMIT 48
#define KEYS  40

static uint16_t out[LIMIT + 1];

static void assign(struct ids *ids, const char *const *keys, size_t n, uint64_t revision)
{
	struct sl_err err = SL_ERR_INIT;

	static size_t calls;
	const size_t most = calls++ % 4; /* 0: all at once */
	int rc;

	if (most)
		ids_assign_begin(ids, keys, n, revision, out);
	do
		rc = most ? ids_assign_step(ids, most, &err)
			  : ids_assign(ids, keys, n, revision, out, &err);
	while (rc > 0);
	assert_int_equal(rc, 0);
	assert_int_equal(err.count, 0);
}

#define ASSIGN(ids, revision, ...)                        \
	assign((ids), (const char *const[]){__VA_ARGS__}, \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (revision))

static void kept_in_any_order(void **state)
{
	struct ids *ids = ids_new(LIMIT);

	assert_int_equal(ids_top(ids), 0);
	ASSIGN(ids, 1, "a", "b", "c");
	const uint16_t a = out[0], b = out[1], c = out[2];

	assert_true(a != b && b != c && a != c && a < 3 && b < 3 && c < 3);
	assert_int_equal(ids_top(ids), 3);
	ASSIGN(ids, 2, "c", "d", "a", "b");
	assert_int_equal(out[0], c);
	assert_int_equal(out[1], 3);
	assert_int_equal(out[2], a);
	assert_int_equal(out[3], b);
	ids_free(ids);
}

static void a_number_rests_until_reaped(void **state)
{
	struct ids *ids = ids_new(LIMIT);

	ASSIGN(ids, 1, "a", "b");
	const uint16_t a = out[0];

	assert_int_equal(ids_epoch(ids, a), 1);
	ASSIGN(ids, 2, "b");
	ASSIGN(ids, 3, "b", "c");
	assert_int_not_equal(out[1], a);
	ids_reap(ids, 1, NULL, NULL); /* a left at 2 */
	ASSIGN(ids, 4, "b", "c", "d");
	assert_int_not_equal(out[2], a);
	ids_reap(ids, 2, NULL, NULL);
	ASSIGN(ids, 5, "b", "c", "d", "e");
	assert_int_equal(out[3], a);
	assert_int_equal(ids_epoch(ids, a), 2);
	ids_free(ids);
}

/* What leaves twice rests from the first time it was gone, and what comes back before it is reaped
 * keeps number and epoch. */
static void who_returns_keeps_the_number(void **state)
{
	struct ids *ids = ids_new(LIMIT);

	ASSIGN(ids, 1, "a", "b");
	const uint16_t a = out[0];

	ASSIGN(ids, 2, "b");
	ASSIGN(ids, 3, "b");
	ASSIGN(ids, 4, "b", "a");
	assert_int_equal(out[1], a);
	assert_int_equal(ids_epoch(ids, a), 1);
	ids_reap(ids, 10, NULL, NULL);
	ASSIGN(ids, 5, "a", "b");
	assert_int_equal(out[0], a);
	ASSIGN(ids, 6, "b");
	ASSIGN(ids, 7, "b");
	ids_reap(ids, 6, NULL, NULL);
	ASSIGN(ids, 8, "b", "z");
	assert_int_equal(out[1], a);
	assert_int_equal(ids_epoch(ids, a), 2);
	ids_free(ids);
}

static bool holds(void *arg, uint16_t id)
{
	return id == *(const uint16_t *)arg;
}

static void not_reaped_while_in_use(void **state)
{
	struct ids *ids = ids_new(LIMIT);

	ASSIGN(ids, 1, "a", "b", "c");
	uint16_t held = out[0];
	const uint16_t b = out[1];

	ASSIGN(ids, 2, "c");
	ids_reap(ids, 2, holds, &held);
	ASSIGN(ids, 3, "c", "x", "y");
	assert_int_equal(out[1], b);
	assert_int_not_equal(out[2], held);
	ids_reap(ids, 2, NULL, NULL);
	ASSIGN(ids, 4, "c", "x", "y", "z");
	assert_int_equal(out[3], held);
	ids_free(ids);
}

static void top_falls_with_the_last(void **state)
{
	struct ids *ids = ids_new(LIMIT);

	ASSIGN(ids, 1, "a", "b", "c");
	ASSIGN(ids, 2, "a", "c");
	ids_reap(ids, 2, NULL, NULL);
	assert_int_equal(ids_top(ids), 3);
	ASSIGN(ids, 3, "a");
	assert_int_equal(ids_top(ids), 3);
	ids_reap(ids, 3, NULL, NULL);
	assert_int_equal(ids_top(ids), 1);
	ASSIGN(ids, 4, "a", "d", "e");
	assert_int_equal(ids_epoch(ids, out[1]), 2);
	assert_int_equal(ids_epoch(ids, out[2]), 2);
	ids_free(ids);
}

static void too_many(void **state)
{
	struct sl_err err = SL_ERR_INIT;
	struct ids *ids = ids_new(2);
	const char *const keys[] = {"c", "d"};

	ASSIGN(ids, 1, "a", "b");
	const uint16_t a = out[0], b = out[1];

	assert_int_equal(ids_assign(ids, keys, 2, 2, out, &err), -ENOSPC);
	assert_int_equal(err.count, 1);
	sl_err_clear(&err);
	/* nothing was forgotten and nothing has left */
	ids_reap(ids, 2, NULL, NULL);
	ASSIGN(ids, 3, "a", "b");
	assert_int_equal(out[0], a);
	assert_int_equal(out[1], b);
	assert_int_equal(ids_epoch(ids, a), 1);
	/* with one more step it goes */
	assign(ids, NULL, 0, 4);
	ids_reap(ids, 4, NULL, NULL);
	ASSIGN(ids, 5, "c", "d");
	assert_int_equal(ids_epoch(ids, out[0]), 2);
	ids_free(ids);
}

/* As many things as there may be, all others each time: with IDS_ROOM nothing ever has to wait for
 * more than that those before were reaped; also when builds in between fail. */
static void all_are_replaced(void **state)
{
	enum { MOST = 64, ROUNDS = 40 };
	struct ids *ids = ids_new(IDS_ROOM(MOST));
	struct sl_err err = SL_ERR_INIT;
	char names[MOST][16];
	const char *keys[MOST];
	uint16_t given[MOST];
	uint64_t published = 0;

	for (uint64_t revision = 1; revision <= ROUNDS; revision++) {
		for (int i = 0; i < MOST; i++) {
			snprintf(names[i], sizeof names[i], "r%d.%d", (int)revision, i);
			keys[i] = names[i];
		}
		assert_int_equal(ids_assign(ids, keys, MOST, revision, given, &err), 0);
		if (revision % 3) {
			ids_reap(ids, revision, NULL, NULL);
			published = revision;
		} else {
			ids_forget(ids, published);
		}
	}
	ids_free(ids);
}

/* What a build that failed took is free at once, and what it dropped is not. */
static void failed_builds_hold_nothing(void **state)
{
	struct ids *ids = ids_new(4);

	ASSIGN(ids, 1, "a", "b");
	ids_reap(ids, 1, NULL, NULL);
	const uint16_t a = out[0], b = out[1];

	ASSIGN(ids, 2, "c", "d");
	ids_forget(ids, 1);
	ids_reap(ids, 1, NULL, NULL);
	ASSIGN(ids, 3, "a", "e", "f");
	assert_int_equal(out[0], a);
	assert_true(out[1] != b && out[2] != b);
	assert_int_equal(ids_epoch(ids, a), 1);
	ids_forget(ids, 1);
	assert_int_equal(ids_top(ids), 2);
	ids_free(ids);
}

/* An assignment that does not fit takes nothing, so that a smaller one goes. */
static void what_does_not_fit_takes_nothing(void **state)
{
	struct ids *ids = ids_new(4);
	const char *const many[] = {"b", "c", "d", "e"};
	struct sl_err err = SL_ERR_INIT;

	ASSIGN(ids, 1, "a");
	assert_int_equal(ids_assign(ids, many, 4, 2, out, &err), -ENOSPC);
	sl_err_clear(&err);
	assert_int_equal(ids_top(ids), 1);
	ASSIGN(ids, 3, "a", "f", "g", "h");
	ids_free(ids);
}

/* The same rules, written down per number. */
struct model {
	int key[LIMIT]; /* -1: free */
	uint64_t left[LIMIT];
	uint32_t epoch[LIMIT];
};

static void model_step(
	struct model *m, const bool *wanted, const int *given, size_t n, uint64_t revision)
{
	for (size_t i = 0; i < n; i++) {
		const uint16_t id = out[i];

		assert_true(id < LIMIT);
		for (int k = 0; k < LIMIT; k++)
			if (m->key[k] == given[i])
				assert_int_equal(id, k);
		if (m->key[id] == -1) {
			m->key[id] = given[i];
			m->epoch[id]++;
		}
		assert_int_equal(m->key[id], given[i]);
		m->left[id] = 0;
	}
	for (int k = 0; k < LIMIT; k++)
		if (m->key[k] != -1 && !wanted[m->key[k]] && !m->left[k])
			m->left[k] = revision;
}

static void random_steps(void **state)
{
	static char names[KEYS][8];
	struct random rnd = random_start();
	struct ids *ids = ids_new(LIMIT);
	struct model m = {.key = {0}};

	memset(m.key, 0xff, sizeof m.key);
	for (int i = 0; i < KEYS; i++)
		snprintf(names[i], sizeof names[i], "k%d", i);
	for (uint64_t revision = 1; revision < 5000; revision++) {
		const char *keys[LIMIT];
		bool wanted[KEYS] = {false};
		int given[LIMIT];
		size_t n = 0;

		for (uint32_t tries = random_below(&rnd, 13); tries; tries--) {
			const uint32_t k = random_below(&rnd, KEYS);

			if (wanted[k])
				continue;
			wanted[k] = true;
			given[n] = (int)k;
			keys[n++] = names[k];
		}
		assign(ids, keys, n, revision);
		model_step(&m, wanted, given, n, revision);
		const uint64_t done = revision - (revision > 1 && random_below(&rnd, 2));

		ids_reap(ids, done, NULL, NULL);
		uint32_t top = 0;

		for (int k = 0; k < LIMIT; k++) {
			if (m.key[k] != -1 && m.left[k] && m.left[k] <= done)
				m.key[k] = -1;
			if (m.key[k] != -1)
				top = (uint32_t)k + 1;
			assert_int_equal(ids_epoch(ids, (uint16_t)k), m.epoch[k]);
		}
		assert_int_equal(ids_top(ids), top);
	}
	ids_free(ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_in_any_order),
		cmocka_unit_test(a_number_rests_until_reaped),
		cmocka_unit_test(who_returns_keeps_the_number),
		cmocka_unit_test(not_reaped_while_in_use),
		cmocka_unit_test(top_falls_with_the_last),
		cmocka_unit_test(too_many),
		cmocka_unit_test(all_are_replaced),
		cmocka_unit_test(failed_builds_hold_nothing),
		cmocka_unit_test(what_does_not_fit_takes_nothing),
		cmocka_unit_test(random_steps),
	};

	return cmocka_run_group_tests_name("ids", tests, NULL, NULL);
}
