/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "apply.h"
#include "flow_care.h"
#include "base/log.h"
#include "drain.h"
#include "leave.h"
#include "load.h"
#include "restart.h"

/* How long new backends may take to answer before they get packets all the same. */
#define NEXT_WAIT_MS 500
/* How soon to look again for workers to pass, or for backends to answer. */
#define STEP_MS      2

static void step_again(struct daemon *d)
{
	const struct timeval soon = {.tv_usec = STEP_MS * 1000};

	if (d->apply_event)
		event_add(d->apply_event, &soon);
}

/* Keys under which backends and VIPs keep their numbers: what makes them the same to their flows.
 */
static char *slot_key(const struct conf_pool *pool, const struct conf_backend *be)
{
	char addr[SL_ADDR_STRLEN], *key;

	return asprintf(&key, "%s/%s", pool->name, sl_addr_format(&be->address, addr)) < 0 ? NULL
											   : key;
}

static char *service_key(const struct conf_vip *vip)
{
	char addr[SL_ADDR_STRLEN], *key;

	if (asprintf(&key, "%s %u/%u", sl_addr_format(&vip->address, addr), vip->port,
		    vip->protocol) < 0)
		return NULL;
	return key;
}

static void free_keys(char **keys, size_t n)
{
	for (size_t i = 0; keys && i < n; i++)
		free(keys[i]);
	free(keys);
}

static bool have_all(char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!keys[i])
			return false;
	return true;
}

static int assign(
	struct ids *ids, char **keys, size_t n, uint64_t number, uint16_t *out, struct sl_err *err)
{
	int rc = -ENOMEM;

	if (keys && have_all(keys, n))
		rc = ids_assign(ids, (const char *const *)keys, n, number, out, err);
	free_keys(keys, n);
	return rc;
}

static int assign_slots(struct daemon *d, struct build_job *job, struct sl_err *err)
{
	char **keys = calloc(job->n_backends + 1, sizeof *keys);
	size_t n = 0;

	for (size_t p = 0; keys && p < job->conf->n_pools; p++)
		for (size_t i = 0; i < job->conf->pools[p].n_backends; i++, n++)
			keys[n] = slot_key(&job->conf->pools[p], &job->conf->pools[p].backends[i]);
	const int rc = assign(d->slots, keys, n, job->number, job->slots, err);

	job->n_slots = ids_top(d->slots);
	stats_follow(&d->stats, STATS_BACKEND, d->slots);
	load_follow(d);
	return rc;
}

static int assign_services(struct daemon *d, struct build_job *job, struct sl_err *err)
{
	char **keys = calloc(job->conf->n_vips + 1, sizeof *keys);

	for (size_t i = 0; keys && i < job->conf->n_vips; i++)
		keys[i] = service_key(&job->conf->vips[i]);
	const int rc =
		assign(d->services, keys, job->conf->n_vips, job->number, job->services, err);

	job->n_services = ids_top(d->services);
	stats_follow(&d->stats, STATS_SERVICE, d->services);
	return rc;
}

/* Everything the builder needs, as it is now. NULL with a message. */
static struct build_job *make_job(struct daemon *d, struct conf *conf, struct sl_err *err)
{
	struct build_job *job = build_job_new(conf, view_backends(conf));
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
		};
	view_collect(conf, d->ports, d->mirror, job->hops);
	rc = assign_slots(d, job, err);
	if (!rc) {
		flow_care_names(d, job);
		rc = assign_services(d, job, err);
	}
	if (!rc)
		rc = drain_collect(d, job);
	if (!rc)
		rc = leave_collect(d, job);
	if (!rc)
		return job;
	if (!err->count)
		sl_err_sys(err, rc, "cannot apply the configuration");
	build_job_free(job);
	return NULL;
}

/* g and its job take force. The old configuration goes, unless the new job goes on with it. */
static void publish(struct daemon *d, struct build_job *job, struct generation *g)
{
	struct build_job *old = d->running;

	pthread_mutex_lock(&d->lock);
	rcu_publish(&d->rcu, g);
	d->running = job;
	for (uint32_t i = 0; i < d->n_ports; i++)
		d->ports[i].conf = &job->conf->ports[i];
	if (!old || old->conf != job->conf)
		d->revision++;
	if (old && old->conf != job->conf)
		conf_free(old->conf);
	build_job_free(old);
	pthread_mutex_unlock(&d->lock);
}

int apply_first(struct daemon *d, struct conf *conf, struct sl_err *err)
{
	struct build_job *job = make_job(d, conf, err);
	struct generation *g = NULL;

	if (job)
		builder_build(job, &g, err);
	if (!g) {
		build_job_free(job);
		return -ENOMEM;
	}
	publish(d, job, g);
	return 0;
}

static int steer_ports(struct daemon *d, const struct sl_addr *addrs, size_t n, struct sl_err *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < d->n_ports && !rc; i++)
		if (d->ports[i].steer)
			rc = steer_set_vips(d->ports[i].steer, addrs, n, err);
	return rc;
}

