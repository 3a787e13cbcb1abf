/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "random.h"
#include "table/maglev.h"

#define SMALL 65537
#define LARGE 655373
#define MOST  1000

static uint16_t table[LARGE], other[LARGE];
static struct maglev_member members[MOST], changed[MOST];

static struct random rnd;

static int restart_random(void **state)
{
	rnd = random_start();
	return 0;
}

/* Members with addresses in a row, as a rack has them, in a network of their own; slot i, equal
 * weights. */
static void make_members(struct maglev_member *m, uint32_t n)
{
	const uint64_t net = random_next(&rnd);

	for (uint32_t i = 0; i < n; i++) {
		m[i] = (struct maglev_member){.weight = 100, .slot = (uint16_t)i};
		memcpy(m[i].address.b, &net, sizeof net);
		m[i].address.b[0] = 0x20;
		m[i].address.b[14] = (uint8_t)(i >> 8);
		m[i].address.b[15] = (uint8_t)i;
	}
}

static void compile(const struct maglev_member *m, uint32_t n, uint16_t *t, uint32_t size)
{
	assert_int_equal(maglev_compile(m, n, t, size), 0);
}

static uint64_t checksum(
	const struct maglev_member *m, uint32_t n, const uint16_t *t, uint32_t size)
{
	uint64_t sum = 0;

	assert_int_equal(maglev_checksum(m, n, t, size, &sum), 0);
	return sum;
}

/* Entries per slot; every entry must be a slot below n. */
static const uint32_t *count_slots(const uint16_t *t, uint32_t size, uint32_t n)
{
	static uint32_t count[MOST];

	memset(count, 0, sizeof count);
	for (uint32_t e = 0; e < size; e++) {
		assert_true(t[e] < n);
		count[t[e]]++;
	}
	return count;
}

static void shuffle(struct maglev_member *m, uint32_t n)
{
	for (uint32_t i = n; i > 1; i--) {
		const uint32_t j = random_below(&rnd, i);
		const struct maglev_member keep = m[i - 1];

		m[i - 1] = m[j];
		m[j] = keep;
	}
}

/* Equal weights: nobody has a turn more than another, so every share is the mean, rounded down or
 * up. For 1000 of 65537 that is max/mean 1.007 and min/mean 0.992. */
static void equal_weights_share_equally(void **state)
{
	static const uint32_t sizes[] = {SMALL, LARGE};
	static const uint32_t numbers[] = {1, 2, 3, 7, 10, 64, 100, 255, 500, 999, 1000};

	for (int s = 0; s < 2; s++) {
		for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
			const uint32_t n = numbers[i], least = sizes[s] / n;
			const uint32_t *count;

			make_members(members, n);
			compile(members, n, table, sizes[s]);
			count = count_slots(table, sizes[s], n);
			for (uint32_t j = 0; j < n; j++)
				assert_in_range(count[j], least, least + 1);
		}
	}
}

static double max_to_mean(const uint32_t *count, uint32_t n, uint32_t size, double *min_to_mean)
{
	uint32_t most = 0, least = UINT32_MAX;

	for (uint32_t i = 0; i < n; i++) {
		most = count[i] > most ? count[i] : most;
		least = count[i] < least ? count[i] : least;
	}
	*min_to_mean = (double)least * n / size;
	return (double)most * n / size;
}

static void spread_of_1000(void **state)
{
	double least, most;

	make_members(members, MOST);
	compile(members, MOST, table, SMALL);
	most = max_to_mean(count_slots(table, SMALL, MOST), MOST, SMALL, &least);
	print_message("N=1000 M=65537: max/mean %.4f, min/mean %.4f\n", most, least);
	assert_true(most > 1.006 && most < 1.008);
	assert_true(least > 0.991 && least < 0.993);
}

