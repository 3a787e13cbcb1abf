/* SPDX-License-Identifier: BSD-3-Clause */

/* What the ways of forwarding ask of pools, backends and VIPs. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "conf/check.h"

/* Shortest and longest tunnel_source_prefix by family, as a person writes them; IPv4 prefixes are
 * kept 96 bits longer. */
static const struct {
	const char *family;
	unsigned int least, most, above;
} prefixes[] = {{"IPv4", 8, 31, 96}, {"IPv6", 64, 127, 0}};

static void check_source_prefix(struct check *c, struct conf_pool *pool, const struct sl_prefix *p)
{
	const unsigned int f = conf_family(&p->address), len = p->len - prefixes[f].above;
	char text[SL_PREFIX_STRLEN];

	sl_prefix_format(p, text);
	if (len < prefixes[f].least || len > prefixes[f].most)
		check_fail(c, &pool->place,
			"pool \"%s\": tunnel_source_prefix %s: an %s prefix has a length of %u to "
			"%u",
			pool->name, text, prefixes[f].family, prefixes[f].least, prefixes[f].most);
	if (!sl_addr_is_host(&p->address))
		check_fail(c, &pool->place,
			"pool \"%s\": tunnel_source_prefix %s is not of addresses that hosts can "
			"have",
			pool->name, text);
	if (pool->has_source_prefix[f])
		check_fail(c, &pool->place,
			"pool \"%s\": tunnel_source_prefix has more than one %s prefix", pool->name,
			prefixes[f].family);
	if (pool->has_tunnel_source[f])
		check_fail(c, &pool->place,
			"pool \"%s\": tunnel_source and tunnel_source_prefix are both given for "
			"%s: leave one out",
			pool->name, prefixes[f].family);
	pool->source_prefix[f] = *p;
	pool->has_source_prefix[f] = true;
}

static void check_dscp(struct check *c, const struct conf_pool *pool)
{
	for (size_t i = 0; i < pool->n_backends; i++) {
		const struct conf_backend *b = &pool->backends[i];

		if (pool->forward == CONF_FORWARD_DSCP && !b->dscp)
			check_fail(c, &b->place,
				"pool \"%s\": backend \"%s\": dscp is missing: with forward "
				"\"dscp\" the backend knows the VIP by it",
				pool->name, b->name);
		else if (pool->forward != CONF_FORWARD_DSCP && b->dscp)
			check_fail(c, &b->place,
				"pool \"%s\": backend \"%s\": dscp does nothing without forward "
				"\"dscp\"",
				pool->name, b->name);
	}
}

void check_forward(struct check *c, struct conf_pool *pool)
{
	memset(pool->has_source_prefix, 0, sizeof pool->has_source_prefix);
	for (size_t i = 0; i < pool->n_source_prefixes; i++)
		check_source_prefix(c, pool, &pool->source_prefixes[i]);
	if (pool->n_source_prefixes && pool->forward != CONF_FORWARD_IPIP)
		check_fail(c, &pool->place,
			"pool \"%s\": tunnel_source_prefix is for forward \"ipip\" only",
			pool->name);
	if (pool->mss_clamp > 0 && pool->mss_clamp < CONF_MSS_MIN)
		check_fail(c, &pool->place,
			"pool \"%s\": mss_clamp %d is below %d, which every host may announce",
			pool->name, pool->mss_clamp, CONF_MSS_MIN);
	check_dscp(c, pool);
}

/* The VIP that a backend is to see behind its DSCP. */
struct dscp_use {
	const struct conf_backend *be;
	const struct conf_pool *pool;
	const struct conf_vip *vip;
};

/* Pools with forward "dscp" and the VIPs whose packets they get. */
struct dscp_uses {
	struct check *c;
	sl_array(struct dscp_use) uses;
	/* By pool: the VIP that reached it last, and how many that differ were taken down. */
	const struct conf_vip **last;
	uint8_t *n_vips;
};

static int cmp_use(const void *a, const void *b)
{
	const struct dscp_use *ua = a, *ub = b;
	const int d = memcmp(&ua->be->address, &ub->be->address, sizeof ua->be->address);

	if (d || ua->be->dscp == ub->be->dscp)
		return d;
	return ua->be->dscp < ub->be->dscp ? -1 : 1;
}

