/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>
#include <string.h>

#include "table/load.h"

struct load_view *load_new(void)
{
	struct load_view *v = aligned_alloc(64, (sizeof *v + 63) / 64 * 64);

	return v ? memset(v, 0, sizeof *v) : NULL;
}

void load_free(struct load_view *v)
{
	free(v);
}

void load_sample(struct load_view *v, uint16_t slot, uint32_t us)
{
	struct load_row *row = &v->row[slot];
	const uint64_t was = row->latency_us;
	/* rounded to the nearest, so that a steady latency is reached from either side */
	uint64_t is = was ? (was * (LOAD_EWMA - 1) + us + LOAD_EWMA / 2) / LOAD_EWMA : us;

	if (is == was && us != was)
		is = us > was ? was + 1 : was - 1;
	__atomic_store_n(&row->latency_us, (uint32_t)(is ? is : 1), __ATOMIC_RELAXED);
	__atomic_store_n(&row->sample, (uint8_t)(row->sample + 1), __ATOMIC_RELAXED);
}

void load_forget(struct load_view *v, uint16_t slot)
{
	__atomic_store_n(&v->row[slot].latency_us, 0, __ATOMIC_RELAXED);
	load_set_errors(v, slot, 0);
	load_set_flags(v, slot, 0);
}
