/* SPDX-License-Identifier: BSD-3-Clause */

/* Taking new flows into a table, several of one burst in a row: what they have in common is worked
 * out once, and the table's counters are moved once. For flow.c, which takes in one at a time, and
 * for the loop of the packet path that has many. Worker. */

#ifndef SLUICE_TABLE_FLOW_INTAKE_H
#define SLUICE_TABLE_FLOW_INTAKE_H

#include "base/counter.h"
#include "table/flow_place.h"

/* What became of entries, or of flows, that there was no room for. */
struct flow_losses {
	uint32_t expired, evicted, bypass;
	uint32_t closing; /* of the evicted */
};

struct flow_intake {
	struct flow_table *t;
	const struct flow_timeouts *to;
	uint16_t now;
	uint16_t least_idle;         /* the shortest limit of all */
	uint32_t first[FLOW_EVENTS]; /* note of an entry that a first packet makes, slot 0 */
	uint32_t began, filled;      /* flows that were taken in; of those, into an empty entry */
	struct flow_losses lost;
};

static inline uint16_t flow_least_idle(const struct flow_timeouts *to)
{
	uint16_t least = to->idle_s[0];

	for (int s = 1; s < FLOW_STATES; s++)
		least = to->idle_s[s] < least ? to->idle_s[s] : least;
	return least;
}

/* Ages: see the head of table/flow.h. */
static inline void flow_intake_begin(
	struct flow_intake *in, struct flow_table *t, uint16_t now, const struct flow_timeouts *to)
{
	const uint16_t *idle = to->idle_s;
	const int data = idle[FLOW_ESTABLISHED] - idle[FLOW_NEW],
		  udp = idle[FLOW_UDP] - idle[FLOW_NEW];

	*in = (struct flow_intake){
		.t = t,
		.to = to,
		.now = now,
		.least_idle = flow_least_idle(to),
		.first =
			{
				[FLOW_EV_DATA] =
					flow_note_of(FLOW_NEW, now + (data > 0 ? data : 0)),
				[FLOW_EV_SYN] = flow_note_of(FLOW_NEW, now),
				[FLOW_EV_END] = flow_note_of(FLOW_CLOSING, now),
				[FLOW_EV_UDP] = flow_note_of(FLOW_NEW, now + (udp > 0 ? udp : 0)),
			},
	};
}

static_assert(FLOW_NEW == 0, "the first state of all but those that end");

/* The note of an entry that a first packet makes. */
static inline uint32_t flow_intake_note(
	const struct flow_intake *in, enum flow_event ev, uint16_t slot)
{
	return in->first[ev] | slot;
}

/* Make the entry that of a flow which begins. */
static inline void flow_intake_set(
	struct flow_intake *in, struct flow_at at, enum flow_event ev, uint16_t slot)
{
	const uint32_t word = flow_intake_note(in, ev, slot);

	memcpy(&at.b->note[at.way], &word, sizeof word);
	counter_shift(&in->t->active[slot], 1);
}

/* Which entry of two full buckets to free, by its number in both; 2 * FLOW_WAYS: none is to be had.
 * Counted. */
static __attribute__((noinline)) uint32_t flow_intake_search(struct flow_losses *n,
	struct flow_bucket *b1, struct flow_bucket *b2, uint32_t tag, uint16_t now,
	const struct flow_timeouts *to)
{
	const struct flow_places p = flow_places(b1, b2, now, to);
	const uint32_t idle = p.of[PLACE_IDLE];
	const uint32_t mask = idle ? idle : p.of[PLACE_NEW] ? p.of[PLACE_NEW] : p.of[PLACE_CLOSING];

	if (__builtin_expect(!mask, 0)) {
		n->bypass++;
		return 2 * FLOW_WAYS;
	}
	n->expired += idle != 0;
	n->evicted += idle == 0;
	n->closing += !idle && !p.of[PLACE_NEW];
	return flow_place_any(mask, tag);
}

/* flow_crowded() by the shortest limit: then no entry is idle. */
static inline bool flow_intake_crowded(const struct flow_intake *in, const struct flow_bucket *b1,
	const struct flow_bucket *b2, uint32_t tag)
{
	return flow_crowded(b1, b2, tag, in->now, in->least_idle);
}

/* A flow that neither of its buckets has gets an entry there. NULL bucket: there is none to be had.
 * `crowded`: flow_intake_crowded() of them. Under a flood they are, and the entry where a search
 * would begin is unconfirmed. That is asked first, and as a branch: the processor need not wait for
 * what it guesses right. */
static inline struct flow_at flow_intake_put(struct flow_intake *in, struct flow_bucket *b1,
	struct flow_bucket *b2, uint64_t hash, enum flow_event ev, uint16_t slot, bool crowded)
{
	const uint32_t tag = flow_tag(hash);
	struct flow_table *t = in->t;
	uint32_t w = flow_place_first(tag), empty = 0;

	if (__builtin_expect(crowded && flow_state((struct flow_at){b1, w}) == FLOW_NEW, 1)) {
		in->lost.evicted++;
	} else if (!crowded && (empty = flow_match2(b1, b2, 0)) != 0) {
		w = flow_place_empty(empty);
		in->filled++;
	} else {
		w = flow_intake_search(&in->lost, b1, b2, tag, in->now, in->to);
		if (__builtin_expect(w == 2 * FLOW_WAYS, 0))
			return (struct flow_at){NULL, 0};
	}
	const struct flow_at at = {w < FLOW_WAYS ? b1 : b2, w % FLOW_WAYS};

	if (!empty)
		counter_shift(&t->active[flow_slot(at)], -1);
	at.b->tag[at.way] = tag;
	flow_intake_set(in, at, ev, slot);
	if (t->spare)
		t->spare[flow_entry(t, at)] =
			(uint16_t)((w < FLOW_WAYS ? flow_index1(hash) : flow_index2(hash)) >>
				   t->base_bits);
	in->began++;
	return at;
}

/* The same for a flow whose buckets were crowded when its burst was looked up, in a table that has
 * grown to its end, asking for nothing but the entry where a search would begin. That is enough:
 * since then only flows of that burst came in. Each took an entry that was unconfirmed (else see
 * flow_losses.closing), so this one would be among them in this very entry only. False: it is not
 * so simple, and nothing was done. Not counted but in `active`. */
static inline bool flow_intake_evict(
	uint32_t *active, struct flow_bucket *b1, uint32_t tag, uint32_t note)
{
	const uint32_t way = flow_place_first(tag);
	const uint16_t was = b1->note[way].backend;

	if (__builtin_expect(was >> FLOW_STATE_SHIFT != FLOW_NEW || b1->tag[way] == tag, 0))
		return false;
	counter_shift(&active[was], -1);
	b1->tag[way] = tag;
	memcpy(&b1->note[way], &note, sizeof note);
	counter_shift(&active[note & BACKEND_SLOT_MASK], 1);
	return true;
}

static inline void flow_intake_end(const struct flow_intake *in)
{
	struct flow_table *t = in->t;

	counter_shift(&t->entries, (int32_t)in->filled);
	counter_add(&t->inserts, in->began);
	counter_add(&t->expired, in->lost.expired);
	counter_add(&t->evicted, in->lost.evicted);
	counter_add(&t->bypass, in->lost.bypass);
}

#endif
