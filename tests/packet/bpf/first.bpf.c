/* SPDX-License-Identifier: BSD-3-Clause */

/* Everything to member 0. */

#include "sluice_sched.h"

SLUICE_SCHED uint64_t pick(struct sluice_sched *flow)
{
	return flow->members ? 0 : 1;
}
