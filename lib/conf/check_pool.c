/* SPDX-License-Identifier: BSD-3-Clause */

/* Pools and backends: up to 16,383 of them, so duplicates and references go by sorted views.
 */

#include <errno.h>
#include <string.h>

#include "conf/check.h"
#include "conf/hint.h"

static int cmp_backend_name(const void *a, const void *b)
{
	const struct conf_backend *ba = a, *bb = b;

	return strcmp(ba->name, bb->name);
}

static int cmp_backend_address(const void *a, const void *b)
{
	const struct conf_backend *ba = a, *bb = b;

	return memcmp(&ba->address, &bb->address, sizeof ba->address);
}

static int cmp_backend_id(const void *a, const void *b)
{
	const struct conf_backend *ba = a, *bb = b;

	return ba->id < bb->id ? -1 : ba->id > bb->id;
}

static bool is_prime(uint32_t n)
{
	if (n < 4)
		return n > 1;
	if (n % 2 == 0)
		return false;
	for (uint64_t d = 3; d * d <= n; d += 2)
		if (n % d == 0)
			return false;
	return true;
}

static bool only_vdev_ports(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].driver != CONF_DRIVER_VDEV)
			return false;
	return conf->n_ports > 0;
}

/* True if every way out of the pool is a port without a kernel side. */
static bool leaves_by_vdev(const struct check *c, const struct conf_pool *pool)
{
	return pool->egress_port >= 0 ? c->conf->ports[pool->egress_port].driver == CONF_DRIVER_VDEV
				      : !pool->egress && only_vdev_ports(c->conf);
}

/* A vdev port has no address that could stand as the outer source. */
static void check_tunnel_source(struct check *c, const struct conf_pool *pool)
{
	static const char *const family_name[] = {"IPv4", "IPv6"};
	const bool has_outer =
		pool->forward == CONF_FORWARD_IPIP || pool->forward == CONF_FORWARD_GUE;
	bool told[2] = {false, false};
	const bool vdev = leaves_by_vdev(c, pool);

	for (size_t i = 0; vdev && has_outer && i < pool->n_backends; i++) {
		const struct conf_backend *b = &pool->backends[i];
		const unsigned int f = conf_family(&b->address);

		if (b->place.broken || pool->has_tunnel_source[f] || pool->has_source_prefix[f] ||
			told[f])
			continue;
		told[f] = true;
		check_fail(c, &pool->place,
			"pool \"%s\": an %s \"tunnel_source\" is needed for backend \"%s\": a vdev "
			"port has no address of its own",
			pool->name, family_name[f], b->name);
	}
}

static void check_egress(struct check *c, struct conf_pool *pool)
{
	struct hint hint = {.word = pool->egress};
	char near[HINT_STRLEN];

	pool->egress_port = -1;
	if (!pool->egress) {
		if (pool->n_backends && c->conf->n_ports > 1 && only_vdev_ports(c->conf))
			check_fail(c, &pool->place,
				"pool \"%s\": egress is missing: with several ports and no kernel "
				"routes, name the port that leads to the backends",
				pool->name);
		return;
	}
	for (size_t i = 0; i < c->conf->n_ports; i++) {
		const char *name = c->conf->ports[i].name;

		if (strcmp(name, pool->egress) == 0) {
			pool->egress_port = (int)i;
			return;
		}
		hint_offer(&hint, name);
	}
	check_fail(c, &pool->place, "pool \"%s\": egress port \"%s\" does not exist%s", pool->name,
		pool->egress, hint_format(&hint, near));
}

