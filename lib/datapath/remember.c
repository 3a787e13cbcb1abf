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

static void count_began(struct lane *l, const struct burst *b, uint32_t i, uint16_t slot)
{
	counter_add(&l->backend_new[slot], 1);
	if (!b->one_service)
		counter_add(&l->service_new[b->service[i]], 1);
}

/* The choices from the j-th on, as long as they find crowded buckets and an entry at once. Returns
 * the first one that does not. */
static inline uint32_t remember_crowded(struct lane *l, const struct generation *g, struct burst *b,
	struct flow_intake *in, const struct choices *c, uint32_t j, uint32_t crowded)
{
	struct flow_bucket *bucket = l->flows->bucket;
	const uint32_t mask = l->flows->mask, from = j, n = c->n;
	uint32_t *active = l->flows->active;

	for (; j < n; j++) {
		const uint32_t i = c->packet[j];
		const uint16_t slot = c->slot[j];
		const uint64_t hash = b->hash[i];

		if (__builtin_expect(!(crowded >> i & 1), 0) ||
			!flow_intake_evict(active, &bucket[flow_index1(hash) & mask],
				flow_tag(hash),
				flow_intake_note(in, flow_event(&b->info[i]), slot)))
			break;
		burst_choose(b, g, i, slot);
		count_began(l, b, i, slot);
	}
	in->lost.evicted += j - from;
	in->began += j - from;
	return j;
}

/* One that is looked for again. False: the table may be another one now than the burst's look has
 * found, in more than unconfirmed entries. */
static inline bool remember_seeking(struct lane *l, const struct generation *g, struct burst *b,
	struct flow_intake *in, uint32_t i, uint16_t slot)
{
	const uint64_t hash = b->hash[i];
	struct flow_bucket *b1 = flow_bucket1(l->flows, hash), *b2 = flow_bucket2(l->flows, hash);
	const bool crowded = flow_intake_crowded(in, b1, b2, flow_tag(hash));

	/* An earlier packet of the burst began it, or what it has is not good any more. */
	if (!crowded && __builtin_expect(flow_match2(b1, b2, flow_tag(hash)), 0)) {
		remember(l, g, b, i, slot);
		return false;
	}
	burst_choose(b, g, i, slot);
	if (flow_intake_put(in, b1, b2, hash, flow_event(&b->info[i]), slot, crowded).b)
		count_began(l, b, i, slot);
	return !in->lost.closing;
}

void remember_all(
	struct lane *l, const struct generation *g, struct burst *b, const struct choices *c)
{
	struct flow_intake in;
	uint32_t crowded = b->crowded;

	if (!is_simple(l->flows)) {
		remember_each(l, g, b, c);
		return;
	}
	flow_intake_begin(&in, l->flows, l->clock, &g->flow_timeouts);
	for (uint32_t j = 0; j < c->n; j++) {
		if (crowded)
			j = remember_crowded(l, g, b, &in, c, j, crowded);
		if (j < c->n && !remember_seeking(l, g, b, &in, c->packet[j], c->slot[j]))
			crowded = 0;
	}
	flow_intake_end(&in);
	if (b->one_service)
		counter_add(&l->service_new[b->service[0]], in.began);
}
