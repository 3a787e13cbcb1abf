/* SPDX-License-Identifier: BSD-3-Clause */

/* Time to build Maglev tables: the median of several builds each. Prints, judges nothing. */

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "table/maglev.h"

#define RUNS     31
#define MEMBERS  1000
#define MAX_SIZE 655373

struct row {
	const char *name;
	uint32_t size;
	uint32_t (*weight)(uint32_t i);
};

static uint32_t weight_equal(uint32_t i)
{
	return 100;
}

static uint32_t weight_mixed(uint32_t i)
{
	return 50 + i % 151;
}

static uint32_t weight_one_heavy(uint32_t i)
{
	return i ? 1 : 1000;
}

static const struct row rows[] = {
	{"equal weights", 65537, weight_equal},
	{"weights 50-200", 65537, weight_mixed},
	{"one 1000, others 1", 65537, weight_one_heavy},
	{"equal weights", 655373, weight_equal},
	{"weights 50-200", 655373, weight_mixed},
	{"one 1000, others 1", 655373, weight_one_heavy},
};

/* The n-th build has members of its own, as tables of different pools have. */
static void fill_members(struct maglev_member *m, const struct row *row, uint32_t run)
{
	for (uint32_t i = 0; i < MEMBERS; i++) {
		const uint8_t be[4] = {10, (uint8_t)run, (uint8_t)(i >> 8), (uint8_t)i};

		m[i] = (struct maglev_member){.address = sl_addr_from4(be),
			.weight = row->weight(i),
			.slot = (uint16_t)i};
	}
}

static int measure(const struct row *row, uint16_t *table)
{
	static struct maglev_member m[MEMBERS];
	double build[RUNS], check[RUNS];
	uint64_t sum = 0;

	for (uint32_t run = 0; run < RUNS; run++) {
		fill_members(m, row, run);
		const uint64_t start = clock_ns();
		int rc = maglev_compile(m, MEMBERS, table, row->size);
		const uint64_t built = clock_ns();

		if (rc == 0)
			rc = maglev_checksum(m, MEMBERS, table, row->size, &sum);
		if (rc)
			return rc;
		build[run] = (double)(built - start) / 1e3;
		check[run] = (double)(clock_ns() - built) / 1e3;
	}
	const double median = clock_median(build, RUNS);

	printf("%-20s %8u %12.0f %12.0f %12.0f\n", row->name, row->size, median, build[RUNS - 1],
		clock_median(check, RUNS));
	return 0;
}

int main(void)
{
	uint16_t *table = malloc(MAX_SIZE * sizeof *table);
	int rc = table ? 0 : 1;

	printf("%u members, microseconds, %u builds each\n", MEMBERS, RUNS);
	printf("%-20s %8s %12s %12s %12s\n", "weights", "entries", "build median", "build most",
		"checksum");
	for (size_t i = 0; i < sizeof rows / sizeof *rows && rc == 0; i++)
		rc = measure(&rows[i], table);
	free(table);
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
