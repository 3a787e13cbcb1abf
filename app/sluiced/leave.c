/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "leave.h"

static bool done(const struct daemon *d, const struct compile_leaver *l)
{
	return stats_flows(&d->stats, l->slot) == 0 || daemon_now_ms() >= l->until_ms;
}

bool leave_done(const struct daemon *d)
{
	sl_array_each (&d->running->leavers, l)
		if (done(d, l))
			return true;
	return false;
}

bool leave_slot_in_use(void *arg, uint16_t slot)
{
	const struct daemon *d = arg;

	sl_array_each (&d->running->leavers, l)
		if (l->slot == slot)
			return true;
	return stats_flows(&d->stats, slot) > 0;
}

/* What points into the configuration would outlive it. */
static void detach(struct compile_leaver *l)
{
	l->be.name = NULL;
	l->be.place = (struct conf_place){0};
	l->pool.name = l->pool.egress = NULL;
	l->pool.source_prefixes = NULL;
	l->pool.checks = NULL;
	l->pool.backends = NULL;
	l->pool.n_source_prefixes = l->pool.n_checks = l->pool.n_backends = 0;
	l->pool.place = (struct conf_place){0};
}

static struct compile_leaver leaver_of(
	const struct conf_pool *pool, const struct conf_backend *be, uint16_t slot, uint64_t since)
{
	struct compile_leaver l = {
		.be = *be,
		.pool = *pool,
		.slot = slot,
		.since_ms = since,
		.until_ms = since + (uint64_t)pool->drain_timeout_s * 1000,
	};

	detach(&l);
	return l;
}

static int add(const struct daemon *d, struct build_job *job, struct compile_leaver l)
{
	struct compile_leaver *to = sl_array_add(&job->leavers);

	if (!to)
		return -ENOMEM;
	view_leaver(job->conf, d->ports, d->mirror, &l);
	*to = l;
	return 0;
}

/* The backends of the running configuration whose slots are not in `stays`. One in maintenance, or
 * taken out by force, has no connection to keep. */
static int add_removed(const struct daemon *d, struct build_job *job, const bool *stays)
{
	const struct conf *conf = d->running->conf;
	const uint64_t now = daemon_now_ms();
	size_t n = 0;
	int rc = 0;

	for (size_t p = 0; p < conf->n_pools; p++)
		for (size_t i = 0; i < conf->pools[p].n_backends && !rc; i++, n++) {
			const struct conf_backend *be = &conf->pools[p].backends[i];
			const uint64_t since = d->running->drain_since[n];
			const uint16_t slot = d->running->slots[n];

			if (!stays[slot] && be->admin != CONF_ADMIN_MAINT &&
				!d->collect.forced[slot])
				rc = add(d, job,
					leaver_of(&conf->pools[p], be, slot, since ? since : now));
		}
	return rc;
}

int leave_collect(const struct daemon *d, struct build_job *job)
{
	const struct build_job *from = d->running;
	bool *stays;
	int rc = 0;

	if (!from || !d->lanes[0]->flows)
		return 0;
	stays = calloc(BACKEND_SLOTS, sizeof *stays);
	if (!stays)
		return -ENOMEM;
	for (size_t i = 0; i < job->n_backends; i++)
		stays[job->slots[i]] = true;
	if (from->conf != job->conf)
		rc = add_removed(d, job, stays);
	for (size_t i = 0; i < from->leavers.count && !rc; i++)
		if (!stays[from->leavers.item[i].slot] && !done(d, &from->leavers.item[i]))
			rc = add(d, job, from->leavers.item[i]);
	free(stays);
	return rc;
}
