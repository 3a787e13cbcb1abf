/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>

#include "table/health_view.h"

struct health_view *health_view_new(size_t n_backends, size_t n_pools)
{
	struct health_view *v = calloc(1, sizeof *v);

	if (!v)
		return NULL;
	v->backends = calloc(n_backends + 1, sizeof *v->backends);
	v->pools = calloc(n_pools + 1, sizeof *v->pools);
	v->n_pools = n_pools;
	if (v->backends && v->pools)
		return v;
	health_view_free(v);
	return NULL;
}

void health_view_free(struct health_view *v)
{
	if (!v)
		return;
	for (size_t i = 0; v->pools && i < v->n_pools; i++)
		free(v->pools[i].borrowed);
	free(v->pools);
	free(v->backends);
	free(v);
}
