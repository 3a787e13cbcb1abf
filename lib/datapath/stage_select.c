/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/flow_event.h"
#include "datapath/pick.h"
#include "datapath/remember.h"
#include "datapath/slot_key.h"
#include "datapath/slow_odd.h"
#include "datapath/stage.h"
#include "datapath/sticky.h"
#include "table/flow_keys.h"

/* The packets of the burst that have no backend yet, packed for the slot hash. */
struct fresh {
	uint32_t n;
	uint32_t shapes;           /* bit per enum sched_shape that occurs */
	uint8_t packet[BURST_MAX]; /* number in the burst */
	const struct service *service[BURST_MAX];
	alignas(64) struct flow_key key[BURST_MAX];
	uint8_t is6[BURST_MAX];
	uint64_t hash[BURST_MAX];
};

/* Pack the new flows, hash them, and prefetch their table entries: the loads overlap. */
static void gather(const struct generation *g, const struct burst *b, struct fresh *f)
{
	f->n = 0;
	f->shapes = 0;
	for (uint32_t left = b->new_flows; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);
		const struct service *s = &g->services[b->service[i]];

		if (__builtin_expect(s->rules != NULL, 0))
			s = slow_by_rules(s, &b->key[i], b->info[i].tos >> 2, b->is6[i]);
		f->packet[f->n] = (uint8_t)i;
		f->service[f->n] = s;
		f->shapes |= 1u << s->shape;
		f->key[f->n] = b->key[i];
		f->is6[f->n] = b->is6[i];
		if (__builtin_expect(s->fields != SLOT_FIELDS_5TUPLE, 0))
			slot_key_narrow(&f->key[f->n], b->is6[i], s->fields);
		f->n++;
	}
	hash_burst(&g->slot_key, f->key, f->is6, f->n, f->hash);
	for (uint32_t j = 0; j < f->n; j++) {
		const struct service *s = f->service[j];

		__builtin_prefetch(&s->entry[sched_index(f->hash[j], s->size)]);
	}
}

/* There is no backend for packet i. */
static __attribute__((noinline)) void take_out(struct lane *l, const struct generation *g,
	struct burst *b, uint32_t i, const struct service *s)
{
	enum verdict v = VERDICT_NO_BACKEND;

	if (s->action == POOL_ACTION_WAIT)
		v = VERDICT_NO_TABLE;
	else if (s->action == POOL_ACTION_REJECT)
		v = slow_reject(l, g, b, i);
	if (v != SLOW_TAKEN)
		burst_end(l, b, i, v);
}

/* Entries behind its own that a new flow tries when its backend is saturated. */
#define WALK_STEPS 8

/* A new flow, chosen for `slot`, of which a backend has max_flows: where it goes. When the entries
 * behind its own have no room either, it is taken all the same, and counted. */
static __attribute__((noinline)) uint16_t with_room(
	struct lane *l, const struct service *s, uint64_t hash, uint16_t slot)
{
	uint32_t at = sched_index(hash, s->size);

	if (!l->load || !load_saturated(l->load, slot))
		return slot;
	for (uint32_t step = 0; step < WALK_STEPS; step++) {
		at = at + 1 < s->size ? at + 1 : 0;
		const uint16_t next = s->entry[at] & BACKEND_SLOT_MASK;

		if (!load_saturated(l->load, next))
			return next;
	}
	counter_add(&l->backend_over[slot], 1);
	return slot;
}

/* TABLE, and every shape where nothing is remembered. Returns the packets that it took out,
 * because there is no backend for them. */
static inline uint32_t by_table(struct lane *l, const struct generation *g, struct burst *b,
	const struct fresh *f, const bool all)
{
	uint32_t failed = 0, tracked = 0;

	for (uint32_t j = 0; j < f->n; j++) {
		const uint32_t i = f->packet[j];
		const struct service *s = f->service[j];

		if (!all && s->shape != SCHED_TABLE)
			continue;
		uint16_t slot = s->entry[sched_index(f->hash[j], s->size)];

		if (__builtin_expect(slot == MAGLEV_NONE, 0)) {
			take_out(l, g, b, i, s);
			failed |= 1u << i;
			continue;
		}
		slot &= BACKEND_SLOT_MASK;
		if (l->flows && !s->untracked) {
			if (__builtin_expect(g->some_limited, 0))
				slot = with_room(l, s, f->hash[j], slot);
			tracked |= 1u << i;
		} else {
			b->hash[i] = f->hash[j];
		}
		burst_choose(b, g, i, slot);
	}
	if (tracked)
		remember_all(l, g, b, tracked);
	return failed;
}

