/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>

#include "apply.h"
#include "base/log.h"
#include "control.h"
#include "daemon.h"
#include "datapath/pipeline.h"
#include "datapath/relay.h"
#include "eal.h"
#include "eal/hash.h"
#include "inquiry.h"
#include "load.h"
#include "preflight.h"
#include "save.h"
#include "sessions.h"
#include "own_address.h"
#include "paths.h"
#include "rss.h"
#include "slot_names.h"
#include "steering.h"
#include "telemetry.h"

/* How long backends may take to answer before the daemon calls itself ready without them. */
#define FIRST_WAIT_MS 500

void daemon_set_log(const struct conf *conf)
{
	static const enum log_level levels[] = {
		[CONF_LOG_ERROR] = LOG_LEVEL_ERROR,
		[CONF_LOG_WARN] = LOG_LEVEL_WARN,
		[CONF_LOG_INFO] = LOG_LEVEL_INFO,
		[CONF_LOG_DEBUG] = LOG_LEVEL_DEBUG,
	};

	log_set_level(levels[conf->daemon.log_level]);
	log_set_journal(conf->daemon.log_target == CONF_LOG_JOURNAL);
}

uint64_t daemon_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t daemon_now_ms(void)
{
	return daemon_now_us() / 1000;
}

/* Lanes that the configuration asks for, before EAL can say how many workers there are. */
static uint32_t count_lanes(const struct conf *conf)
{
	struct eal_cpus cpus;
	cpu_set_t allowed;

	if (conf->eal.lanes)
		return conf->eal.lanes;
	if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
		return 1;
	eal_plan_cpus(conf, &allowed, &cpus);
	return cpus.n - 1;
}

static int lock_interfaces(struct daemon *d, const struct conf *conf, struct sl_err *err)
{
	for (size_t i = 0; i < conf->n_ports; i++) {
		if (!conf->ports[i].interface)
			continue;
		const int fd = preflight_lock(conf->ports[i].interface, err);

		if (fd < 0)
			return fd;
		d->locks[d->n_locks++] = fd;
	}
	return 0;
}

/* Everything that can be refused before DPDK is started, so that a second instance disturbs
 * nothing. */
static int prepare(struct daemon *d, const struct conf *conf, struct sl_err *err)
{
	int rc = lock_interfaces(d, conf, err);

	if (!rc)
		rc = preflight_capabilities(conf, err);
	if (!rc)
		rc = preflight_files(err);
	if (!rc)
		rc = own_address_check(NULL, conf, err);
	for (size_t i = 0; i < conf->n_ports && !rc; i++)
		rc = port_prepare(&conf->ports[i], err);
	return rc ? rc : control_open(d, conf, err);
}

static int start_eal(struct daemon *d, const struct conf *conf, struct sl_err *err)
{
	const uint32_t mbufs = port_mbufs(conf, count_lanes(conf));
	int rc = eal_start(
		conf, d->options->eal_args, d->options->n_eal_args, port_memory_mb(mbufs), err);

	if (rc)
		return rc;
	d->eal_started = true;
	d->hash_path = hash_init();
	d->code_path = pipeline_init();
	d->n_workers = rte_lcore_count() - 1;
	d->n_lanes = conf->eal.lanes ? conf->eal.lanes : d->n_workers;
	if (!d->n_workers)
		return sl_err_add(err,
			"the EAL arguments leave no lcore for a worker: give at least two, "
			"for example --lcores 0,1");
	rc = errands_new(d->base, &d->loop, &d->errands, err);
	d->waste.errands = d->errands;
	if (!rc)
		rc = errands_new(d->base, &d->loop, &d->steering.thread, err);
	return rc ? rc : builder_new(d->base, apply_built, d, &d->builder, err);
}

static struct lane *make_lane(uint16_t id, const struct flow_shape *flows)
{
	uint8_t secret[HASH_SECRET_BYTES];
	struct lane *l = lane_new(id, IDS_ROOM(CONF_MAX_VIPS));

	if (!l || !flows->entries)
		return l;
	if (getrandom(secret, sizeof secret, 0) == sizeof secret &&
		lane_add_flows(l, flows, secret) == 0)
		return l;
	lane_free(l);
	return NULL;
}

