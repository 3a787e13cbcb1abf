/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/flow_event.h"
#include "datapath/stage.h"
#include "datapath/sticky.h"
#include "table/flow_intake.h"
#include "table/flow_keys.h"

/* May a packet of a known flow go on to its backend? A SYN after the end of a connection begins
 * another one on the same ports, which is chosen for anew: a client that uses its ports again and
 * again would never see a change of the pool. So does a SYN that would begin one on a backend that
 * takes no new one, and UDP to one that is down. */
static inline bool may_go_on(const struct generation *g, struct flow_at at, enum flow_event ev)
{
	const uint16_t slot = flow_slot(at);

	if (__builtin_expect(slot >= g->n_backends, 0))
		return false;
	const uint8_t state = g->backends[slot].state;

	if (__builtin_expect(ev == FLOW_EV_SYN, 0))
		return state == BACKEND_READY && flow_state(at) != FLOW_CLOSING;
	return state > (ev == FLOW_EV_UDP ? BACKEND_DOWN : BACKEND_GONE);
}

/* What most packets are: more of a confirmed flow that was seen within this second. Nothing is to
 * be written then. By opening: the note of such an entry (flow_note_word), but for the slot; a bit
 * above all notes where there is none. */
struct going_on {
	uint64_t note[PARSED_UDP + 1];
};

static inline void going_on_begin(struct going_on *to, uint16_t now)
{
	const uint32_t age = (uint32_t)now << 16;

	for (uint32_t i = 0; i <= PARSED_UDP; i++)
		to->note[i] = UINT64_C(1) << 32;
	to->note[0] = age | FLOW_ESTABLISHED << FLOW_STATE_SHIFT;
	to->note[PARSED_UDP] = age | FLOW_UDP << FLOW_STATE_SHIFT;
}

/* The slot of such an entry; of any other, more than a slot can be. */
static inline uint64_t going_on_slot(
	const struct going_on *to, struct flow_at at, const struct parsed *p)
{
	return flow_note_word(&at.b->note[at.way]) ^ to->note[p->opening];
}

/* Where the first SYN was not answered, the client sends it again: one packet of a flow that has
 * none but SYNs. */
static __attribute__((noinline, cold)) void syn_again(struct lane *l, struct flow_at at)
{
	if (flow_state(at) == FLOW_NEW)
		counter_add(&l->backend_again[flow_slot(at)], 1);
}

/* The packet of an entry that was found. False: its backend is to be chosen anew. Packets that end
 * their connection are noted: a bit `mask` of *ended. */
static inline bool touch(struct lane *l, const struct generation *g, struct flow_at at,
	const struct parsed *p, uint16_t now, uint32_t *ended, uint32_t mask)
{
	const enum flow_event ev = flow_event(p);

	*ended |= ev == FLOW_EV_END ? mask : 0;
	if (flow_idle(at, now, &g->flow_timeouts) || !may_go_on(g, at, ev))
		return false;
	if (__builtin_expect(ev == FLOW_EV_SYN, 0))
		syn_again(l, at);
	flow_touch(at, ev, now);
	return true;
}

void stage_hash(struct lane *l, const struct generation *g, struct burst *b)
{
	const struct flow_table *t = l->flows;
	const uint32_t n = b->n;

	if (!t || (b->one_service && g->services[b->service[0]].forgotten))
		return;
	hash_burst(&t->key, b->key, b->is6, n, b->hash);
	const struct flow_bucket *bucket = t->bucket;
	const uint32_t mask = t->mask;

	BURST_UNROLL
	for (uint32_t i = 0; i < n; i++)
		__builtin_prefetch(&bucket[flow_index1(b->hash[i]) & mask]);
	for (uint32_t i = 0; l->mostly_new && i < n; i++)
		flow_prefetch2(t, b->hash[i]);
}

/* What is not done in one go, for the packets in `left`; those in `missed` are not in their first
 * bucket. The keys of flows are compared where they are kept. */
static __attribute__((noinline)) void flow_each(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t left, uint32_t missed)
{
	const struct flow_table *t = l->flows;
	uint32_t ended = 0;

	for (; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);
		const struct flow_at at =
			missed >> i & 1 ? flow_find2(t, b->hash[i])
					: flow_find_known(t, b->hash[i], &b->key[i], b->is6[i]);

		if (!at.b || !touch(l, g, at, &b->info[i], l->clock, &ended, 1u << i))
			b->new_flows |= 1u << i;
		else
			burst_choose(b, g, i, flow_slot(at));
	}
	if (__builtin_expect(ended && g->has_sessions, 0))
		sticky_end(l, g, b, ended & ~b->new_flows);
}

