/* SPDX-License-Identifier: BSD-3-Clause */

/* SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014): numbers
 * that look random, on which no secret depends. Pure. */

#ifndef SLUICE_BASE_SPLITMIX_H
#define SLUICE_BASE_SPLITMIX_H

#include <stdint.h>

#define SPLITMIX_STEP UINT64_C(0x9e3779b97f4a7c15)

/* The finalizer: a bijection. */
static inline uint64_t splitmix_scatter(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* The next number of a sequence; any *state begins one. */
static inline uint64_t splitmix_next(uint64_t *state)
{
	return splitmix_scatter(*state += SPLITMIX_STEP);
}

#endif
