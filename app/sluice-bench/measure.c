/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_ether.h>

#include "bench.h"
#include "datapath/ahead.h"
#include "latency.h"

double measure_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline void swap_macs(struct rte_mbuf *m)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	const struct rte_ether_addr dst = eth->dst_addr;

	eth->dst_addr = eth->src_addr;
	eth->src_addr = dst;
}

/* What testpmd's macswap does: the packets' addresses swapped, and out. */
int measure_bare_slice(struct bench *b, uint32_t packets)
{
	struct rte_mbuf **mbuf = b->burst[0].mbuf;

	for (uint32_t done = 0; done < packets; done += BURST_MAX) {
		if (!source_take(&b->source, mbuf))
			return -ENOMEM;
		for (uint32_t i = 0; i < BURST_MAX; i++)
			swap_macs(mbuf[i]);
		if (rte_eth_tx_burst(b->rig->port, 0, mbuf, BURST_MAX) != BURST_MAX)
			return -EIO;
	}
	return 0;
}

/* A run of the pipeline over bursts from the generator. */
struct slice {
	struct bench *b;
	uint32_t left; /* bursts */
	bool failed;
};

static inline uint16_t slice_take(void *arg, struct burst *to)
{
	struct slice *s = arg;

	if (!s->left || s->failed)
		return 0;
	s->failed = !source_take(&s->b->source, to->mbuf);
	if (s->failed)
		return 0;
	s->left--;
	to->n = BURST_MAX;
	to->rx_port = 0;
	s->b->given += BURST_MAX;
	return BURST_MAX;
}

static inline void slice_give(void *arg, struct lane *l, struct burst *burst)
{
	const struct slice *s = arg;

	pipeline_tx(l, burst, &s->b->rig->port);
}

/* As a worker runs it that finds bursts waiting. */
int measure_full_slice(struct bench *b, uint32_t packets)
{
	struct slice s = {.b = b, .left = packets / BURST_MAX};
	const struct ahead_ends ends = {slice_take, slice_give, &s};

	while (s.left && !s.failed) {
		if (ahead_pays(b->lane)) {
			ahead_run(b->lane, b->g, &ends, b->burst);
		} else if (slice_take(&s, &b->burst[0])) {
			pipeline_run(b->lane, b->g, &b->burst[0]);
			slice_give(&s, b->lane, &b->burst[0]);
		}
	}
	return s.failed ? -ENOMEM : 0;
}

/* ns a packet of one slice, or a negative error. */
static double timed(int (*slice)(struct bench *, uint32_t), struct bench *b, uint32_t packets)
{
	const double start = measure_now_ns();
	const int rc = slice(b, packets);

	return rc ? rc : (measure_now_ns() - start) / packets;
}

static int double_cmp(const void *l, const void *r)
{
	const double a = *(const double *)l, b = *(const double *)r;

	return (a > b) - (a < b);
}

struct sample measure_sample(double *x, uint32_t n)
{
	qsort(x, n, sizeof *x, double_cmp);
	return (struct sample){
		.median = n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2,
		.spread = (x[(n - 1) * 3 / 4] - x[(n - 1) / 4]) / 2,
	};
}

/* Every flow twice, so that it is confirmed; a table that new flows run over is filled up. */
int measure_warm_up(struct bench *b)
{
	const uint32_t table = cases_table(b->c), flows = b->c->v[AXIS_FLOWS];
	int rc = measure_full_slice(b, b->rig->slice);

	if (rc || !table)
		return rc;
	if (b->c->v[AXIS_NEW])
		return measure_full_slice(b, table + table / 2);
	b->source.frames.walking = true;
	rc = measure_full_slice(b, flows * 2 + (b->rig->ahead + 1) * BURST_MAX);
	b->source.frames.walking = false;
	return rc;
}

/* A, B, A, B, ... */
static int run_rounds(struct bench *b, struct result *out)
{
	const uint32_t n = b->rig->rounds;
	double *ns = calloc(n * 3, sizeof *ns), *bare = ns, *full = ns + n, *x = ns + 2 * n;
	int rc = ns ? measure_warm_up(b) : -ENOMEM;

	for (uint32_t i = 0; i < n && !rc; i++) {
		bare[i] = timed(measure_bare_slice, b, b->rig->slice);
		full[i] = timed(measure_full_slice, b, b->rig->slice);
		x[i] = full[i] - bare[i];
		rc = bare[i] < 0 ? (int)bare[i] : full[i] < 0 ? (int)full[i] : 0;
	}
	if (!rc) {
		out->bare = measure_sample(bare, n);
		out->full = measure_sample(full, n);
		out->x = measure_sample(x, n);
	}
	free(ns);
	return rc;
}

/* A time means nothing where packets got lost, or were not tracked as the case says. */
static int check(const struct bench *b, struct result *out, struct sl_err *err)
{
	const struct lane *l = b->lane;

	if (l->rx != b->given || l->verdict[VERDICT_FORWARDED] != b->given) {
		for (int v = VERDICT_FIRST_DROP; v < VERDICT_COUNT; v++)
			if (l->verdict[v])
				sl_err_add(err, "%llu packets dropped: %s",
					(unsigned long long)l->verdict[v], verdict_help(v));
		sl_err_add(err, "%llu packets given, %llu forwarded", (unsigned long long)b->given,
			(unsigned long long)l->verdict[VERDICT_FORWARDED]);
		return -EIO;
	}
	if (l->flows) {
		out->inserts = l->flows->inserts;
		out->bypass = l->flows->bypass;
		out->evicted = l->flows->evicted;
	}
	return 0;
}

static int open_lane(struct bench *b)
{
	static const uint8_t secret[HASH_SECRET_BYTES] = "sluice-bench";
	const uint32_t table = cases_table(b->c);

	b->lane = lane_new(0, b->g->n_services);
	if (!b->lane)
		return -ENOMEM;
	return table ? lane_add_flows(b->lane, &(struct flow_shape){.entries = table}, secret) : 0;
}

int measure_open(struct bench *b, const struct rig *rig, const struct bench_case *c)
{
	b->rig = rig;
	b->c = c;
	const int rc = open_lane(b);

	return rc ? rc : source_open(&b->source, rig->pool, rig->ahead, c);
}

void measure_shut(struct bench *b)
{
	if (b->source.line)
		source_close(&b->source);
	lane_free(b->lane);
}

static int measure_latency(struct bench *b, struct result *out)
{
	int rc = latency_measure(b, out->full.median, out->latency);

	for (int s = 0; s < SILENCES && !rc; s++)
		rc = latency_after_silence(b, (enum silence)s, &out->silence[s]);
	return rc;
}

int measure_case(
	const struct rig *rig, const struct bench_case *c, struct result *out, struct sl_err *err)
{
	struct bench *b = aligned_alloc(64, (sizeof *b + 63) / 64 * 64);
	int rc;

	*out = (struct result){0};
	if (!b)
		return sl_err_sys(err, ENOMEM, "case");
	memset(b, 0, sizeof *b);
	rc = world_new(c, &b->conf, &b->g, err);
	if (rc) {
		free(b);
		return rc;
	}
	rc = measure_open(b, rig, c);
	if (!rc)
		rc = run_rounds(b, out);
	if (!rc && rig->stages)
		rc = stages_measure(b, out->stage);
	if (!rc && rig->latency)
		rc = measure_latency(b, out);
	rc = rc ? sl_err_sys(err, rc, "the case cannot be run") : check(b, out, err);
	measure_shut(b);
	generation_free(b->g);
	conf_free(b->conf);
	free(b);
	return rc;
}
