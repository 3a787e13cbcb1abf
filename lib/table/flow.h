/* SPDX-License-Identifier: BSD-3-Clause */

/* The flow table of one lane: which backend a connection has. One writer, no locks.
 *
 * A bucket is one cache line of 8 entries; a flow has two candidate buckets. An entry is known by
 * its bucket and a 32-bit tag from the keyed flow hash, not by its whole key: a new flow is taken
 * for another one with a chance below 16 / 2^32 = 4e-9. Backends are held as slots, so a table
 * outlives generations.
 *
 * An entry begins as FLOW_NEW (unconfirmed). What comes after the first packet confirms it. A new
 * flow may take an entry that is empty, idle for too long, unconfirmed or closing, in this order;
 * never a live confirmed one. When both buckets are full of live confirmed ones, the flow is not
 * remembered, and each of its packets is counted as a bypass.
 *
 * A SYN that nothing follows is forgotten soon. A flow that begins otherwise, with UDP or in the
 * middle of a connection, may be one of few packets: unconfirmed, it lives as long as it would
 * confirmed, so that the next packet finds it and confirms it. For that its age is set ahead.
 *
 * The table begins small and doubles in place when it is half full, a few buckets at a time
 * (flow_grow.c). Growth moves entries, so a flow_at, and a bucket's address, are good until the
 * next call of flow_grow, which is before a burst's first look at the table and nowhere else. What
 * a burst hashed or prefetched before that stays right: from the hash, each lookup works out anew
 * where to look.
 */

#ifndef SLUICE_TABLE_FLOW_H
#define SLUICE_TABLE_FLOW_H

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include "eal/hash.h"
#include "table/backend.h"

#define FLOW_WAYS 8

/* Upper two bits of an entry's backend. */
enum flow_state { FLOW_NEW, FLOW_ESTABLISHED, FLOW_CLOSING, FLOW_UDP, FLOW_STATES };

/* What a packet does to its flow. Only the client's half of a connection is seen. */
enum flow_event {
	FLOW_EV_DATA, /* TCP without SYN, FIN, RST */
	FLOW_EV_SYN,
	FLOW_EV_END, /* FIN or RST */
	FLOW_EV_UDP,
	FLOW_EVENTS
};

#define FLOW_STATE_SHIFT 14

struct flow_note {
	uint16_t backend; /* slot | state << FLOW_STATE_SHIFT */
	uint16_t age;     /* clock when last seen, or ahead; seconds, wraps */
};

struct flow_bucket {
	alignas(64) uint32_t tag[FLOW_WAYS]; /* 0 = empty */
	struct flow_note note[FLOW_WAYS];
};

static_assert(sizeof(struct flow_bucket) == 64, "one cache line");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a note is read as one word");

/* Longest idle time. Ages are 16 bits and compared with a sign; what is left up to 32767 is for the
 * sweep to come round in. */
#define FLOW_IDLE_MAX_S 32000

/* Idle seconds after which an entry is free, by state; each at most FLOW_IDLE_MAX_S. */
struct flow_timeouts {
	uint16_t idle_s[FLOW_STATES];
};

/* All worker: rw, control: ro. The memory that `head` begins holds everything that must outlive the
 * process (flow_mem.h); what it holds too is here a copy for speed. */
struct flow_table {
	struct flow_bucket *bucket;
	uint32_t mask;    /* buckets - 1 */
	uint32_t hand;    /* next bucket to sweep */
	uint32_t grow_at; /* with more entries than this flow_grow is due */
	uint32_t half;    /* buckets before the doubling that is under way; 0 = none is */
	uint32_t unsplit; /* of those, the first that is not split yet */
	struct hash_key key;
	uint32_t entries; /* in use */
	uint32_t *active; /* flows by backend slot */

	uint32_t most;          /* buckets that it may grow to */
	uint32_t base_bits;     /* the index of a bucket was so wide when the table began */
	uint16_t *spare;        /* by entry: more bits of its index; NULL = it never grows again */
	struct flow_key *known; /* by entry: its whole key (flow_keys.h); NULL = not kept */
	struct flow_head *head;

	uint64_t inserts;
	uint64_t expired; /* idle entries freed */
	uint64_t evicted; /* unconfirmed or closing ones that a new flow took */
	uint64_t bypass;  /* packets whose flow found no place */
	uint64_t grown;   /* doublings */
};

/* A place in the table; NULL bucket = none. */
struct flow_at {
	struct flow_bucket *b;
	uint32_t way;
};

