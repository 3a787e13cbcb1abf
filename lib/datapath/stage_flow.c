/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/flow_event.h"
#include "datapath/stage.h"
#include "datapath/sticky.h"
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

#define STILL(state, opening) (UINT64_C(1) << (16 * FLOW_##state + (opening)))

/* What most packets are: more of a confirmed flow that was seen within this second, on a backend
 * that takes it. Nothing is to be written then. */
static inline bool goes_on(
	const struct generation *g, struct flow_at at, const struct parsed *p, uint16_t now)
{
	const uint64_t still = STILL(ESTABLISHED, 0) | STILL(UDP, PARSED_UDP);
	const uint16_t slot = flow_slot(at);

	return still >> (16 * flow_state(at) + p->opening) & 1 && at.b->age[at.way] == now &&
	       slot < g->n_backends && g->backends[slot].state > BACKEND_DOWN;
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
	for (uint32_t i = 0; i < n; i++)
		flow_prefetch(t, b->hash[i]);
	for (uint32_t i = 0; l->mostly_new && i < n; i++)
		flow_prefetch2(t, b->hash[i]);
}

/* One by one: where whole keys are kept, and where only some flows are remembered. */
static __attribute__((noinline)) void flow_each(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t forgotten)
{
	uint32_t fresh = forgotten, ended = 0;

	for (uint32_t left = burst_all(b) & ~fresh; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);
		const struct flow_at at =
			flow_find_known(l->flows, b->hash[i], &b->key[i], b->is6[i]);

		if (!at.b || !touch(l, g, at, &b->info[i], l->clock, &ended, 1u << i))
			fresh |= 1u << i;
		else
			b->backend[i] = flow_slot(at);
	}
	b->new_flows = fresh;
	if (__builtin_expect(ended && g->has_sessions, 0))
		sticky_end(l, g, b, ended & ~fresh);
}

static __attribute__((noinline)) uint32_t find_forgotten(
	const struct generation *g, const struct burst *b)
{
	uint32_t forgotten = 0;

	for (uint32_t i = 0; i < b->n; i++)
		forgotten |= (uint32_t)g->services[b->service[i]].forgotten << i;
	return forgotten;
}

void stage_flow(struct lane *l, const struct generation *g, struct burst *b)
{
	struct flow_table *t = l->flows;
	const uint16_t now = l->clock;
	const uint32_t n = b->n;
	uint32_t fresh = 0, missed = 0, forgotten = 0, ended = 0;

	b->new_flows = burst_all(b);
	if (!t)
		return;
	if (flow_grow_due(t))
		flow_grow(t);
	if (__builtin_expect(g->some_forgotten, 0))
		forgotten = find_forgotten(g, b);
	if (__builtin_expect(t->known != NULL || forgotten, 0)) {
		flow_each(l, g, b, forgotten);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct flow_at at = flow_find1(t, b->hash[i]);

		if (__builtin_expect(!at.b, 0)) {
			flow_prefetch2(t, b->hash[i]);
			missed |= 1u << i;
			continue;
		}
		if (__builtin_expect(!goes_on(g, at, &b->info[i], now), 0) &&
			!touch(l, g, at, &b->info[i], now, &ended, 1u << i))
			fresh |= 1u << i;
		b->backend[i] = flow_slot(at);
	}
	l->mostly_new = (uint32_t)__builtin_popcount(missed) > n / 4;
	for (; missed; missed &= missed - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(missed);
		const struct flow_at at = flow_find2(t, b->hash[i]);

		if (!at.b || !touch(l, g, at, &b->info[i], now, &ended, 1u << i))
			fresh |= 1u << i;
		else
			b->backend[i] = flow_slot(at);
	}
	b->new_flows = fresh;
	if (__builtin_expect(ended && g->has_sessions, 0))
		sticky_end(l, g, b, ended & ~fresh);
}
