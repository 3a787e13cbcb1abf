/* SPDX-License-Identifier: BSD-3-Clause */

/* Everything to the last member. */

#include "sluice_sched.h"

SLUICE_SCHED uint64_t pick(struct sluice_sched *flow)
{
	return sluice_members(flow) - 1;
}
