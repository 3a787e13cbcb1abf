/* SPDX-License-Identifier: BSD-3-Clause */

/* Which entry of its two buckets a new flow takes. For flow_intake.h and its tests.
 *
 * Both buckets are looked at in one: entries of the first are bits 0 to 7 of a mask, those of the
 * second bits 8 to 15. */

#ifndef SLUICE_TABLE_FLOW_PLACE_H
#define SLUICE_TABLE_FLOW_PLACE_H

#include "table/flow.h"

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

/* In the order in which they are taken. Unconfirmed ones go before closing ones: a flood of them
 * makes room for itself, and one that was real finds the same backend in the same table again. */
enum { PLACE_IDLE, PLACE_NEW, PLACE_CLOSING, PLACE_CLASSES };

#define PLACE_FIRST      ((1u << FLOW_WAYS) - 1) /* entries of the first bucket */

/* Empty entries that the first bucket does not give away while the second has more. */
#define PLACE_SPARE_WAYS 2

/* A bit per entry and class; an idle one may stand in another class too. Of an empty entry the bits
 * mean nothing. */
struct flow_places {
	uint32_t of[PLACE_CLASSES];
};

static inline struct flow_places flow_places_plain(struct flow_bucket *b1, struct flow_bucket *b2,
	uint16_t now, const struct flow_timeouts *to)
{
	struct flow_places p = {{0}};

	for (uint32_t w = 0; w < 2 * FLOW_WAYS; w++) {
		const struct flow_at at = {w < FLOW_WAYS ? b1 : b2, w % FLOW_WAYS};

		p.of[PLACE_IDLE] |= (uint32_t)flow_idle(at, now, to) << w;
		p.of[PLACE_NEW] |= (uint32_t)(flow_state(at) == FLOW_NEW) << w;
		p.of[PLACE_CLOSING] |= (uint32_t)(flow_state(at) == FLOW_CLOSING) << w;
	}
	return p;
}

/* Bit w is set where the tag of entry w matches. */
static inline uint32_t flow_match2_plain(
	const struct flow_bucket *b1, const struct flow_bucket *b2, uint32_t tag)
{
	return flow_match_plain(b1, tag) | flow_match_plain(b2, tag) << FLOW_WAYS;
}

/* Are both full of flows other than this one, of which none was last seen more than idle_s seconds
 * ago? */
static inline bool flow_crowded_plain(const struct flow_bucket *b1, const struct flow_bucket *b2,
	uint32_t tag, uint16_t now, uint16_t idle_s)
{
	bool any = (flow_match2_plain(b1, b2, 0) | flow_match2_plain(b1, b2, tag)) != 0;

	for (uint32_t way = 0; way < FLOW_WAYS; way++)
		any |= (int16_t)(now - b1->note[way].age) > (int16_t)idle_s ||
		       (int16_t)(now - b2->note[way].age) > (int16_t)idle_s;
	return !any;
}

#ifdef __SSE4_1__
/* Words of all ones or all zeros to a bit each. */
static inline uint32_t flow_word_bits(__m128i first, __m128i second)
{
	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(first, second));
}

static inline __m128i flow_match_words(const struct flow_bucket *b, __m128i tag)
{
	return _mm_packs_epi32(_mm_cmpeq_epi32(_mm_load_si128((const __m128i *)&b->tag[0]), tag),
		_mm_cmpeq_epi32(_mm_load_si128((const __m128i *)&b->tag[4]), tag));
}

static inline uint32_t flow_match2(
	const struct flow_bucket *b1, const struct flow_bucket *b2, uint32_t tag)
{
	const __m128i want = _mm_set1_epi32((int)tag);

	return flow_word_bits(flow_match_words(b1, want), flow_match_words(b2, want));
}

/* The lower halves, or the upper ones, of the notes. */
static inline __m128i flow_note_lower(const struct flow_bucket *b)
{
	const __m128i *note = (const __m128i *)b->note;
	const __m128i zero = _mm_setzero_si128();

	return _mm_packus_epi32(_mm_blend_epi16(_mm_load_si128(&note[0]), zero, 0xaa),
		_mm_blend_epi16(_mm_load_si128(&note[1]), zero, 0xaa));
}

static inline __m128i flow_note_upper(const struct flow_bucket *b)
{
	const __m128i *note = (const __m128i *)b->note;

	return _mm_packus_epi32(_mm_srli_epi32(_mm_load_si128(&note[0]), 16),
		_mm_srli_epi32(_mm_load_si128(&note[1]), 16));
}

static inline __m128i flow_state_words(const struct flow_bucket *b)
{
	return _mm_srli_epi16(flow_note_lower(b), FLOW_STATE_SHIFT);
}

/* Words of all ones where the entry is idle; its limit is bytes 2 * state and 2 * state + 1 of
 * `to`.
 */
static inline __m128i flow_idle_words(
	const struct flow_bucket *b, __m128i state, __m128i now, __m128i to)
{
	const __m128i bytes = _mm_add_epi16(
		_mm_mullo_epi16(state, _mm_set1_epi16(0x0202)), _mm_set1_epi16(0x0100));
	const __m128i idle_for = _mm_sub_epi16(now, flow_note_upper(b));

	return _mm_cmpgt_epi16(idle_for, _mm_shuffle_epi8(to, bytes));
}

