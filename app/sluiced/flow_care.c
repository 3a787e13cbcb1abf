/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdio.h>

#include "flow_care.h"
#include "table/flow_mem.h"

void flow_care_tick(struct daemon *d)
{
	for (uint32_t i = 0; i < d->n_lanes; i++)
		if (d->lanes[i]->flows)
			flow_mem_ready(d->lanes[i]->flows);
}

static void name_slot(struct daemon *d, uint16_t slot, const char *name)
{
	for (uint32_t i = 0; i < d->n_lanes; i++)
		if (d->lanes[i]->flows)
			flow_name_set(d->lanes[i]->flows, slot, name);
}

void flow_care_names(struct daemon *d, const struct build_job *job)
{
	const uint16_t *slot = job->slots;
	char address[SL_ADDR_STRLEN], name[FLOW_NAME_BYTES];

	for (size_t p = 0; p < job->conf->n_pools; p++) {
		const struct conf_pool *pool = &job->conf->pools[p];

		for (size_t i = 0; i < pool->n_backends; i++) {
			snprintf(name, sizeof name, "%s/%s", pool->name,
				sl_addr_format(&pool->backends[i].address, address));
			name_slot(d, *slot++, name);
		}
	}
}
