/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "drain.h"

/* When the drain of each slot began, as far as the running job knows. */
static void note_running(const struct build_job *from, uint64_t *since)
{
	sl_array_each (&from->leavers, l)
		since[l->slot] = l->since_ms;
	for (size_t i = 0; i < from->n_backends; i++)
		since[from->slots[i]] = from->drain_since[i];
}

static bool is_over(uint64_t since_ms, const struct conf_pool *pool, uint64_t now_ms)
{
	return now_ms - since_ms >= (uint64_t)pool->drain_timeout_s * 1000;
}

int drain_collect(const struct daemon *d, struct build_job *job)
{
	const uint64_t now = daemon_now_ms();
	uint64_t *since = calloc(BACKEND_SLOTS, sizeof *since);
	size_t n = 0;

	if (!since)
		return -ENOMEM;
	if (d->running)
		note_running(d->running, since);
	for (size_t p = 0; p < job->conf->n_pools; p++) {
		const struct conf_pool *pool = &job->conf->pools[p];

		for (size_t i = 0; i < pool->n_backends; i++, n++) {
			const uint64_t began = since[job->slots[n]];

			if (pool->backends[i].admin != CONF_ADMIN_DRAIN)
				continue;
			job->drain_since[n] = began ? began : now;
			job->drained[n] = is_over(job->drain_since[n], pool, now);
		}
	}
	free(since);
	return 0;
}

bool drain_over(const struct daemon *d)
{
	const struct build_job *job = d->running;
	const uint64_t now = daemon_now_ms();
	size_t n = 0;

	for (size_t p = 0; p < job->conf->n_pools; p++) {
		const struct conf_pool *pool = &job->conf->pools[p];

		for (size_t i = 0; i < pool->n_backends; i++, n++)
			if (job->drain_since[n] && !job->drained[n] &&
				is_over(job->drain_since[n], pool, now))
				return true;
	}
	return false;
}
