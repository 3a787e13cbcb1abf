/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "table/spans.h"

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

static struct span span_of(const struct spans_prefix *p)
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
static void put(struct spans *s, number first, uint16_t target)
{
	const uint64_t hi = (uint64_t)(first >> 64), lo = (uint64_t)first;
	struct spans_range *last = s->n ? &s->range[s->n - 1] : NULL;

	if (last && last->first[0] == hi && last->first[1] == lo)
		last->target = target;
	else
		s->range[s->n++] = (struct spans_range){{hi, lo}, target};
}

/* Close the innermost open spans that end before `until`: what they lay in goes on. */
static size_t close_spans(struct spans *s, struct span *const *open, size_t n, number until)
{
	while (n && open[n - 1]->last < until) {
		const number next = open[n - 1]->last + 1;

		n--;
		put(s, next, n ? open[n - 1]->target : SPANS_NONE);
	}
	return n;
}

/* span[n] sorted; open: room for n. */
static void flatten(struct spans *s, struct span *span, struct span **open, size_t n)
{
	size_t depth = 0;

	put(s, 0, SPANS_NONE);
	for (size_t i = 0; i < n; i++) {
		depth = close_spans(s, open, depth, span[i].first);
		put(s, span[i].first, span[i].target);
		open[depth++] = &span[i];
	}
	while (depth && open[depth - 1]->last != ~(number)0)
		depth = close_spans(s, open, depth, open[depth - 1]->last + 1);
}

static int fill(struct spans *s, const struct spans_prefix *prefixes, size_t n)
{
	struct span *span = calloc(n + 1, sizeof *span), **open = calloc(n + 1, sizeof *open);
	const int rc = span && open ? 0 : -ENOMEM;
	bool all4 = false;

	for (size_t i = 0; i < n && !rc; i++) {
		span[i] = span_of(&prefixes[i]);
		all4 |= sl_prefix_eq(&prefixes[i].prefix, &mapped);
	}
	if (!rc && !all4)
		span[n++] = span_of(&(struct spans_prefix){mapped, SPANS_NONE});
	if (!rc) {
		qsort(span, n, sizeof *span, span_cmp);
		flatten(s, span, open, n);
	}
	free(span);
	free(open);
	return rc;
}

int spans_build(struct spans *s, const struct spans_prefix *prefixes, size_t n)
{
	s->n = 0;
	s->range = calloc(2 * n + 3, sizeof *s->range);
	const int rc = s->range ? fill(s, prefixes, n) : -ENOMEM;

	if (rc)
		spans_clear(s);
	return rc;
}

void spans_clear(struct spans *s)
{
	free(s->range);
	*s = (struct spans){0};
}
