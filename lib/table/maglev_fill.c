/* SPDX-License-Identifier: BSD-3-Clause */

/* Filling a table, as fast as it goes: a weight change is visible to packets no sooner than this is
 * done. */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "table/maglev.h"

static inline uint32_t min32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* A member's turns: turn j is in the least round r with credit at the start + r * weight >= j *
 * top. */
struct turn {
	uint32_t round;
	uint32_t credit; /* left after the turn; below weight */
};

/* The credit at the start is part of a turn, another part for every member: the offset's part of
 * the size. From one common value, members of one weight would have their turns in the same round,
 * all of them too early or too late for their share where the rounds end. */
static struct turn turn_first(const struct maglev_way *w, uint32_t top, uint32_t size)
{
	const uint32_t missing = top - (uint32_t)((uint64_t)top * w->offset / size);
	const uint32_t round = (uint32_t)(((uint64_t)missing + w->weight - 1) / w->weight);

	return (struct turn){round, (uint32_t)((uint64_t)round * w->weight - missing)};
}

/* whole and part: top / weight and top % weight, so that a step divides nothing. */
static inline struct turn turn_next(struct turn t, uint32_t weight, uint32_t whole, uint32_t part)
{
	if (part <= t.credit)
		return (struct turn){t.round + whole, t.credit - part};
	return (struct turn){t.round + whole + 1, t.credit + (weight - part)};
}

/* Rounds that hold at least size turns. Rounding takes away less than a turn a member. */
static uint32_t turn_rounds(const struct maglev_way *w, size_t n, uint32_t size, uint32_t top)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += w[i].weight;
	return (uint32_t)((size + n) * top / sum) + 1;
}

/* The rounds of all turns. */
struct rounds {
	uint32_t top;    /* the greatest weight */
	uint32_t size;   /* of the table */
	uint32_t n;      /* numbered from 1 */
	uint32_t *count; /* n + 1 */
};

/* With order NULL, count[r] grows by the turns of round r. Else count[r] is where the next turn of
 * round r goes in order. */
static void turn_walk(
	const struct maglev_way *w, size_t n, const struct rounds *rounds, uint16_t *order)
{
	uint32_t *count = rounds->count;

	for (size_t i = 0; i < n; i++) {
		const uint32_t weight = w[i].weight;
		const uint32_t whole = min32(rounds->top / weight, rounds->n); /* no wrap */
		const uint32_t part = rounds->top % weight;
		struct turn t = turn_first(&w[i], rounds->top, rounds->size);

		for (; t.round <= rounds->n; t = turn_next(t, weight, whole, part))
			if (order)
				order[count[t.round]++] = (uint16_t)i;
			else
				count[t.round]++;
	}
}

/* Who has turn 0, 1, 2, ... with unequal weights: a counting sort of all turns by round, which
 * costs the same however far apart the weights are. NULL without memory; the caller frees it. */
static uint16_t *turn_order_weighted(
	const struct maglev_way *w, size_t n, uint32_t size, uint32_t top)
{
	struct rounds rounds = {.top = top, .size = size, .n = turn_rounds(w, n, size, top)};
	uint16_t *order = NULL;
	uint32_t turns = 0;

	rounds.count = calloc((size_t)rounds.n + 1, sizeof *rounds.count);
	if (!rounds.count)
		return NULL;
	turn_walk(w, n, &rounds, NULL);
	for (uint32_t r = 0; r <= rounds.n; r++) {
		const uint32_t here = rounds.count[r];

		rounds.count[r] = turns;
		turns += here;
	}
	order = malloc(turns * sizeof *order);
	if (order)
		turn_walk(w, n, &rounds, order);
	free(rounds.count);
	return order;
}

/* With equal weights everybody is in every round. */
static uint16_t *turn_order_equal(size_t n, uint32_t size)
{
	uint16_t *order = malloc(size * sizeof *order);

	for (uint32_t t = 0, who = 0; order && t < size; t++) {
		order[t] = (uint16_t)who;
		who = who + 1 < n ? who + 1 : 0;
	}
	return order;
}

/* At least size turns. */
static uint16_t *turn_order(const struct maglev_way *w, size_t n, uint32_t size)
{
	uint32_t top = w[0].weight;
	bool equal = true;

	for (size_t i = 1; i < n; i++) {
		equal = equal && w[i].weight == w[0].weight;
		top = w[i].weight > top ? w[i].weight : top;
	}
	return equal ? turn_order_equal(n, size) : turn_order_weighted(w, n, size, top);
}

/* The table while it is filled. */
struct filling {
	const struct maglev_way *way;
	uint16_t *table;
	uint32_t size;
	uint32_t *next;  /* per member: the first entry of its way that it has not tried */
	uint64_t *taken; /* one bit an entry */
};

/* Most that fill_last answers. */
#define FILL_LAST_MAX 2048