/* The same address and DSCP must always mean the same VIP. */
static void check_uses(struct check *c, struct dscp_use *use, size_t n)
{
	char text[SL_ADDR_STRLEN];

	if (n)
		qsort(use, n, sizeof *use, cmp_use);
	for (size_t i = 1; i < n; i++) {
		const struct dscp_use *a = &use[i - 1], *b = &use[i];

		if (cmp_use(a, b) == 0 && !sl_prefix_eq(&a->vip->prefix, &b->vip->prefix))
			check_fail(c, &b->be->place,
				"pool \"%s\": backend \"%s\": dscp %u at %s would mean VIP \"%s\" "
				"and VIP \"%s\"",
				b->pool->name, b->be->name, b->be->dscp,
				sl_addr_format(&b->be->address, text), a->vip->name, b->vip->name);
	}
}

/* The destination is rewritten, so both ends are of one family. */
static void check_family(struct check *c, const struct dscp_use *use)
{
	if (conf_family(&use->be->address) != conf_family(&use->vip->prefix.address))
		check_fail(c, &use->be->place,
			"pool \"%s\": backend \"%s\": forward \"dscp\" needs the family of VIP "
			"\"%s\"",
			use->pool->name, use->be->name, use->vip->name);
}

static int add_uses(struct dscp_uses *u, const struct conf_vip *vip, const struct conf_pool *pool)
{
	for (size_t k = 0; k < pool->n_backends; k++) {
		struct dscp_use *use = sl_array_add(&u->uses);

		if (!use)
			return -ENOMEM;
		*use = (struct dscp_use){&pool->backends[k], pool, vip};
		check_family(u->c, use);
	}
	return 0;
}

/* A pool gets packets of a VIP. Two VIPs that differ are enough to say that it must not. */
static int reach_pool(struct dscp_uses *u, const struct conf_vip *vip,
	const struct conf_place *place, const struct conf_pool *pool)
{
	const size_t p = (size_t)(pool - u->c->conf->pools);
	const struct conf_vip *last = u->last[p];

	if (last == vip || pool->forward != CONF_FORWARD_DSCP)
		return 0;
	u->last[p] = vip;
	if (!sl_prefix_is_one(&vip->prefix))
		check_fail(u->c, place,
			"VIP \"%s\": forward \"dscp\" of pool \"%s\" needs a VIP of one address, "
			"which the backend knows by the DSCP",
			vip->name, pool->name);
	if ((last && sl_prefix_eq(&last->prefix, &vip->prefix)) || u->n_vips[p] == 2)
		return 0;
	u->n_vips[p]++;
	return add_uses(u, vip, pool);
}

/* The pool itself, and those that it borrows backends from. */
static int reach_chain(struct dscp_uses *u, const struct conf_vip *vip,
	const struct conf_place *place, size_t pool_index)
{
	const struct conf_pool *pools = u->c->conf->pools, *pool = &pools[pool_index];
	int rc = reach_pool(u, vip, place, pool);

	while (!rc && pool->backup_index >= 0) {
		pool = &pools[pool->backup_index];
		rc = reach_pool(u, vip, place, pool);
	}
	return rc;
}

static int reach_all(struct dscp_uses *u)
{
	const struct conf *conf = u->c->conf;
	int rc = 0;

	for (size_t i = 0; i < conf->n_vips && !rc; i++) {
		const struct conf_vip *vip = &conf->vips[i];

		rc = reach_chain(u, vip, &vip->place, vip->pool_index);
		for (size_t r = 0; r < vip->n_rules && !rc; r++)
			rc = reach_chain(u, vip, &vip->rules[r].place, vip->rules[r].pool_index);
	}
	return rc;
}

int check_forward_vips(struct check *c)
{
	struct dscp_uses u = {
		.c = c,
		.last = calloc(c->conf->n_pools + 1, sizeof *u.last),
		.n_vips = calloc(c->conf->n_pools + 1, sizeof *u.n_vips),
	};
	const int rc = u.last && u.n_vips ? reach_all(&u) : -ENOMEM;

	if (!rc)
		check_uses(c, u.uses.item, u.uses.count);
	sl_array_free(&u.uses);
	free(u.last);
	free(u.n_vips);
	return rc;
}
