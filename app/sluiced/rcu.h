/* SPDX-License-Identifier: BSD-3-Clause */

/* The one pointer that packets start from, and the safe end of what it pointed to before.
 * A worker loads it once a loop and reports quiescent once a loop; the control thread publishes
 * and, never waiting, frees a generation when every worker has passed. */

#ifndef SLUICED_RCU_H
#define SLUICED_RCU_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_rcu_qsbr.h>

#include "table/generation.h"

struct rcu {
	struct generation *current; /* control: rw, worker: ro */
	struct rte_rcu_qsbr *qsbr;
	struct generation *old; /* control: rw; waits for the workers to pass; NULL = none */
	uint64_t token;
};

/* For `readers` workers, numbered from 0. 0 or -ENOMEM. Control thread, before the workers start.
 */
int rcu_init(struct rcu *r, uint32_t readers);

/* No worker runs any more. Frees both generations. */
void rcu_clear(struct rcu *r);

/* Make g the current generation. Only when rcu_reap() said true. Control thread. */
void rcu_publish(struct rcu *r, struct generation *g);

/* Free the generation before the current one if every worker has passed it. True when there is none
 * left to wait for. Control thread, control lock held; never blocks. */
bool rcu_reap(struct rcu *r);

/* Worker: once at start, at the end, and once a loop. */
static inline void rcu_enter(struct rcu *r, uint32_t reader)
{
	rte_rcu_qsbr_thread_register(r->qsbr, reader);
	rte_rcu_qsbr_thread_online(r->qsbr, reader);
}

static inline void rcu_leave(struct rcu *r, uint32_t reader)
{
	rte_rcu_qsbr_thread_offline(r->qsbr, reader);
	rte_rcu_qsbr_thread_unregister(r->qsbr, reader);
}

static inline void rcu_quiescent(struct rcu *r, uint32_t reader)
{
	rte_rcu_qsbr_quiescent(r->qsbr, reader);
}

static inline const struct generation *rcu_current(const struct rcu *r)
{
	return __atomic_load_n(&r->current, __ATOMIC_ACQUIRE);
}

#endif
