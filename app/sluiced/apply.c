/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "base/log.h"
#include "drain.h"
#include "gather.h"
#include "leave.h"
#include "numbers.h"
#include "paths.h"
#include "sessions.h"
#include "load.h"

/* How long new backends may take to answer before they get packets all the same. */
#define NEXT_WAIT_MS     500
/* How soon to look again for workers to pass, or for backends to answer. */
#define STEP_MS          2
/* The least time between two builds for the health of backends; the second where a backend has to
 * leave its table. */
#define HEALTH_GAP_MS    250
#define HEALTH_URGENT_MS 20

static void step_after(struct daemon *d, uint64_t ms)
{
	const struct timeval soon = {
		.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	if (d->apply_event)
		event_add(d->apply_event, &soon);
}

static void step_again(struct daemon *d)
{
	step_after(d, STEP_MS);
}

/* The board follows a configuration when it is built for the first time. */
static int collect_health(struct daemon *d, struct build_job *job)
{
	int rc = 0;

	if (!d->running || job->version != d->running->version || d->board->followed != job->conf)
		rc = board_follow(d->board, job->conf, job->slots);
	for (size_t i = 0; i < job->n_backends; i++)
		board_set_port(d->board, i, job->hops[i].resolved, job->hops[i].port);
	if (!rc)
		job->health = board_view(d->board);
	return job->health ? 0 : -ENOMEM;
}

/* Everything the builder needs, as it is now. NULL with a message. */
static struct build_job *make_job(struct daemon *d, struct version *version, struct sl_err *err)
{
	struct build_job *job = build_job_new(version, view_backends(version->conf));
	int rc;

	if (!job) {
		sl_err_sys(err, ENOMEM, "cannot apply the configuration");
		return NULL;
	}
	job->number = ++d->builds;
	job->prev = d->rcu.current;
	for (uint32_t i = 0; i < d->n_ports; i++)
		job->ports[i] = (struct compile_port){
			.mac = d->ports[i].mac,
			.mtu = d->ports[i].mtu,
			.shared = d->ports[i].conf->driver == CONF_DRIVER_AF_PACKET,
			.offloads = d->ports[i].offloads,
		};
	view_collect(job->conf, d->ports, d->mirror, job->hops);
	rc = numbers_backends(d, job, err);
	if (!rc)
		rc = numbers_services(d, job, err);
	if (!rc)
		rc = sessions_number_pools(d, job, err);
	if (!rc)
		rc = drain_collect(d, job);
	if (!rc)
		rc = leave_collect(d, job);
	if (!rc)
		paths_collect(d, job);
	if (!rc)
		rc = gather_begin(d, job);
	if (!rc && d->running && version != d->running->version)
		memset(d->forced, 0, BACKEND_SLOTS * sizeof *d->forced);
	if (!rc)
		rc = collect_health(d, job);
	if (!rc)
		return job;
	if (!err->count)
		sl_err_sys(err, rc, "cannot apply the configuration");
	build_job_free(job);
	return NULL;
}

/* g and its job take force. */
static void publish(struct daemon *d, struct build_job *job, struct generation *g)
{
	struct build_job *old = d->running;

	pthread_mutex_lock(&d->lock);
	rcu_publish(&d->rcu, g);
	d->published_ms = daemon_now_ms();
	d->running = job;
	for (uint32_t i = 0; i < d->n_ports; i++)
		d->ports[i].conf = &job->conf->ports[i];
	d->revision = job->version->rev;
	build_job_free(old);
	pthread_mutex_unlock(&d->lock);
}

int apply_first(struct daemon *d, struct version *version, struct sl_err *err)
{
	struct build_job *job = make_job(d, version, err);
	struct generation *g = NULL;

	if (job)
		builder_build(job, &g, err);
	if (!g) {
		build_job_free(job);
		return -ENOMEM;
	}
	publish(d, job, g);
	change_first(d);
	return 0;
}

static int steer_ports(struct daemon *d, const struct sl_prefix *vips, size_t n, struct sl_err *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < d->n_ports && !rc; i++)
		if (d->ports[i].steer)
			rc = steer_set_vips(d->ports[i].steer, vips, n, err);
	return rc;
}

