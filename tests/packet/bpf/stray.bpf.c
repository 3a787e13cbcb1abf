/* SPDX-License-Identifier: BSD-3-Clause */

/* Names a member that does not exist to every other port. */

#include "sluice_sched.h"

SLUICE_SCHED uint64_t pick(struct sluice_sched *flow)
{
	return flow->sport % 2 ? flow->members : 0;
}