/* Did an earlier packet of this burst choose for the flow? An entry that was there before it would
 * have been found good, or is not good now. */
static bool chosen(struct lane *l, const struct generation *g, struct burst *b, uint32_t i)
{
	const struct flow_at at = flow_find_known(l->flows, b->hash[i], &b->key[i], b->is6[i]);
	const enum flow_event ev = flow_event(&b->info[i]);

	if (!at.b || flow_idle(at, l->clock, &g->flow_timeouts) ||
		g->backends[flow_slot(at)].state != BACKEND_READY ||
		(ev == FLOW_EV_SYN && flow_state(at) == FLOW_CLOSING))
		return false;
	flow_touch(at, ev, l->clock);
	burst_choose(b, g, i, flow_slot(at));
	return true;
}

/* One of the shapes that keep state. A choice that finds no place in the flow table would be
 * another one for the next packet of the flow: the table decides then. These tables have members.
 */
static inline void by_state(struct lane *l, const struct generation *g, struct burst *b,
	const struct fresh *f, const enum sched_shape shape)
{
	for (uint32_t j = 0; j < f->n; j++) {
		const uint32_t i = f->packet[j];
		const struct service *s = f->service[j];
		uint16_t slot;

		if (s->shape != shape || chosen(l, g, b, i))
			continue;
		if (shape == SCHED_CHANCE)
			slot = pick_chance(l, s);
		else if (shape == SCHED_CURSOR)
			slot = pick_cursor(l, s);
		else if (shape == SCHED_LOAD)
			slot = pick_load(l, s->table);
		else
			slot = pick_program(l, s->table, &b->key[i], b->is6[i], b->info[i].tos >> 2,
				f->hash[j]);
		if (shape == SCHED_PROGRAM && slot == MAGLEV_NONE)
			slot = s->entry[sched_index(f->hash[j], s->size)] & BACKEND_SLOT_MASK;
		if (__builtin_expect(g->some_limited, 0))
			slot = with_room(l, s, f->hash[j], slot);
		if (__builtin_expect(remember(l, g, b, i, slot) == FLOW_NO_PLACE, 0))
			burst_choose(b, g, i,
				s->entry[sched_index(f->hash[j], s->size)] & BACKEND_SLOT_MASK);
	}
}

static __attribute__((noinline)) uint32_t by_shapes(
	struct lane *l, const struct generation *g, struct burst *b, const struct fresh *f)
{
	uint32_t failed = 0;

	if (f->shapes & 1u << SCHED_TABLE)
		failed = by_table(l, g, b, f, false);
	if (f->shapes & 1u << SCHED_CHANCE)
		by_state(l, g, b, f, SCHED_CHANCE);
	if (f->shapes & 1u << SCHED_CURSOR)
		by_state(l, g, b, f, SCHED_CURSOR);
	if (f->shapes & 1u << SCHED_LOAD)
		by_state(l, g, b, f, SCHED_LOAD);
	if (f->shapes & 1u << SCHED_PROGRAM)
		by_state(l, g, b, f, SCHED_PROGRAM);
	return failed;
}

static inline uint32_t by_scheduler(
	struct lane *l, const struct generation *g, struct burst *b, const struct fresh *f)
{
	if (__builtin_expect(f->shapes == 1u << SCHED_TABLE || !l->flows, 1))
		return by_table(l, g, b, f, true);
	return by_shapes(l, g, b, f);
}

static void fresh_copy(struct fresh *to, const struct fresh *from, uint32_t j)
{
	const uint32_t n = to->n++;

	to->shapes |= 1u << from->service[j]->shape;
	to->packet[n] = from->packet[j];
	to->service[n] = from->service[j];
	to->hash[n] = from->hash[j];
}

/* One new flow of a pool that remembers its clients. Each for itself, so that the next flow of the
 * same client finds what this one has begun. */
