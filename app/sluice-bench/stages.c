/* SPDX-License-Identifier: BSD-3-Clause */

/* The stages, each over a few bursts at a time: enough packets that reading the clock does not
 * count, few enough that the first cache holds them. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "bench.h"
#include "datapath/pipeline.h"

#define GROUP  4
#define RUNS   31
#define GROUPS 2000 /* in one run */

const char *const measure_stage_names[STAGES] = {
	"parse", "classify", "hash", "find", "flow", "select", "transform", "tx", "sum"};

#define RUN_STAGES PIPELINE_STAGES

/* What reading the clock twice takes. */
static uint64_t clock_cycles(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 1000; i++) {
		const uint64_t start = rte_rdtsc_precise(), d = rte_rdtsc_precise() - start;

		least = d < least ? d : least;
	}
	return least;
}

static int take_group(struct bench *b, struct burst *group)
{
	for (int i = 0; i < GROUP; i++) {
		if (!source_take(&b->source, group[i].mbuf))
			return -ENOMEM;
		group[i].n = BURST_MAX;
		group[i].n_ended = 0;
		group[i].rx_port = 0;
		counter_add(&b->lane->rx, BURST_MAX);
	}
	b->given += GROUP * BURST_MAX;
	return 0;
}

/* One group through all stages; adds the cycles of each to sum[]. */
static void time_group(struct bench *b, struct burst *group, uint64_t sum[STAGES - 1])
{
	uint64_t before = rte_rdtsc_precise(), now;

	for (size_t s = 0; s < RUN_STAGES; s++) {
		for (int i = 0; i < GROUP; i++)
			pipeline_now->stage[s](b->lane, b->g, &group[i]);
		now = rte_rdtsc_precise();
		sum[s] += now - before;
		before = now;
	}
	for (int i = 0; i < GROUP; i++)
		pipeline_tx(b->lane, &group[i], &b->rig->port);
	sum[RUN_STAGES] += rte_rdtsc_precise() - before;
	for (int i = 0; i < GROUP; i++)
		rte_pktmbuf_free_bulk(group[i].ended, group[i].n_ended);
}

/* cycles[stage] of one run, the sum left out. */
static int run(struct bench *b, struct burst *group, uint64_t clock, double cycles[STAGES - 1])
{
	uint64_t sum[STAGES - 1] = {0};

	for (int i = 0; i < GROUPS; i++) {
		if (take_group(b, group))
			return -ENOMEM;
		time_group(b, group, sum);
	}
	for (int s = 0; s < STAGES - 1; s++)
		cycles[s] = ((double)sum[s] / GROUPS - (double)clock) / (GROUP * BURST_MAX);
	return 0;
}

int stages_measure(struct bench *b, struct sample out[STAGES])
{
	const uint64_t clock = clock_cycles();
	struct burst *group = aligned_alloc(64, GROUP * sizeof *group);
	double all[STAGES - 1][RUNS];
	int rc = group ? 0 : -ENOMEM;

	if (group)
		memset(group, 0, GROUP * sizeof *group);
	for (int r = 0; r < RUNS && !rc; r++) {
		double cycles[STAGES - 1];

		rc = run(b, group, clock, cycles);
		for (int s = 0; s < STAGES - 1 && !rc; s++)
			all[s][r] = cycles[s];
	}
	for (int s = 0; s < STAGES - 1 && !rc; s++) {
		out[s] = measure_sample(all[s], RUNS);
		out[STAGES - 1].median += out[s].median;
		out[STAGES - 1].spread += out[s].spread;
	}
	free(group);
	return rc;
}
