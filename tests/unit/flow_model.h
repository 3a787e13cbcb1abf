/* SPDX-License-Identifier: BSD-3-Clause */

/* A dictionary that must always hold what a flow table holds. It keeps whole hashes and a clock
 * that never wraps, and knows the rules of table/flow.h from their text. What it does not foretell
 * is which of the entries that may go a new flow takes: it looks, and proves that the choice was
 * allowed. */

#ifndef SLUICE_TESTS_FLOW_MODEL_H
#define SLUICE_TESTS_FLOW_MODEL_H

#include <stdlib.h>
#include <string.h>

#include "../packet/random.h"
#include "table/flow_keys.h"
#include "table/flow_mem.h"

#define MODEL_BACKENDS 24

struct model_flow {
	uint64_t hash;
	uint64_t age_s; /* when it was seen last, or ahead of that */
	uint16_t slot;
	bool known;
	enum flow_state state;
};

struct model {
	struct flow_table *t;
	struct flow_shape shape;
	bool adopts; /* random steps write the table out and take it up again */
	struct flow_timeouts to;
	struct backend backend[MODEL_BACKENDS];
	uint64_t now_s, swept_s;
	uint32_t n; /* flows */
	struct model_flow *flow;
	uint32_t tag_mask;
	uint32_t *by_tag; /* number of a flow plus 1, by its tag; open addressing */
	uint32_t known[MODEL_BACKENDS];
	uint64_t bypass;
	const char *wrong; /* the first thing that was not as it must be, NULL = nothing */
};

#define MODEL_TEXT2(x) #x
#define MODEL_TEXT(x)  MODEL_TEXT2(x)
#define MODEL_REQUIRE(m, truth)                                                                 \
	do {                                                                                    \
		if (!(truth) && !(m)->wrong)                                                    \
			(m)->wrong = #truth " is not true, flow_model.h:" MODEL_TEXT(__LINE__); \
	} while (0)

static inline uint16_t model_clock(const struct model *m)
{
	return (uint16_t)m->now_s;
}

/* The flow with this tag, NULL when there is none. */
static inline struct model_flow *model_by_tag(const struct model *m, uint32_t tag)
{
	for (uint32_t i = tag * 0x9e3779b1u;; i++) {
		const uint32_t number = m->by_tag[i & m->tag_mask];

		if (!number)
			return NULL;
		if (flow_tag(m->flow[number - 1].hash) == tag)
			return &m->flow[number - 1];
	}
}

/* n flows with random hashes of different tags. A table of its own. Aborts without memory. */
static inline void model_start(
	struct model *m, struct random *r, uint32_t n, const struct flow_shape *shape)
{
	uint8_t secret[HASH_SECRET_BYTES] = {1};

	*m = (struct model){.n = n, .tag_mask = 1};
	while (m->tag_mask < n * 4)
		m->tag_mask = m->tag_mask * 2 + 1;
	m->shape = *shape;
	m->t = flow_new(shape, secret);
	m->flow = calloc(n, sizeof *m->flow);
	m->by_tag = calloc(m->tag_mask + 1, sizeof *m->by_tag);
	if (!m->t || !m->flow || !m->by_tag)
		abort();
	for (uint32_t i = 0; i < n; i++) {
		uint64_t hash;
		uint32_t at;

		do
			hash = random_next(r);
		while (model_by_tag(m, flow_tag(hash)));
		at = flow_tag(hash) * 0x9e3779b1u;
		while (m->by_tag[at & m->tag_mask])
			at++;
		m->by_tag[at & m->tag_mask] = i + 1;
		m->flow[i].hash = hash;
	}
	for (uint32_t i = 0; i < MODEL_BACKENDS; i++)
		m->backend[i].state = BACKEND_READY;
}

static inline void model_end(struct model *m)
{
	flow_free(m->t);
	free(m->flow);
	free(m->by_tag);
}

