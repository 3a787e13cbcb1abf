/* SPDX-License-Identifier: BSD-3-Clause */

/* A worker: one lcore that polls the lanes it drives. */

#ifndef SLUICED_WORKER_H
#define SLUICED_WORKER_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "datapath/lane.h"
#include "rcu.h"

#define WORKER_MAX_LANES 64

struct worker {
	/* control: rw before the launch, then ro for both */
	unsigned int lcore;
	uint32_t index; /* reader number for RCU */
	struct rcu *rcu;
	bool may_sleep; /* while nothing comes */
	uint32_t n_ports;
	uint32_t n_lanes;
	struct lane *lanes[WORKER_MAX_LANES];
	uint16_t dpdk_port[GENERATION_MAX_PORTS];   /* DPDK's number of each port */
	uint16_t n_rx_queues[GENERATION_MAX_PORTS]; /* lanes above this have no RX queue there */

	/* control: rw, worker: ro */
	bool stop;

	/* worker: rw, control: ro */
	alignas(128) uint64_t next_second; /* TSC when the lanes' clocks move on */
	uint64_t next_sweep;               /* TSC when the next buckets are swept */
	uint64_t busy_cycles;              /* TSC cycles of loops that moved packets */
	uint64_t idle_cycles;
	uint64_t loops;
	uint64_t heartbeat; /* TSC at the last loop */
	alignas(128) uint8_t end[0];
};

/* Start on its lcore. Main lcore. 0 or -errno. */
int worker_launch(struct worker *w);

/* Ask to stop and wait until it has. Main lcore. */
void worker_join(struct worker *w);

#endif
