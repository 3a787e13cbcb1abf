/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdbool.h>
#include <stdlib.h>

#include "table/generation.h"
#include "table/rules.h"

typedef unsigned __int128 number;

/* A prefix as the numbers it holds. */
struct span {
	number first, last;
	uint16_t target;
};

/* All of IPv4, which no prefix of IPv6 is to hold. */
static const struct sl_prefix mapped = {{.b = {[10] = 0xff, [11] = 0xff}}, 96};

static number number_of(const struct sl_addr *a)
{
	number n = 0;

	for (int i = 0; i < 16; i++)
		n = n << 8 | a->b[i];
	return n;
}

static struct span span_of(const struct rules_prefix *p)
{
	const number all = ~(number)0;
	const number host = p->prefix.len == 128 ? 0 : all >> p->prefix.len;

	return (struct span){
		.first = number_of(&p->prefix.address) & ~host,
		.last = number_of(&p->prefix.address) | host,
		.target = p->target,
	};
}

/* Outer spans before those inside them. */
static int span_cmp(const void *left, const void *right)
{
	const struct span *l = left, *r = right;

	if (l->first != r->first)
		return l->first < r->first ? -1 : 1;
	return l->last > r->last ? -1 : l->last < r->last;
}

/* One more range, or another target for the last one where it begins at the same number. */
static void put(struct rules *r, number first, uint16_t target)
{
	const uint64_t hi = (uint64_t)(first >> 64), lo = (uint64_t)first;
	struct rules_range *last = r->n ? &r->range[r->n - 1] : NULL;

	if (last && last->first[0] == hi && last->first[1] == lo)
		last->target = target;
	else
		r->range[r->n++] = (struct rules_range){{hi, lo}, target};
}

/* Close the innermost open spans that end before `until`: what they lay in goes on. */
static size_t close_spans(struct rules *r, struct span *const *open, size_t n, number until)
{
	while (n && open[n - 1]->last < until) {
		const number next = open[n - 1]->last + 1;

		n--;
		put(r, next, n ? open[n - 1]->target : RULES_NONE);
	}
	return n;
}

/* span[n] sorted; open: room for n. */
static void flatten(struct rules *r, struct span *span, struct span **open, size_t n)
{
	size_t depth = 0;

	put(r, 0, RULES_NONE);
	for (size_t i = 0; i < n; i++) {
		depth = close_spans(r, open, depth, span[i].first);
		put(r, span[i].first, span[i].target);
		open[depth++] = &span[i];
	}
	while (depth && open[depth - 1]->last != ~(number)0)
		depth = close_spans(r, open, depth, open[depth - 1]->last + 1);
}

static int fill(struct rules *r, const struct rules_prefix *prefixes, size_t n)
{
	struct span *span = calloc(n + 1, sizeof *span), **open = calloc(n + 1, sizeof *open);
	const int rc = span && open ? 0 : -1;
	bool all4 = false;

	for (size_t i = 0; i < n && !rc; i++) {
		span[i] = span_of(&prefixes[i]);
		all4 |= sl_prefix_eq(&prefixes[i].prefix, &mapped);
	}
	if (!rc && !all4)
		span[n++] = span_of(&(struct rules_prefix){mapped, RULES_NONE});
	if (!rc) {
		qsort(span, n, sizeof *span, span_cmp);
		flatten(r, span, open, n);
	}
	free(span);
	free(open);
	return rc;
}

struct rules *rules_new(const struct rules_prefix *prefixes, size_t n, size_t n_targets)
{
	struct rules *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	for (int i = 0; i < RULES_DSCPS; i++)
		r->dscp[i] = RULES_NONE;
	r->range = calloc(2 * n + 3, sizeof *r->range);
	r->service = calloc(n_targets + 1, sizeof *r->service);
	if (r->range && r->service && fill(r, prefixes, n) == 0)
		return r;
	rules_free(r);
	return NULL;
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	free(r->range);
	free(r->service);
	free(r);
}

uint16_t rules_find(const struct rules *r, const uint64_t source[2], uint8_t dscp)
{
	uint32_t low = 0, high = r->n;

	while (high - low > 1) {
		const uint32_t mid = low + (high - low) / 2;
		const uint64_t *first = r->range[mid].first;

		if (first[0] < source[0] || (first[0] == source[0] && first[1] <= source[1]))
			low = mid;
		else
			high = mid;
	}
	return r->range[low].target != RULES_NONE ? r->range[low].target
						  : r->dscp[dscp % RULES_DSCPS];
}
