/* SPDX-License-Identifier: BSD-3-Clause */

/* One case, measured: bare forwarding and the pipeline in turn, and the stages one by one. */

#ifndef SLUICE_BENCH_MEASURE_H
#define SLUICE_BENCH_MEASURE_H

#include "cases.h"
#include "datapath/lane.h"
#include "rig.h"
#include "source.h"

/* The middle of several samples, and half the distance between their quartiles. */
struct sample {
	double median, spread;
};

#define STAGES        9

/* Loads at which the latency is measured. */
#define LATENCY_LOADS 3

/* What waits for a packet after a silence: a worker that polls, one that sleeps, and a loop that
 * sleeps in the same way and has no packet path: what the machine takes to wake it. */
enum silence { SILENCE_POLLING, SILENCE_SLEEPING, SILENCE_BARE, SILENCES };

/* Microseconds: half of the packets, 99 %, 99.9 % of them take less; the slowest one. Each the
 * middle of several rounds. */
struct latency {
	double p50, p99, p999, most;
};

extern const char *const measure_stage_names[STAGES];

struct result {
	struct sample bare, full;              /* ns a packet, source and driver included */
	struct sample x;                       /* full - bare, from neighbouring slices */
	struct sample stage[STAGES];           /* TSC cycles a packet, only where asked for */
	struct latency latency[LATENCY_LOADS]; /* only where asked for, as the next */
	struct latency silence[SILENCES];
	uint64_t inserts, bypass, evicted; /* of the flow table */
};

/* Run a case. 0, or -errno with a message; -EIO when a packet got lost. */
int measure_case(
	const struct rig *rig, const struct bench_case *c, struct result *out, struct sl_err *err);

/* x[n], n > 0, is sorted. */
struct sample measure_sample(double *x, uint32_t n);

#endif
