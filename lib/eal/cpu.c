/* SPDX-License-Identifier: BSD-3-Clause */

#include "eal/cpu.h"

#if defined(__x86_64__)

bool cpu_has_aes(void)
{
	return __builtin_cpu_supports("aes");
}

#else

bool cpu_has_aes(void)
{
	return false;
}

#endif
