/* SPDX-License-Identifier: BSD-3-Clause */

/* Doubling a table in place. The upper half is empty memory that was mapped at start. Bucket i of
 * the lower half is split into i and i + half by one more bit of each entry's index, which stands
 * in `spare`; an entry keeps its way, so there is always room. Until its bucket is split, a flow is
 * found, and new ones are put, where it was before. */

#include "table/flow_mem.h"

/* Buckets in one call. A burst brings at most 32 entries; 8 buckets would be enough to be done
 * before the table is half full again. */
#define SLICE    16

/* Below so many entries a table grows when a quarter of them is in use, above when half is. The
 * emptier it is, the fewer flows stand in their second bucket; memory counts in large ones only. */
#define SPACIOUS (1u << 20)

struct flow_at flow_find_unsplit(const struct flow_table *t, uint64_t hash)
{
	const struct flow_at at = flow_at_match(flow_home(t, flow_index1(hash)), flow_tag(hash));

	return at.b ? at : flow_at_match(flow_home(t, flow_index2(hash)), flow_tag(hash));
}

static void begin(struct flow_table *t)
{
	t->half = t->mask + 1;
	t->unsplit = 0;
	t->grow_at = 0;
	__atomic_store_n(&t->mask, 2 * t->half - 1, __ATOMIC_RELAXED);
}

uint32_t flow_next_growth(const struct flow_table *t)
{
	if (t->half)
		return 0;
	const uint32_t entries = (t->mask + 1) * FLOW_WAYS;

	return t->mask + 1 < t->most ? entries / (entries < SPACIOUS ? 4 : 2) : UINT32_MAX;
}

static void end(struct flow_table *t)
{
	t->half = 0;
	t->grow_at = flow_next_growth(t);
	if (t->mask + 1 >= t->most)
		t->spare = NULL;
	__atomic_store_n(&t->grown, t->grown + 1, __ATOMIC_RELAXED);
}

static void move_entry(struct flow_table *t, struct flow_at from, struct flow_at to)
{
	const size_t was = flow_entry(t, from), is = flow_entry(t, to);

	to.b->tag[to.way] = from.b->tag[from.way];
	to.b->note[to.way] = from.b->note[from.way];
	t->spare[is] = t->spare[was];
	if (t->known)
		t->known[is] = t->known[was];
	from.b->tag[from.way] = 0;
}

static void split(struct flow_table *t, uint32_t i, uint32_t bit)
{
	struct flow_bucket *low = &t->bucket[i], *high = &t->bucket[i + t->half];

	for (uint32_t way = 0; way < FLOW_WAYS; way++) {
		const struct flow_at at = {low, way};

		if (low->tag[way] && t->spare[flow_entry(t, at)] >> bit & 1)
			move_entry(t, at, (struct flow_at){high, way});
	}
}

void flow_grow(struct flow_table *t)
{
	if (!t->half)
		begin(t);
	const uint32_t bit = (uint32_t)__builtin_ctz(t->half) - t->base_bits;

	for (uint32_t n = 0; n < SLICE && t->unsplit < t->half; n++) {
		/* the next call's; a hint past the end does no harm */
		__builtin_prefetch(&t->bucket[t->unsplit + SLICE], 1);
		__builtin_prefetch(&t->bucket[t->unsplit + SLICE + t->half], 1);
		split(t, t->unsplit++, bit);
	}
	if (t->unsplit == t->half)
		end(t);
	flow_mem_note(t);
}
