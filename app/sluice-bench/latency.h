/* SPDX-License-Identifier: BSD-3-Clause */

/* How long a packet takes from its arrival to the end of its transmission, at a rate that leaves
 * the worker time to spare. */

#ifndef SLUICE_BENCH_LATENCY_H
#define SLUICE_BENCH_LATENCY_H

#include "bench.h"

/* Percent of what the worker can do. */
extern const uint32_t latency_loads[LATENCY_LOADS];

/* Packets arrive one by one at random (a Poisson process), without waiting for the pipeline; the
 * loop is that of a worker. ns: what a packet costs at full load, source included. out[i] belongs
 * to latency_loads[i]. 0 or -ENOMEM. */
int latency_measure(struct bench *b, double ns, struct latency out[LATENCY_LOADS]);

/* One packet every 5 ms, so that each comes after a silence. 0 or -ENOMEM. */
int latency_after_silence(struct bench *b, enum silence s, struct latency *out);

#endif
