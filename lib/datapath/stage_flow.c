/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/flow_event.h"
#include "datapath/stage.h"

/* May a packet of a known flow go on to its backend? A SYN after the end of a connection begins
 * another one on the same ports, which is chosen for anew; so is one that would begin on a backend
 * in drain. */
static inline bool may_go_on(const struct generation *g, struct flow_at at, enum flow_event ev)
{
	const uint16_t slot = flow_slot(at);

	if (__builtin_expect(slot >= g->n_backends, 0))
		return false;
	const uint8_t state = g->backends[slot].state;

	if (__builtin_expect(ev != FLOW_EV_SYN, 1))
		return state != BACKEND_GONE;
	return state == BACKEND_READY && flow_state(at) != FLOW_CLOSING;
}

void stage_flow(struct lane *l, const struct generation *g, struct burst *b)
{
	const struct flow_timeouts *to = &g->flow_timeouts;
	struct flow_table *t = l->flows;
	const uint16_t now = l->clock;

	b->new_flows = burst_all(b);
	if (!t)
		return;
	hash_burst(&t->key, b->key, b->is6, b->n, b->hash);
	for (uint32_t i = 0; i < b->n; i++)
		flow_prefetch(t, b->hash[i]);
	for (uint32_t i = 0; i < b->n; i++) {
		const struct flow_at at = flow_find(t, b->hash[i]);
		const enum flow_event ev = flow_event(&b->info[i]);

		if (!at.b || __builtin_expect(flow_idle(at, now, to), 0) || !may_go_on(g, at, ev))
			continue;
		flow_touch(at, ev, now);
		b->backend[i] = flow_slot(at);
		b->new_flows &= ~(1u << i);
	}
}
