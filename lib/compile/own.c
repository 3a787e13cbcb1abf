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
		if (be->tunnel.vary)
			g->own.varied |= UINT64_C(1) << __builtin_popcount(be->tunnel.vary);
		own_note(&g->own, &from);
		own_add(&g->own, &to, OWN_BACKEND);
	}
}

/* Addresses of prefixes that are noted one by one. */
#define NOTED_MOST 4096

/* How many addresses the VIPs hold, no more than NOTED_MOST + 1. */
static size_t count_vip_addresses(const struct conf *conf)
{
	size_t n = 0;

	for (size_t i = 0; i < conf->n_vips && n <= NOTED_MOST; i++) {
		const unsigned int bits = 128u - conf->vips[i].prefix.len;

		n += bits > 12 ? NOTED_MOST + 1 : (size_t)1 << bits;
	}
	return n;
}

static void note_prefix(struct own_set *own, const struct sl_prefix *p)
{
	struct sl_addr a = p->address;

	/* at most 12 bits, of the last two bytes */
	for (unsigned int i = 0; i >> (128 - p->len) == 0; i++) {
		a.b[14] = (uint8_t)(p->address.b[14] | i >> 8);
		a.b[15] = (uint8_t)(p->address.b[15] | i);
		own_note(own, &a);
	}
}

/* Large prefixes would fill the filter: then every new flow is asked for in the table of VIPs. */
static void note_vips(struct own_set *own, const struct conf *conf, size_t n)
{
	if (n > NOTED_MOST) {
		own_note_all(own);
		return;
	}
	for (size_t i = 0; i < conf->n_vips; i++)
		note_prefix(own, &conf->vips[i].prefix);
}

/* Where we reach backends from. A tunnel's source is said to be one, not this. */
static void add_probes(struct generation *g, const struct compile_input *in)
{
	const size_t n = conf_count_backends(in->conf, in->conf->n_pools);

	for (size_t i = 0; i < n; i++) {
		const struct compile_hop *hop = &in->hops[i];

		if (!hop->resolved || !hop->has_source)
			continue;
		own_add(&g->own, &hop->source, OWN_PROBE);
		own_note(&g->own, &hop->source);
	}
}

int compile_own(struct generation *g, const struct compile_input *in)
{
	const struct conf *conf = in->conf;
	const size_t n = count_vip_addresses(conf);
	const int rc = own_new(&g->own, 3 * (size_t)g->n_backends, n + 2 * conf->n_pools);

	if (rc)
		return rc;
	add_tunnels(g);
	add_probes(g, in);
	note_vips(&g->own, conf, n);
	return 0;
}
