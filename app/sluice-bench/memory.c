/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "datapath/lane.h"
#include "memory.h"
#include "world.h"

#define FLOWS     10000000u
#define FLOW_ROOM (1u << 24) /* entries of a table for them */
#define VIPS      4096u
#define BACKENDS  10000u

/* What is counted: bytes, and of how many. */
struct row {
	const char *name;
	double bytes;
};

/* Bytes of this process in memory. */
static double resident(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Bytes that malloc has given out. */
static double allocated(void)
{
	const struct mallinfo2 m = mallinfo2();

	return (double)m.uordblks + (double)m.hblkhd;
}

/* A configuration and its generation. */
static int world_bytes(uint32_t vips, uint32_t backends, double *bytes, struct sl_err *err)
{
	const double before = allocated();
	struct bench_case c = {.v[AXIS_VIPS] = vips, .v[AXIS_BACKENDS] = backends};
	struct generation *g;
	struct conf *conf;
	const int rc = world_new(&c, &conf, &g, err);

	if (rc)
		return rc;
	*bytes = allocated() - before;
	generation_free(g);
	conf_free(conf);
	return 0;
}

/* Let so many flows come into a table that may hold FLOWS. */
static int flow_bytes(uint32_t flows, double *bytes)
{
	const struct flow_shape shape = {.entries = FLOW_ROOM};
	static const uint8_t secret[HASH_SECRET_BYTES] = "memory";
	const struct flow_timeouts to = {.idle_s = {10, 900, 30, 60}};
	const double before = resident();
	struct lane *l = lane_new(0, 1);
	uint64_t x = 1;

	if (!l || lane_add_flows(l, &shape, secret)) {
		lane_free(l);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < flows; i++) {
		struct flow_arrival a = {.ev = FLOW_EV_UDP, .now = 1, .to = &to};

		x = x * 6364136223846793005u + 1442695040888963407u;
		a.hash = x ^ x >> 29;
		flow_remember(l->flows, &a);
		if (flow_grow_due(l->flows))
			flow_grow(l->flows);
	}
	*bytes = resident() - before;
	lane_free(l);
	return 0;
}

static int lane_bytes(double *bytes)
{
	const double before = allocated();
	struct lane *l = lane_new(0, VIPS);

	if (!l)
		return -ENOMEM;
	*bytes = allocated() - before;
	lane_free(l);
	return 0;
}

static int measure(struct row rows[6], struct sl_err *err)
{
	double one, many = 0, large = 0;
	int rc = world_bytes(1, 1, &one, err);

	if (!rc)
		rc = world_bytes(VIPS, 1, &many, err);
	rows[0] = (struct row){"VIP", (many - one) / (VIPS - 1)};
	if (!rc) /* both with the large table, so that only the backends differ */
		rc = world_bytes(1, 1000, &large, err);
	if (!rc)
		rc = world_bytes(1, BACKENDS, &many, err);
	if (rc)
		return rc;
	rows[1] = (struct row){"backend", (many - large) / (BACKENDS - 1000)};
	rows[2] = (struct row){"pool of up to 650 backends", one};
	rows[3].name = "lane, without flows";
	rc = lane_bytes(&rows[3].bytes);
	rows[4].name = "1 M flows of a lane";
	if (!rc)
		rc = flow_bytes(1000000, &rows[4].bytes);
	rows[5].name = "10 M flows of a lane";
	if (!rc)
		rc = flow_bytes(FLOWS, &rows[5].bytes);
	return rc ? sl_err_sys(err, rc, "what is measured") : 0;
}

static int write_json(const char *path, const struct row *rows, size_t n, struct sl_err *err)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return sl_err_sys(err, errno, "cannot write %s", path);
	fprintf(f, "{");
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s\"%s\": %.0f", i ? ", " : "", rows[i].name, rows[i].bytes);
	fprintf(f, "}\n");
	return fclose(f) ? sl_err_sys(err, EIO, "cannot write %s", path) : 0;
}

int memory_run(const char *json, struct sl_err *err)
{
	struct row rows[6];
	const size_t n = sizeof rows / sizeof *rows;
	const int rc = measure(rows, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++)
		printf("%-28s %12.0f bytes\n", rows[i].name, rows[i].bytes);
	return json ? write_json(json, rows, n, err) : 0;
}
