/* SPDX-License-Identifier: BSD-3-Clause */

/* What the compiler is told of the health of backends: who gets a share of which table, and what a
 * pool does when nobody may. Filled by the control thread for one build, then only read. */

#ifndef SLUICE_TABLE_HEALTH_VIEW_H
#define SLUICE_TABLE_HEALTH_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What happens to new flows of a pool. */
enum pool_action {
	POOL_ACTION_TABLE,  /* its table decides */
	POOL_ACTION_WAIT,   /* dropped as no_table: no backend has a verdict yet */
	POOL_ACTION_EMPTY,  /* dropped as no_backend: nobody is configured to take them */
	POOL_ACTION_REJECT, /* answered by TCP RST or ICMP unreachable */
	POOL_ACTION_DROP,   /* dropped as no_backend: all are down, and the pool wants it so */
};

struct health_view_backend {
	uint32_t weight; /* in the table of its own pool; 0 = not in it */
	bool down;       /* marked down: on_marked_down of its pool says what its flows do */
};

/* A backend of another pool that helps out. */
struct health_view_member {
	uint32_t backend; /* number in the order of the configuration, over all pools */
	uint32_t weight;  /* above 0 */
};

struct health_view_pool {
	enum pool_action action;
	struct health_view_member *borrowed; /* from backup pools; only with POOL_ACTION_TABLE */
	size_t n_borrowed;
};

struct health_view {
	struct health_view_backend *backends; /* those of the first pool, then of the second, ... */
	struct health_view_pool *pools;
	size_t n_pools;
};

/* A view with all weights 0 and all pools POOL_ACTION_TABLE. NULL without memory. */
struct health_view *health_view_new(size_t n_backends, size_t n_pools);

/* NULL is fine. */
void health_view_free(struct health_view *v);

#endif