static inline bool model_idle(const struct model *m, const struct model_flow *f)
{
	return m->now_s > f->age_s + m->to.idle_s[f->state];
}

static inline void model_forget(struct model *m, struct model_flow *f)
{
	f->known = false;
	m->known[f->slot]--;
}

/* Without a SYN, one packet is remembered as long as more of them. */
static inline uint32_t model_ahead(const struct model *m, enum flow_event ev)
{
	const uint16_t *idle_s = m->to.idle_s;
	const uint32_t life_s = ev == FLOW_EV_UDP    ? idle_s[FLOW_UDP]
				: ev == FLOW_EV_DATA ? idle_s[FLOW_ESTABLISHED]
						     : 0;

	return life_s > idle_s[FLOW_NEW] ? life_s - idle_s[FLOW_NEW] : 0;
}

static inline void model_learn(
	struct model *m, struct model_flow *f, uint16_t slot, enum flow_event ev)
{
	f->known = true;
	f->slot = slot;
	f->state = ev == FLOW_EV_END ? FLOW_CLOSING : FLOW_NEW;
	f->age_s = m->now_s + model_ahead(m, ev);
	m->known[slot]++;
}

static inline enum flow_state model_next(enum flow_state s, enum flow_event ev)
{
	if (s == FLOW_UDP || (s == FLOW_NEW && ev == FLOW_EV_UDP))
		return FLOW_UDP;
	if (s == FLOW_CLOSING)
		return ev == FLOW_EV_SYN ? FLOW_NEW : FLOW_CLOSING;
	if (ev == FLOW_EV_END)
		return FLOW_CLOSING;
	return s == FLOW_NEW && ev == FLOW_EV_DATA ? FLOW_ESTABLISHED : s;
}

/* The entry says of flow f what the dictionary says. */
static inline void model_compare(struct model *m, const struct model_flow *f, struct flow_at at)
{
	MODEL_REQUIRE(m, flow_slot(at) == f->slot);
	MODEL_REQUIRE(m, flow_state(at) == f->state);
	MODEL_REQUIRE(m, at.b->note[at.way].age == (uint16_t)f->age_s);
	MODEL_REQUIRE(m, flow_idle(at, model_clock(m), &m->to) == model_idle(m, f));
}

/* What a new flow takes first. */
enum model_rank { MODEL_EMPTY, MODEL_IDLE, MODEL_NEW, MODEL_CLOSING, MODEL_LIVE };

static inline enum model_rank model_rank(struct model *m, uint32_t tag)
{
	const struct model_flow *f = tag ? model_by_tag(m, tag) : NULL;

	MODEL_REQUIRE(m, !tag || (f && f->known));
	if (!f)
		return MODEL_EMPTY;
	if (model_idle(m, f))
		return MODEL_IDLE;
	return f->state == FLOW_NEW       ? MODEL_NEW
	       : f->state == FLOW_CLOSING ? MODEL_CLOSING
					  : MODEL_LIVE;
}

/* The best place that a bucket has to give. */
static inline enum model_rank model_best(struct model *m, const struct flow_bucket *b)
{
	enum model_rank best = MODEL_LIVE;

	for (uint32_t way = 0; way < FLOW_WAYS; way++) {
		const enum model_rank rank = model_rank(m, b->tag[way]);

		best = rank < best ? rank : best;
	}
	return best;
}

/* Look at one bucket before and after an insertion: was the place one of the best? Returns the
 * number of entries that changed. */
static inline uint32_t model_changed(struct model *m, const struct flow_bucket *was,
	const struct flow_bucket *is, const struct model_flow *f, enum model_rank best)
{
	uint32_t changed = 0;

	for (uint32_t way = 0; way < FLOW_WAYS; way++) {
		if (was->tag[way] == is->tag[way] &&
			was->note[way].backend == is->note[way].backend &&
			was->note[way].age == is->note[way].age)
			continue;
		changed++;
		MODEL_REQUIRE(m, is->tag[way] == flow_tag(f->hash));
		MODEL_REQUIRE(m, model_rank(m, was->tag[way]) == best);
		if (was->tag[way] && !m->wrong)
			model_forget(m, model_by_tag(m, was->tag[way]));
	}
	return changed;
}

