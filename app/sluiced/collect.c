/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <string.h>

#include "collect.h"
#include "daemon.h"
#include "drain.h"
#include "gather.h"
#include "leave.h"
#include "part.h"
#include "paths.h"
#include "sessions.h"

/* The stage that goes by pools ends its part after so long. */
#define PART_US 1000

/* 0, 1 when it goes on the next time, or -errno with a message or without one. */
typedef int (*stage_fn)(struct daemon *d, struct collect *c, struct sl_err *err);

static int collect_hops(struct daemon *d, struct collect *c, struct sl_err *err)
{
	struct part part = part_begin(PART_US, 1);
	const struct conf *conf = c->job->conf;

	while (c->pool < conf->n_pools) {
		const struct conf_pool *pool = &conf->pools[c->pool++];

		view_collect(conf, d->ports, d->mirror, pool, c->job->hops + c->backend);
		c->backend += pool->n_backends;
		if (part_is_over(&part))
			return 1;
	}
	return 0;
}

static int collect_slots(struct daemon *d, struct collect *c, struct sl_err *err)
{
	return numbers_backends(d, c->job, &c->numbers, err);
}

static int collect_leavers(struct daemon *d, struct collect *c, struct sl_err *err)
{
	return leave_collect(d, c->job, &c->leave);
}

static int collect_services(struct daemon *d, struct collect *c, struct sl_err *err)
{
	return numbers_services(d, c->job, &c->numbers, err);
}

static int collect_pools(struct daemon *d, struct collect *c, struct sl_err *err)
{
	return sessions_number_pools(d, c->job, err);
}

static int collect_times(struct daemon *d, struct collect *c, struct sl_err *err)
{
	int rc = drain_collect(d, c->job);

	if (rc)
		return rc;
	paths_collect(d, c->job);
	return gather_begin(d, c->job);
}

/* The board follows a configuration when it is built for the first time. */
static int follow_board(struct daemon *d, struct collect *c, struct sl_err *err)
{
	const struct build_job *job = c->job;
	int rc;

	if (!c->follows && d->running && job->version == d->running->version &&
		d->board->followed == job->conf)
		return 0;
	if (!c->follows) {
		rc = board_follow_begin(d->board, job->conf, job->slots);
		if (rc)
			return rc;
	}
	c->follows = true;
	return board_follow_step(d->board);
}

static int collect_ports(struct daemon *d, struct collect *c, struct sl_err *err)
{
	const struct build_job *job = c->job;

	for (size_t i = 0; i < job->n_backends; i++)
		board_set_port(d->board, i, job->hops[i].resolved, job->hops[i].port);
	return 0;
}

/* What has changed of health until now is in it. */
static int collect_health(struct daemon *d, struct collect *c, struct sl_err *err)
{
	c->job->health = board_view(d->board);
	d->health_changed = false;
	d->health_urgent = false;
	return c->job->health ? 0 : -ENOMEM;
}

static const stage_fn stages[] = {
	collect_hops,
	collect_slots,
	collect_leavers,
	collect_services,
	collect_pools,
	collect_times,
	follow_board,
	collect_ports,
	collect_health,
};

/* Whoever is taken out by force is so for this build, and who is from now on for a later one. */
static void take_forced(struct daemon *d)
{
	memcpy(d->collect.forced, d->forced, sizeof d->collect.forced);
	memset(d->forced, 0, sizeof d->collect.forced);
}

int collect_begin(struct daemon *d, struct version *version, struct sl_err *err)
{
	struct build_job *job =
		build_job_new(version, conf_count_backends(version->conf, version->conf->n_pools));

	if (!job)
		return sl_err_sys(err, ENOMEM, "cannot apply the configuration");
	job->number = ++d->builds;
	job->prev = d->rcu.current;
	for (uint32_t i = 0; i < d->n_ports; i++)
		job->ports[i] = (struct compile_port){
			.mac = d->ports[i].mac,
			.mtu = d->ports[i].mtu,
			.shared = d->ports[i].conf->driver == CONF_DRIVER_AF_PACKET,
			.offloads = d->ports[i].offloads,
		};
	d->collect = (struct collect){.job = job};
	if (d->running && version != d->running->version)
		take_forced(d);
	return 0;
}

int collect_step(struct daemon *d, struct sl_err *err)
{
	struct collect *c = &d->collect;
	const int rc = stages[c->stage](d, c, err);

	if (rc > 0)
		return 1;
	if (rc == 0)
		return ++c->stage < sizeof stages / sizeof *stages;
	if (!err->count)
		sl_err_sys(err, rc, "cannot apply the configuration");
	collect_drop(c);
	return rc;
}

struct build_job *collect_take(struct collect *c)
{
	struct build_job *job = c->job;

	c->job = NULL;
	return job;
}

void collect_drop(struct collect *c)
{
	numbers_drop(&c->numbers);
	build_job_free(collect_take(c));
}
