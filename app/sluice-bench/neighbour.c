/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <rte_lcore.h>

#include "bench.h"
#include "neighbour.h"
#include "report.h"
#include "world.h"

#define ROUNDS_MOST 64
#define CHUNK       64 /* bursts between two looks at what to do */
#define TRIES       50 /* until the other one had its CPU for half of the time or more */

/* What the other CPU does. */
enum company { COMPANY_NONE, COMPANY_BARE, COMPANY_WORKER, COMPANY_LINE, COMPANIES };

static const char *const names[COMPANIES] = {
	[COMPANY_NONE] = "nothing",
	[COMPANY_BARE] = "forwards bare",
	[COMPANY_WORKER] = "is a worker",
	[COMPANY_LINE] = "is a worker that writes one line with this one, once a burst",
};

/* Counters, each alone on a pair of lines; both threads write the last one. */
struct line {
	alignas(128) uint64_t n;
};

struct pair {
	struct bench own, other;
	struct rig second;
	struct line line[3];
	uint32_t wanted, doing; /* enum company; by the first thread, by the other one */
	uint64_t chunks;        /* that the other one has done */
	bool stop;
	int rc; /* of the other */
};

/* n bursts through the packet path, a count after each. */
static int worker_slice(struct bench *b, uint32_t bursts, uint64_t *line)
{
	int rc = 0;

	for (uint32_t i = 0; i < bursts && !rc; i++) {
		rc = measure_full_slice(b, BURST_MAX);
		counter_add(line, 1);
	}
	return rc;
}

static int other_slice(struct pair *p, uint32_t company)
{
	switch (company) {
	case COMPANY_NONE:
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
		return 0;
	case COMPANY_BARE:
		return measure_bare_slice(&p->other, CHUNK * BURST_MAX);
	default:
		return worker_slice(&p->other, CHUNK, &p->line[company == COMPANY_LINE ? 2 : 1].n);
	}
}

static void *other_main(void *arg)
{
	struct pair *p = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(p->second.other_cpu, &set);
	p->rc = -pthread_setaffinity_np(pthread_self(), sizeof set, &set);
	if (!p->rc && rte_thread_register())
		p->rc = -ENOMEM;
	if (!p->rc)
		p->rc = measure_warm_up(&p->other);
	while (!p->rc && !__atomic_load_n(&p->stop, __ATOMIC_RELAXED)) {
		const uint32_t company = __atomic_load_n(&p->wanted, __ATOMIC_ACQUIRE);

		p->rc = other_slice(p, company);
		counter_add(&p->chunks, 1);
		__atomic_store_n(&p->doing, company, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&p->doing, COMPANIES, __ATOMIC_RELEASE);
	rte_thread_unregister();
	return NULL;
}

/* ns a packet of this thread beside that company, or a negative error. */
static double timed_once(struct pair *p, enum company company)
{
	const uint32_t bursts = p->own.rig->slice / BURST_MAX;
	uint32_t doing;

	__atomic_store_n(&p->wanted, company, __ATOMIC_RELEASE);
	while ((doing = __atomic_load_n(&p->doing, __ATOMIC_ACQUIRE)) != company)
		if (doing == COMPANIES)
			return p->rc ? p->rc : -EIO;
	const double start = measure_now_ns();
	const int rc = worker_slice(&p->own, bursts, &p->line[company == COMPANY_LINE ? 2 : 0].n);

	return rc ? rc : (measure_now_ns() - start) / ((double)bursts * BURST_MAX);
}

/* The same, where nobody takes the other CPU away from the company; else, after some tries, as it
 * is. */
static double timed(struct pair *p, enum company company)
{
	const uint64_t half = p->own.rig->slice / BURST_MAX / CHUNK / 2;
	double ns = 0;

	for (int i = 0; i < TRIES && ns >= 0; i++) {
		const uint64_t before = counter_read(&p->chunks);

		ns = timed_once(p, company);
		if (company == COMPANY_NONE || counter_read(&p->chunks) - before >= half)
			break;
	}
	return ns;
}

static int rounds(struct pair *p, struct sample out[COMPANIES])
{
	const uint32_t n = p->own.rig->rounds < ROUNDS_MOST ? p->own.rig->rounds : ROUNDS_MOST;
	double ns[COMPANIES][ROUNDS_MOST];
	int rc = measure_warm_up(&p->own);

	for (uint32_t i = 0; i < n && !rc; i++)
		for (int c = 0; c < COMPANIES && !rc; c++) {
			ns[c][i] = timed(p, c);
			rc = ns[c][i] < 0 ? (int)ns[c][i] : 0;
		}
	for (int c = 0; c < COMPANIES && !rc; c++)
		out[c] = measure_sample(ns[c], n);
	return rc;
}

static int beside(struct pair *p, struct sample out[COMPANIES])
{
	pthread_t thread;
	int rc;

	p->doing = COMPANIES + 1;
	rc = -pthread_create(&thread, NULL, other_main, p);
	if (rc)
		return rc;
	rc = rounds(p, out);
	__atomic_store_n(&p->stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	return rc ? rc : p->rc;
}

static int write_json(const char *path, const struct sample s[COMPANIES], struct sl_err *err)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return sl_err_sys(err, errno, "cannot write %s", path);
	fprintf(f, "{");
	for (int c = 0; c < COMPANIES; c++) {
		fprintf(f, c ? ", " : "");
		report_sample(f, names[c], &s[c]);
	}
	fprintf(f, "}\n");
	return fclose(f) ? sl_err_sys(err, EIO, "cannot write %s", path) : 0;
}

static int measure(const struct bench_case *c, struct pair *p, const struct rig *rig,
	struct sample out[COMPANIES], struct sl_err *err)
{
	struct conf *conf;
	struct generation *g;
	int rc = world_new(c, &conf, &g, err);

	if (rc)
		return rc;
	p->own.g = p->other.g = g;
	rc = measure_open(&p->own, rig, c);
	if (!rc)
		rc = measure_open(&p->other, &p->second, c);
	if (!rc)
		rc = beside(p, out);
	measure_shut(&p->own);
	measure_shut(&p->other);
	generation_free(g);
	conf_free(conf);
	return rc ? sl_err_sys(err, rc, "two workers") : 0;
}

int neighbour_run(const struct options *o, const struct rig *rig, struct sl_err *err)
{
	struct sample s[COMPANIES] = {{0}};
	struct bench_case c = {.goal = 0};
	struct pair *p;
	int rc;

	for (int a = 0; a < AXES; a++)
		c.v[a] = o->axis[a].v[0];
	if (rig->other_cpu == RIG_NO_CPU)
		return sl_err_add(err, "--neighbour needs two CPUs");
	p = aligned_alloc(128, (sizeof *p + 127) / 128 * 128);
	if (!p)
		return sl_err_sys(err, ENOMEM, "two workers");
	*p = (struct pair){.second = *rig};
	rc = rig_second(&p->second, err);
	if (!rc)
		rc = measure(&c, p, rig, s, err);
	for (int i = 0; i < COMPANIES && !rc; i++)
		printf("%8.2f +-%.2f ns a packet where CPU %u %s\n", s[i].median, s[i].spread,
			rig->other_cpu, names[i]);
	if (!rc && o->json)
		rc = write_json(o->json, s, err);
	free(p);
	return rc;
}
