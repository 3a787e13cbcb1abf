/* SPDX-License-Identifier: BSD-3-Clause */

/* rr and wrr: turns, unrolled to a list that each lane walks from a place of its own.
 *
 * wrr is smooth weighted round robin (nginx, ngx_http_upstream_round_robin.c, 2012): in each turn
 * every member's credit grows by its weight, the greatest credit wins (the first of equals), and
 * the winner pays the sum of all weights. Weights 5, 1, 1 give a a b a c a a. That costs members
 * times turns; where it is too much, turn k of a member of weight w is put at (k + 1/2) / w of the
 * round, and all turns are sorted by that. */

#include <errno.h>
#include <stdlib.h>

#include "table/sched.h"

int sched_rr(struct sched_table *t);
int sched_wrr(struct sched_table *t);

/* Turns of a round at most, and steps that smooth turns may take to compile. */
#define RR_MOST_TURNS (1u << 18)
#define RR_MOST_STEPS (UINT64_C(1) << 26)

static int start(struct sched_table *t, uint64_t turns)
{
	t->shape = SCHED_CURSOR;
	t->list = malloc(turns * sizeof *t->list);
	return t->list ? sched_fill_maglev(t) : -ENOMEM;
}

int sched_rr(struct sched_table *t)
{
	const struct maglev_member **m = sched_sorted(t);
	int rc = m ? start(t, t->spec.n) : -ENOMEM;

	for (size_t i = 0; !rc && i < t->spec.n; i++)
		t->list[t->n_list++] = m[i]->slot;
	free(m);
	return rc;
}

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b) {
		const uint32_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* Weights as small as their proportions allow, and so small that a round stays within bounds: then
 * they are rounded, to 1 at least. Returns their sum. */
static uint64_t reduce(const struct maglev_member *const *m, size_t n, uint32_t *weight)
{
	uint32_t common = 0;
	uint64_t sum = 0, reduced = 0;

	for (size_t i = 0; i < n; i++)
		common = gcd(common, m[i]->weight);
	for (size_t i = 0; i < n; i++)
		sum += m[i]->weight / common;
	for (size_t i = 0; i < n; i++) {
		weight[i] = m[i]->weight / common;
		if (sum > RR_MOST_TURNS)
			weight[i] =
				(uint32_t)((weight[i] * (uint64_t)RR_MOST_TURNS + sum / 2) / sum);
		if (!weight[i])
			weight[i] = 1;
		reduced += weight[i];
	}
	return reduced;
}

static int smooth_turns(struct sched_table *t, const struct maglev_member *const *m,
	const uint32_t *weight, uint64_t sum)
{
	const size_t n = t->spec.n;
	int64_t *credit = calloc(n, sizeof *credit);

	if (!credit)
		return -ENOMEM;
	while (t->n_list < sum) {
		size_t best = 0;

		for (size_t i = 0; i < n; i++) {
			credit[i] += weight[i];
			if (credit[i] > credit[best])
				best = i;
		}
		credit[best] -= (int64_t)sum;
		t->list[t->n_list++] = m[best]->slot;
	}
	free(credit);
	return 0;
}

struct turn {
	double at;
	uint32_t member;
};

static int turn_cmp(const void *left, const void *right)
{
	const struct turn *l = left, *r = right;

	if (l->at != r->at)
		return l->at < r->at ? -1 : 1;
	return l->member < r->member ? -1 : l->member > r->member;
}

static int sorted_turns(struct sched_table *t, const struct maglev_member *const *m,
	const uint32_t *weight, uint64_t sum)
{
	struct turn *turn = malloc(sum * sizeof *turn);
	uint32_t n = 0;

	if (!turn)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->spec.n; i++)
		for (uint32_t k = 0; k < weight[i]; k++)
			turn[n++] = (struct turn){(k + 0.5) / weight[i], i};
	qsort(turn, n, sizeof *turn, turn_cmp);
	while (t->n_list < n) {
		t->list[t->n_list] = m[turn[t->n_list].member]->slot;
		t->n_list++;
	}
	free(turn);
	return 0;
}

int sched_wrr(struct sched_table *t)
{
	const struct maglev_member **m = sched_sorted(t);
	uint32_t *weight = calloc(t->spec.n, sizeof *weight);
	int rc = -ENOMEM;

	if (m && weight) {
		const uint64_t sum = reduce(m, t->spec.n, weight);

		rc = start(t, sum);
		if (!rc && sum * t->spec.n <= RR_MOST_STEPS)
			rc = smooth_turns(t, m, weight, sum);
		else if (!rc)
			rc = sorted_turns(t, m, weight, sum);
	}
	free(m);
	free(weight);
	return rc;
}