static int make_lanes(struct daemon *d, const struct conf *conf, struct sl_err *err)
{
	const struct flow_shape flows = {
		.entries = conf->flows.per_lane,
		.exact_keys = conf->flows.exact_keys,
	};

	d->load = load_new();
	if (!d->load || d->n_lanes > LANES_MAX)
		return sl_err_add(err, "cannot make %u lanes: %d at most", d->n_lanes, LANES_MAX);
	d->lanes = calloc(d->n_lanes, sizeof *d->lanes);
	for (uint32_t i = 0; i < d->n_lanes; i++) {
		if (d->lanes)
			d->lanes[i] = make_lane((uint16_t)i, &flows);
		if (!d->lanes || !d->lanes[i])
			return sl_err_sys(err, ENOMEM, "cannot make %u lanes of %u flows",
				d->n_lanes, conf->flows.per_lane);
		d->lanes[i]->load = d->load;
	}
	d->slots = ids_new(BACKEND_SLOTS);
	d->services = ids_new(IDS_ROOM(CONF_MAX_VIPS));
	d->inquiries = inquiries_new(d->base, d->lanes, d->n_lanes);
	d->names = calloc(1, sizeof *d->names);
	d->paths = paths_new();
	d->forced = calloc(BACKEND_SLOTS, sizeof *d->forced);
	if (sessions_open(d, conf))
		return sl_err_sys(
			err, ENOMEM, "cannot make a table of %u sessions", conf->flows.sessions);
	if (!d->slots || !d->services || !d->inquiries || !d->names || !d->paths || !d->forced ||
		stats_init(&d->stats, d->lanes, d->n_lanes, daemon_now_ms()))
		return sl_err_sys(err, ENOMEM, "cannot start");
	return 0;
}

/* Lanes send each other what only another one's flow table can say. */
static int join_lanes(struct daemon *d, struct sl_err *err)
{
	for (uint32_t i = 0; i < d->n_ports; i++) {
		struct rss_map *m = &d->rss[i];

		rss_learn(d->ports[i].dpdk_port, d->ports[i].n_rx_queues, m);
		if (m->n_queues > 1)
			log_info("port \"%s\": %u queues, %s", d->ports[i].conf->name, m->n_queues,
				m->known ? "the lane of each flow is known"
					 : "the driver does not tell which one a flow uses");
	}
	return relay_join(d->lanes, d->n_lanes, d->rss, d->n_ports)
		       ? sl_err_sys(err, ENOMEM, "cannot join %u lanes", d->n_lanes)
		       : 0;
}

static int start_ports(struct daemon *d, const struct conf *conf, struct sl_err *err)
{
	const uint32_t n = port_mbufs(conf, d->n_lanes);
	int rc = 0;

	d->mbufs = rte_pktmbuf_pool_create(
		"mbufs", n, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!d->mbufs)
		return sl_err_add(err,
			"no memory for %u packet buffers, which take %u MiB: reserve more "
			"hugepages, or leave out -m",
			n, port_memory_mb(n));
	for (uint32_t i = 0; i < conf->n_ports && !rc; i++) {
		d->n_ports = i + 1;
		rc = port_start(&d->ports[i], &conf->ports[i], i, d->n_lanes, d->mbufs, err);
	}
	return rc ? rc : join_lanes(d, err);
}

static bool has_kernel_side(const struct daemon *d)
{
	for (uint32_t i = 0; i < d->n_ports; i++)
		if (d->ports[i].ifindex)
			return true;
	return false;
}

/* Give the kernel a moment to find the backends, so that the first packets are not lost. */
static void wait_for_backends(struct daemon *d, const struct conf *conf)
{
	const uint64_t start = daemon_now_ms();
	struct pollfd p = {.fd = mirror_fd(d->mirror), .events = POLLIN};
	uint64_t now = start;
	size_t pool = 0;

	while (!view_complete(conf, d->ports, d->mirror, &pool) && now - start < FIRST_WAIT_MS) {
		poll(&p, 1, (int)mirror_tick_ms(d->mirror));
		mirror_process(d->mirror);
		now = daemon_now_ms();
		mirror_tick(d->mirror, now);
	}
}

static int start_kernel_side(struct daemon *d, const struct conf *conf, struct sl_err *err)
{
	int rc;

	if (!has_kernel_side(d))
		return 0;
	rc = mirror_open(&d->mirror, err);
	if (!rc)
		rc = host_if_open(HOST_IF_NAME, &d->host_if, err);
	if (!rc && apply_watch(d))
		rc = sl_err_sys(err, ENOMEM, "cannot watch the routes of the backends");
	if (!rc)
		wait_for_backends(d, conf);
	return rc;
}

unsigned int daemon_lcore_of(const struct daemon *d, uint32_t lane)
{
	return d->workers[lane_map_owner(&d->lane_map, lane)].lcore;
}

/* What a worker polls in each of its lanes. */
static void assign_ports(struct daemon *d, struct worker *w)
{
	w->n_ports = d->n_ports;
	for (uint32_t p = 0; p < d->n_ports; p++) {
		w->dpdk_port[p] = d->ports[p].dpdk_port;
		w->n_rx_queues[p] = d->ports[p].n_rx_queues;
	}
}