/* Below this many free entries, asking each of them for its place on the member's way is cheaper
 * than walking the way, which meets one free entry in size / free. */
static uint32_t fill_last(uint32_t size)
{
	uint32_t last = 8;

	while ((uint64_t)last * last * 4 < size)
		last *= 2;
	return last < size ? last : size;
}

static inline bool is_taken(const struct filling *f, uint32_t entry)
{
	return f->taken[entry / 64] >> (entry % 64) & 1;
}

static inline uint32_t way_step(uint32_t pos, uint32_t skip, uint32_t size)
{
	const uint32_t on = pos + skip;
	const uint32_t wrapped = on - size;

	return min32(wrapped, on); /* before the end, on - size is a huge number */
}

/* The given turns, by walking. Every other entry of the way has a position of its own, so that two
 * steps are under way at a time; and what the next turn begins with is loaded before this one's end
 * is known. order has one turn more than `turns`. */
static void fill_walk(struct filling *f, const uint16_t *order, uint32_t turns)
{
	const uint32_t size = f->size;
	uint32_t who = order[0];
	uint32_t skip = f->way[who].skip;
	uint32_t pos = f->next[who];

	for (uint32_t t = 0; t < turns; t++) {
		const uint32_t who_next = order[t + 1];
		const uint32_t skip_next = f->way[who_next].skip;
		const uint32_t pos_next = f->next[who_next];
		const uint32_t skip2 = way_step(skip, skip, size);
		uint32_t other = way_step(pos, skip, size);

		while (is_taken(f, pos)) {
			if (!is_taken(f, other)) {
				pos = other;
				break;
			}
			pos = way_step(pos, skip2, size);
			other = way_step(other, skip2, size);
		}
		f->taken[pos / 64] |= UINT64_C(1) << (pos % 64);
		f->table[pos] = (uint16_t)who;
		f->next[who] = way_step(pos, skip, size);
		pos = pos_next; /* a turn too old for a member twice in a row: it steps over taken
				   entries */
		who = who_next;
		skip = skip_next;
	}
}

/* The number that makes a * inverse == 1 modulo the prime p (extended Euclid). */
static uint32_t inverse(uint32_t a, uint32_t p)
{
	int64_t r0 = p, r1 = a, t0 = 0, t1 = 1;

	while (r1) {
		const int64_t q = r0 / r1;
		const int64_t r2 = r0 - q * r1;
		const int64_t t2 = t0 - q * t1;

		r0 = r1, r1 = r2;
		t0 = t1, t1 = t2;
	}
	return (uint32_t)(t0 < 0 ? t0 + p : t0);
}

/* Which of the n open entries comes first on this way: entry e is at place (e - offset) / skip
 * modulo size. The quotient by size is taken from a rounded inverse / size (Shoup's way), it is
 * right or one too small. */
static uint32_t first_open(
	const struct maglev_way *way, uint32_t size, const uint32_t *open, uint32_t n)
{
	const uint32_t inv = inverse(way->skip, size);
	const uint32_t ratio = (uint32_t)(((uint64_t)inv << 32) / size);
	uint32_t best = 0;
	uint32_t best_place = UINT32_MAX;

	for (uint32_t i = 0; i < n; i++) {
		const uint32_t e = open[i] + (size - way->offset);
		const uint32_t quotient = (uint32_t)((uint64_t)e * ratio >> 32);
		const uint32_t rest = e * inv - quotient * size;
		const uint32_t place = min32(rest, rest - size);

		if (place < best_place) {
			best_place = place;
			best = i;
		}
	}
	return best;
}

/* The turns of the last entries: fill_last(size) of them are free. */
static void fill_rest(struct filling *f, const uint16_t *order)
{
	uint32_t open[FILL_LAST_MAX];
	uint32_t n = 0;

	for (uint32_t e = 0; e < f->size; e++)
		if (!is_taken(f, e))
			open[n++] = e;
	for (; n; order++) {
		const uint32_t i = first_open(&f->way[*order], f->size, open, n);

		f->table[open[i]] = *order;
		open[i] = open[--n];
	}
}

int maglev_fill(const struct maglev_way *w, size_t n, uint16_t *table, uint32_t size)
{
	struct filling f = {.way = w, .table = table, .size = size};
	const uint32_t walked = size - fill_last(size);
	uint16_t *order = turn_order(w, n, size);
	int rc = -ENOMEM;

	f.next = malloc(n * sizeof *f.next);
	f.taken = calloc(size / 64 + 1, sizeof *f.taken);
	if (order && f.next && f.taken) {
		for (size_t i = 0; i < n; i++)
			f.next[i] = w[i].offset;
		fill_walk(&f, order, walked);
		fill_rest(&f, order + walked);
		rc = 0;
	}
	free(f.taken);
	free(f.next);
	free(order);
	return rc;
}