/* The sixteen entries at once. */
static inline struct flow_places flow_places(struct flow_bucket *b1, struct flow_bucket *b2,
	uint16_t now, const struct flow_timeouts *to)
{
	const __m128i state1 = flow_state_words(b1), state2 = flow_state_words(b2);
	const __m128i limits = _mm_loadl_epi64((const __m128i *)to->idle_s);
	const __m128i clock = _mm_set1_epi16((short)now);
	const __m128i is_new = _mm_set1_epi16(FLOW_NEW), closing = _mm_set1_epi16(FLOW_CLOSING);

	return (struct flow_places){{
		[PLACE_IDLE] = flow_word_bits(flow_idle_words(b1, state1, clock, limits),
			flow_idle_words(b2, state2, clock, limits)),
		[PLACE_NEW] = flow_word_bits(
			_mm_cmpeq_epi16(state1, is_new), _mm_cmpeq_epi16(state2, is_new)),
		[PLACE_CLOSING] = flow_word_bits(
			_mm_cmpeq_epi16(state1, closing), _mm_cmpeq_epi16(state2, closing)),
	}};
}

/* By half a bucket; all ones where an entry speaks against it. */
static inline __m128i flow_spacious(
	const struct flow_bucket *b, uint32_t way, __m128i tag, __m128i now, __m128i idle)
{
	const __m128i is = _mm_load_si128((const __m128i *)&b->tag[way]);
	const __m128i ago = _mm_sub_epi16(now, _mm_load_si128((const __m128i *)&b->note[way]));

	return _mm_or_si128(
		_mm_or_si128(_mm_cmpeq_epi32(is, tag), _mm_cmpeq_epi32(is, _mm_setzero_si128())),
		_mm_cmpgt_epi16(ago, idle));
}

/* For words of a note: no lower half is above its limit. */
static inline int flow_idle_limit(uint16_t idle_s)
{
	return (int)((uint32_t)idle_s << 16 | INT16_MAX);
}

#ifdef __AVX2__
static inline __m256i flow_load8(const void *words)
{
	return _mm256_load_si256((const __m256i *)words);
}

static inline bool flow_crowded(const struct flow_bucket *b1, const struct flow_bucket *b2,
	uint32_t tag, uint16_t now, uint16_t idle_s)
{
	const __m256i tag1 = flow_load8(b1->tag), tag2 = flow_load8(b2->tag);
	const __m256i want = _mm256_set1_epi32((int)tag), clock = _mm256_set1_epi16((short)now);
	const __m256i ago = _mm256_max_epi16(_mm256_sub_epi16(clock, flow_load8(b1->note)),
		_mm256_sub_epi16(clock, flow_load8(b2->note)));
	const __m256i same =
		_mm256_or_si256(_mm256_cmpeq_epi32(tag1, want), _mm256_cmpeq_epi32(tag2, want));
	const __m256i empty =
		_mm256_cmpeq_epi32(_mm256_min_epu32(tag1, tag2), _mm256_setzero_si256());
	const __m256i old = _mm256_cmpgt_epi16(ago, _mm256_set1_epi32(flow_idle_limit(idle_s)));

	return !_mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(same, empty), old));
}
#else
static inline bool flow_crowded(const struct flow_bucket *b1, const struct flow_bucket *b2,
	uint32_t tag, uint16_t now, uint16_t idle_s)
{
	const __m128i want = _mm_set1_epi32((int)tag), clock = _mm_set1_epi16((short)now);
	const __m128i limit = _mm_set1_epi32(flow_idle_limit(idle_s));
	const __m128i in1 = _mm_or_si128(flow_spacious(b1, 0, want, clock, limit),
		flow_spacious(b1, FLOW_WAYS / 2, want, clock, limit));
	const __m128i in2 = _mm_or_si128(flow_spacious(b2, 0, want, clock, limit),
		flow_spacious(b2, FLOW_WAYS / 2, want, clock, limit));

	return !_mm_movemask_epi8(_mm_or_si128(in1, in2));
}
#endif
#else
#define flow_match2  flow_match2_plain
#define flow_places  flow_places_plain
#define flow_crowded flow_crowded_plain
#endif

/* One of the empty entries; the mask is not 0. The first bucket is where lookups end sooner; taken
 * to its last entry, it would leave its neighbours' second choices full, and flows without a place
 * when the table is half empty. */
static inline uint32_t flow_place_empty(uint32_t empty)
{
	const uint32_t in1 = empty & PLACE_FIRST, in2 = empty & ~PLACE_FIRST;
	const int n1 = __builtin_popcount(in1), n2 = __builtin_popcount(in2);

	return (uint32_t)__builtin_ctz(n1 <= PLACE_SPARE_WAYS && n2 > n1 ? in2 : in1);
}

/* Where the search for an entry of a class begins: not always with the first one, or a new entry
 * would make room for the very next one. */
static inline uint32_t flow_place_first(uint32_t tag)
{
	return tag % FLOW_WAYS;
}

/* One of the entries of a class; the mask is not 0. Of the first bucket if it has some. */
static inline uint32_t flow_place_any(uint32_t mask, uint32_t tag)
{
	const uint32_t in1 = mask & PLACE_FIRST, from = flow_place_first(tag);
	const uint32_t ways = in1 ? in1 : mask >> FLOW_WAYS;
	const uint32_t way =
		((uint32_t)__builtin_ctz((ways | ways << FLOW_WAYS) >> from) + from) % FLOW_WAYS;

	return in1 ? way : way + FLOW_WAYS;
}

#endif
