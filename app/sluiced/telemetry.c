/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_telemetry.h>

#include "eal/dpdk_compat.h"
#include "telemetry.h"

/* Callbacks come without an argument of ours. The lock guards the pointer and what it leads to. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static struct daemon *daemon_open;

/* A dictionary with `truncated` said aloud when the reply is full. */
static void add(struct rte_tel_data *out, const char *name, uint64_t value)
{
	if (dpdk_tel_add_uint(out, name, value) != 0)
		rte_tel_data_add_dict_string(out, "truncated", "yes");
}

static int info(const struct daemon *d, const char *params, struct rte_tel_data *out)
{
	rte_tel_data_add_dict_string(out, "version", SLUICE_VERSION);
	rte_tel_data_add_dict_string(out, "hash", d->hash_path);
	rte_tel_data_add_dict_string(out, "code", d->code_path);
	add(out, "revision", d->revision);
	add(out, "vips", d->running->conf->n_vips);
	add(out, "pools", d->running->conf->n_pools);
	for (int i = 0; i < DECIDE_STANDS; i++) {
		char name[32];

		snprintf(name, sizeof name, "pools_%s",
			decide_standing_name((enum decide_standing)i));
		add(out, name, __atomic_load_n(&d->board->standing[i], __ATOMIC_RELAXED));
	}
	add(out, "backends", d->running->n_backends);
	add(out, "workers", d->n_workers);
	add(out, "lanes", d->n_lanes);
	add(out, "rx", stats_rx(&d->stats));
	add(out, "forwarded", stats_verdict(&d->stats, VERDICT_FORWARDED));
	add(out, "answered", stats_verdict(&d->stats, VERDICT_ANSWERED));
	add(out, "held", stats_verdict(&d->stats, VERDICT_HELD));
	add(out, "punted", stats_verdict(&d->stats, VERDICT_PUNTED));
	return 0;
}

/* Worst of the last minute, and goes by their length. */
static int loop(const struct daemon *d, const char *params, struct rte_tel_data *out)
{
	const struct loop_lag worst = loop_worst(&d->loop, LOOP_SECONDS);

	add(out, "hold_us", worst.hold_us);
	add(out, "late_us", worst.late_us);
	for (size_t i = 0; i < LOOP_COUNTS; i++) {
		char name[32] = "longer";

		if (i < LOOP_COUNTS - 1)
			snprintf(name, sizeof name, "up_to_%u_us", loop_bounds[i]);
		add(out, name, __atomic_load_n(&d->loop.count[i], __ATOMIC_RELAXED));
	}
	return 0;
}

static int drops(const struct daemon *d, const char *params, struct rte_tel_data *out)
{
	for (int v = VERDICT_FIRST_DROP; v < VERDICT_COUNT; v++)
		add(out, verdict_name(v), stats_verdict(&d->stats, v));
	return 0;
}

static int lcore_stats(const struct daemon *d, const char *params, struct rte_tel_data *out)
{
	char *end;
	const unsigned long lcore = params ? strtoul(params, &end, 10) : 0;

	if (!params || !*params || *end)
		return -EINVAL;
	for (uint32_t i = 0; i < d->n_workers; i++) {
		const struct worker *w = &d->workers[i];
		uint32_t lanes = 0;

		if (w->lcore != lcore)
			continue;
		for (uint32_t l = 0; l < d->n_lanes; l++)
			lanes += lane_map_owner(&d->lane_map, l) == i;
		add(out, "lanes", lanes);
		add(out, "rx", counter_read(&w->rx));
		add(out, "forwarded", counter_read(&w->tx));
		add(out, "busy_cycles", counter_read(&w->busy_cycles));
		add(out, "idle_cycles", counter_read(&w->idle_cycles));
		add(out, "loops", counter_read(&w->loops));
		add(out, "heartbeat_age_us",
			(rte_rdtsc() - counter_read(&w->heartbeat)) * 1000000 / rte_get_tsc_hz());
		return 0;
	}
	return -ENOENT;
}

/* Workers by lcore, each with the number of lanes that it drives. */
static int lcore_list(const struct daemon *d, const char *params, struct rte_tel_data *out)
{
	for (uint32_t i = 0; i < d->n_workers; i++) {
		char name[16];
		uint32_t lanes = 0;

		for (uint32_t l = 0; l < d->n_lanes; l++)
			lanes += lane_map_owner(&d->lane_map, l) == i;
		snprintf(name, sizeof name, "%u", d->workers[i].lcore);
		add(out, name, lanes);
	}
	return 0;
}

