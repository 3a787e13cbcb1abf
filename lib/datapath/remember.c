/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/flow_event.h"
#include "datapath/remember.h"
#include "table/flow_intake.h"
#include "table/flow_keys.h"

enum flow_remembered remember(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t i, uint16_t slot)
{
	const struct flow_arrival a = {
		.hash = b->hash[i],
		.key = &b->key[i],
		.is6 = b->is6[i],
		.ev = flow_event(&b->info[i]),
		.slot = slot,
		.now = l->clock,
		.to = &g->flow_timeouts,
	};
	const enum flow_remembered r = flow_remember(l->flows, &a);

	burst_choose(b, g, i, slot);
	if (r == FLOW_BEGAN) {
		counter_add(&l->backend_new[slot], 1);
		counter_add(&l->service_new[b->service[i]], 1);
	}
	return r;
}

/* While the table doubles, and where whole keys are kept, lookups are not as plain as below. */
static inline bool is_simple(const struct flow_table *t)
{
	return !t->known && !t->half;
}

static void remember_each(
	struct lane *l, const struct generation *g, struct burst *b, const struct choices *c)
{
	for (uint32_t j = 0; j < c->n; j++)
		remember(l, g, b, c->packet[j], c->slot[j]);
}

void remember_all(
	struct lane *l, const struct generation *g, struct burst *b, const struct choices *c)
{
	const struct flow_table *t = l->flows;
	const bool one_service = b->one_service;
	struct flow_intake in;

	if (!is_simple(t)) {
		remember_each(l, g, b, c);
		return;
	}
	flow_intake_begin(&in, l->flows, l->clock, &g->flow_timeouts);
	for (uint32_t j = 0; j < c->n; j++) {
		const uint32_t i = c->packet[j];
		const uint16_t slot = c->slot[j];
		const uint64_t hash = b->hash[i];
		struct flow_bucket *b1 = flow_bucket1(t, hash), *b2 = flow_bucket2(t, hash);

		const bool crowded = flow_intake_crowded(&in, b1, b2, flow_tag(hash));

		/* An earlier packet of the burst began it, or what it has is not good any more. */
		if (!crowded && __builtin_expect(flow_match2(b1, b2, flow_tag(hash)), 0)) {
			remember(l, g, b, i, slot);
			continue;
		}
		burst_choose(b, g, i, slot);
		if (!flow_intake_put(&in, b1, b2, hash, flow_event(&b->info[i]), slot, crowded).b)
			continue;
		counter_add(&l->backend_new[slot], 1);
		if (!one_service)
			counter_add(&l->service_new[b->service[i]], 1);
	}
	flow_intake_end(&in);
	if (one_service)
		counter_add(&l->service_new[b->service[0]], in.began);
}