int apply_steering(struct daemon *d, struct sl_err *err)
{
	const struct conf *conf = d->running->conf;
	struct sl_prefix *vips = calloc(conf->n_vips + 1, sizeof *vips);
	int rc = 0;

	if (!vips)
		return sl_err_sys(err, ENOMEM, "cannot steer the VIPs");
	for (size_t i = 0; i < conf->n_vips; i++)
		vips[i] = conf->vips[i].prefix;
	/* To the program first: a VIP that the kernel holds and Sluice does not take would be
	 * refused. */
	rc = steer_ports(d, vips, conf->n_vips, err);
	if (!rc)
		rc = paths_steer(d, err);
	if (!rc && d->host_if)
		rc = host_if_set_vips(d->host_if, vips, conf->n_vips, err);
	free(vips);
	return rc;
}

/* Is the pool at this place of another configuration the same? */
static bool is_listed(const struct conf *other, size_t p, const struct conf_pool *pool)
{
	return other && p < other->n_pools && pool->place.stamp &&
	       other->pools[p].place.stamp == pool->place.stamp;
}

/* The addresses of a configuration, but for pools that are in one that is listed. */
static size_t list_addresses(
	const struct conf *conf, const struct conf *listed, struct sl_addr *out)
{
	size_t n = 0;

	for (size_t p = 0; conf && p < conf->n_pools; p++) {
		const struct conf_pool *pool = &conf->pools[p];

		for (size_t i = 0; i < pool->n_backends && !is_listed(listed, p, pool); i++)
			out[n++] = pool->backends[i].address;
	}
	return n;
}

static const struct conf *conf_of(const struct version *v)
{
	return v ? v->conf : NULL;
}

static size_t count_addresses(const struct conf *conf)
{
	return conf ? view_backends(conf) : 0;
}

int apply_watch(struct daemon *d)
{
	const struct conf *now = d->running ? d->running->conf : conf_of(d->first);
	const struct conf *built = conf_of(builder_version(d->builder)), *next = conf_of(d->next);
	const size_t leavers = d->running ? d->running->n_leavers : 0;
	const size_t room =
		count_addresses(now) + count_addresses(built) + count_addresses(next) + leavers;
	struct sl_addr *addrs = d->mirror ? calloc(room + 1, sizeof *addrs) : NULL;
	size_t n;
	int rc;

	if (!d->mirror)
		return 0;
	if (!addrs)
		return -ENOMEM;
	n = list_addresses(now, NULL, addrs);
	n += list_addresses(built, now, addrs + n);
	n += list_addresses(next, now, addrs + n);
	for (size_t i = 0; i < leavers; i++)
		addrs[n++] = d->running->leavers[i].be.address;
	if (d->watched && n == d->n_watched && memcmp(addrs, d->watched, n * sizeof *addrs) == 0) {
		free(addrs);
		return 0;
	}
	rc = mirror_watch(d->mirror, addrs, n);
	free(d->watched);
	d->watched = rc ? NULL : addrs;
	d->n_watched = n;
	if (rc)
		free(addrs);
	return rc;
}

static void watch(struct daemon *d)
{
	if (apply_watch(d) != 0)
		log_error("no memory to watch the routes of the backends");
}

struct version *apply_wanted(const struct daemon *d)
{
	struct version *building = builder_version(d->builder);

	if (d->next)
		return d->next;
	return building ? building : d->running->version;
}

void apply_next(struct daemon *d, struct version *version, bool waits)
{
	if (!d->next) {
		d->next_ms = daemon_now_ms();
		d->next_waits = false;
	}
	version_put(d->next);
	d->next = version;
	d->next_waits |= waits;
	d->next_due_ms = gather_due(d);
	if (waits)
		watch(d);
	step_after(d, 0); /* not now: whoever asked for it has taken time enough */
}

