/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/ask.h"
#include "table/flow_keys.h"

/* Buckets a loop: a few microseconds when none of them is in the cache. */
#define ASK_BUCKETS 32

/* Is there a flow that a packet would find? */
static bool is_live(const struct lane *l, const struct generation *g, struct flow_at at)
{
	const uint16_t slot = flow_slot(at);

	return slot < g->n_backends && g->backends[slot].state != BACKEND_GONE &&
	       !flow_idle(at, l->clock, &g->flow_timeouts);
}

static void add_row(struct ask *a, const struct lane *l, struct flow_at at)
{
	const int16_t idle = (int16_t)(l->clock - at.b->note[at.way].age);

	struct ask_flow *f = &a->flow[a->n++];

	*f = (struct ask_flow){
		.slot = flow_slot(at),
		.idle_s = (uint16_t)(idle > 0 ? idle : 0),
		.state = (uint8_t)flow_state(at),
		.way = (uint8_t)at.way,
		.bucket = (uint32_t)(at.b - l->flows->bucket),
	};
	f->has_key = flow_key_of(l->flows, at, &f->key, &f->v6);
}

static struct flow_at find(const struct lane *l, const struct ask *a)
{
	const uint8_t is6 = a->v6;
	uint64_t hash;

	hash_burst(&l->flows->key, &a->key, &is6, 1, &hash);
	return flow_find_known(l->flows, hash, &a->key, a->v6);
}

static void find_one(struct lane *l, const struct generation *g, struct ask *a)
{
	const struct flow_at at = find(l, a);

	if (at.b && is_live(l, g, at))
		add_row(a, l, at);
	a->end = true;
}

static void drop_one(struct lane *l, struct ask *a)
{
	const struct flow_at at = find(l, a);

	if (at.b) {
		flow_forget(l->flows, at);
		a->n++;
	}
	a->end = true;
}

static void walk_bucket(
	struct lane *l, const struct generation *g, struct ask *a, struct flow_bucket *b)
{
	for (uint32_t way = 0; way < FLOW_WAYS; way++) {
		const struct flow_at at = {b, way};

		if (!b->tag[way] || (a->slot != ASK_ANY_BACKEND && flow_slot(at) != a->slot))
			continue;
		if (a->kind == ASK_LIST && is_live(l, g, at)) {
			add_row(a, l, at);
		} else if (a->kind == ASK_DROP) {
			a->n += is_live(l, g, at);
			flow_forget(l->flows, at);
		}
	}
}

/* True when the question is answered for now. */
static bool walk(struct lane *l, const struct generation *g, struct ask *a)
{
	struct flow_table *t = l->flows;

	for (uint32_t i = 0; i < ASK_BUCKETS; i++) {
		if (a->kind == ASK_LIST && a->n + FLOW_WAYS > a->room)
			return true;
		__builtin_prefetch(&t->bucket[(a->at + 8) & t->mask]);
		walk_bucket(l, g, a, &t->bucket[a->at]);
		a->end = a->at++ == t->mask;
		if (a->end)
			return true;
	}
	return false;
}

void ask_work(struct lane *l, const struct generation *g)
{
	struct ask *a = __atomic_load_n(&l->ask, __ATOMIC_ACQUIRE);
	bool over = true;

	if (!l->flows)
		a->end = true;
	else if (a->kind == ASK_FIND)
		find_one(l, g, a);
	else if (a->one)
		drop_one(l, a);
	else
		over = walk(l, g, a);
	if (over)
		__atomic_store_n(&l->ask, NULL, __ATOMIC_RELEASE);
}
