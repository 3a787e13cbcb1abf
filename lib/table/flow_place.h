/* SPDX-License-Identifier: BSD-3-Clause */

/* Which entries of a full bucket a new flow may take. For flow.c and its tests. */

#ifndef SLUICE_TABLE_FLOW_PLACE_H
#define SLUICE_TABLE_FLOW_PLACE_H

#include "table/flow.h"

/* In the order in which they are taken. Unconfirmed ones go before closing ones: a flood of them
 * makes room for itself, and one that was real finds the same backend in the same table again. */
enum { PLACE_IDLE, PLACE_NEW, PLACE_CLOSING, PLACE_CLASSES };

/* A bit per entry and class; an idle one may stand in another class too. Of an empty entry the bits
 * mean nothing. */
struct flow_places {
	uint32_t of[PLACE_CLASSES];
};

static inline struct flow_places flow_places_plain(
	struct flow_bucket *b, uint16_t now, const struct flow_timeouts *to)
{
	struct flow_places p = {{0}};

	for (uint32_t way = 0; way < FLOW_WAYS; way++) {
		const struct flow_at at = {b, way};

		p.of[PLACE_IDLE] |= (uint32_t)flow_idle(at, now, to) << way;
		p.of[PLACE_NEW] |= (uint32_t)(flow_state(at) == FLOW_NEW) << way;
		p.of[PLACE_CLOSING] |= (uint32_t)(flow_state(at) == FLOW_CLOSING) << way;
	}
	return p;
}

#ifdef __SSE2__
/* Words of all ones or all zeros to a bit each. */
static inline uint32_t flow_word_bits(__m128i words)
{
	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(words, _mm_setzero_si128()));
}

/* The eight entries at once: the limit of each is picked by its state, and compared. */
static inline struct flow_places flow_places(
	struct flow_bucket *b, uint16_t now, const struct flow_timeouts *to)
{
	const __m128i state =
		_mm_srli_epi16(_mm_load_si128((const __m128i *)b->backend), FLOW_STATE_SHIFT);
	const __m128i idle_for =
		_mm_sub_epi16(_mm_set1_epi16((short)now), _mm_load_si128((const __m128i *)b->age));
	__m128i is[FLOW_STATES], limit = _mm_setzero_si128();

	for (int s = 0; s < FLOW_STATES; s++) {
		const __m128i of_state = _mm_set1_epi16((short)to->idle_s[s]);

		is[s] = _mm_cmpeq_epi16(state, _mm_set1_epi16((short)s));
		limit = _mm_or_si128(limit, _mm_and_si128(is[s], of_state));
	}
	return (struct flow_places){{
		[PLACE_IDLE] = flow_word_bits(_mm_cmpgt_epi16(idle_for, limit)),
		[PLACE_NEW] = flow_word_bits(is[FLOW_NEW]),
		[PLACE_CLOSING] = flow_word_bits(is[FLOW_CLOSING]),
	}};
}
#else
#define flow_places flow_places_plain
#endif

#endif
