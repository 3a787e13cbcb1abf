/* SPDX-License-Identifier: BSD-3-Clause */

#include "eal/cpu.h"

#if defined(__x86_64__)

#include <cpuid.h>

bool cpu_has_aes(void)
{
	return __builtin_cpu_supports("aes");
}

/* The bits that compilers have no name for: MOVBE, and LZCNT (AMD64 Architecture Programmer's
 * Manual, volume 3, appendix E: functions 1 and 8000_0001h). */
static bool has_movbe_lzcnt(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && c & bit_MOVBE &&
	       __get_cpuid(0x80000001, &a, &b, &c, &d) && c & bit_LZCNT;
}

bool cpu_has_v3(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
	       __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && has_movbe_lzcnt();
}

#else

bool cpu_has_aes(void)
{
	return false;
}

bool cpu_has_v3(void)
{
	return false;
}

#endif
