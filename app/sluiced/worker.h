/* SPDX-License-Identifier: BSD-3-Clause */

/* A worker: one lcore that polls the lanes it drives. */

#ifndef SLUICED_WORKER_H
#define SLUICED_WORKER_H

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datapath/lane.h"
#include "lane_map.h"
#include "rcu.h"

/* What the last second was like. Control: rw. */
struct worker_rate {
	double rx_pps;
	double busy; /* share of the time that went into loops with packets, 0 to 1 */
	uint64_t rx, busy_cycles, idle_cycles; /* at the last tick */
};

struct worker {
	/* control: rw before the launch, then ro for both */
	unsigned int lcore;
	uint32_t index; /* reader number for RCU */
	struct rcu *rcu;
	bool may_sleep; /* while nothing comes */
	uint32_t n_ports;
	struct lane_map *map;
	uint64_t epoch; /* TSC when the lanes' clocks were 0, the same for all workers */
	uint16_t dpdk_port[GENERATION_MAX_PORTS];   /* DPDK's number of each port */
	uint16_t n_rx_queues[GENERATION_MAX_PORTS]; /* lanes above this have no RX queue there */

	/* control: rw, worker: ro */
	bool stop;

	/* worker: rw, control: ro */
	alignas(128) struct lane_view lanes; /* those it drives */
	uint64_t next_second;                /* TSC when the lanes' clocks move on */
	uint64_t next_sweep;                 /* TSC when the next buckets are swept */
	uint64_t rx, tx;                     /* packets received, and sent to backends */
	uint64_t busy_cycles;                /* TSC cycles of loops that moved packets */
	uint64_t idle_cycles;
	uint64_t loops;
	uint64_t heartbeat;                   /* TSC at the last loop */
	alignas(128) struct worker_rate rate; /* control: rw */
};

static_assert(offsetof(struct worker, lanes) % 128 == 0 &&
		      offsetof(struct worker, rate) % 128 == 0 && sizeof(struct worker) % 128 == 0,
	"each writer has pairs of cache lines of its own");

/* Start on its lcore. Main lcore. 0 or -errno. */
int worker_launch(struct worker *w);

/* Work out w->rate from what has been since the last call. Control thread, once a second. */
void worker_tick(struct worker *w, double seconds);

/* Ask to stop and wait until it has. Main lcore. */
void worker_join(struct worker *w);

#endif
