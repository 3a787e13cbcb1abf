/* SPDX-License-Identifier: BSD-3-Clause */

/* What the loops of one case work on, and the timing of stages. */

#ifndef SLUICE_BENCH_BENCH_H
#define SLUICE_BENCH_BENCH_H

#include "datapath/pipeline.h"
#include "measure.h"

struct bench {
	const struct rig *rig;
	const struct bench_case *c;
	struct conf *conf;
	struct generation *g;
	struct lane *lane;
	struct source source;
	struct burst burst[2];
	uint64_t given; /* packets that went into the pipeline */
};

/* Lane and source of a case, for b->g, which stays the caller's as the rest does. 0 or -ENOMEM;
 * shut it in any case. */
int measure_open(struct bench *b, const struct rig *rig, const struct bench_case *c);
void measure_shut(struct bench *b);

/* So many packets, a multiple of BURST_MAX: with swapped MAC addresses, or through the packet path.
 * 0 or -errno. */
int measure_bare_slice(struct bench *b, uint32_t packets);
int measure_full_slice(struct bench *b, uint32_t packets);

/* Until the case is as it stays: every flow is known. */
int measure_warm_up(struct bench *b);

/* Time this thread had on a CPU: what others took away from it does not count. */
double measure_now_ns(void);

/* Cycles a packet of each stage, the middle of several runs. 0 or -ENOMEM. */
int stages_measure(struct bench *b, struct sample out[STAGES]);

#endif
