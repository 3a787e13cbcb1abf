/* SPDX-License-Identifier: BSD-3-Clause */

/* The metrics of LOAD. A lane knows its own flows as they are; of the other lanes it has a count
 * that is a few ms old. Who went by that count alone would send all lanes' flows to the backend
 * that was the least loaded one, until the next count. So the fewest flows are the fewest of this
 * lane, ties are broken by where a scan begins, and what does go by the count of all lanes compares
 * two candidates drawn at random (Mitzenmacher, "How Useful Is Old Information?", 2000). */

#include "datapath/pick.h"

/* Added to the rank of a backend that comes after all others. */
#define RANK_LATE    1e13
#define RANK_LAST    1e15

/* What the latency of a backend is taken for that no probe has measured. */
#define UNKNOWN_RANK 1e11

static inline const struct sched_candidate *draw(struct lane *l, const struct sched_table *t)
{
	const uint64_t r = lane_random(l);
	const struct sched_candidate *c = &t->candidate[sched_index(r, t->n_candidates)];

	return (uint16_t)r <= c->keep ? c : &t->candidate[c->alias];
}

static inline bool saturated(const struct lane *l, uint16_t slot)
{
	return l->load && load_saturated(l->load, slot);
}

/* New flows that the lane has given a backend since its latency was measured last. */
static inline uint32_t flows_since(struct lane *l, uint16_t slot)
{
	struct lane_recent *r = &l->recent[slot];
	const uint8_t sample = l->load ? load_sample_number(l->load, slot) : 0;

	if (r->sample != sample)
		*r = (struct lane_recent){.sample = sample};
	return r->flows;
}

/* Part of a flow that every backend is taken to have since its last probe: so little that it speaks
 * only between equal latencies, for the greater weight. */
#define TIE 1e-7

/* Latency, and as much of it more for each flow that went there since it was measured, less for
 * those above the mean weight: the lowest comes first, and none gets all flows until the next
 * probe. When many come, shares tend to weight by latency. */
static inline double rank_latency(
	struct lane *l, const struct sched_table *t, const struct sched_candidate *c)
{
	const uint32_t us = l->load ? load_latency_us(l->load, c->slot) : 0;
	const uint32_t most = t->spec.max_latency_us;
	const double since = (flows_since(l, c->slot) + TIE) * t->mean_weight / c->weight;
	const double rank = (us ? us : 1000) * (1 + since);

	if (most && us > most)
		return RANK_LATE + rank;
	return us ? rank : UNKNOWN_RANK + rank;
}

/* The lower the better. */
static inline double rank(struct lane *l, const struct sched_table *t,
	const struct sched_candidate *c, const enum sched_metric metric)
{
	const double last = saturated(l, c->slot) ? RANK_LAST : 0;

	if (metric == SCHED_LATENCY)
		return last + rank_latency(l, t, c);
	const double flows = l->flows->active[c->slot];

	return last + (metric == SCHED_FLOWS ? flows : (flows + 1) / c->weight);
}

static inline uint16_t best_of_all(
	struct lane *l, const struct sched_table *t, const enum sched_metric metric)
{
	const uint32_t n = t->n_candidates;
	uint32_t i = sched_index(lane_random(l), n);
	const struct sched_candidate *best = &t->candidate[i];
	double least = rank(l, t, best, metric);

	for (uint32_t k = 1; k < n; k++) {
		i = i + 1 == n ? 0 : i + 1;
		const double r = rank(l, t, &t->candidate[i], metric);

		if (r < least) {
			least = r;
			best = &t->candidate[i];
		}
	}
	return best->slot;
}

static inline uint16_t best_of_draws(
	struct lane *l, const struct sched_table *t, const enum sched_metric metric)
{
	const struct sched_candidate *drawn[SCHED_DRAWS], *best = NULL;
	double least = 0;

	for (uint32_t k = 0; k < SCHED_DRAWS; k++) {
		drawn[k] = draw(l, t);
		__builtin_prefetch(&l->flows->active[drawn[k]->slot]);
	}
	for (uint32_t k = 0; k < SCHED_DRAWS; k++) {
		const double r = rank(l, t, drawn[k], metric);

		if (!best || r < least) {
			least = r;
			best = drawn[k];
		}
	}
	return best->slot;
}

static inline uint16_t best(
	struct lane *l, const struct sched_table *t, const enum sched_metric metric)
{
	return t->n_candidates <= SCHED_SCAN_MOST ? best_of_all(l, t, metric)
						  : best_of_draws(l, t, metric);
}

/* How much more a is than b, -1 to 1. */
static inline double excess(double a, double b)
{
	return a + b > 0 ? (a - b) / (a + b) : 0;
}

/* What speaks against a, beside b: flows for the weight and latency by their proportion, errors by
 * the difference of their rates. Without a measured latency of both that does not count. */
static double against(const struct lane *l, const struct sched_table *t,
	const struct sched_candidate *a, const struct sched_candidate *b)
{
	const struct load_view *v = l->load;
	double sum = t->spec.flows * excess((lane_flows_of(l, a->slot) + 1.0) / a->weight,
					     (lane_flows_of(l, b->slot) + 1.0) / b->weight);

	if (!v)
		return sum;
	const uint32_t us_a = load_latency_us(v, a->slot), us_b = load_latency_us(v, b->slot);
	const int errors = load_error_permille(v, a->slot) - load_error_permille(v, b->slot);

	if (us_a && us_b)
		sum += t->spec.latency * excess(us_a, us_b);
	sum += t->spec.errors * errors / 1000.0;
	return sum + 1e6 * (load_saturated(v, a->slot) - load_saturated(v, b->slot));
}

/* Any candidate but c; c where it is the only one. */
static const struct sched_candidate *another(
	struct lane *l, const struct sched_table *t, const struct sched_candidate *c)
{
	const uint32_t n = t->n_candidates;
	const uint32_t at = (uint32_t)(c - t->candidate) + 1 + sched_index(lane_random(l), n - 1);

	return &t->candidate[at < n ? at : at - n];
}

static uint16_t better_of_two(struct lane *l, const struct sched_table *t)
{
	const struct sched_candidate *a = draw(l, t), *b = draw(l, t);

	if (a == b)
		b = another(l, t, a);
	return against(l, t, a, b) <= 0 ? a->slot : b->slot;
}

uint16_t pick_load(struct lane *l, const struct sched_table *t)
{
	uint16_t slot;

	switch ((enum sched_metric)t->metric) {
	case SCHED_FLOWS:
		return best(l, t, SCHED_FLOWS);
	case SCHED_WEIGHT_FLOWS:
		return best(l, t, SCHED_WEIGHT_FLOWS);
	case SCHED_SCORE:
		return better_of_two(l, t);
	default:
		slot = best(l, t, SCHED_LATENCY);
		l->recent[slot].flows++;
		return slot;
	}
}