static uint32_t by_session(struct lane *l, const struct generation *g, struct burst *b,
	const struct fresh *f, uint32_t j)
{
	const uint32_t i = f->packet[j];
	struct fresh one = {0};
	uint32_t failed;
	int slot;

	if (chosen(l, g, b, i))
		return 0;
	slot = sticky_find(l, g, f->service[j], b, i);
	if (slot >= 0) {
		remember(l, g, b, i, (uint16_t)slot);
		return 0;
	}
	fresh_copy(&one, f, j);
	failed = by_scheduler(l, g, b, &one);
	if (!failed)
		sticky_learn(l, g, f->service[j], b, i);
	return failed;
}

/* A burst with new flows of pools that remember their clients. */
static __attribute__((noinline)) uint32_t by_sessions(
	struct lane *l, const struct generation *g, struct burst *b, const struct fresh *f)
{
	struct fresh rest = {0};
	uint32_t failed = 0;

	for (uint32_t j = 0; j < f->n; j++) {
		if (sticky_wants(l, f->service[j]))
			failed |= by_session(l, g, b, f, j);
		else
			fresh_copy(&rest, f, j);
	}
	return failed | (rest.n ? by_scheduler(l, g, b, &rest) : 0);
}

/* Is the whole burst one pool's that goes by its table, and all of the key is hashed? */
static inline bool is_plain(const struct lane *l, const struct generation *g, const struct burst *b)
{
	const struct service *s = &g->services[b->service[0]];

	return b->one_service && !s->rules && s->fields == SLOT_FIELDS_5TUPLE &&
	       (!l->flows || s->untracked || s->shape == SCHED_TABLE);
}

/* The keys of such a burst are hashed where they are. Which entry of its table each asks is known
 * then, and on its way to the cache. */
static inline void hash_in_place(const struct generation *g, const struct burst *b,
	const struct service *s, uint64_t *hash, uint32_t *at)
{
	hash_burst(&g->slot_key, b->key, b->is6, b->n, hash);
	for (uint32_t i = 0; i < b->n; i++) {
		at[i] = sched_index(hash[i], s->size);
		__builtin_prefetch(&s->entry[at[i]]);
	}
}

/* Such a burst, and its flows are remembered: many of them are new, as in a flood. */
static uint32_t by_table_flood(struct lane *l, const struct generation *g, struct burst *b)
{
	const struct service *s = &g->services[b->service[0]];
	uint64_t hash[BURST_MAX];
	uint32_t at[BURST_MAX];

	hash_in_place(g, b, s, hash, at);
	for (uint32_t left = b->new_flows; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);

		burst_choose(b, g, i, s->entry[at[i]] & BACKEND_SLOT_MASK);
	}
	remember_all(l, g, b, b->new_flows);
	return 0;
}

/* More than half are new, and nothing else has a say in where they go. */
static inline bool is_flood(const struct generation *g, const struct burst *b)
{
	const struct service *s = &g->services[b->service[0]];

	return !g->some_limited && !g->has_sessions && s->entry[0] != MAGLEV_NONE &&
	       2 * (uint32_t)__builtin_popcount(b->new_flows) > b->n;
}

/* Such a burst of which nothing is remembered. */
static uint32_t by_table_plain(struct lane *l, const struct generation *g, struct burst *b)
{
	const struct service *s = &g->services[b->service[0]];
	uint32_t failed = 0, at[BURST_MAX];

	hash_in_place(g, b, s, b->hash, at);
	for (uint32_t i = 0; i < b->n; i++) {
		const uint16_t slot = s->entry[at[i]];

		if (__builtin_expect(slot == MAGLEV_NONE, 0)) {
			take_out(l, g, b, i, s);
			failed |= 1u << i;
			continue;
		}
		burst_choose(b, g, i, slot & BACKEND_SLOT_MASK);
	}
	return failed;
}

/* Returns the packets that were taken out. */
static uint32_t choose(struct lane *l, const struct generation *g, struct burst *b)
{
	struct fresh f;

	if (is_plain(l, g, b)) {
		if (!l->flows || g->services[b->service[0]].untracked)
			return by_table_plain(l, g, b);
		if (is_flood(g, b))
			return by_table_flood(l, g, b);
	}
	gather(g, b, &f);
	if (__builtin_expect(g->has_sessions, 0))
		return by_sessions(l, g, b, &f);
	return by_scheduler(l, g, b, &f);
}

void stage_select(struct lane *l, const struct generation *g, struct burst *b)
{
	if (!b->new_flows)
		return;
	const uint32_t failed = choose(l, g, b);

	if (__builtin_expect(failed, 0))
		burst_close(b, failed);
}
