/* SPDX-License-Identifier: BSD-3-Clause */

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_launch.h>

#include "datapath/ahead.h"
#include "datapath/ask.h"
#include "datapath/relay.h"
#include "datapath/slow.h"
#include "eal/idle.h"
#include "worker.h"

/* One RX queue of one port. */
struct queue {
	struct worker *w;
	uint16_t lane;
	uint8_t port;
};

static inline uint16_t queue_take(void *arg, struct burst *b)
{
	const struct queue *q = arg;

	b->n = rte_eth_rx_burst(q->w->dpdk_port[q->port], q->lane, b->mbuf, BURST_MAX);
	b->rx_port = q->port;
	return b->n;
}

static inline void queue_give(void *arg, struct lane *l, struct burst *b)
{
	const struct queue *q = arg;

	const uint64_t before = counter_read(&l->verdict[VERDICT_FORWARDED]);

	pipeline_tx(l, b, q->w->dpdk_port);
	counter_add(&q->w->tx, counter_read(&l->verdict[VERDICT_FORWARDED]) - before);
}

/* What waits in one queue, one burst or a few. Returns the packets received. */
static inline uint32_t poll_port(struct worker *w, struct lane *l, const struct generation *g,
	uint32_t port, struct burst two[2])
{
	struct queue q = {w, l->id, (uint8_t)port};

	if (ahead_pays(l))
		return ahead_run(l, g, &(struct ahead_ends){queue_take, queue_give, &q}, two);

	const uint32_t n = queue_take(&q, &two[0]);

	if (n) {
		pipeline_run(l, g, &two[0]);
		queue_give(&q, l, &two[0]);
	}
	return n;
}

/* What other lanes have to say. Returns the messages. */
static __attribute__((noinline)) uint32_t serve_relay(
	struct worker *w, struct lane *l, const struct generation *g)
{
	const uint64_t before = counter_read(&l->verdict[VERDICT_FORWARDED]);
	const uint32_t n = relay_work(l, g);

	if (l->slow_waiting)
		slow_tx(l, w->dpdk_port);
	counter_add(&w->tx, counter_read(&l->verdict[VERDICT_FORWARDED]) - before);
	return n;
}

/* Returns the packets received; relayed: messages from other lanes. */
static inline uint32_t poll_lanes(
	struct worker *w, const struct generation *g, struct burst two[2], uint32_t *relayed)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->lanes.n; i++) {
		struct lane *l = w->lanes.lane[i];

		for (uint32_t port = 0; port < w->n_ports; port++)
			if (l->id < w->n_rx_queues[port])
				n += poll_port(w, l, g, port, two);
		ask_serve(l, g);
		if (__builtin_expect(relay_due(l), 0))
			*relayed += serve_relay(w, l, g);
	}
	return n;
}

/* Buckets swept at a time, at least and at most, and how long a round over a whole table takes. */
#define SWEEP_BUCKETS 4
#define SWEEP_MOST    64
#define SWEEP_ROUND_S 2

/* Cycles in which SWEEP_BUCKETS are swept: as the largest table of a lane wants it. Never so rarely
 * that a lane which comes from another worker would wait. */
static uint64_t sweep_cycles(const struct worker *w)
{
	uint64_t buckets = 1024;

	for (uint32_t i = 0; i < w->lanes.n; i++) {
		const uint64_t n = (uint64_t)w->lanes.lane[i]->flows->mask + 1;

		buckets = n > buckets ? n : buckets;
	}
	return rte_get_tsc_hz() * SWEEP_ROUND_S * SWEEP_BUCKETS / buckets;
}

/* Buckets to sweep now; more when the last loops took long. */
static uint32_t sweep_due(struct worker *w, uint64_t now)
{
	const uint64_t cycles = sweep_cycles(w);
	const uint64_t n = SWEEP_BUCKETS * (1 + (now - w->next_sweep) / cycles);

	w->next_sweep = now + cycles;
	return n < SWEEP_MOST ? (uint32_t)n : SWEEP_MOST;
}

/* What does not hang on packets: the lanes' clocks, and the hand that frees idle flows. The clocks
 * of all lanes go by one epoch, so a lane that moves keeps its time. */
static void keep_time(struct worker *w, const struct generation *g, uint64_t now)
{
	const uint64_t hz = rte_get_tsc_hz();
	const uint64_t seconds = (now - w->epoch) / hz;
	const uint32_t sweep = now >= w->next_sweep ? sweep_due(w, now) : 0;

	w->next_second = w->epoch + (seconds + 1) * hz;
	for (uint32_t i = 0; i < w->lanes.n; i++) {
		struct lane *l = w->lanes.lane[i];

		if (l->clock != (uint16_t)seconds) {
			l->clock = (uint16_t)seconds;
			slow_tick(l);
		}
		if (sweep)
			flow_sweep(l->flows, sweep, l->clock, &g->flow_timeouts, g->backends,
				g->n_backends);
	}
}

/* All lanes have a flow table, or none has. A worker without lanes may be given some later. */
static void start_clocks(struct worker *w, uint64_t now)
{
	w->next_second = now;
	w->next_sweep = w->map->lanes[0]->flows ? now : UINT64_MAX;
}

static int worker_main(void *arg)
{
	struct worker *w = arg;
	struct burst bursts[2] = {{0}};
	struct idle idle;
	uint64_t last = rte_rdtsc();

	start_clocks(w, last);
	idle_start(&idle, w->may_sleep, rte_get_tsc_hz(), last);
	rcu_enter(w->rcu, w->index);
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		const struct generation *g = rcu_current(w->rcu);

		lane_map_look(w->map, w->index, &w->lanes);
		uint32_t relayed = 0;
		const uint32_t n = poll_lanes(w, g, bursts, &relayed);
		const uint64_t now = rte_rdtsc();

		if (now >= w->next_sweep || now >= w->next_second)
			keep_time(w, g, now);

		if (n)
			counter_add(&w->rx, n);
		counter_add(n + relayed ? &w->busy_cycles : &w->idle_cycles, now - last);
		counter_add(&w->loops, 1);
		__atomic_store_n(&w->heartbeat, now, __ATOMIC_RELAXED);
		last = now;
		rcu_quiescent(w->rcu, w->index);
		/* Too short a sleep to go offline for: a reaper waits as long for a busy loop. */
		idle_polled(&idle, n + relayed, now);
	}
	rcu_leave(w->rcu, w->index);
	return 0;
}

int worker_launch(struct worker *w)
{
	return rte_eal_remote_launch(worker_main, w, w->lcore);
}

void worker_tick(struct worker *w, double seconds)
{
	const uint64_t rx = counter_read(&w->rx), busy = counter_read(&w->busy_cycles),
		       idle = counter_read(&w->idle_cycles);
	const double worked = (double)(busy - w->rate.busy_cycles),
		     rested = (double)(idle - w->rate.idle_cycles);

	w->rate = (struct worker_rate){
		.rx_pps = seconds > 0 ? (double)(rx - w->rate.rx) / seconds : 0,
		.busy = worked + rested > 0 ? worked / (worked + rested) : 0,
		.rx = rx,
		.busy_cycles = busy,
		.idle_cycles = idle,
	};
}

void worker_join(struct worker *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
	rte_eal_wait_lcore(w->lcore);
}