/* A key for each flow; both families. */
static inline struct flow_key model_key(const struct model_flow *f)
{
	const uint64_t h = f->hash;
	const struct flow_key six = {{h, ~h, h, h >> 5, h & 0xffffffffff}};

	return h & 1 ? six : (struct flow_key){{h, h >> 24, 1, 2, 3, 4}};
}

static inline enum flow_remembered model_remember(
	struct model *m, const struct model_flow *f, uint16_t slot, enum flow_event ev)
{
	const struct flow_key key = model_key(f);
	const struct flow_arrival a = {
		.hash = f->hash,
		.key = &key,
		.is6 = f->hash & 1,
		.ev = ev,
		.slot = slot,
		.now = model_clock(m),
		.to = &m->to,
	};

	return flow_remember(m->t, &a);
}

static inline struct flow_at model_find(const struct model *m, const struct model_flow *f)
{
	const struct flow_key key = model_key(f);

	return m->t->known ? flow_find_exact(m->t, f->hash, &key, f->hash & 1)
			   : flow_find(m->t, f->hash);
}

static inline void model_insert(
	struct model *m, struct model_flow *f, uint16_t slot, enum flow_event ev)
{
	struct flow_bucket *b1 = flow_home(m->t, flow_index1(f->hash)),
			   *b2 = flow_home(m->t, flow_index2(f->hash));
	const struct flow_bucket was1 = *b1, was2 = *b2;
	const enum model_rank best1 = model_best(m, b1), best2 = model_best(m, b2);
	const enum model_rank best = best1 < best2 ? best1 : best2;
	uint32_t changed;
	bool ok;

	ok = model_remember(m, f, slot, ev) == FLOW_BEGAN;
	changed = model_changed(m, &was1, b1, f, best);
	if (b2 != b1)
		changed += model_changed(m, &was2, b2, f, best);
	MODEL_REQUIRE(m, changed == (ok ? 1 : 0));
	MODEL_REQUIRE(m, ok == (best < MODEL_LIVE));
	m->bypass += !ok;
	MODEL_REQUIRE(m, m->t->bypass == m->bypass);
	if (ok)
		model_learn(m, f, slot, ev);
}

/* A packet of flow `number`, as the stages treat it. `slot`: the choice if it needs a backend. */
static inline void model_packet(struct model *m, uint32_t number, uint16_t slot, enum flow_event ev)
{
	struct model_flow *f = &m->flow[number];

	if (flow_grow_due(m->t))
		flow_grow(m->t);
	const struct flow_at at = model_find(m, f);

	MODEL_REQUIRE(m, f->known == (at.b != NULL));
	if (m->wrong)
		return;
	if (!at.b) {
		model_insert(m, f, slot, ev);
		return;
	}
	model_compare(m, f, at);
	const uint8_t state = m->backend[f->slot].state;
	const bool stays = state != BACKEND_GONE && !(ev == FLOW_EV_SYN && state == BACKEND_DRAIN);

	if (!model_idle(m, f) && stays)
		flow_touch(at, ev, model_clock(m));
	else
		model_remember(m, f, slot, ev);
	if (!model_idle(m, f) && (stays || f->slot == slot)) {
		f->state = model_next(f->state, ev);
		if (f->state != FLOW_NEW || f->age_s < m->now_s)
			f->age_s = m->now_s;
	} else {
		model_forget(m, f);
		model_learn(m, f, slot, ev);
	}
	model_compare(m, f, at);
}

