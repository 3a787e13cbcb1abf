/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "conf/diff.h"
#include "daemon.h"
#include "gather.h"

/* The pool that a difference belongs to, or NULL. */
static const char *pool_of(const struct diff_row *row)
{
	return row->n_names && strncmp(row->row->path, "pools", strlen("pools")) == 0
		       ? row->names[0]
		       : NULL;
}

struct due {
	const struct daemon *d;
	size_t near; /* the last pool found */
	uint64_t now_ms, ms;
};

static int earliest(const struct diff_row *row, void *arg)
{
	struct due *due = arg;
	const struct build_job *job = due->d->running;
	const char *name = pool_of(row);
	const struct conf_pool *pool = name ? conf_find_pool(job->conf, name, &due->near) : NULL;
	uint64_t ms = 0;

	if (pool && job->pool_ms[pool - job->conf->pools])
		ms = job->pool_ms[pool - job->conf->pools] + GATHER_MS;
	else if (!name && due->d->other_ms)
		ms = due->d->other_ms + GATHER_MS;
	if (ms < due->ms)
		due->ms = ms;
	return due->ms <= due->now_ms;
}

uint64_t gather_due(const struct daemon *d)
{
	struct due due = {d, 0, daemon_now_ms(), UINT64_MAX};

	/* Without memory: at once, which is never wrong. */
	if (conf_diff_objects(d->running->conf, d->next->conf, earliest, &due) < 0)
		return 0;
	/* The same once more: no reason to build it at once. */
	return due.ms == UINT64_MAX ? d->version_ms + GATHER_MS : due.ms;
}

struct note {
	struct daemon *d;
	struct build_job *job;
	size_t near; /* the last pool found */
	uint64_t now;
	bool any;
};

static int note_change(const struct diff_row *row, void *arg)
{
	struct note *note = arg;
	const char *name = pool_of(row);
	const struct conf_pool *pool =
		name ? conf_find_pool(note->job->conf, name, &note->near) : NULL;

	note->any = true;
	if (pool)
		note->job->pool_ms[pool - note->job->conf->pools] = note->now;
	else if (!name)
		note->d->other_ms = note->now;
	return 0;
}

int gather_begin(struct daemon *d, struct build_job *job)
{
	struct note note = {d, job, 0, daemon_now_ms(), false};
	size_t before = 0;
	int rc;

	if (!d->running)
		return 0;
	for (size_t p = 0; p < job->conf->n_pools; p++) {
		if (conf_find_pool(d->running->conf, job->conf->pools[p].name, &before))
			job->pool_ms[p] = d->running->pool_ms[before];
		before++;
	}
	if (job->version == d->running->version)
		return 0;
	d->version_ms = note.now;
	rc = conf_diff_objects(d->running->conf, job->conf, note_change, &note);
	/* The same once more: what comes right behind it waits as behind a change. */
	for (size_t p = 0; !note.any && p < job->conf->n_pools; p++)
		job->pool_ms[p] = note.now;
	return rc;
}
