/* SPDX-License-Identifier: BSD-3-Clause */

#include "base/counter.h"
#include "table/flow.h"

static bool gone(struct flow_at at, const struct backend *backends, uint32_t n_backends)
{
	const uint16_t slot = flow_slot(at);

	return slot >= n_backends || backends[slot].state == BACKEND_GONE;
}

void flow_sweep(struct flow_table *t, uint32_t n, uint16_t now, const struct flow_timeouts *to,
	const struct backend *backends, uint32_t n_backends)
{
	for (uint32_t i = 0; i < n; i++) {
		struct flow_bucket *b = &t->bucket[t->hand];

		t->hand = (t->hand + 1) & t->mask;
		__builtin_prefetch(&t->bucket[(t->hand + 4) & t->mask]);
		for (uint32_t way = 0; way < FLOW_WAYS; way++) {
			const struct flow_at at = {b, way};

			if (!b->tag[way])
				continue;
			if (flow_idle(at, now, to))
				counter_add(&t->expired, 1);
			else if (!gone(at, backends, n_backends))
				continue;
			flow_forget(t, at);
		}
	}
}