void apply_view_changed(struct daemon *d)
{
	d->view_changed = true;
	/* The kernel forgets its neighbours with the carrier: that is nothing to build for. */
	board_look_at_links(d->board);
	apply_step(d);
}

/* May the version that waits be built? */
static bool next_due(const struct daemon *d)
{
	const uint64_t now = daemon_now_ms();

	if (!d->next || now < d->next_due_ms)
		return false;
	return !d->next_waits || now - d->next_ms >= NEXT_WAIT_MS ||
	       view_complete(d->next->conf, d->ports, d->mirror);
}

void apply_health_changed(struct daemon *d, bool urgent)
{
	d->health_changed = true;
	d->health_urgent |= urgent;
	apply_step(d);
}

/* Time until a change of health may be built: the first after a quiet time at once, the others
 * gathered, who has to leave before all. */
static uint64_t health_wait_ms(const struct daemon *d)
{
	const uint64_t gap = d->health_urgent ? HEALTH_URGENT_MS : HEALTH_GAP_MS;
	const uint64_t quiet = daemon_now_ms() - d->built_ms;

	return quiet < gap ? gap - quiet : 0;
}

/* Is the running version to be built again, and is this the time? While frozen, only what an
 * operator wants is built. */
static bool again_due(const struct daemon *d)
{
	return !board_is_frozen(d->board) &&
	       (d->view_changed || (d->health_changed && !health_wait_ms(d)));
}

static void start_build(struct daemon *d, struct version *version)
{
	struct sl_err err = SL_ERR_INIT;
	struct build_job *job = make_job(d, version, &err);

	d->view_changed = false;
	d->health_changed = false;
	d->health_urgent = false;
	d->built_ms = daemon_now_ms();
	if (job) {
		builder_start(d->builder, job);
		return;
	}
	if (version != d->running->version)
		change_failed(d, &err);
	else
		change_not_followed(d, &err);
	watch(d);
}

static void build_next(struct daemon *d)
{
	struct version *next = d->next;

	d->next = NULL;
	start_build(d, next);
	version_put(next);
}

void apply_step(struct daemon *d)
{
	bool reaped;

	if (builder_busy(d->builder))
		return; /* apply_built goes on */
	pthread_mutex_lock(&d->lock);
	reaped = rcu_reap(&d->rcu);
	pthread_mutex_unlock(&d->lock);
	if (!reaped) {
		step_again(d);
		return;
	}
	ids_reap(d->slots, d->running->number, leave_slot_in_use, d);
	ids_reap(d->sessions->pools, d->running->number, NULL, NULL);
	ids_reap(d->services, d->running->number, NULL, NULL);
	if (next_due(d))
		build_next(d);
	else if (again_due(d))
		start_build(d, d->running->version);
	else if (d->next)
		step_again(d);
	else if (d->health_changed && !board_is_frozen(d->board))
		step_after(d, health_wait_ms(d));
}

/* A new version is in force: what lies beside the packet path follows. */
static void follow(struct daemon *d, struct sl_err *err)
{
	daemon_set_log(d->running->conf);
	if (apply_steering(d, err) != 0)
		change_half_done(d, err);
	change_in_force(d);
}

void apply_built(void *daemon, struct build_job *job, struct generation *g, struct sl_err *err)
{
	struct daemon *d = daemon;
	const bool is_new = job->version != d->running->version;

	if (!g) {
		build_job_free(job);
		if (is_new)
			change_failed(d, err);
		else
			change_not_followed(d, err);
	} else {
		publish(d, job, g);
		load_follow_generation(d);
		if (d->next)
			d->next_due_ms = gather_due(d);
		if (is_new)
			follow(d, err);
		else if (paths_steer(d, err) != 0)
			change_not_followed(d, err);
	}
	watch(d);
	step_after(d, 0);
}
