/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "datapath/ahead.h"
#include "eal/idle.h"
#include "latency.h"

/* Each round, of at most ROUNDS; those of the silence are longer, as they have few packets. */
#define ROUND_MS   200
#define SILENCE_MS 5
#define ROUNDS     9

/* Distances between arrivals, in units of their mean, drawn in advance: a logarithm a packet would
 * be work that a worker does not have. */
#define GAPS       4096

/* Cycles counted in steps of 1/64 of their size. */
#define STEPS      64
#define BITS       6

const uint32_t latency_loads[LATENCY_LOADS] = {10, 50, 80};

struct pace {
	struct bench *b;
	double mean; /* cycles between two packets */
	bool random; /* else they come evenly */
	bool bare;   /* there are no packets, only the times at which they would come */
	double next; /* when the next one arrives, TSC */
	uint32_t gap;
	struct rte_mbuf *stock[BURST_MAX];
	uint32_t n_stock;
	bool failed;
	uint64_t arrived[2][BURST_MAX]; /* of each packet in bench.burst[] */
	uint64_t count[64 * STEPS];
	uint64_t packets, most;
	float gaps[GAPS];
};

static uint32_t step_of(uint64_t cycles)
{
	const uint32_t top = cycles < STEPS ? BITS : 63 - (uint32_t)__builtin_clzll(cycles);

	return (top - BITS) * STEPS + (uint32_t)(cycles >> (top - BITS));
}

/* The largest number that falls into a step. */
static uint64_t step_end(uint32_t step)
{
	const uint32_t shift = step < 2 * STEPS ? 0 : step / STEPS - 1;

	return ((uint64_t)(step - shift * STEPS + 1) << shift) - 1;
}

static void draw_gaps(struct pace *p)
{
	uint64_t x = 88172645463325252;

	for (uint32_t i = 0; i < GAPS; i++) {
		x ^= x << 13; /* xorshift64 (Marsaglia 2003, 2) */
		x ^= x >> 7;
		x ^= x << 17;
		p->gaps[i] = p->random ? (float)-log(((double)(x >> 11) + 0.5) * 0x1p-53) : 1;
	}
}

static struct rte_mbuf *next_mbuf(struct pace *p)
{
	if (!p->n_stock) {
		if (!source_take(&p->b->source, p->stock))
			return NULL;
		p->n_stock = BURST_MAX;
	}
	return p->stock[--p->n_stock];
}

/* What has arrived by now, as a driver would hand it over. */
static inline uint16_t pace_take(void *arg, struct burst *b)
{
	struct pace *p = arg;
	uint64_t *arrived = p->arrived[b - p->b->burst];
	const uint64_t now = rte_rdtsc();
	uint16_t n = 0;

	for (; n < BURST_MAX && (uint64_t)p->next <= now; n++) {
		b->mbuf[n] = next_mbuf(p);
		if (!b->mbuf[n]) {
			p->failed = true;
			break;
		}
		arrived[n] = (uint64_t)p->next;
		p->next += p->mean * p->gaps[p->gap++ % GAPS];
	}
	b->n = n;
	b->rx_port = 0;
	p->b->given += n;
	return n;
}

static void count(struct pace *p, uint64_t took)
{
	p->count[step_of(took)]++;
	p->most = took > p->most ? took : p->most;
	p->packets++;
}

/* Which have come by now; they go no further. */
static uint32_t bare_take(struct pace *p)
{
	const uint64_t now = rte_rdtsc();
	uint32_t n = 0;

	for (; (uint64_t)p->next <= now; n++) {
		count(p, now - (uint64_t)p->next);
		p->next += p->mean * p->gaps[p->gap++ % GAPS];
	}
	return n;
}

static inline void pace_give(void *arg, struct lane *l, struct burst *b)
{
	struct pace *p = arg;
	const uint64_t *arrived = p->arrived[b - p->b->burst];
	const uint32_t n = b->n;

	pipeline_tx(l, b, &p->b->rig->port);
	const uint64_t now = rte_rdtsc();

	for (uint32_t i = 0; i < n; i++)
		count(p, now - arrived[i]);
}

