/* SPDX-License-Identifier: BSD-3-Clause */

#include "flow_care.h"
#include "table/flow_mem.h"

void flow_care_tick(struct daemon *d)
{
	for (uint32_t i = 0; i < d->n_lanes; i++)
		if (d->lanes[i]->flows)
			flow_mem_ready(d->lanes[i]->flows);
}

void flow_care_name(struct daemon *d, uint16_t slot, const char *name)
{
	for (uint32_t i = 0; i < d->n_lanes; i++)
		if (d->lanes[i]->flows)
			flow_name_set(d->lanes[i]->flows, slot, name);
}
