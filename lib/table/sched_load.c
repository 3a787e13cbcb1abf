/* SPDX-License-Identifier: BSD-3-Clause */

/* lc, wlc, p2c and least-latency: the members as candidates. What a worker does with them is in
 * lib/datapath/pick_load.c. */

#include <errno.h>
#include <stdlib.h>

#include "table/sched.h"

int sched_lc(struct sched_table *t);
int sched_wlc(struct sched_table *t);
int sched_p2c(struct sched_table *t);
int sched_least_latency(struct sched_table *t);

/* Vose's alias method: rows that are less than full are filled up from one that is more. share is a
 * member's weight by the mean weight. */
static void fill_aliases(struct sched_candidate *c, double *share, size_t n, uint16_t *work)
{
	size_t small = 0, large = n; /* two stacks that grow towards each other */

	for (size_t i = 0; i < n; i++)
		work[share[i] < 1 ? small++ : --large] = (uint16_t)i;
	while (small && large < n) {
		const uint16_t s = work[--small], l = work[large];

		c[s].keep = (uint16_t)(share[s] * 65536);
		c[s].alias = l;
		share[l] -= 1 - share[s];
		if (share[l] < 1) {
			large++;
			work[small++] = l;
		}
	}
}

static int spread_by_weight(struct sched_table *t)
{
	const size_t n = t->spec.n;
	double *share = malloc(n * sizeof *share), sum = 0;
	uint16_t *work = malloc(n * sizeof *work);
	int rc = -ENOMEM;

	for (size_t i = 0; i < n; i++)
		sum += t->candidate[i].weight;
	if (share && work) {
		for (size_t i = 0; i < n; i++)
			share[i] = t->candidate[i].weight * (double)n / sum;
		fill_aliases(t->candidate, share, n, work);
		rc = 0;
	}
	free(share);
	free(work);
	return rc;
}

int sched_fill_candidates(struct sched_table *t, enum sched_metric metric, bool by_weight)
{
	const struct maglev_member **m = sched_sorted(t);
	int rc = m ? sched_fill_maglev(t) : -ENOMEM;

	t->shape = SCHED_LOAD;
	t->metric = (uint8_t)metric;
	t->candidate = malloc(t->spec.n * sizeof *t->candidate);
	if (!rc && !t->candidate)
		rc = -ENOMEM;
	for (size_t i = 0; !rc && i < t->spec.n; i++)
		t->candidate[t->n_candidates++] = (struct sched_candidate){
			.slot = m[i]->slot,
			.weight = (uint16_t)m[i]->weight,
			.keep = UINT16_MAX,
			.alias = (uint16_t)i,
		};
	for (uint32_t i = 0; i < t->n_candidates; i++)
		t->mean_weight += (double)t->candidate[i].weight / t->n_candidates;
	free(m);
	return rc || !by_weight ? rc : spread_by_weight(t);
}

int sched_lc(struct sched_table *t)
{
	return sched_fill_candidates(t, SCHED_FLOWS, false);
}

int sched_wlc(struct sched_table *t)
{
	return sched_fill_candidates(t, SCHED_WEIGHT_FLOWS, true);
}

int sched_p2c(struct sched_table *t)
{
	return sched_fill_candidates(t, SCHED_SCORE, true);
}

int sched_least_latency(struct sched_table *t)
{
	return sched_fill_candidates(t, SCHED_LATENCY, true);
}
