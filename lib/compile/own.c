/* SPDX-License-Identifier: BSD-3-Clause */

#include "compile/own.h"

/* Both ends of the tunnel to each backend that has one. */
static void add_tunnels(struct generation *g)
{
	for (uint32_t i = 0; i < g->n_backends; i++) {
		const struct backend *be = &g->backends[i];
		struct sl_addr from, to;

		if (be->transform == TRANSFORM_UNRESOLVED ||
			!tunnel_addresses(&be->tunnel, &from, &to))
			continue;
		own_add(&g->own, &from, OWN_TUNNEL);
		own_note(&g->own, &from);
		own_add(&g->own, &to, OWN_BACKEND);
	}
}

int compile_own(struct generation *g, const struct conf *conf)
{
	const int rc = own_new(&g->own, 2 * (size_t)g->n_backends, conf->n_vips + conf->n_pools);

	if (rc)
		return rc;
	add_tunnels(g);
	for (size_t i = 0; i < conf->n_vips; i++)
		own_note(&g->own, &conf->vips[i].address);
	return 0;
}
