/* SPDX-License-Identifier: BSD-3-Clause */

/* What the benches measure with. */

#ifndef SLUICE_TESTS_CLOCK_H
#define SLUICE_TESTS_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static inline int clock_cmp(const void *l, const void *r)
{
	const double a = *(const double *)l, b = *(const double *)r;

	return (a > b) - (a < b);
}

/* Median of the times, which it sorts. */
static inline double clock_median(double *t, size_t n)
{
	qsort(t, n, sizeof *t, clock_cmp);
	return t[n / 2];
}

#endif
