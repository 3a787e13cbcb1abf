/* SPDX-License-Identifier: BSD-3-Clause */

/* Random numbers that a failed test can be repeated with. */

#ifndef SLUICE_TESTS_RANDOM_H
#define SLUICE_TESTS_RANDOM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/splitmix.h"

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
	return splitmix_next(&r->state);
}

static inline uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint32_t)(random_next(r) % n);
}

#endif
