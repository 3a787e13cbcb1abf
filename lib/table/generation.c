/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>

#include "table/generation.h"

/* Zeroed, aligned to a cache line; at least one line even for nothing. */
static void *lines(size_t count, size_t size)
{
	const size_t bytes = (count * size + 127) / 64 * 64;
	void *p = aligned_alloc(64, bytes);

	return p ? memset(p, 0, bytes) : NULL;
}

struct generation *generation_new(uint32_t n_services, uint32_t n_backends, size_t n_tables)
{
	struct generation *g = lines(1, sizeof *g);

	if (!g)
		return NULL;
	g->n_services = n_services;
	g->n_backends = n_backends;
	g->n_tables = n_tables;
	g->services = lines(n_services, sizeof *g->services);
	g->backends = lines(n_backends, sizeof *g->backends);
	g->tables = calloc(n_tables ? n_tables : 1, sizeof *g->tables);
	g->pool_of = malloc((n_backends + 1) * sizeof *g->pool_of);
	g->owned = calloc(n_backends ? n_backends : 1, sizeof *g->owned);
	g->max_flows = calloc(n_backends ? n_backends : 1, sizeof *g->max_flows);
	if (g->services && g->backends && g->tables && g->pool_of && g->owned && g->max_flows) {
		memset(g->pool_of, 0xff, n_backends * sizeof *g->pool_of); /* POOL_NONE */
		return g;
	}
	generation_free(g);
	return NULL;
}

void generation_free(struct generation *g)
{
	if (!g)
		return;
	for (size_t i = 0; g->tables && i < g->n_tables; i++)
		sched_unref(g->tables[i]);
	free(g->tables);
	for (uint32_t i = 0; g->services && i < g->n_services; i++)
		rules_free(g->services[i].rules);
	free(g->services);
	free(g->backends);
	free(g->pool_of);
	free(g->owned);
	free(g->max_flows);
	free(g->counted);
	vip_clear(&g->vips);
	own_clear(&g->own);
	free(g);
}
