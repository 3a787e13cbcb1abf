/* SPDX-License-Identifier: BSD-3-Clause */

/* The filling of tables from given ways. What tables are for is tested in test_maglev.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "random.h"
#include "table/maglev.h"

#define SMALL 65537

static uint16_t table[SMALL], other[SMALL];

static struct random rnd;

static int restart_random(void **state)
{
	rnd = random_start();
	return 0;
}

static void worked_example(void **state)
{
	static const struct maglev_way ways[] = {{3, 4, 1}, {0, 2, 1}, {3, 1, 1}};
	static const struct maglev_way without1[] = {{3, 4, 1}, {3, 1, 1}};
	static const uint16_t all[7] = {1, 0, 1, 0, 2, 2, 0};
	static const uint16_t rest[7] = {0, 0, 0, 0, 1, 1, 1}; /* index 1 is backend 2 */
	uint16_t t[7];

	assert_int_equal(maglev_fill(ways, 3, t, 7), 0);
	assert_memory_equal(t, all, sizeof t);
	assert_int_equal(maglev_fill(without1, 2, t, 7), 0);
	assert_memory_equal(t, rest, sizeof t);
}

/* The definition of maglev.h, word for word and without haste. */
static void fill_by_definition(const struct maglev_way *w, uint32_t n, uint16_t *t, uint32_t size)
{
	uint64_t credit[64], top = 0;
	uint32_t place[64] = {0}, filled = 0;

	memset(t, 0xff, size * sizeof *t);
	for (uint32_t i = 0; i < n; i++)
		top = w[i].weight > top ? w[i].weight : top;
	for (uint32_t i = 0; i < n; i++)
		credit[i] = top * w[i].offset / size;
	for (uint32_t i = 0; filled < size; i = (i + 1) % n) {
		uint32_t e;

		credit[i] += w[i].weight;
		if (credit[i] < top)
			continue;
		credit[i] -= top;
		do
			e = (uint32_t)((w[i].offset + (uint64_t)place[i]++ * w[i].skip) % size);
		while (t[e] != MAGLEV_NONE);
		t[e] = (uint16_t)i;
		filled++;
	}
}

static void fill_follows_definition(void **state)
{
	static const uint32_t sizes[] = {3, 5, 7, 11, 31, 61, 67, 251, 1021, 4099, 65537};
	static const uint32_t most_weight[] = {1, 2, 3, 10, 1000, UINT32_MAX};
	struct maglev_way w[64];

	for (int run = 0; run < 600; run++) {
		const uint32_t size = sizes[random_below(&rnd, sizeof sizes / sizeof *sizes)];
		const uint32_t most = most_weight[random_below(&rnd, 6)];
		const uint32_t n = 1 + random_below(&rnd, 64);

		for (uint32_t i = 0; i < n; i++)
			w[i] = (struct maglev_way){random_below(&rnd, size),
				1 + random_below(&rnd, size - 1),
				1 + random_below(&rnd,
					    most >> random_below(&rnd, 2) * random_below(&rnd, 32) |
						    1)};
		assert_int_equal(maglev_fill(w, n, table, size), 0);
		fill_by_definition(w, n, other, size);
		assert_memory_equal(table, other, size * sizeof *table);
	}
}

/* A turn due 2^32 rounds after the one before. */
static void weights_far_apart(void **state)
{
	static const struct maglev_way w[] = {{0, 1, UINT32_MAX}, {SMALL - 1, 1, 1}};

	assert_int_equal(maglev_fill(w, 2, table, SMALL), 0);
	fill_by_definition(w, 2, other, SMALL);
	assert_memory_equal(table, other, SMALL * sizeof *table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_example),
		cmocka_unit_test(fill_follows_definition),
		cmocka_unit_test(weights_far_apart),
	};

	return cmocka_run_group_tests(tests, restart_random, NULL);
}
