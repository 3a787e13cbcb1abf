/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "table/flow.h"

const uint8_t flow_next[FLOW_STATES][FLOW_EVENTS] = {
	/* clang-format off */
	/*                        DATA              SYN               END           UDP */
	[FLOW_NEW]         = {FLOW_ESTABLISHED, FLOW_NEW,         FLOW_CLOSING, FLOW_UDP},
	[FLOW_ESTABLISHED] = {FLOW_ESTABLISHED, FLOW_ESTABLISHED, FLOW_CLOSING, FLOW_ESTABLISHED},
	[FLOW_CLOSING]     = {FLOW_CLOSING,     FLOW_NEW,         FLOW_CLOSING, FLOW_CLOSING},
	[FLOW_UDP]         = {FLOW_UDP,         FLOW_UDP,         FLOW_UDP,     FLOW_UDP},
	/* clang-format on */
};

/* Zero pages that take memory only when they are used, huge ones where the kernel has them. */
static void *map_pages(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

static size_t table_bytes(const struct flow_table *t)
{
	return ((size_t)t->mask + 1) * sizeof *t->bucket;
}

struct flow_table *flow_new(uint32_t entries, const uint8_t secret[HASH_SECRET_BYTES])
{
	struct flow_table *t = aligned_alloc(64, (sizeof *t + 127) / 64 * 64);
	uint32_t buckets = 8;

	if (!t)
		return NULL;
	while (buckets < (entries + FLOW_WAYS - 1) / FLOW_WAYS)
		buckets *= 2;
	*t = (struct flow_table){.mask = buckets - 1};
	hash_key_init(&t->key, secret);
	t->bucket = map_pages(table_bytes(t));
	t->active = calloc(BACKEND_SLOTS, sizeof *t->active);
	if (t->bucket && t->active)
		return t;
	flow_free(t);
	return NULL;
}

void flow_free(struct flow_table *t)
{
	if (!t)
		return;
	if (t->bucket)
		munmap(t->bucket, table_bytes(t));
	free(t->active);
	free(t);
}

/* Counters with one writer; readers on other threads see no torn value. */
static void bump(uint64_t *c)
{
	__atomic_store_n(c, __atomic_load_n(c, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

static void shift(uint32_t *c, int32_t by)
{
	__atomic_store_n(c, __atomic_load_n(c, __ATOMIC_RELAXED) + (uint32_t)by, __ATOMIC_RELAXED);
}

/* The state in which a flow is remembered after its first packet. */
static uint16_t first_state(enum flow_event ev)
{
	return ev == FLOW_EV_END ? FLOW_CLOSING : FLOW_NEW;
}

static void entry_set(
	struct flow_table *t, struct flow_at at, uint16_t slot, enum flow_event ev, uint16_t now)
{
	at.b->backend[at.way] = (uint16_t)(slot | first_state(ev) << FLOW_STATE_SHIFT);
	at.b->age[at.way] = now;
	shift(&t->active[slot], 1);
}

static void entry_free(struct flow_table *t, struct flow_at at)
{
	at.b->tag[at.way] = 0;
	shift(&t->active[flow_slot(at)], -1);
	shift(&t->entries, -1);
}

/* How willingly an entry is given to a new flow; 0 = never. */
static uint32_t giveaway(struct flow_at at, uint16_t now, const struct flow_timeouts *to)
{
	if (at.b->tag[at.way] == 0)
		return 4;
	if (flow_idle(at, now, to))
		return 3;
	switch (flow_state(at)) {
	case FLOW_CLOSING:
		return 2;
	case FLOW_NEW:
		return 1;
	default:
		return 0;
	}
}

/* The best place in one bucket, if it is better than what is known. */
static void look_for_place(struct flow_bucket *b, uint16_t now, const struct flow_timeouts *to,
	struct flow_at *best, uint32_t *best_score)
{
	for (uint32_t way = 0; way < FLOW_WAYS && *best_score < 4; way++) {
		const struct flow_at at = {b, way};
		const uint32_t score = giveaway(at, now, to);

		if (score > *best_score) {
			*best = at;
			*best_score = score;
		}
	}
}

bool flow_insert(struct flow_table *t, uint64_t hash, uint16_t slot, enum flow_event ev,
	uint16_t now, const struct flow_timeouts *to)
{
	struct flow_at at = {NULL, 0};
	uint32_t score = 0;

	look_for_place(flow_bucket1(t, hash), now, to, &at, &score);
	look_for_place(flow_bucket2(t, hash), now, to, &at, &score);
	if (!score) {
		bump(&t->bypass);
		return false;
	}
	if (score < 4) {
		bump(score == 3 ? &t->expired : &t->evicted);
		entry_free(t, at);
	}
	at.b->tag[at.way] = flow_tag(hash);
	entry_set(t, at, slot, ev, now);
	shift(&t->entries, 1);
	bump(&t->inserts);
	return true;
}

void flow_move(
	struct flow_table *t, struct flow_at at, uint16_t slot, enum flow_event ev, uint16_t now)
{
	shift(&t->active[flow_slot(at)], -1);
	entry_set(t, at, slot, ev, now);
}

static bool gone(struct flow_at at, const struct backend *backends, uint32_t n_backends)
{
	const uint16_t slot = flow_slot(at);

	return slot >= n_backends || backends[slot].state == BACKEND_GONE;
}

void flow_sweep(struct flow_table *t, uint32_t n, uint16_t now, const struct flow_timeouts *to,
	const struct backend *backends, uint32_t n_backends)
{
	for (uint32_t i = 0; i < n; i++) {
		struct flow_bucket *b = &t->bucket[t->hand];

		t->hand = (t->hand + 1) & t->mask;
		__builtin_prefetch(&t->bucket[(t->hand + 4) & t->mask]);
		for (uint32_t way = 0; way < FLOW_WAYS; way++) {
			const struct flow_at at = {b, way};

			if (!b->tag[way])
				continue;
			if (flow_idle(at, now, to))
				bump(&t->expired);
			else if (!gone(at, backends, n_backends))
				continue;
			entry_free(t, at);
		}
	}
}