/* Entries now, and what became of flows since the start, of one lane. */
static void add_flow_sums(uint64_t sum[8], const struct flow_table *t)
{
	sum[0] += __atomic_load_n(&t->entries, __ATOMIC_RELAXED);
	sum[1] += ((uint64_t)__atomic_load_n(&t->mask, __ATOMIC_RELAXED) + 1) * FLOW_WAYS;
	sum[2] += (uint64_t)t->most * FLOW_WAYS;
	sum[3] += counter_read(&t->inserts);
	sum[4] += counter_read(&t->expired);
	sum[5] += counter_read(&t->evicted);
	sum[6] += counter_read(&t->bypass);
	sum[7] += counter_read(&t->grown);
}

/* Of the lanes of one worker, or of all. */
static int flow_stats(const struct daemon *d, const char *params, struct rte_tel_data *out)
{
	static const char *const names[8] = {"flows", "room", "room_most", "inserted", "expired",
		"evicted", "bypassed", "grown"};
	const bool all = !params || !*params;
	uint64_t sum[8] = {0};
	char *end = NULL;
	const unsigned long lcore = all ? 0 : strtoul(params, &end, 10);
	bool found = all;

	if (!all && *end)
		return -EINVAL;
	for (uint32_t i = 0; i < d->n_workers && !all; i++)
		found |= d->workers[i].lcore == lcore;
	for (uint32_t l = 0; l < d->n_lanes; l++) {
		const uint32_t owner = lane_map_owner(&d->lane_map, l);

		if (d->lanes[l]->flows && (all || d->workers[owner].lcore == lcore))
			add_flow_sums(sum, d->lanes[l]->flows);
	}
	for (int i = 0; i < 8 && found; i++)
		add(out, names[i], sum[i]);
	return found ? 0 : -ENOENT;
}

static int relay(const struct daemon *d, const char *params, struct rte_tel_data *out)
{
	const struct stats_relay r = stats_relay(&d->stats);

	add(out, "asked", r.asked);
	add(out, "taken", r.taken);
	add(out, "refused", r.refused);
	return 0;
}

static const struct {
	const char *name;
	int (*fill)(const struct daemon *d, const char *params, struct rte_tel_data *out);
	const char *help;
} rows[] = {
	{"/sluice/info", info, "Version, revision, sizes and packet sums. No parameters."},
	{"/sluice/loop", loop,
		"The control loop: the longest go and the latest timer of the last minute, goes by "
		"length. No parameters."},
	{"/sluice/drops", drops, "Packets dropped by reason. No parameters."},
	{"/sluice/flow/stats", flow_stats,
		"Flow tables: flows, room, and what became of flows. Parameter: lcore, or none for "
		"all."},
	{"/sluice/lcore/list", lcore_list, "Lcores of the workers: lanes of each. No parameters."},
	{"/sluice/relay", relay, "Packets sent off to the lane of their flow. No parameters."},
	{"/sluice/lcore/stats", lcore_stats, "Packets and cycles of one worker. Parameter: lcore."},
};

static int answer(const char *cmd, const char *params, struct rte_tel_data *out)
{
	int rc = -EINVAL;

	pthread_mutex_lock(&gate);
	for (size_t i = 0; daemon_open && i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].name, cmd) != 0)
			continue;
		rte_tel_data_start_dict(out);
		pthread_mutex_lock(&daemon_open->lock);
		rc = rows[i].fill(daemon_open, params, out);
		pthread_mutex_unlock(&daemon_open->lock);
	}
	pthread_mutex_unlock(&gate);
	return rc;
}

int telemetry_open(struct daemon *d)
{
	int rc = 0;

	pthread_mutex_lock(&gate);
	daemon_open = d;
	pthread_mutex_unlock(&gate);
	for (size_t i = 0; i < sizeof rows / sizeof *rows && !rc; i++)
		rc = rte_telemetry_register_cmd(rows[i].name, answer, rows[i].help);
	return rc;
}

void telemetry_close(void)
{
	pthread_mutex_lock(&gate);
	daemon_open = NULL;
	pthread_mutex_unlock(&gate);
}
