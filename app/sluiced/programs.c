/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <string.h>

#include "programs.h"
#include "table/program.h"

static bool runs(const struct conf_pool *pool)
{
	return pool->scheduler == SCHEDULER_BPF && pool->program;
}

/* Is the pool's program one that these n pools have? */
static bool is_known(const struct conf_pool *pools, size_t n, const struct conf_pool *pool)
{
	for (size_t i = 0; i < n; i++)
		if (runs(&pools[i]) && pools[i].program_stamp == pool->program_stamp &&
			strcmp(pools[i].program, pool->program) == 0)
			return true;
	return false;
}

static bool is_new(const struct conf *from, const struct conf_pool *pool)
{
	return runs(pool) && !(from && is_known(from->pools, from->n_pools, pool));
}

bool programs_changed(const struct conf *from, const struct conf *to)
{
	for (size_t i = 0; i < to->n_pools; i++)
		if (is_new(from, &to->pools[i]))
			return true;
	return false;
}

int programs_prove(const struct conf *from, const struct conf *to, struct sl_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < to->n_pools; i++) {
		const struct conf_pool *pool = &to->pools[i];
		struct sched_program *p = NULL;

		if (!is_new(from, pool) || is_known(to->pools, i, pool))
			continue;
		if (program_load(pool->program, pool->program_stamp, &p, err))
			rc = -EINVAL;
		program_unref(p);
	}
	return rc;
}