/* source-hash is maglev by another name; what keeps state needs the flow table. */
static void check_scheduler(struct check *c, struct conf_pool *pool)
{
	const bool source = pool->scheduler == SCHEDULER_SOURCE_HASH;

	pool->hash = pool->hash_given;
	if (pool->hash == CONF_HASH_DEFAULT)
		pool->hash = source ? CONF_HASH_SOURCE : CONF_HASH_5TUPLE;
	if (source && pool->hash != CONF_HASH_SOURCE)
		check_fail(c, &pool->place,
			"pool \"%s\": scheduler \"source-hash\" hashes the source: leave hash out, "
			"or take scheduler \"maglev\" with it",
			pool->name);
	if (scheduler_needs(pool->scheduler) == SCHEDULER_FLOWS && pool->track == CONF_TRACK_NONE)
		check_fail(c, &pool->place,
			"pool \"%s\": scheduler \"%s\" cannot work with track = \"none\": it "
			"leaves it to the flow table that a connection stays",
			pool->name, scheduler_name(pool->scheduler));
	if (scheduler_needs(pool->scheduler) == SCHEDULER_FLOWS && !c->conf->flows.per_lane)
		check_fail(c, &pool->place,
			"pool \"%s\": scheduler \"%s\" cannot work with flows.per_lane = 0: it "
			"needs the memory of which backend a connection has",
			pool->name, scheduler_name(pool->scheduler));
	if (pool->scheduler == SCHEDULER_BPF && !pool->program)
		check_fail(c, &pool->place,
			"pool \"%s\": scheduler \"bpf\" needs a program, the path of an eBPF "
			"object",
			pool->name);
	if (pool->scheduler != SCHEDULER_BPF && pool->program)
		check_fail(c, &pool->place,
			"pool \"%s\": program is for scheduler \"bpf\" only: leave it out, or set "
			"that",
			pool->name);
	if (pool->program && pool->program[0] != '/')
		check_fail(c, &pool->place, "pool \"%s\": program \"%s\" is no absolute path",
			pool->name, pool->program);
	if (pool->persist_s && (!c->conf->flows.per_lane || pool->track == CONF_TRACK_NONE))
		check_fail(c, &pool->place,
			"pool \"%s\": persist_s cannot work with %s: nothing tells a new "
			"connection from another packet",
			pool->name,
			c->conf->flows.per_lane ? "track = \"none\"" : "flows.per_lane = 0");
	if (pool->scheduler == SCHEDULER_P2C &&
		!(pool->p2c_flows || pool->p2c_latency || pool->p2c_errors))
		check_fail(c, &pool->place,
			"pool \"%s\": p2c: flows, latency and errors are all 0: nothing to compare "
			"by",
			pool->name);
}

static void check_table_size(struct check *c, const struct conf_pool *pool)
{
	/* Most pools have the size of the one before. */
	if (pool->table_size != c->prime && is_prime(pool->table_size))
		c->prime = pool->table_size;
	if (pool->table_size != c->prime)
		check_fail(c, &pool->place, "pool \"%s\": table_size %u is not a prime", pool->name,
			pool->table_size);
	if (pool->table_size < pool->n_backends)
		check_fail(c, &pool->place, "pool \"%s\": table_size %u is below its %zu backends",
			pool->name, pool->table_size, pool->n_backends);
}

/* An address that Sluice itself owns cannot be a backend's. */
static void check_backend_address(
	struct check *c, const struct conf_pool *pool, const struct conf_backend *b)
{
	const struct conf_vip *vip = check_vip_of(c, &b->address);
	const struct check_source *source = check_source_of(c, &b->address);
	char text[SL_ADDR_STRLEN], prefix[SL_PREFIX_STRLEN];

	if (sl_addr_is_host(&b->address) && !vip && !source)
		return;
	sl_addr_format(&b->address, text);
	if (!sl_addr_is_host(&b->address))
		check_fail(c, &b->place,
			"pool \"%s\": backend \"%s\": \"%s\" is not an address that a host can "
			"have",
			pool->name, b->name, text);
	if (vip)
		check_fail(c, &b->place,
			"pool \"%s\": backend \"%s\": %s is %s address of VIP \"%s\"", pool->name,
			b->name, text, sl_prefix_is_one(&vip->prefix) ? "the" : "an", vip->name);
	if (source && sl_prefix_is_one(&source->prefix))
		check_fail(c, &b->place,
			"pool \"%s\": backend \"%s\": %s is a tunnel_source of pool \"%s\"",
			pool->name, b->name, text, source->pool->name);
	else if (source)
		check_fail(c, &b->place,
			"pool \"%s\": backend \"%s\": %s is in tunnel_source_prefix %s of pool "
			"\"%s\"",
			pool->name, b->name, text, sl_prefix_format_short(&source->prefix, prefix),
			source->pool->name);
}

struct backend_orders {
	struct conf_order name, address, id;
};

