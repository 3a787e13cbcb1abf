/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>
#include <string.h>

#include "table/flow_intake.h"
#include "table/flow_keys.h"
#include "table/flow_mem.h"

#define FLOW_LEAST_BUCKETS 8

const uint8_t flow_next[FLOW_STATES][FLOW_EVENTS] = {
	/* clang-format off */
	/*                        DATA              SYN               END           UDP */
	[FLOW_NEW]         = {FLOW_ESTABLISHED, FLOW_NEW,         FLOW_CLOSING, FLOW_UDP},
	[FLOW_ESTABLISHED] = {FLOW_ESTABLISHED, FLOW_ESTABLISHED, FLOW_CLOSING, FLOW_ESTABLISHED},
	[FLOW_CLOSING]     = {FLOW_CLOSING,     FLOW_NEW,         FLOW_CLOSING, FLOW_CLOSING},
	[FLOW_UDP]         = {FLOW_UDP,         FLOW_UDP,         FLOW_UDP,     FLOW_UDP},
	/* clang-format on */
};

const char *flow_state_name(enum flow_state s)
{
	static const char *const names[FLOW_STATES] = {
		[FLOW_NEW] = "new",
		[FLOW_ESTABLISHED] = "established",
		[FLOW_CLOSING] = "closing",
		[FLOW_UDP] = "udp",
	};

	return names[s];
}

/* Buckets for so many entries. */
static uint32_t buckets_for(uint32_t entries)
{
	uint32_t buckets = FLOW_LEAST_BUCKETS;

	while (buckets < (entries + FLOW_WAYS - 1) / FLOW_WAYS)
		buckets *= 2;
	return buckets;
}

struct flow_table *flow_new(const struct flow_shape *s, const uint8_t secret[HASH_SECRET_BYTES])
{
	const uint32_t most = buckets_for(s->entries);
	const uint32_t wanted = buckets_for(s->start ? s->start : FLOW_START_ENTRIES);
	uint32_t start = wanted < most ? wanted : most;
	struct flow_table *t = aligned_alloc(64, (sizeof *t + 127) / 64 * 64);

	if (!t)
		return NULL;
	while (most / start > FLOW_GROWTH_MOST)
		start *= 2;
	*t = (struct flow_table){.most = most, .head = flow_mem_map(most, s->exact_keys)};
	t->active = aligned_alloc(64, (BACKEND_SLOTS * sizeof *t->active + 127) / 64 * 64);
	if (!t->head || !t->active) {
		flow_free(t);
		return NULL;
	}
	memset(t->active, 0, BACKEND_SLOTS * sizeof *t->active);
	memcpy(t->head->secret, secret, HASH_SECRET_BYTES);
	t->head->base_bits = (uint32_t)__builtin_ctz(start);
	t->head->buckets = start;
	flow_take_up(t);
	return t;
}

void flow_take_up(struct flow_table *t)
{
	struct flow_head *h = t->head;

	hash_key_init(&t->key, h->secret);
	t->bucket = flow_mem_part(h, FLOW_PART_BUCKETS);
	t->mask = h->buckets - 1;
	t->base_bits = h->base_bits;
	t->half = h->half;
	t->unsplit = h->unsplit;
	t->known = h->exact_keys ? flow_mem_part(h, FLOW_PART_KEYS) : NULL;
	t->spare = h->buckets < t->most || h->half ? flow_mem_part(h, FLOW_PART_SPARE) : NULL;
	t->grow_at = flow_next_growth(t);
}

void flow_free(struct flow_table *t)
{
	if (!t)
		return;
	flow_mem_unmap(t->head);
	free(t->active);
	free(t);
}

void flow_forget(struct flow_table *t, struct flow_at at)
{
	at.b->tag[at.way] = 0;
	counter_shift(&t->active[flow_slot(at)], -1);
	counter_shift(&t->entries, -1);
}

enum flow_remembered flow_remember(struct flow_table *t, const struct flow_arrival *a)
{
	struct flow_at at = flow_find_known(t, a->hash, a->key, a->is6);
	struct flow_intake in;

	if (at.b && flow_slot(at) == a->slot && !flow_idle(at, a->now, a->to)) {
		flow_touch(at, a->ev, a->now);
		return FLOW_WENT_ON;
	}
	flow_intake_begin(&in, t, a->now, a->to);
	if (at.b) {
		counter_shift(&t->active[flow_slot(at)], -1);
		flow_intake_set(&in, at, a->ev, a->slot);
		return FLOW_BEGAN;
	}
	struct flow_bucket *b1 = flow_home(t, flow_index1(a->hash)),
			   *b2 = flow_home(t, flow_index2(a->hash));

	at = flow_intake_put(&in, b1, b2, a->hash, a->ev, a->slot,
		flow_intake_crowded(&in, b1, b2, flow_tag(a->hash)));
	flow_intake_end(&in);
	if (__builtin_expect(at.b && t->known, 0))
		flow_key_keep(t, at, a->key, a->is6);
	return at.b ? FLOW_BEGAN : FLOW_NO_PLACE;
}
