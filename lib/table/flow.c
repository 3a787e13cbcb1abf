/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "table/flow_place.h"

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
	t->active = aligned_alloc(64, (BACKEND_SLOTS * sizeof *t->active + 127) / 64 * 64);
	if (t->bucket && t->active) {
		memset(t->active, 0, BACKEND_SLOTS * sizeof *t->active);
		return t;
	}
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

/* The age of an entry that a first packet makes; see the head of table/flow.h. */
static uint16_t first_age(enum flow_event ev, uint16_t now, const struct flow_timeouts *to)
{
	const enum flow_state confirmed = ev == FLOW_EV_UDP    ? FLOW_UDP
					  : ev == FLOW_EV_DATA ? FLOW_ESTABLISHED
							       : FLOW_NEW;
	const int ahead = to->idle_s[confirmed] - to->idle_s[FLOW_NEW];

	return (uint16_t)(ahead > 0 ? now + ahead : now);
}

static void entry_set(struct flow_table *t, struct flow_at at, uint16_t slot, enum flow_event ev,
	uint16_t now, const struct flow_timeouts *to)
{
	at.b->backend[at.way] = (uint16_t)(slot | first_state(ev) << FLOW_STATE_SHIFT);
	at.b->age[at.way] = first_age(ev, now, to);
	shift(&t->active[slot], 1);
}

static void entry_free(struct flow_table *t, struct flow_at at)
{
	at.b->tag[at.way] = 0;
	shift(&t->active[flow_slot(at)], -1);
	shift(&t->entries, -1);
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
	struct flow_bucket *b2, uint64_t hash, uint16_t now, const struct flow_timeouts *to)
{
	const struct flow_places p1 = flow_places(b1, now, to), p2 = flow_places(b2, now, to);
	struct flow_at at = {NULL, 0};

	for (int c = 0; c < PLACE_CLASSES; c++) {
		const uint32_t in1 = p1.of[c], in2 = p2.of[c];

		if (!(in1 | in2))
			continue;
		at.b = in1 ? b1 : b2;
		at.way = any_way(in1 ? in1 : in2, hash);
		bump(c == PLACE_IDLE ? &t->expired : &t->evicted);
		entry_free(t, at);
		break;
	}
	return at;
}

bool flow_insert(struct flow_table *t, uint64_t hash, uint16_t slot, enum flow_event ev,
	uint16_t now, const struct flow_timeouts *to)
{
	struct flow_bucket *b1 = flow_bucket1(t, hash), *b2 = flow_bucket2(t, hash);
	struct flow_at at = empty_place(b1, b2);

	if (!at.b)
		at = take_place(t, b1, b2, hash, now, to);
	if (!at.b) {
		bump(&t->bypass);
		return false;
	}
	at.b->tag[at.way] = flow_tag(hash);
	entry_set(t, at, slot, ev, now, to);
	shift(&t->entries, 1);
	bump(&t->inserts);
	return true;
}

void flow_move(struct flow_table *t, struct flow_at at, uint16_t slot, enum flow_event ev,
	uint16_t now, const struct flow_timeouts *to)
{
	shift(&t->active[flow_slot(at)], -1);
	entry_set(t, at, slot, ev, now, to);
}

bool flow_remember(struct flow_table *t, uint64_t hash, uint16_t slot, enum flow_event ev,
	uint16_t now, const struct flow_timeouts *to)
{
	const struct flow_at at = flow_find(t, hash);

	if (__builtin_expect(!at.b, 1))
		return flow_insert(t, hash, slot, ev, now, to);
	if (flow_slot(at) == slot && !flow_idle(at, now, to)) {
		flow_touch(at, ev, now);
		return false;
	}
	flow_move(t, at, slot, ev, now, to);
	return true;
}

void flow_forget(struct flow_table *t, struct flow_at at)
{
	entry_free(t, at);
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
