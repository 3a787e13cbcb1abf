/* SPDX-License-Identifier: BSD-3-Clause */

/* The loop that looks one burst ahead: burst n+1 is parsed, and its entries of the flow table asked
 * for, before burst n is finished. Memory answers meanwhile. So it does for the flows of burst n
 * that are not in their first bucket: burst n is looked up before burst n+1 is parsed, and their
 * second buckets are asked for. Nothing is kept back: when no burst follows, the last one is
 * finished at once. */

#ifndef SLUICE_DATAPATH_AHEAD_H
#define SLUICE_DATAPATH_AHEAD_H

#include "datapath/pipeline.h"

/* Most bursts of one queue before the next queue has its turn. */
#define AHEAD_BURSTS 16

/* Entries of the flow table in use above which the loop pays: the lines that more flows touch do
 * not stay in the second cache of a CPU. With fewer, halving the pipeline only costs. */
#define AHEAD_FLOWS  32768

static inline bool ahead_pays(const struct lane *l)
{
	return l->flows && l->flows->entries > AHEAD_FLOWS;
}

/* Where bursts come from and go to. take fills mbuf, n and rx_port and returns n, 0 when nothing is
 * there; give gets what leaves. */
struct ahead_ends {
	uint16_t (*take)(void *arg, struct burst *b);
	void (*give)(void *arg, struct lane *l, struct burst *b);
	void *arg;
};

static inline void ahead_finish(
	struct lane *l, const struct generation *g, const struct ahead_ends *ends, struct burst *b)
{
	pipeline_finish(l, g, b);
	ends->give(ends->arg, l, b);
}

/* Up to AHEAD_BURSTS bursts of one queue; returns the packets. `two` is working memory. Inline, so
 * that the ends, named in a const struct at the call, cost no indirect call. */
static inline __attribute__((always_inline)) uint32_t ahead_run(struct lane *l,
	const struct generation *g, const struct ahead_ends *ends, struct burst two[2])
{
	struct burst *last = NULL;
	uint32_t sum = 0;

	for (uint32_t i = 0; i < AHEAD_BURSTS; i++) {
		struct burst *b = &two[i & 1];

		if (last)
			pipeline_find(l, g, last);
		const uint16_t n = ends->take(ends->arg, b);

		if (n)
			pipeline_begin(l, g, b);
		if (last)
			ahead_finish(l, g, ends, last);
		sum += n;
		last = n ? b : NULL;
		if (!n)
			break;
	}
	if (last) {
		pipeline_find(l, g, last);
		ahead_finish(l, g, ends, last);
	}
	return sum;
}

#endif
