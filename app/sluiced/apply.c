/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "base/log.h"
#include "gather.h"
#include "leave.h"
#include "load.h"
#include "sessions.h"

/* How long new backends may take to answer before they get packets all the same. */
#define NEXT_WAIT_MS     500
/* How soon to look again for workers to pass, or for backends to answer. */
#define STEP_MS          2
/* The least time between two builds for the health of backends; the second where a backend has to
 * leave its table. */
#define HEALTH_GAP_MS    250
#define HEALTH_URGENT_MS 20
/* The least time between two attempts at what the kernel refused. */
#define STEER_GAP_MS     2000

static void step_after(struct daemon *d, uint64_t ms)
{
	const struct timeval soon = {
		.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	if (d->apply_event)
		event_add(d->apply_event, &soon);
}

void apply_soon(struct daemon *d)
{
	step_after(d, 0);
}

static void step_again(struct daemon *d)
{
	step_after(d, STEP_MS);
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

/* Everything the builder needs, as it is now. NULL with a message. */
static struct build_job *collect_all(struct daemon *d, struct version *version, struct sl_err *err)
{
	int rc = collect_begin(d, version, err);

	if (rc)
		return NULL;
	do
		rc = collect_step(d, err);
	while (rc > 0);
	return rc ? NULL : collect_take(&d->collect);
}

int apply_first(struct daemon *d, struct version *version, struct sl_err *err)
{
	struct build_job *job = collect_all(d, version, err);
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

/* The addresses of a configuration, but for pools that are in one that is listed. */
static size_t list_addresses(
	const struct conf *conf, const struct conf *listed, struct sl_addr *out)
{
	size_t n = 0;

	for (size_t p = 0; conf && p < conf->n_pools; p++) {
		const struct conf_pool *pool = &conf->pools[p];

		for (size_t i = 0; i < pool->n_backends && !conf_has_pool(listed, p, pool); i++)
			out[n++] = pool->backends[i].address;
	}
	return n;
}

/* What is on its way into force, NULL when nothing is. */
static struct version *building(const struct daemon *d)
{
	return d->collect.job ? d->collect.job->version : builder_version(d->builder);
}

static const struct conf *conf_of(const struct version *v)
{
	return v ? v->conf : NULL;
}

static size_t count_addresses(const struct conf *conf)
{
	return conf ? conf_count_backends(conf, conf->n_pools) : 0;
}

int apply_watch(struct daemon *d)
{
	const struct conf *now = d->running ? d->running->conf : conf_of(d->first);
	const struct conf *built = conf_of(building(d)), *next = conf_of(d->next);
	const size_t leavers = d->running ? d->running->leavers.count : 0;
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
		addrs[n++] = d->running->leavers.item[i].be.address;
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
	struct version *made = building(d);

	if (d->next)
		return d->next;
	return made ? made : d->running->version;
}

void apply_next(struct daemon *d, struct version *version, bool waits)
{
	if (!d->next) {
		d->next_ms = daemon_now_ms();
		d->next_waits = false;
	}
	version_put(d->next);
	d->next = version;
	d->next_pool = 0;
	d->next_waits |= waits;
	d->next_due_ms = gather_due(d);
	d->watch_due |= waits;
	apply_soon(d); /* not now: whoever asked for it has taken time enough */
}

void apply_view_changed(struct daemon *d)
{
	d->view_changed = true;
	/* The kernel forgets its neighbours with the carrier: that is nothing to build for. */
	board_look_at_links(d->board);
	apply_soon(d);
}

/* May the version that waits be built? */
static bool next_due(struct daemon *d)
{
	const uint64_t now = daemon_now_ms();

	if (!d->next || now < d->next_due_ms)
		return false;
	return !d->next_waits || now - d->next_ms >= NEXT_WAIT_MS ||
	       view_complete(d->next->conf, d->ports, d->mirror, &d->next_pool);
}

void apply_health_changed(struct daemon *d, bool urgent)
{
	d->health_changed = true;
	d->health_urgent |= urgent;
	apply_soon(d);
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

/* The build that was to begin cannot. */
static void start_failed(struct daemon *d, bool is_new, struct sl_err *err)
{
	if (is_new)
		change_failed(d, err);
	else
		change_not_followed(d, err);
	d->watch_due = true;
}

static void start_build(struct daemon *d, struct version *version)
{
	struct sl_err err = SL_ERR_INIT;

	d->view_changed = false;
	d->health_changed = false;
	d->health_urgent = false;
	d->built_ms = daemon_now_ms();
	if (collect_begin(d, version, &err))
		start_failed(d, version != d->running->version, &err);
}

static void build_next(struct daemon *d)
{
	struct version *next = d->next;

	d->next = NULL;
	start_build(d, next);
	version_put(next);
}

static void collect_on(struct daemon *d)
{
	const bool is_new = d->collect.job->version != d->running->version;
	struct sl_err err = SL_ERR_INIT;
	const int rc = collect_step(d, &err);

	if (rc < 0)
		start_failed(d, is_new, &err);
	if (rc == 0)
		builder_start(d->builder, collect_take(&d->collect));
	else
		apply_soon(d);
}

/* What the kernel refused is asked for again. */
static void steer_again(struct daemon *d)
{
	const uint64_t ago = daemon_now_ms() - d->change.half_ms;

	if (ago < STEER_GAP_MS) {
		step_after(d, STEER_GAP_MS - ago);
		return;
	}
	d->change.half_ms = daemon_now_ms();
	if (steering_begin(d))
		step_after(d, STEER_GAP_MS);
}

/* Nothing is under way: what is due? */
static void begin(struct daemon *d)
{
	if (next_due(d))
		build_next(d);
	else if (again_due(d))
		start_build(d, d->running->version);
	else if (d->next)
		step_again(d);
	else if (d->health_changed && !board_is_frozen(d->board))
		step_after(d, health_wait_ms(d));
	else if (d->change.half_why)
		steer_again(d);
	if (d->collect.job || d->watch_due)
		apply_soon(d);
}

/* Of what no worker sees any more, and of builds that failed. */
static void free_numbers(struct daemon *d)
{
	const uint64_t number = d->running->number;
	struct leave_slots slots;

	leave_slots(&slots, d);
	ids_reap(d->slots, number, leave_slot_in_use, &slots);
	ids_forget(d->slots, number);
	ids_reap(d->sessions->pools, number, NULL, NULL);
	ids_forget(d->sessions->pools, number);
	ids_reap(d->services, number, NULL, NULL);
	ids_forget(d->services, number);
}

static bool reap(struct daemon *d)
{
	bool reaped;

	pthread_mutex_lock(&d->lock);
	reaped = rcu_reap(&d->rcu);
	pthread_mutex_unlock(&d->lock);
	if (!reaped)
		return false;
	free_numbers(d);
	/* A worker that was just about to look at packets did so with the generation before. */
	if (d->new_in_force)
		change_in_force(d);
	d->new_in_force = false;
	return true;
}

void apply_step(struct daemon *d)
{
	if (d->watch_due) {
		d->watch_due = false;
		watch(d);
		apply_soon(d);
	} else if (d->collect.job) {
		collect_on(d);
	} else if (builder_busy(d->builder) || d->steering.under_way) {
		; /* apply_built, apply_steered go on */
	} else if (reap(d)) {
		begin(d);
	} else {
		step_again(d);
	}
}

/* The generation in force is followed by what lies beside the packet path. */
static void follow(struct daemon *d)
{
	struct sl_err err = SL_ERR_INIT;

	daemon_set_log(d->running->conf);
	if (steering_begin(d))
		apply_steered(d, sl_err_sys(&err, ENOMEM, "cannot steer the VIPs"), &err);
}

void apply_steered(struct daemon *d, int rc, struct sl_err *err)
{
	if (rc)
		change_half_done(d, err);
	else
		change_steered(d);
	d->watch_due = true;
	apply_soon(d);
}

void apply_built(void *daemon, struct build_job *job, struct generation *g, struct sl_err *err)
{
	struct daemon *d = daemon;
	const bool is_new = job->version != d->running->version;

	if (!g) {
		build_job_free(job);
		start_failed(d, is_new, err);
		apply_soon(d);
		return;
	}
	publish(d, job, g);
	load_follow_generation(d);
	if (d->next)
		d->next_due_ms = gather_due(d);
	d->new_in_force = is_new;
	follow(d);
	loop_relieve(&d->loop, d->base);
}
