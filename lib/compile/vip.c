/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "compile/vip.h"

static enum slot_fields slot_fields(enum conf_hash hash)
{
	switch (hash) {
	case CONF_HASH_SOURCE:
		return SLOT_FIELDS_SOURCE;
	case CONF_HASH_SOURCE_DEST:
		return SLOT_FIELDS_SOURCE_DEST;
	default:
		return SLOT_FIELDS_5TUPLE;
	}
}

static enum service_echo service_echo(enum conf_echo echo)
{
	switch (echo) {
	case CONF_ECHO_BACKEND:
		return SERVICE_ECHO_BACKEND;
	case CONF_ECHO_DROP:
		return SERVICE_ECHO_DROP;
	default:
		return SERVICE_ECHO_ANSWER;
	}
}

/* A VIP as a pool serves it. */
static struct service service_of(
	const struct generation *g, const struct compile_input *in, size_t pool_index)
{
	const struct conf_pool *pool = &in->conf->pools[pool_index];
	const struct sched_table *t = g->tables[pool_index];

	return (struct service){
		.entry = t->entry,
		.size = t->size,
		.fragments = pool->fragments == CONF_FRAGMENTS_DROP ? SERVICE_FRAGMENTS_DROP
								    : SERVICE_FRAGMENTS_TRACK,
		.fields = slot_fields(pool->hash),
		.action = (uint8_t)(in->health ? in->health->pools[pool_index].action
					       : POOL_ACTION_TABLE),
		.shape = pool->track == CONF_TRACK_NONE ? SCHED_TABLE : t->shape,
		.untracked = pool->track == CONF_TRACK_NONE,
		.pool = (uint16_t)pool_index,
		.pool_id = in->pools ? in->pools[pool_index] : (uint16_t)pool_index,
		.persist_s = pool->persist_s,
		.table = t,
	};
}

/* Target r of the compiled rules is rule r. NULL without memory. */
static struct rules *compile_rules(
	const struct generation *g, const struct compile_input *in, const struct conf_vip *vip)
{
	struct spans_prefix *prefixes;
	struct rules *rules;
	size_t n = 0;

	for (size_t r = 0; r < vip->n_rules; r++)
		n += vip->rules[r].n_sources;
	prefixes = calloc(n + 1, sizeof *prefixes);
	n = 0;
	for (size_t r = 0; prefixes && r < vip->n_rules; r++)
		for (size_t i = 0; i < vip->rules[r].n_sources; i++)
			prefixes[n++] = (struct spans_prefix){
				.prefix = vip->rules[r].sources[i], .target = (uint16_t)r};
	rules = prefixes ? rules_new(prefixes, n, vip->n_rules) : NULL;
	for (size_t r = 0; rules && r < vip->n_rules; r++) {
		rules->service[r] = service_of(g, in, vip->rules[r].pool_index);
		for (size_t i = 0; i < vip->rules[r].n_dscp; i++)
			rules->dscp[vip->rules[r].dscp[i]] = (uint16_t)r;
	}
	free(prefixes);
	return rules;
}

/* No pool that may serve the VIP has its flows remembered. */
static bool nothing_tracked(const struct conf *conf, const struct conf_vip *vip)
{
	bool none = conf->pools[vip->pool_index].track == CONF_TRACK_NONE;

	for (size_t r = 0; r < vip->n_rules; r++)
		none &= conf->pools[vip->rules[r].pool_index].track == CONF_TRACK_NONE;
	return none;
}

int compile_vips(struct generation *g, const struct compile_input *in)
{
	const size_t n = in->conf->n_vips;
	struct vip_def *defs = calloc(n ? n : 1, sizeof *defs);
	int rc = defs ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !rc; i++) {
		const struct conf_vip *vip = &in->conf->vips[i];
		struct service *s = &g->services[in->services[i]];

		defs[i] = (struct vip_def){
			.prefix = vip->prefix,
			.ports = vip->ports,
			.proto = vip->protocol,
			.service = in->services[i],
		};
		*s = service_of(g, in, vip->pool_index);
		s->echo = (uint8_t)service_echo(vip->echo);
		s->rules = vip->n_rules ? compile_rules(g, in, vip) : NULL;
		if (vip->n_rules && !s->rules)
			rc = -ENOMEM;
		s->forgotten = nothing_tracked(in->conf, vip);
		g->some_forgotten |= s->forgotten;
	}
	for (size_t i = 0; i < in->conf->n_pools; i++)
		g->has_sessions |= in->conf->pools[i].persist_s > 0;
	if (!rc)
		rc = vip_compile(&g->vips, defs, n);
	free(defs);
	return rc;
}
