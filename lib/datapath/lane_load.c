/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/lane.h"

static uint32_t active(const struct lane *l, uint16_t slot)
{
	return l->flows ? __atomic_load_n(&l->flows->active[slot], __ATOMIC_RELAXED) : 0;
}

void lanes_count_flows(struct lane *const *lanes, uint32_t n_lanes, const uint16_t *slots, size_t n,
	struct load_view *view)
{
	uint32_t own[LANES_MAX];

	for (size_t i = 0; i < n; i++) {
		const uint16_t slot = slots[i];
		uint32_t sum = 0;

		for (uint32_t j = 0; j < n_lanes; j++)
			sum += own[j] = active(lanes[j], slot);
		load_set_flows(view, slot, sum);
		for (uint32_t j = 0; j < n_lanes; j++)
			__atomic_store_n(&lanes[j]->others[slot], sum - own[j], __ATOMIC_RELAXED);
	}
}
