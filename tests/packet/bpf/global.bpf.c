/* SPDX-License-Identifier: BSD-3-Clause */

/* A variable that outlives the call, which is a map too. */

#include "sluice_sched.h"

static uint64_t turn;

SLUICE_SCHED uint64_t pick(struct sluice_sched *flow)
{
	return turn++ % flow->members;
}
