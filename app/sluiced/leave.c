/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>

#include "daemon.h"
#include "leave.h"
#include "part.h"

/* A part lasts so long; it looks at the clock every so many backends. */
#define PART_US 1000
#define STEPS   64

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

void leave_slots(struct leave_slots *s, const struct daemon *d)
{
	*s = (struct leave_slots){.d = d};
	sl_array_each (&d->running->leavers, l)
		s->leaver[l->slot] = true;
}

bool leave_slot_in_use(void *arg, uint16_t slot)
{
	const struct leave_slots *s = arg;

	return s->leaver[slot] || stats_flows(&s->d->stats, slot) > 0;
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

/* One of the running configuration. In maintenance, or taken out by force, it has no connection to
 * keep. */
static int add_removed(const struct daemon *d, struct build_job *job, const struct leave_walk *w)
{
	const struct conf_pool *pool = &d->running->conf->pools[w->pool];
	const struct conf_backend *be = &pool->backends[w->member];
	const uint64_t since = d->running->drain_since[w->n];
	const uint16_t slot = d->running->slots[w->n];

	if (w->stays[slot] || be->admin == CONF_ADMIN_MAINT || d->collect.forced[slot])
		return 0;
	return add(d, job, leaver_of(pool, be, slot, since ? since : daemon_now_ms()));
}

static int walk_removed(
	const struct daemon *d, struct build_job *job, struct leave_walk *w, struct part *part)
{
	const struct conf *conf = d->running->conf;
	int rc = 0;

	while (w->pool < conf->n_pools && !rc) {
		if (w->member == conf->pools[w->pool].n_backends) {
			w->pool++;
			w->member = 0;
			continue;
		}
		rc = add_removed(d, job, w);
		w->member++;
		w->n++;
		if (!rc && part_is_over(part))
			return 1;
	}
	return rc;
}

static int walk_leavers(
	const struct daemon *d, struct build_job *job, struct leave_walk *w, struct part *part)
{
	int rc = 0;

	while (w->leaver < d->running->leavers.count && !rc) {
		const struct compile_leaver *l = &d->running->leavers.item[w->leaver++];

		if (!w->stays[l->slot] && !done(d, l))
			rc = add(d, job, *l);
		if (!rc && part_is_over(part))
			return 1;
	}
	return rc;
}

int leave_collect(const struct daemon *d, struct build_job *job, struct leave_walk *w)
{
	struct part part = part_begin(PART_US, STEPS);
	int rc = 0;

	if (!d->running || !d->lanes[0]->flows)
		return 0;
	for (size_t i = 0; i < job->n_backends && !w->begun; i++)
		w->stays[job->slots[i]] = true;
	w->begun = true;
	if (d->running->conf != job->conf)
		rc = walk_removed(d, job, w, &part);
	return rc ? rc : walk_leavers(d, job, w, &part);
}
