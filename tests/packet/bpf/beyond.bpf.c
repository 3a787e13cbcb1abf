/* SPDX-License-Identifier: BSD-3-Clause */

/* Reads behind its argument. */

#include "sluice_sched.h"

SLUICE_SCHED uint64_t pick(struct sluice_sched *flow)
{
	return ((volatile uint64_t *)flow)[5];
}
