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

/* Cycles a packet of each stage, the middle of several runs. 0 or -ENOMEM. */
int stages_measure(struct bench *b, struct sample out[STAGES]);

#endif
