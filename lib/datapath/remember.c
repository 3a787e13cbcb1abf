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
	struct lane *l, const struct generation *g, struct burst *b, uint32_t packets)
{
	for (; packets; packets &= packets - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(packets);

		remember(l, g, b, i, b->backend[i]);
	}
}

static void count_began(struct lane *l, const struct burst *b, uint32_t i)
{
	counter_add(&l->backend_new[b->backend[i]], 1);
	if (!b->one_service)
		counter_add(&l->service_new[b->service[i]], 1);
}

/* Those at the head that find crowded buckets and an entry at once. Returns the rest. */
static inline uint32_t remember_crowded(
	struct lane *l, const struct burst *b, struct flow_intake *in, uint32_t packets)
{
	struct flow_bucket *bucket = l->flows->bucket;
	const uint32_t mask = l->flows->mask;
	uint32_t *active = l->flows->active, left = packets;

	for (; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);
		const uint64_t hash = b->hash[i];
		const uint32_t note = flow_intake_note(in, flow_event(&b->info[i]), b->backend[i]);

		if (!(b->crowded >> i & 1) ||
			!flow_intake_evict(
				active, &bucket[flow_index1(hash) & mask], flow_tag(hash), note))
			break;
		count_began(l, b, i);
	}
	const uint32_t done = (uint32_t)__builtin_popcount(packets & ~left);

	in->lost.evicted += done;
	in->began += done;
	return left;
}

/* One that is looked for again. False: the table may be another one now than the burst's look has
 * found, in more than unconfirmed entries. */
static inline bool remember_seeking(struct lane *l, const struct generation *g, struct burst *b,
	struct flow_intake *in, uint32_t i)
{
	const uint64_t hash = b->hash[i];
	const uint16_t slot = b->backend[i];
	struct flow_bucket *b1 = flow_bucket1(l->flows, hash), *b2 = flow_bucket2(l->flows, hash);
	const bool crowded = flow_intake_crowded(in, b1, b2, flow_tag(hash));

	/* An earlier packet of the burst began it, or what it has is not good any more. */
	if (!crowded && __builtin_expect(flow_match2(b1, b2, flow_tag(hash)), 0)) {
		remember(l, g, b, i, slot);
		return false;
	}
	if (flow_intake_put(in, b1, b2, hash, flow_event(&b->info[i]), slot, crowded).b)
		count_began(l, b, i);
	return !in->lost.closing;
}

void remember_all(struct lane *l, const struct generation *g, struct burst *b, uint32_t packets)
{
	bool as_looked_up = b->crowded != 0;
	struct flow_intake in;

	if (!is_simple(l->flows)) {
		remember_each(l, g, b, packets);
		return;
	}
	flow_intake_begin(&in, l->flows, l->clock, &g->flow_timeouts);
	for (; packets; packets &= packets - 1) {
		if (as_looked_up && !(packets = remember_crowded(l, b, &in, packets)))
			break;
		if (!remember_seeking(l, g, b, &in, (uint32_t)__builtin_ctz(packets)))
			as_looked_up = false;
	}
	flow_intake_end(&in);
	if (b->one_service)
		counter_add(&l->service_new[b->service[0]], in.began);
}