static __attribute__((noinline)) uint32_t find_forgotten(
	const struct generation *g, const struct burst *b)
{
	uint32_t forgotten = 0;

	for (uint32_t i = 0; i < b->n; i++)
		forgotten |= (uint32_t)g->services[b->service[i]].forgotten << i;
	return forgotten;
}

/* Sends off the packets that go on. The others: what the first bucket does not know, which is
 * looked for in the second one later and is on its way to the cache then, and what needs a closer
 * look. */
static inline void flow_going_on(struct lane *l, const struct generation *g, struct burst *b,
	uint32_t *not_found, uint32_t *not_plain)
{
	const struct flow_table *t = l->flows;
	const uint32_t n = b->n, n_backends = g->n_backends;
	const struct backend *backends = g->backends;
	struct going_on go;
	uint32_t missed = 0, others = 0;

	going_on_begin(&go, l->clock);
	for (uint32_t i = 0; i < n; i++) {
		const struct flow_at at = flow_find1(t, b->hash[i]);

		if (__builtin_expect(!at.b, 0)) {
			flow_prefetch2(t, b->hash[i]);
			missed |= 1u << i;
			continue;
		}
		const uint64_t slot = going_on_slot(&go, at, &b->info[i]);
		const uint64_t brief = slot < n_backends ? backend_brief(&backends[slot]) : 0;

		if (__builtin_expect(brief_state(brief) <= BACKEND_DOWN, 0)) {
			others |= 1u << i;
			continue;
		}
		b->backend[i] = (uint16_t)slot;
		b->brief[i] = brief;
	}
	*not_found = missed;
	*not_plain = others;
}

/* The flows that neither bucket has, and those of them whose buckets are crowded. For bursts that
 * begin flows and little else, whose buckets are both there already. */
static __attribute__((noinline)) void flow_absent(
	const struct lane *l, const struct generation *g, struct burst *b)
{
	const struct flow_bucket *bucket = l->flows->bucket;
	const uint32_t mask = l->flows->mask, n = b->n;
	const uint16_t now = l->clock, least_idle = flow_least_idle(&g->flow_timeouts);
	uint32_t absent = 0, crowded = 0;

	for (uint32_t i = 0; i < n; i++) {
		const uint64_t hash = b->hash[i];
		const uint32_t tag = flow_tag(hash);
		const struct flow_bucket *b1 = &bucket[flow_index1(hash) & mask],
					 *b2 = &bucket[flow_index2(hash) & mask];

		if (__builtin_expect(flow_crowded(b1, b2, tag, now, least_idle), 1))
			crowded |= 1u << i;
		else
			absent |= (uint32_t)(flow_match2(b1, b2, tag) == 0) << i;
	}
	b->new_flows = absent | crowded;
	b->crowded = l->flows->spare ? 0 : crowded; /* it may grow, which gives room */
}

static inline void note_newness(struct lane *l, uint32_t missed, uint32_t n)
{
	const uint32_t count = (uint32_t)__builtin_popcount(missed);

	l->mostly_new = count > n / 4;
	l->nearly_all_new = count > n - n / 8;
}

void stage_find(struct lane *l, const struct generation *g, struct burst *b)
{
	struct flow_table *t = l->flows;
	uint32_t missed = 0, others;

	b->new_flows = burst_all(b);
	b->crowded = b->missed = b->unsettled = 0;
	if (!t)
		return;
	b->new_flows = __builtin_expect(g->some_forgotten, 0) ? find_forgotten(g, b) : 0;
	if (__builtin_expect(t->known != NULL || b->new_flows, 0)) {
		others = burst_all(b) & ~b->new_flows;
	} else if (__builtin_expect(l->nearly_all_new && !t->half, 0)) {
		flow_absent(l, g, b);
		note_newness(l, b->new_flows, b->n);
		others = burst_all(b) & ~b->new_flows;
	} else {
		flow_going_on(l, g, b, &missed, &others);
		note_newness(l, missed, b->n);
	}
	b->missed = missed;
	b->unsettled = missed | others;
}

void stage_flow(struct lane *l, const struct generation *g, struct burst *b)
{
	if (__builtin_expect(b->unsettled, 0))
		flow_each(l, g, b, b->unsettled, b->missed);
}
