/* SPDX-License-Identifier: BSD-3-Clause */

#include "eal/cpu.h"

#if defined(__x86_64__)

bool cpu_has_aes(void)
{
	return __builtin_cpu_supports("aes");
}

bool cpu_has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

#else

bool cpu_has_aes(void)
{
	return false;
}

bool cpu_has_avx2(void)
{
	return false;
}

#endif
