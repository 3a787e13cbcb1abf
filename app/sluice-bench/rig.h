/* SPDX-License-Identifier: BSD-3-Clause */

/* DPDK for a program without a network card: one CPU, a pool, and a device that swallows
 * packets. */

#ifndef SLUICE_BENCH_RIG_H
#define SLUICE_BENCH_RIG_H

#include <rte_mempool.h>

#include "options.h"

#define RIG_NO_CPU UINT32_MAX

struct rig {
	uint32_t other_cpu; /* another one that may be used, or RIG_NO_CPU */
	struct rte_mempool *pool;
	uint16_t port; /* DPDK's number of the device that swallows packets */
	uint32_t rounds, slice, ahead;
	bool stages, latency;
};

/* Start it on the CPU that the options name. *cpu and *huge say what came of it. 0 or -errno. */
int rig_open(struct rig *r, const struct options *o, uint32_t *cpu, bool *huge, struct sl_err *err);

/* Of a copy of an open one, make another one with a device and packet buffers of its own, which end
 * with DPDK. 0 or -errno. */
int rig_second(struct rig *r, struct sl_err *err);

void rig_close(struct rig *r);

#endif