/* A worker's loop for `cycles`. */
static void run(struct pace *p, uint64_t cycles, bool may_sleep)
{
	const struct ahead_ends ends = {pace_take, pace_give, p};
	struct bench *b = p->b;
	uint64_t now = rte_rdtsc();
	const uint64_t end = now + cycles;
	struct idle idle;

	idle_start(&idle, may_sleep, rte_get_tsc_hz(), now);
	p->next = (double)now + p->mean;
	while (now < end && !p->failed) {
		uint32_t n;

		if (p->bare) {
			n = bare_take(p);
		} else if (ahead_pays(b->lane)) {
			n = ahead_run(b->lane, b->g, &ends, b->burst);
		} else {
			n = pace_take(p, &b->burst[0]);
			if (n) {
				pipeline_run(b->lane, b->g, &b->burst[0]);
				pace_give(p, b->lane, &b->burst[0]);
			}
		}
		now = rte_rdtsc();
		idle_polled(&idle, n, now);
	}
}

static double percentile(const struct pace *p, double share)
{
	const uint64_t wanted = (uint64_t)ceil((double)p->packets * share);
	uint64_t sum = 0;
	uint32_t step = 0;

	while (step < 64 * STEPS - 1 && (sum += p->count[step]) < wanted)
		step++;
	const uint64_t cycles = step_end(step) < p->most ? step_end(step) : p->most;

	return (double)cycles * 1e6 / (double)rte_get_tsc_hz();
}

static int rounds(struct pace *p, uint64_t cycles, bool may_sleep, struct latency *out)
{
	const uint32_t n = p->b->rig->rounds < ROUNDS ? p->b->rig->rounds : ROUNDS;
	double p50[ROUNDS], p99[ROUNDS], p999[ROUNDS], most[ROUNDS];

	draw_gaps(p);
	for (uint32_t i = 0; i < n && !p->failed; i++) {
		memset(p->count, 0, sizeof p->count);
		p->packets = p->most = 0;
		run(p, cycles, may_sleep);
		p50[i] = percentile(p, 0.5);
		p99[i] = percentile(p, 0.99);
		p999[i] = percentile(p, 0.999);
		most[i] = (double)p->most * 1e6 / (double)rte_get_tsc_hz();
	}
	rte_pktmbuf_free_bulk(p->stock, p->n_stock);
	if (p->failed)
		return -ENOMEM;
	*out = (struct latency){
		.p50 = measure_sample(p50, n).median,
		.p99 = measure_sample(p99, n).median,
		.p999 = measure_sample(p999, n).median,
		.most = measure_sample(most, n).median,
	};
	return 0;
}

static int measure(const struct pace *how, uint64_t ms, bool may_sleep, struct latency *out)
{
	struct pace *p = malloc(sizeof *p);
	int rc;

	if (!p)
		return -ENOMEM;
	*p = *how;
	rc = rounds(p, rte_get_tsc_hz() / 1000 * ms, may_sleep, out);
	free(p);
	return rc;
}

int latency_measure(struct bench *b, double ns, struct latency out[LATENCY_LOADS])
{
	const double cycles = ns * 1e-9 * (double)rte_get_tsc_hz();
	int rc = 0;

	for (int i = 0; i < LATENCY_LOADS && !rc; i++)
		rc = measure(
			&(struct pace){
				.b = b, .mean = cycles * 100 / latency_loads[i], .random = true},
			ROUND_MS, false, &out[i]);
	return rc;
}

int latency_after_silence(struct bench *b, enum silence s, struct latency *out)
{
	const double mean = (double)rte_get_tsc_hz() / 1000 * SILENCE_MS;
	const struct pace how = {.b = b, .mean = mean, .bare = s == SILENCE_BARE};

	return measure(&how, 5 * ROUND_MS, s != SILENCE_POLLING, out);
}