static void check_backend_unique(struct check *c, const struct conf_pool *pool,
	const struct backend_orders *o, const struct conf_backend *b)
{
	const struct conf_backend *first = order_first(&o->name, b);
	char text[SL_ADDR_STRLEN], where[CHECK_WHERE_STRLEN];

	if (first != b)
		check_fail(c, &b->place, "pool \"%s\": backend \"%s\" exists already%s", pool->name,
			b->name, check_where(&first->place, where));
	first = order_first(&o->address, b);
	if (first != b)
		check_fail(c, &b->place,
			"pool \"%s\": backend \"%s\": address %s belongs to backend \"%s\"",
			pool->name, b->name, sl_addr_format(&b->address, text), first->name);
	first = b->id ? order_first(&o->id, b) : b;
	if (first != b)
		check_fail(c, &b->place,
			"pool \"%s\": backend \"%s\": id %u belongs to backend \"%s\"", pool->name,
			b->name, b->id, first->name);
}

static int check_backends(struct check *c, const struct conf_pool *pool)
{
	const size_t n = pool->n_backends, size = sizeof *pool->backends;
	struct backend_orders o = {0};
	int rc = order_init(&o.name, pool->backends, n, size, cmp_backend_name);

	if (!rc)
		rc = order_init(&o.address, pool->backends, n, size, cmp_backend_address);
	if (!rc)
		rc = order_init(&o.id, pool->backends, n, size, cmp_backend_id);
	for (size_t i = 0; i < n && !rc; i++) {
		const struct conf_backend *b = &pool->backends[i];

		if (b->place.broken)
			continue;
		check_name(c, "backend", b->name, &b->place);
		check_backend_unique(c, pool, &o, b);
		check_backend_address(c, pool, b);
	}
	order_free(&o.name);
	order_free(&o.address);
	order_free(&o.id);
	return rc;
}

static void check_pool(struct check *c, struct conf_pool *pool)
{
	const struct conf_pool *first = order_first(&c->pool_names, pool);
	char where[CHECK_WHERE_STRLEN];

	check_name(c, "pool", pool->name, &pool->place);
	if (first != pool)
		check_fail(c, &pool->place, "pool \"%s\" exists already%s", pool->name,
			check_where(&first->place, where));
	check_egress(c, pool);
	check_table_size(c, pool);
	check_scheduler(c, pool);
	check_forward(c, pool);
	check_tunnel_source(c, pool);
	check_pool_checks(c, pool, leaves_by_vdev(c, pool));
}

int check_pools(struct check *c)
{
	static const struct conf_place nowhere;
	size_t backends = 0;
	int rc = 0;

	for (size_t i = 0; i < c->conf->n_pools && !rc; i++) {
		struct conf_pool *pool = &c->conf->pools[i];

		backends += pool->n_backends;
		pool->egress_port = -1;
		pool->table_size = pool->table_size_given;
		if (pool->table_size == 0)
			pool->table_size = pool->n_backends > CONF_TABLE_SMALL_MEMBERS
						   ? CONF_TABLE_LARGE
						   : CONF_TABLE_SMALL;
		if (!pool->place.broken)
			check_pool(c, pool);
		rc = check_backends(c, pool);
	}
	if (backends > CONF_MAX_BACKENDS)
		check_fail(c, c->conf->n_pools ? &c->conf->pools[0].place : &nowhere,
			"%zu backends in all pools, at most %d are allowed", backends,
			CONF_MAX_BACKENDS);
	return rc;
}

size_t check_find_pool(struct check *c, const char *what, const char *name, const char *pool_name,
	size_t was, const struct conf_place *place)
{
	const struct conf_pool key = {.name = pool_name};
	const struct conf_pool *pool = NULL;
	struct hint hint = {.word = pool_name};
	char near[HINT_STRLEN];

	/* A clone knows it, unless pools came or went. */
	if (c->pool_names.distinct && was < c->conf->n_pools &&
		strcmp(c->conf->pools[was].name, pool_name) == 0)
		return was;
	pool = order_find(&c->pool_names, &key);
	if (pool)
		return (size_t)(pool - c->conf->pools);
	for (size_t i = 0; i < c->conf->n_pools && !check_is_full(c); i++)
		hint_offer(&hint, c->conf->pools[i].name);
	check_fail(c, place, "%s \"%s\": pool \"%s\" does not exist%s", what, name, pool_name,
		hint_format(&hint, near));
	return 0;
}