static void weights_are_shares(void **state)
{
	static const uint32_t sizes[] = {SMALL, LARGE};

	for (int run = 0; run < 24; run++) {
		const uint32_t size = sizes[run % 2], n = 2 + random_below(&rnd, MOST - 1);
		const uint32_t most_weight = run % 3 ? 1000 : 3;
		const uint32_t *count;
		uint64_t sum = 0;

		make_members(members, n);
		for (uint32_t i = 0; i < n; i++)
			sum += members[i].weight = 1 + random_below(&rnd, most_weight);
		compile(members, n, table, size);
		count = count_slots(table, size, n);
		for (uint32_t i = 0; i < n; i++) {
			const double share = (double)size * members[i].weight / (double)sum;
			const double off = count[i] > share ? count[i] - share : share - count[i];

			assert_true(off <= 3 || off <= share / 100);
		}
	}
}

/* What the others lose or win by rounding is his to win or lose: sigma sqrt(999 / 12). */
static void one_heavy_member(void **state)
{
	const uint32_t *count;

	make_members(members, MOST);
	for (uint32_t i = 1; i < MOST; i++)
		members[i].weight = 1;
	members[0].weight = 1000;
	compile(members, MOST, table, SMALL);
	count = count_slots(table, SMALL, MOST);
	assert_in_range(count[0], SMALL * 1000ul / 1999 - 60, SMALL * 1000ul / 1999 + 60);
	for (uint32_t i = 1; i < MOST; i++)
		assert_in_range(count[i], 32, 33);
}

static void only_ratios_of_weights_count(void **state)
{
	make_members(members, 10);
	for (uint32_t i = 0; i < 10; i++)
		members[i].weight = 2 * (1 + i);
	compile(members, 10, table, SMALL);
	for (uint32_t i = 0; i < 10; i++)
		members[i].weight *= 37;
	compile(members, 10, other, SMALL);
	assert_memory_equal(table, other, SMALL * sizeof *table);
}

/* A member of weight 0 leaves the table as if it were not a member at all. */
static void weight_0_is_absent(void **state)
{
	const uint32_t *count;

	make_members(members, 10);
	members[4].weight = 0;
	compile(members, 10, table, SMALL);
	count = count_slots(table, SMALL, 10);
	assert_int_equal(count[4], 0);
	assert_in_range(count[5], SMALL / 9, SMALL / 9 + 1);
	memmove(&members[4], &members[5], 5 * sizeof *members);
	compile(members, 9, other, SMALL);
	assert_memory_equal(table, other, SMALL * sizeof *table);
}

static void one_member_has_all(void **state)
{
	make_members(members, 1);
	members[0].slot = MAGLEV_MAX_SLOT;
	compile(members, 1, table, SMALL);
	for (uint32_t e = 0; e < SMALL; e++)
		assert_int_equal(table[e], MAGLEV_MAX_SLOT);
}

static void no_member_leaves_none(void **state)
{
	memset(table, 0, sizeof table);
	compile(NULL, 0, table, SMALL);
	for (uint32_t e = 0; e < SMALL; e++)
		assert_int_equal(table[e], MAGLEV_NONE);
	make_members(members, 3);
	for (uint32_t i = 0; i < 3; i++)
		members[i].weight = 0;
	memset(table, 0, sizeof table);
	compile(members, 3, table, SMALL);
	for (uint32_t e = 0; e < SMALL; e++)
		assert_int_equal(table[e], MAGLEV_NONE);
	assert_int_equal(checksum(members, 3, table, SMALL), checksum(NULL, 0, table, SMALL));
}

static void more_members_than_entries(void **state)
{
	const uint32_t *count;

	make_members(members, MOST);
	compile(members, MOST, table, 251);
	count = count_slots(table, 251, MOST);
	for (uint32_t i = 0; i < MOST; i++)
		assert_true(count[i] <= 1);
}

static void order_of_insertion_is_nothing(void **state)
{
	static const uint32_t sizes[] = {SMALL, LARGE};

	for (int s = 0; s < 2; s++) {
		make_members(members, MOST);
		for (uint32_t i = 0; i < MOST; i++) {
			members[i].weight = random_below(&rnd, 200);
			members[i].id = i % 3 ? 0 : 1 + random_below(&rnd, 1000) * MOST + i;
		}
		compile(members, MOST, table, sizes[s]);
		for (int run = 0; run < 20; run++) {
			shuffle(members, MOST);
			compile(members, MOST, other, sizes[s]);
			assert_memory_equal(table, other, sizes[s] * sizeof *table);
		}
	}
}