int apply_steering(struct daemon *d, struct sl_err *err)
{
	const struct conf *conf = d->running->conf;
	struct sl_addr *addrs = calloc(conf->n_vips + 1, sizeof *addrs);
	int rc = 0;

	if (!addrs)
		return sl_err_sys(err, ENOMEM, "cannot steer the VIPs");
	for (size_t i = 0; i < conf->n_vips; i++)
		addrs[i] = conf->vips[i].address;
	/* To the program first: a VIP that the kernel holds and Sluice does not take would be
	 * refused. */
	rc = steer_ports(d, addrs, conf->n_vips, err);
	if (!rc && d->host_if)
		rc = host_if_set_addrs(d->host_if, addrs, conf->n_vips, err);
	free(addrs);
	return rc;
}

static size_t list_addresses(const struct conf *conf, struct sl_addr *out)
{
	size_t n = 0;

	for (size_t p = 0; conf && p < conf->n_pools; p++)
		for (size_t i = 0; i < conf->pools[p].n_backends; i++)
			out[n++] = conf->pools[p].backends[i].address;
	return n;
}

int apply_watch(struct daemon *d)
{
	const struct conf *now = d->running ? d->running->conf : d->first;
	const size_t leavers = d->running ? d->running->n_leavers : 0;
	const struct conf *built = builder_conf(d->builder);
	const size_t room = view_backends(now) + (built ? view_backends(built) : 0) +
			    (d->next ? view_backends(d->next) : 0) + leavers;
	struct sl_addr *addrs = d->mirror ? calloc(room + 1, sizeof *addrs) : NULL;
	size_t n;
	int rc;

	if (!d->mirror)
		return 0;
	if (!addrs)
		return -ENOMEM;
	n = list_addresses(now, addrs);
	n += list_addresses(built, addrs + n);
	n += list_addresses(d->next, addrs + n);
	for (size_t i = 0; i < leavers; i++)
		addrs[n++] = d->running->leavers[i].address;
	rc = mirror_watch(d->mirror, addrs, n);
	free(addrs);
	return rc;
}

static void watch(struct daemon *d)
{
	if (apply_watch(d) != 0)
		log_error("no memory to watch the routes of the backends");
}

/* Say why, and remember it for `sluicectl status`. */
static void apply_failed(struct daemon *d, const char *outcome, struct sl_err *err)
{
	for (size_t i = 0; i < err->count; i++)
		log_error("%s", err->text[i]);
	log_error("%s: revision %" PRIu64 " %s", d->options->config, d->revision, outcome);
	free(d->last_error);
	d->last_error = strdup(sl_err_first(err));
	sl_err_clear(err);
}

static void reload_failed(struct daemon *d, struct sl_err *err)
{
	d->refused = true;
	apply_failed(d, "stays in force", err);
}

/* The newest request wins, also when it is refused: one that still waits is not applied behind it.
 */
static void reload_refused(struct daemon *d, struct sl_err *err)
{
	conf_free(d->next);
	d->next = NULL;
	watch(d);
	reload_failed(d, err);
}

void apply_reload(struct daemon *d)
{
	struct sl_err err = SL_ERR_INIT;
	struct conf *conf;

	if (conf_read(d->options->config, &conf, &err) != 0) {
		reload_refused(d, &err);
		return;
	}
	if (restart_needed(d->running->conf, conf, &err)) {
		conf_free(conf);
		reload_refused(d, &err);
		return;
	}
	conf_free(d->next);
	d->next = conf;
	d->next_ms = daemon_now_ms();
	watch(d);
	apply_step(d);
}

void apply_view_changed(struct daemon *d)
{
	d->view_changed = true;
	apply_step(d);
}

/* Is there something to build, and is this the time? */
static bool build_due(const struct daemon *d)
{
	if (!d->next)
		return d->view_changed;
	return view_complete(d->next, d->ports, d->mirror) ||
	       daemon_now_ms() - d->next_ms >= NEXT_WAIT_MS;
}

static void start_build(struct daemon *d)
{
	struct sl_err err = SL_ERR_INIT;
	struct conf *conf = d->next ? d->next : d->running->conf;
	struct build_job *job = make_job(d, conf, &err);

	d->view_changed = false;
	d->next = NULL;
	d->refused = false;
	if (job) {
		builder_start(d->builder, job);
		return;
	}
	reload_failed(d, &err);
	if (conf != d->running->conf)
		conf_free(conf);
	watch(d);
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
	ids_reap(d->services, d->running->number, NULL, NULL);
	if (build_due(d))
		start_build(d);
	else if (d->next)
		step_again(d);
}

static void forget_error(struct daemon *d)
{
	free(d->last_error);
	d->last_error = NULL;
}

static void report(const struct daemon *d)
{
	log_info("revision %" PRIu64 " in force: %zu VIPs, %zu pools, %zu backends", d->revision,
		d->running->conf->n_vips, d->running->conf->n_pools, d->running->n_backends);
}

void apply_built(void *daemon, struct build_job *job, struct generation *g, struct sl_err *err)
{
	struct daemon *d = daemon;
	const bool reload = job->conf != d->running->conf;

	if (!g) {
		reload_failed(d, err);
		if (reload)
			conf_free(job->conf);
		build_job_free(job);
	} else {
		publish(d, job, g);
		load_follow_generation(d);
		if (reload)
			daemon_set_log(job->conf);
		if (reload && apply_steering(d, err) != 0) {
			apply_failed(d, "is in force, but not all its VIPs are steered", err);
		} else if (reload) {
			if (!d->refused)
				forget_error(d);
			report(d);
		}
	}
	watch(d);
	apply_step(d);
}
