/* SPDX-License-Identifier: BSD-3-Clause */

/* Answers with the load of member 1; with a stray where the load of nobody is no such. */

#include "sluice_sched.h"

SLUICE_SCHED uint64_t pick(struct sluice_sched *flow)
{
	if (~sluice_load(flow, sluice_members(flow)))
		return 1000;
	return sluice_load(flow, 1);
}
