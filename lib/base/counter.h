/* SPDX-License-Identifier: BSD-3-Clause */

/* Counters with one writer. A relaxed load and store is a plain add, and readers on other threads
 * are race-free and see no torn value. */

#ifndef SLUICE_BASE_COUNTER_H
#define SLUICE_BASE_COUNTER_H

#include <stdint.h>

static inline void counter_add(uint64_t *c, uint64_t n)
{
#ifdef __x86_64__ /* in one instruction, which compilers do not make of it */
	__asm__("addq %1, %0" : "+m"(*c) : "er"(n) : "cc");
#else
	__atomic_store_n(c, __atomic_load_n(c, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
#endif
}

/* One that goes up and down. */
static inline void counter_shift(uint32_t *c, int32_t by)
{
#ifdef __x86_64__
	__asm__("addl %1, %0" : "+m"(*c) : "er"(by) : "cc");
#else
	__atomic_store_n(c, __atomic_load_n(c, __ATOMIC_RELAXED) + (uint32_t)by, __ATOMIC_RELAXED);
#endif
}

static inline uint64_t counter_read(const uint64_t *c)
{
	return __atomic_load_n(c, __ATOMIC_RELAXED);
}

#endif