/* Another node: same members, other slots. */
static void slot_numbers_are_nothing(void **state)
{
	uint16_t new_slot[MOST];

	make_members(members, MOST);
	memcpy(changed, members, sizeof changed);
	for (uint32_t i = 0; i < MOST; i++)
		new_slot[i] = changed[i].slot = (uint16_t)(MAGLEV_MAX_SLOT - 7 * i);
	compile(members, MOST, table, SMALL);
	compile(changed, MOST, other, SMALL);
	for (uint32_t e = 0; e < SMALL; e++)
		assert_int_equal(other[e], new_slot[table[e]]);
	shuffle(changed, MOST);
	assert_int_equal(
		checksum(members, MOST, table, SMALL), checksum(changed, MOST, other, SMALL));
}

static void checksum_sees_every_entry(void **state)
{
	uint64_t sum;

	make_members(members, 10);
	compile(members, 10, table, SMALL);
	sum = checksum(members, 10, table, SMALL);
	for (uint32_t e = 0; e < SMALL; e += 4099) {
		const uint16_t slot = table[e];

		table[e] = (slot + 1) % 10;
		assert_int_not_equal(checksum(members, 10, table, SMALL), sum);
		table[e] = slot;
	}
	members[3].weight++;
	compile(members, 10, other, SMALL);
	assert_int_not_equal(checksum(members, 10, other, SMALL), sum);
}

static void id_is_an_identity(void **state)
{
	uint64_t sum;

	make_members(members, 20);
	for (uint32_t i = 0; i < 20; i++)
		members[i].id = 100 + i;
	compile(members, 20, table, SMALL);
	sum = checksum(members, 20, table, SMALL);

	/* renumbered: other addresses, the same decisions */
	make_members(changed, 20);
	for (uint32_t i = 0; i < 20; i++)
		changed[i].id = 100 + i;
	compile(changed, 20, other, SMALL);
	assert_memory_equal(table, other, SMALL * sizeof *table);
	assert_int_equal(checksum(changed, 20, other, SMALL), sum);

	/* with other ids they are others */
	for (uint32_t i = 0; i < 20; i++)
		changed[i].id = 200 + i;
	compile(changed, 20, other, SMALL);
	assert_memory_not_equal(table, other, SMALL * sizeof *table);

	/* by address, too */
	for (uint32_t i = 0; i < 20; i++)
		changed[i].id = 0;
	compile(changed, 20, other, SMALL);
	assert_memory_not_equal(table, other, SMALL * sizeof *table);
	assert_int_not_equal(checksum(changed, 20, other, SMALL), sum);
}

/* A table that never changes: 192.0.2.1 to .10, weights 1 to 10; and the same with ids 1 to 10. */
static void golden_checksums(void **state)
{
	for (uint32_t i = 0; i < 10; i++) {
		const uint8_t be[4] = {192, 0, 2, (uint8_t)(i + 1)};

		members[i] = (struct maglev_member){
			.address = sl_addr_from4(be), .weight = i + 1, .slot = (uint16_t)i};
	}
	compile(members, 10, table, SMALL);
	assert_int_equal(checksum(members, 10, table, SMALL), 0x261ac179cc930539);
	for (uint32_t i = 0; i < 10; i++)
		members[i].id = i + 1;
	compile(members, 10, table, SMALL);
	assert_int_equal(checksum(members, 10, table, SMALL), 0x797174c8040593ac);
}

/* Percent of entries that change beyond those of the k members who leave, mean of `runs` tables. */
static double disruption(uint32_t size, uint32_t k, int runs)
{
	uint64_t moved = 0;

	for (int run = 0; run < runs; run++) {
		make_members(members, MOST);
		shuffle(members, MOST);
		compile(members, MOST, table, size);
		compile(members, MOST - k, other, size);
		bool left[MOST] = {false};

		for (uint32_t i = MOST - k; i < MOST; i++)
			left[members[i].slot] = true;
		for (uint32_t e = 0; e < size; e++)
			moved += table[e] != other[e] && !left[table[e]];
	}
	return 100.0 * (double)moved / runs / size;
}

