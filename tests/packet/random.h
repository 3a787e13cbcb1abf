/* SPDX-License-Identifier: BSD-3-Clause */

/* Random numbers that a failed test can be repeated with: SplitMix64 (Steele, Lea, Flood 2014). */

#ifndef SLUICE_TESTS_RANDOM_H
#define SLUICE_TESTS_RANDOM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct random {
	uint64_t state;
};

/* Says the start value. SLUICE_TEST_SEED sets another one. */
static inline struct random random_start(void)
{
	const char *wanted = getenv("SLUICE_TEST_SEED");
	const struct random r = {wanted ? strtoull(wanted, NULL, 0) : 20240229};

	printf("seed %" PRIu64 "\n", r.state);
	return r;
}

static inline uint64_t random_next(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint32_t)(random_next(r) % n);
}

#endif
