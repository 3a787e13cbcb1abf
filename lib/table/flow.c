/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>
#include <string.h>

#include "table/flow_count.h"
#include "table/flow_keys.h"
#include "table/flow_mem.h"
#include "table/flow_place.h"

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

/* The state in which a flow is remembered after its first packet. */
static uint16_t first_state(enum flow_event ev)
{
	return ev == FLOW_EV_END ? FLOW_CLOSING : FLOW_NEW;
}

/* The age of an entry that a first packet makes; see the head of table/flow.h. */
static uint16_t first_age(enum flow_event ev, uint16_t now, const struct flow_timeouts *to)
{
	const enum flow_state confirmed = ev == FLOW_EV_UDP    ? FLOW_UDP
					  : ev == FLOW_EV_DATA ? FLOW_ESTABLISHED
							       : FLOW_NEW;
	const int ahead = to->idle_s[confirmed] - to->idle_s[FLOW_NEW];

	return (uint16_t)(ahead > 0 ? now + ahead : now);
}

static void entry_set(struct flow_table *t, struct flow_at at, const struct flow_arrival *a)
{
	at.b->backend[at.way] = (uint16_t)(a->slot | first_state(a->ev) << FLOW_STATE_SHIFT);
	at.b->age[at.way] = first_age(a->ev, a->now, a->to);
	flow_shift(&t->active[a->slot], 1);
}

void flow_forget(struct flow_table *t, struct flow_at at)
{
	at.b->tag[at.way] = 0;
	flow_shift(&t->active[flow_slot(at)], -1);
	flow_shift(&t->entries, -1);
}

/* Empty entries that the first bucket does not give away while the second has more. */
#define SPARE_WAYS 2

/* An empty entry of either bucket. The first one is where lookups end sooner; taken to its last
 * entry, it would leave its neighbours' second choices full, and flows without a place when the
 * table is half empty. */
static struct flow_at empty_place(struct flow_bucket *b1, struct flow_bucket *b2)
{
	const uint32_t in1 = flow_match(b1, 0), in2 = flow_match(b2, 0);
	const int n1 = __builtin_popcount(in1), n2 = __builtin_popcount(in2);

	if (n1 <= SPARE_WAYS && n2 > n1)
		return (struct flow_at){b2, (uint32_t)__builtin_ctz(in2)};
	if (in1)
		return (struct flow_at){b1, (uint32_t)__builtin_ctz(in1)};
	return (struct flow_at){NULL, 0};
}

/* One of the ways in a mask that is not 0. Not always the first: a new entry would make room for
 * the very next one. */
static uint32_t any_way(uint32_t mask, uint64_t hash)
{
	const uint32_t from = (uint32_t)(hash >> 32) % FLOW_WAYS;

	return ((uint32_t)__builtin_ctz((mask | mask << FLOW_WAYS) >> from) + from) % FLOW_WAYS;
}

/* Free an entry of two full buckets for a new flow. NULL bucket: there is none to be had. */
static struct flow_at take_place(struct flow_table *t, struct flow_bucket *b1,
	struct flow_bucket *b2, const struct flow_arrival *a)
{
	const struct flow_places p1 = flow_places(b1, a->now, a->to),
				 p2 = flow_places(b2, a->now, a->to);
	struct flow_at at = {NULL, 0};

	for (int c = 0; c < PLACE_CLASSES; c++) {
		const uint32_t in1 = p1.of[c], in2 = p2.of[c];

		if (!(in1 | in2))
			continue;
		at.b = in1 ? b1 : b2;
		at.way = any_way(in1 ? in1 : in2, a->hash);
		flow_count(c == PLACE_IDLE ? &t->expired : &t->evicted);
		flow_forget(t, at);
		break;
	}
	return at;
}

static enum flow_remembered insert(struct flow_table *t, const struct flow_arrival *a)
{
	struct flow_bucket *b1 = flow_home(t, flow_index1(a->hash)),
			   *b2 = flow_home(t, flow_index2(a->hash));
	struct flow_at at = empty_place(b1, b2);

	if (!at.b)
		at = take_place(t, b1, b2, a);
	if (__builtin_expect(!at.b, 0)) {
		flow_count(&t->bypass);
		return FLOW_NO_PLACE;
	}
	at.b->tag[at.way] = flow_tag(a->hash);
	entry_set(t, at, a);
	if (t->spare)
		t->spare[flow_entry(t, at)] =
			(uint16_t)((at.b == b1 ? flow_index1(a->hash) : flow_index2(a->hash)) >>
				   t->base_bits);
	if (__builtin_expect(t->known != NULL, 0))
		flow_key_keep(t, at, a->key, a->is6);
	flow_shift(&t->entries, 1);
	flow_count(&t->inserts);
	return FLOW_BEGAN;
}

enum flow_remembered flow_remember(struct flow_table *t, const struct flow_arrival *a)
{
	const struct flow_at at = flow_find_known(t, a->hash, a->key, a->is6);

	if (__builtin_expect(!at.b, 1))
		return insert(t, a);
	if (flow_slot(at) == a->slot && !flow_idle(at, a->now, a->to)) {
		flow_touch(at, a->ev, a->now);
		return FLOW_WENT_ON;
	}
	flow_shift(&t->active[flow_slot(at)], -1);
	entry_set(t, at, a);
	return FLOW_BEGAN;
}
