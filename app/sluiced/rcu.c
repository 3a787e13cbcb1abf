/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "rcu.h"

int rcu_init(struct rcu *r, uint32_t readers)
{
	const size_t size = rte_rcu_qsbr_get_memsize(readers);

	*r = (struct rcu){0};
	r->qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(size, RTE_CACHE_LINE_SIZE));
	if (!r->qsbr)
		return -ENOMEM;
	rte_rcu_qsbr_init(r->qsbr, readers);
	return 0;
}

void rcu_clear(struct rcu *r)
{
	generation_free(r->old);
	generation_free(r->current);
	free(r->qsbr);
	*r = (struct rcu){0};
}

void rcu_publish(struct rcu *r, struct generation *g)
{
	r->old = r->current;
	__atomic_store_n(&r->current, g, __ATOMIC_RELEASE);
	r->token = rte_rcu_qsbr_start(r->qsbr);
}

bool rcu_reap(struct rcu *r)
{
	if (r->old && rte_rcu_qsbr_check(r->qsbr, r->token, false) != 1)
		return false;
	generation_free(r->old);
	r->old = NULL;
	return true;
}
