/* SPDX-License-Identifier: BSD-3-Clause */

/* What Sluice sends from: tunnel_source and tunnel_source_prefix of all pools. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"

static int cmp_source(const void *a, const void *b)
{
	const struct check_source *sa = a, *sb = b;

	return memcmp(&sa->prefix, &sb->prefix, sizeof sa->prefix);
}

static void add(struct check *c, const struct sl_prefix *prefix, const struct conf_pool *pool)
{
	c->sources[c->n_sources++] = (struct check_source){*prefix, pool};
	c->source_len[prefix->len] = true;
}

int check_collect_sources(struct check *c)
{
	const struct conf *conf = c->conf;
	size_t most = 2 * conf->n_pools;

	for (size_t i = 0; i < conf->n_pools; i++)
		most += conf->pools[i].n_source_prefixes;
	c->sources = calloc(most + 1, sizeof *c->sources);
	if (!c->sources)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_pools; i++) {
		const struct conf_pool *pool = &conf->pools[i];

		for (int f = 0; f < 2; f++) {
			const struct sl_prefix one = sl_prefix_of(&pool->tunnel_source[f]);

			if (pool->has_tunnel_source[f])
				add(c, &one, pool);
		}
		for (size_t k = 0; k < pool->n_source_prefixes; k++)
			add(c, &pool->source_prefixes[k], pool);
	}
	return order_init(
		&c->tunnel_sources, c->sources, c->n_sources, sizeof *c->sources, cmp_source);
}

const struct check_source *check_source_of(const struct check *c, const struct sl_addr *address)
{
	struct check_source key = {.prefix = sl_prefix_of(address)};

	return check_holder(&c->tunnel_sources, c->source_len, &key, &key.prefix);
}

const struct check_source *check_source_in(const struct check *c, const struct sl_prefix *prefix)
{
	const struct check_source key = {.prefix = {.address = prefix->address}};
	const struct check_source *s = check_source_of(c, &prefix->address);

	if (s)
		return s;
	s = order_from(&c->tunnel_sources, &key);
	return s && sl_prefix_has(prefix, &s->prefix.address) ? s : NULL;
}