static int launch_workers(struct daemon *d, struct sl_err *err)
{
	const uint64_t epoch = rte_rdtsc() - rte_get_tsc_hz();
	unsigned int lcore;

	lane_map_start(&d->lane_map, d->lanes, d->n_lanes, d->n_workers);
	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		struct worker *w = &d->workers[d->n_launched];

		w->lcore = lcore;
		w->index = d->n_launched;
		w->rcu = &d->rcu;
		w->may_sleep = d->running->conf->eal.idle == CONF_IDLE_ADAPTIVE;
		w->map = &d->lane_map;
		w->epoch = epoch;
		assign_ports(d, w);
		if (worker_launch(w))
			return sl_err_add(err, "lcore %u does not start", lcore);
		d->n_launched++;
	}
	return 0;
}

static int start_workers(struct daemon *d, struct sl_err *err)
{
	d->workers = aligned_alloc(128, d->n_workers * sizeof *d->workers);
	if (!d->workers)
		return sl_err_sys(err, ENOMEM, "cannot start the workers");
	memset(d->workers, 0, d->n_workers * sizeof *d->workers);
	return launch_workers(d, err);
}

static void say_ready(const struct daemon *d)
{
	const struct conf *conf = d->running->conf;

	log_info("ready: %zu VIPs, %zu pools, %zu backends, %u workers, %u lanes, hash %s, code %s",
		conf->n_vips, conf->n_pools, d->running->n_backends, d->n_workers, d->n_lanes,
		d->hash_path, d->code_path);
}

int daemon_start(
	struct daemon *d, const struct options *options, struct conf *conf, struct sl_err *err)
{
	int rc;

	*d = (struct daemon){.options = options, .start_ms = daemon_now_ms(), .hangup_fd = -1};
	pthread_mutex_init(&d->lock, NULL);
	desk_init(&d->desk);
	reload_open(d);
	trial_open(d);
	d->first = version_new(conf, 1, &d->waste);
	if (!d->first) {
		conf_free(conf);
		return sl_err_sys(err, ENOMEM, "cannot start");
	}
	trial_first(d);
	conf = d->first->conf;
	rc = prepare(d, conf, err);
	if (!rc)
		rc = start_eal(d, conf, err);
	if (!rc)
		rc = make_lanes(d, conf, err);
	if (!rc)
		rc = start_ports(d, conf, err);
	if (!rc)
		rc = start_kernel_side(d, conf, err);
	if (!rc)
		rc = board_open(d, err);
	if (!rc && rcu_init(&d->rcu, d->n_workers))
		rc = sl_err_sys(err, ENOMEM, "cannot start");
	if (!rc)
		rc = apply_first(d, d->first, err);
	if (!rc && load_open(d))
		rc = sl_err_sys(err, ENOMEM, "cannot start");
	if (!rc) {
		load_follow_generation(d);
		rc = start_workers(d, err);
	}
	if (!rc)
		rc = steering_now(d, err);
	if (!rc && board_start(d->board))
		rc = sl_err_sys(err, ENOMEM, "cannot start the health checks");
	if (!rc && telemetry_open(d))
		rc = sl_err_add(err, "telemetry does not start");
	if (!rc)
		say_ready(d);
	return rc;
}

/* First no new packets come, then the workers end, then their ports. */
static void stop_traffic(struct daemon *d)
{
	host_if_close(d->host_if);
	for (uint32_t i = 0; i < d->n_ports; i++)
		port_unsteer(&d->ports[i]);
	for (uint32_t i = 0; i < d->n_launched; i++)
		worker_join(&d->workers[i]);
	for (uint32_t i = 0; i < d->n_ports; i++)
		port_stop(&d->ports[i]);
}

void daemon_stop(struct daemon *d)
{
	telemetry_close();
	board_close(d->board);
	d->board = NULL;
	steering_stop(&d->steering);
	stop_traffic(d);
	trial_clear(d);
	reload_clear(d);
	d->waste.errands = NULL;
	errands_free(d->errands);
	collect_drop(&d->collect);
	builder_free(d->builder);
	save_clear(d);
	load_close(d);
	control_close(d);
	mirror_close(d->mirror);
	rcu_clear(&d->rcu);
	change_clear(d);
	build_job_free(d->running);
	version_put(d->first);
	event_log_free(d->happened);
	free(d->last_error);
	free(d->forced);
	free(d->watched);
	stats_clear(&d->stats);
	ids_free(d->slots);
	ids_free(d->services);
	free(d->names);
	free(d->paths);
	sessions_close(d);
	for (uint32_t i = 0; d->lanes && i < d->n_lanes; i++)
		lane_free(d->lanes[i]);
	free(d->lanes);
	load_free(d->load);
	free(d->workers);
	rte_mempool_free(d->mbufs);
	if (d->eal_started)
		eal_stop();
	while (d->n_locks)
		close(d->locks[--d->n_locks]);
	pthread_mutex_destroy(&d->lock);
}
