/* SPDX-License-Identifier: BSD-3-Clause */

/* A loop that clang cannot unroll. */

#include "sluice_sched.h"

SLUICE_SCHED uint64_t pick(struct sluice_sched *flow)
{
	uint64_t best = 0;

#pragma clang loop unroll(disable)
	for (uint64_t i = 0; i < flow->members; i++)
		if (sluice_load(flow, i) < sluice_load(flow, best))
			best = i;
	return best;
}