/* The expected values are those of docs/architecture.md, simulated apart from this code. */
static void disruption_when_members_leave(void **state)
{
	static const struct {
		uint32_t size, k;
		int runs;
		double least, most; /* % */
	} rows[] = {
		{SMALL, 1, 200, 0.45, 0.75},
		{SMALL, 2, 100, 0.80, 1.20},
		{SMALL, 5, 40, 1.5, 2.2},
		{SMALL, 10, 20, 2.0, 2.7},
		{SMALL, 20, 20, 2.3, 3.0},
		{SMALL, 50, 20, 2.9, 3.6},
		{SMALL, 100, 20, 3.2, 3.9},
		{SMALL, 200, 20, 3.2, 3.8},
		{LARGE, 1, 10, 0.26, 0.40},
		{LARGE, 10, 5, 0.50, 0.66},
		{LARGE, 100, 5, 0.95, 1.15},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const double moved = disruption(rows[i].size, rows[i].k, rows[i].runs);

		print_message("N=1000 M=%" PRIu32 " k=%" PRIu32 ": %.3f %%\n", rows[i].size,
			rows[i].k, moved);
		assert_true(moved >= rows[i].least && moved <= rows[i].most);
	}
}

/* One of 1000 at half the weight: half of its entries must move, hardly more do. */
static void disruption_of_a_weight(void **state)
{
	uint64_t moved = 0;
	const int runs = 50;

	for (int run = 0; run < runs; run++) {
		make_members(members, MOST);
		compile(members, MOST, table, SMALL);
		members[random_below(&rnd, MOST)].weight = 50;
		compile(members, MOST, other, SMALL);
		for (uint32_t e = 0; e < SMALL; e++)
			moved += table[e] != other[e];
	}
	const double percent = 100.0 * (double)moved / runs / SMALL;

	print_message("N=1000 M=65537, one weight halved: %.3f %%\n", percent);
	assert_true(percent > 0.05 && percent < 0.75);
}

static void bad_arguments(void **state)
{
	static const uint32_t sizes[] = {
		0, 1, 2, 4, 9, 65535, 65536, 65539u * 3, 16777259, UINT32_MAX};
	uint64_t sum;

	make_members(members, 3);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		assert_int_equal(maglev_compile(members, 3, table, sizes[i]), -EINVAL);
	assert_int_equal(maglev_compile(members, MAGLEV_MAX_MEMBERS + 1, table, SMALL), -EINVAL);
	members[1].slot = MAGLEV_MAX_SLOT + 1;
	assert_int_equal(maglev_compile(members, 3, table, SMALL), -EINVAL);
	assert_int_equal(maglev_checksum(members, 3, table, SMALL, &sum), -EINVAL);
	members[1].slot = 1;
	members[2].address = members[0].address;
	assert_int_equal(maglev_compile(members, 3, table, SMALL), -EEXIST);
	members[2].weight = 0;
	assert_int_equal(maglev_compile(members, 3, table, SMALL), -EEXIST);
	members[2].id = 7;
	assert_int_equal(maglev_compile(members, 3, table, SMALL), 0);
	table[SMALL - 1] = 3;
	assert_int_equal(maglev_checksum(members, 3, table, SMALL, &sum), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_weights_share_equally),
		cmocka_unit_test(spread_of_1000),
		cmocka_unit_test(weights_are_shares),
		cmocka_unit_test(one_heavy_member),
		cmocka_unit_test(only_ratios_of_weights_count),
		cmocka_unit_test(weight_0_is_absent),
		cmocka_unit_test(one_member_has_all),
		cmocka_unit_test(no_member_leaves_none),
		cmocka_unit_test(more_members_than_entries),
		cmocka_unit_test(order_of_insertion_is_nothing),
		cmocka_unit_test(slot_numbers_are_nothing),
		cmocka_unit_test(checksum_sees_every_entry),
		cmocka_unit_test(id_is_an_identity),
		cmocka_unit_test(golden_checksums),
		cmocka_unit_test(disruption_when_members_leave),
		cmocka_unit_test(disruption_of_a_weight),
		cmocka_unit_test(bad_arguments),
	};

	return cmocka_run_group_tests(tests, restart_random, NULL);
}
