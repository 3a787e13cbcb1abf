/* SPDX-License-Identifier: BSD-3-Clause */

#include "lane_map.h"

void lane_map_start(
	struct lane_map *m, struct lane *const *lanes, uint32_t n_lanes, uint32_t n_workers)
{
	*m = (struct lane_map){.lanes = lanes, .n_lanes = n_lanes, .changes = 1};
	for (uint32_t i = 0; i < n_lanes; i++)
		m->wanted[i] = m->owner[i] = (uint8_t)(i % n_workers);
}

void lane_map_move(struct lane_map *m, uint32_t lane, uint32_t worker)
{
	__atomic_store_n(&m->wanted[lane], (uint8_t)worker, __ATOMIC_RELAXED);
	__atomic_store_n(&m->changes, m->changes + 1, __ATOMIC_RELEASE);
}

void lane_map_follow(struct lane_map *m, uint32_t worker, struct lane_view *v)
{
	const uint32_t changes = __atomic_load_n(&m->changes, __ATOMIC_ACQUIRE);
	bool all_here = true;

	v->n = 0;
	for (uint32_t i = 0; i < m->n_lanes; i++) {
		const uint8_t wanted = __atomic_load_n(&m->wanted[i], __ATOMIC_RELAXED);

		if (lane_map_owner(m, i) != worker)
			all_here &= wanted != worker;
		else if (wanted == worker)
			v->lane[v->n++] = m->lanes[i];
		else /* everything done to the lane so far is seen by whoever sees this */
			__atomic_store_n(&m->owner[i], wanted, __ATOMIC_RELEASE);
	}
	/* Until the other one has let go of what shall come here, look again. */
	v->seen = all_here ? changes : changes - 1;
}