/* What a table is to be. */
struct flow_shape {
	uint32_t entries; /* most; rounded up to a power of two, 64 or more */
	uint32_t start;   /* at the beginning; 0 = FLOW_START_ENTRIES */
	bool exact_keys;  /* keep whole keys: 48 bytes more an entry, and lookups compare them */
};

#define FLOW_START_ENTRIES 4096
#define FLOW_MAX_ENTRIES   (1u << 26)

/* An empty table with a secret for its hash. Half as many flows as entries all find a place; at 75
 * % 0.04 % do not, and 5 % when as many come as there are entries. NULL without memory. Control
 * thread. */
struct flow_table *flow_new(const struct flow_shape *s, const uint8_t secret[HASH_SECRET_BYTES]);
void flow_free(struct flow_table *t);

/* A packet of a flow, and the backend that was chosen for it. */
struct flow_arrival {
	uint64_t hash;
	const struct flow_key *key; /* not read where the table keeps none */
	bool is6;
	enum flow_event ev;
	uint16_t slot;
	uint16_t now;
	const struct flow_timeouts *to;
};

enum flow_remembered {
	FLOW_BEGAN,    /* a flow begins here */
	FLOW_WENT_ON,  /* an earlier packet of the same burst began it */
	FLOW_NO_PLACE, /* it goes by the table; counted */
};

/* Remember the choice. An entry that is there already is the flow's own, idle or with a backend
 * that takes it no more, or one that an earlier packet of the burst made. Worker. */
enum flow_remembered flow_remember(struct flow_table *t, const struct flow_arrival *a);

/* Free an entry. Worker. */
void flow_forget(struct flow_table *t, struct flow_at at);

/* Do a piece of the growth that is due: a bounded number of buckets. Worker, between bursts. */
void flow_grow(struct flow_table *t);

static inline bool flow_grow_due(const struct flow_table *t)
{
	return __builtin_expect(t->entries > t->grow_at, 0);
}

/* Look at the next n buckets and free what is idle or belongs to a backend that is gone. */
void flow_sweep(struct flow_table *t, uint32_t n, uint16_t now, const struct flow_timeouts *to,
	const struct backend *backends, uint32_t n_backends);

/* [state][event] -> state. A retransmitted SYN does not confirm; a SYN does not unconfirm a live
 * flow, which a forged one could otherwise do; a SYN on a closing flow opens it again, and the
 * caller chooses its backend anew. */
extern const uint8_t flow_next[FLOW_STATES][FLOW_EVENTS];

/* "established" and so on, for a person. */
const char *flow_state_name(enum flow_state s);

static inline uint32_t flow_tag(uint64_t hash)
{
	const uint32_t tag = (uint32_t)(hash >> 32);

	return tag + !tag;
}

/* The two candidates as numbers of 32 bits, of which the table uses as many as it has buckets for:
 * the second from the first and the tag (Fan et al., "Cuckoo Filter", 2014, 3.1). */
static inline uint32_t flow_index1(uint64_t hash)
{
	return (uint32_t)hash;
}

static inline uint32_t flow_index2(uint64_t hash)
{
	return (uint32_t)hash ^ (flow_tag(hash) * 0x5bd1e995u);
}

static inline struct flow_bucket *flow_bucket1(const struct flow_table *t, uint64_t hash)
{
	return &t->bucket[flow_index1(hash) & t->mask];
}

static inline struct flow_bucket *flow_bucket2(const struct flow_table *t, uint64_t hash)
{
	return &t->bucket[flow_index2(hash) & t->mask];
}

/* Where the flow really belongs while the table doubles: a bucket of the lower half keeps all it
 * has until it is split. */
static inline struct flow_bucket *flow_home(const struct flow_table *t, uint32_t index)
{
	const uint32_t i = index & t->mask;

	return &t->bucket[t->half && i >= t->half + t->unsplit ? i - t->half : i];
}

/* Fetch the second bucket of a flow: only when the first does not have it, since few have to look
 * there. */
static inline void flow_prefetch2(const struct flow_table *t, uint64_t hash)
{
	__builtin_prefetch(flow_bucket2(t, hash));
}

/* Bit w is set where the tag of way w matches. */
static inline uint32_t flow_match_plain(const struct flow_bucket *b, uint32_t tag)
{
	uint32_t m = 0;

	for (uint32_t way = 0; way < FLOW_WAYS; way++)
		m |= (uint32_t)(b->tag[way] == tag) << way;
	return m;
}