/* Sweep n buckets, not more than there are. */
static inline void model_sweep(struct model *m, uint32_t n)
{
	const uint32_t from = m->t->hand;

	for (uint32_t i = 0; i < n * FLOW_WAYS; i++) {
		const uint32_t at = (from + i / FLOW_WAYS) & m->t->mask;
		const uint32_t tag = m->t->bucket[at].tag[i % FLOW_WAYS];
		struct model_flow *f = tag ? model_by_tag(m, tag) : NULL;

		if (f && (model_idle(m, f) || m->backend[f->slot].state == BACKEND_GONE))
			model_forget(m, f);
	}
	flow_sweep(m->t, n, model_clock(m), &m->to, m->backend, MODEL_BACKENDS);
	for (uint32_t i = 0; i < n * FLOW_WAYS; i++) {
		const uint32_t at = (from + i / FLOW_WAYS) & m->t->mask;
		const uint32_t tag = m->t->bucket[at].tag[i % FLOW_WAYS];

		MODEL_REQUIRE(m, !tag || model_by_tag(m, tag)->known);
	}
	MODEL_REQUIRE(m, m->t->hand == ((from + n) & m->t->mask));
}

/* Time goes on. Ages wrap, so the sweep must come round in time, as it does in a worker. */
static inline void model_wait(struct model *m, uint32_t seconds)
{
	for (uint32_t step; seconds; seconds -= step) {
		step = seconds < 300 ? seconds : 300;
		if (m->now_s + step - m->swept_s > 700) {
			model_sweep(m, m->t->mask + 1);
			m->swept_s = m->now_s;
		}
		m->now_s += step;
	}
}

/* The table, written out and taken up again at another address. */
static inline void model_adopt(struct model *m)
{
	const size_t bytes = flow_image_bytes(m->t);
	void *image = malloc(bytes);
	struct flow_table *t = NULL;
	uint16_t clock = 0;

	if (!image)
		abort();
	flow_image_write(m->t, model_clock(m), image);
	MODEL_REQUIRE(m, flow_adopt(image, bytes, &m->shape, &t, &clock, NULL) == 0);
	free(image);
	if (m->wrong)
		return;
	MODEL_REQUIRE(m, clock == model_clock(m));
	flow_free(m->t);
	m->t = t;
	m->bypass = 0;
}

/* What stands beside an entry that is in use. */
static inline void model_check_key(struct model *m, const struct model_flow *f, struct flow_at at)
{
	const struct flow_key want = model_key(f);
	struct flow_key is;
	bool is6;

	if (!flow_key_of(m->t, at, &is, &is6))
		return;
	MODEL_REQUIRE(m, is6 == (f->hash & 1));
	MODEL_REQUIRE(m, memcmp(&is, &want, is6 ? 40 : 16) == 0);
}

/* Every entry of the table against the dictionary, and the table's counts against a count of its
 * raw buckets. */
static inline void model_check(struct model *m)
{
	uint32_t per_slot[MODEL_BACKENDS] = {0}, entries = 0;

	for (uint32_t b = 0; b <= m->t->mask; b++) {
		for (uint32_t way = 0; way < FLOW_WAYS; way++) {
			const struct flow_at at = {&m->t->bucket[b], way};
			const uint32_t tag = at.b->tag[way];
			const struct model_flow *f = tag ? model_by_tag(m, tag) : NULL;

			MODEL_REQUIRE(m, !tag || (f && f->known));
			if (!f || m->wrong)
				continue;
			entries++;
			per_slot[at.b->note[way].backend & 0x3fff]++;
			model_compare(m, f, at);
			model_check_key(m, f, at);
			MODEL_REQUIRE(m, model_find(m, f).b == at.b);
		}
	}
	MODEL_REQUIRE(m, m->t->entries == entries);
	for (uint32_t s = 0; s < MODEL_BACKENDS; s++) {
		MODEL_REQUIRE(m, m->t->active[s] == per_slot[s]);
		MODEL_REQUIRE(m, m->known[s] == per_slot[s]);
	}
}

#endif