#if defined LEVEL_PLAIN
#define flow_match flow_match_plain
#elif defined __AVX2__
static inline uint32_t flow_match(const struct flow_bucket *b, uint32_t tag)
{
	const __m256i same = _mm256_cmpeq_epi32(
		_mm256_load_si256((const __m256i *)b->tag), _mm256_set1_epi32((int)tag));

	return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(same));
}
#elif defined __SSE2__
static inline uint32_t flow_match(const struct flow_bucket *b, uint32_t tag)
{
	const __m128i want = _mm_set1_epi32((int)tag);
	const __m128i lo = _mm_cmpeq_epi32(_mm_load_si128((const __m128i *)&b->tag[0]), want);
	const __m128i hi = _mm_cmpeq_epi32(_mm_load_si128((const __m128i *)&b->tag[4]), want);
	const __m128i words = _mm_packs_epi32(lo, hi);

	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(words, _mm_setzero_si128()));
}
#else
#define flow_match flow_match_plain
#endif

static inline struct flow_at flow_at_match(struct flow_bucket *b, uint32_t tag)
{
	const uint32_t m = flow_match(b, tag);

	return m ? (struct flow_at){b, (uint32_t)__builtin_ctz(m)} : (struct flow_at){NULL, 0};
}

/* The entry of a flow in its first bucket, idle or not; and in its second one, where it is when the
 * first one was full. */
static inline struct flow_at flow_find1(const struct flow_table *t, uint64_t hash)
{
	return flow_at_match(flow_bucket1(t, hash), flow_tag(hash));
}

/* The entry in a bucket that is not split yet, while the table doubles. */
struct flow_at flow_find_unsplit(const struct flow_table *t, uint64_t hash);

static inline struct flow_at flow_find2(const struct flow_table *t, uint64_t hash)
{
	const struct flow_at at = flow_at_match(flow_bucket2(t, hash), flow_tag(hash));

	return __builtin_expect(!at.b && t->half, 0) ? flow_find_unsplit(t, hash) : at;
}

/* The entry of a flow in either. */
static inline struct flow_at flow_find(const struct flow_table *t, uint64_t hash)
{
	const struct flow_at at = flow_find1(t, hash);

	return __builtin_expect(at.b != NULL, 1) ? at : flow_find2(t, hash);
}

/* The number of an entry, which arrays beside the table go by. */
static inline size_t flow_entry(const struct flow_table *t, struct flow_at at)
{
	return (size_t)(at.b - t->bucket) * FLOW_WAYS + at.way;
}

static inline uint16_t flow_slot(struct flow_at at)
{
	return at.b->note[at.way].backend & BACKEND_SLOT_MASK;
}

static inline enum flow_state flow_state(struct flow_at at)
{
	return at.b->note[at.way].backend >> FLOW_STATE_SHIFT;
}

/* A note as one word: backend and state in the lower half, age in the upper one. */
static inline uint32_t flow_note_word(const struct flow_note *n)
{
	uint32_t word;

	memcpy(&word, n, sizeof word);
	return word;
}

/* The same, of slot 0. */
static inline uint32_t flow_note_of(enum flow_state state, int age)
{
	return (uint32_t)state << FLOW_STATE_SHIFT | (uint32_t)age << 16;
}

static inline bool flow_idle(struct flow_at at, uint16_t now, const struct flow_timeouts *to)
{
	return (int16_t)(now - at.b->note[at.way].age) > (int16_t)to->idle_s[flow_state(at)];
}

/* A packet of the flow came by. Writes only what changes: most packets leave the line clean. What
 * does not confirm an entry does not take back an age that is set ahead. */
static inline void flow_touch(struct flow_at at, enum flow_event ev, uint16_t now)
{
	const uint16_t was = at.b->note[at.way].backend;
	const uint16_t is = (uint16_t)((was & BACKEND_SLOT_MASK) |
				       flow_next[was >> FLOW_STATE_SHIFT][ev] << FLOW_STATE_SHIFT);

	if (__builtin_expect(is != was, 0))
		at.b->note[at.way].backend = is;
	if (__builtin_expect(at.b->note[at.way].age != now, 0) &&
		(is >> FLOW_STATE_SHIFT != FLOW_NEW || (int16_t)(now - at.b->note[at.way].age) > 0))
		at.b->note[at.way].age = now;
}

#endif
