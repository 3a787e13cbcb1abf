/* SPDX-License-Identifier: BSD-3-Clause */

/* Checks, and which pools use them. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/ranges.h"
#include "conf/check.h"
#include "conf/hint.h"
#include "conf/schema.h"

#define BIT(type) (1u << CONF_CHECK_##type)
#define WEB       (BIT(HTTP) | BIT(HTTPS))
#define PORTED    (BIT(TCP) | WEB | BIT(UDP) | BIT(DNS))

static void fail(struct check *c, const struct conf_check *k, const char *what)
{
	check_fail(c, &k->place, "check \"%s\": %s", k->name, what);
}

/* A key that the type has no use for is a mistake: somebody relies on it. */
static void check_keys(struct check *c, const struct conf_check *k)
{
	const struct {
		const char *key;
		bool given;
		unsigned int types;
	} keys[] = {
		{"port", k->port, PORTED},
		{"path", k->path, WEB},
		{"host", k->host, WEB},
		{"method", k->method != CONF_METHOD_DEFAULT, WEB},
		{"status", k->status, WEB},
		{"body", k->body, WEB},
		{"tls_verify", k->tls_verify, BIT(HTTPS)},
		{"ca_file", k->ca_file, BIT(HTTPS)},
		{"send_hex", k->send_hex, BIT(UDP)},
		{"expect_hex", k->expect_hex, BIT(UDP)},
		{"dns_name", k->dns_name, BIT(DNS)},
		{"dns_type", k->dns_type, BIT(DNS)},
		{"reuse", k->reuse.max, WEB},
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].given && !(keys[i].types & 1u << k->type))
			check_fail(c, &k->place, "check \"%s\": %s has no use for \"%s\"", k->name,
				conf_check_type_name(k->type), keys[i].key);
}

static void check_times(struct check *c, const struct conf_check *k)
{
	if (k->timeout_ms > k->inter_ms)
		check_fail(c, &k->place, "check \"%s\": timeout_ms %u is above inter_ms %u",
			k->name, k->timeout_ms, k->inter_ms);
	if (k->fastinter_ms > k->inter_ms)
		check_fail(c, &k->place, "check \"%s\": fastinter_ms %u is above inter_ms %u",
			k->name, k->fastinter_ms, k->inter_ms);
	if (k->reuse.min > k->reuse.max)
		check_fail(c, &k->place, "check \"%s\": reuse: min %u is above max %u", k->name,
			k->reuse.min, k->reuse.max);
	if (k->reuse.max && k->reuse.wait_ms >= k->timeout_ms)
		check_fail(c, &k->place,
			"check \"%s\": reuse: wait_ms %u is not below timeout_ms %u", k->name,
			k->reuse.wait_ms, k->timeout_ms);
}

/* What stands in a request as it is must not end a line or a word of it. */
static bool is_one_word(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f)
			return false;
	return true;
}

static void check_web(struct check *c, const struct conf_check *k)
{
	struct sl_ranges ranges;
	const char *why;

	if (k->path && (*k->path != '/' || !is_one_word(k->path)))
		fail(c, k, "path must begin with / and hold printable ASCII without spaces");
	if (k->host && (!is_one_word(k->host) || strpbrk(k->host, "/@?#\\")))
		fail(c, k, "host must be a host name or an address, with :PORT if need be");
	if (k->status && sl_ranges_parse(k->status, 100, 599, &ranges, &why))
		check_fail(c, &k->place, "check \"%s\": status \"%s\" %s", k->name, k->status, why);
	if (k->method == CONF_METHOD_HEAD && k->body)
		fail(c, k, "the answer to HEAD has no body to look at");
	if (k->ca_file && !k->tls_verify)
		fail(c, k, "ca_file does nothing without tls_verify = true");
}

static void check_udp(struct check *c, const struct conf_check *k)
{
	if (!k->send_hex)
		fail(c, k, "udp needs \"send_hex\", a datagram that the service answers");
	else if (sl_hex_parse(k->send_hex, NULL, NULL, false) < 0)
		fail(c, k, "send_hex must be pairs of hexadecimal digits");
	if (k->expect_hex && sl_hex_parse(k->expect_hex, NULL, NULL, true) < 0)
		fail(c, k, "expect_hex must be pairs of hexadecimal digits, or X for any");
}

/* Labels of 1 to 63 bytes (RFC 1035 2.3.4); a dot at the end is fine, "." is the root. */
static void check_dns(struct check *c, const struct conf_check *k)
{
	const char *at = k->dns_name;

	if (!at) {
		fail(c, k, "dns needs \"dns_name\", a name that the service knows");
		return;
	}
	while (*at && strcmp(k->dns_name, ".") != 0) {
		const size_t n = strcspn(at, ".");

		if (n < 1 || n > 63) {
			check_fail(c, &k->place, "check \"%s\": dns_name \"%.80s\" is not a name",
				k->name, k->dns_name);
			return;
		}
		at += n + (at[n] == '.');
	}
	if (!is_one_word(k->dns_name))
		fail(c, k, "dns_name must be printable ASCII without spaces");
}

static int cmp_check_name(const void *a, const void *b)
{
	const struct conf_check *ka = a, *kb = b;

	return strcmp(ka->name, kb->name);
}

int check_probes(struct check *c)
{
	int rc = order_init(&c->check_names, c->conf->checks, c->conf->n_checks,
		sizeof *c->conf->checks, cmp_check_name);
	char where[CHECK_WHERE_STRLEN];

	for (size_t i = 0; i < c->conf->n_checks && !rc; i++) {
		const struct conf_check *k = &c->conf->checks[i],
					*first = order_find(&c->check_names, k);

		if (k->place.broken)
			continue;
		check_name(c, "check", k->name, &k->place);
		if (first != k)
			check_fail(c, &k->place, "check \"%s\" exists already%s", k->name,
				check_where(&first->place, where));
		check_keys(c, k);
		check_times(c, k);
		if (WEB & 1u << k->type)
			check_web(c, k);
		else if (k->type == CONF_CHECK_UDP)
			check_udp(c, k);
		else if (k->type == CONF_CHECK_DNS)
			check_dns(c, k);
	}
	return rc;
}

static const struct conf_check *find_check(
	struct check *c, const struct conf_pool *pool, const char *name)
{
	const struct conf_check key = {.name = name}, *found = order_find(&c->check_names, &key);
	struct hint hint = {.word = name};
	char near[HINT_STRLEN];

	if (found)
		return found;
	for (size_t i = 0; i < c->conf->n_checks && !check_is_full(c); i++)
		hint_offer(&hint, c->conf->checks[i].name);
	check_fail(c, &pool->place, "pool \"%s\": check \"%s\" does not exist%s", pool->name, name,
		hint_format(&hint, near));
	return NULL;
}

void check_pool_checks(struct check *c, struct conf_pool *pool, bool vdev)
{
	if (pool->n_checks > CONF_MAX_POOL_CHECKS) {
		check_fail(c, &pool->place, "pool \"%s\": %zu checks, at most %d are allowed",
			pool->name, pool->n_checks, CONF_MAX_POOL_CHECKS);
		pool->n_checks = CONF_MAX_POOL_CHECKS;
	}
	for (size_t i = 0; i < pool->n_checks; i++) {
		const struct conf_check *k = find_check(c, pool, pool->checks[i]);

		pool->check_index[i] = k ? (uint16_t)(k - c->conf->checks) : 0;
		for (size_t j = 0; j < i; j++)
			if (strcmp(pool->checks[i], pool->checks[j]) == 0)
				check_fail(c, &pool->place,
					"pool \"%s\": check \"%s\" is named twice", pool->name,
					pool->checks[i]);
		if (k && vdev && k->type != CONF_CHECK_NONE)
			check_fail(c, &pool->place,
				"pool \"%s\": check \"%s\": a vdev port has no kernel interface "
				"for probes to leave by",
				pool->name, k->name);
	}
}

/* A pool serves a VIP, by itself or for a rule. `name`: as the VIP or the rule has it. */
static void note_service(struct conf *conf, size_t pool_index, const char *name,
	const struct sl_ports *ports, bool *several)
{
	struct conf_pool *pool = &conf->pools[pool_index];

	/* pool_index is 0 where no such pool was found */
	if (strcmp(pool->name, name) != 0)
		return;
	several[pool_index] |= !sl_ports_is_one(ports) ||
			       (pool->service_port && pool->service_port != ports->first);
	pool->service_port = ports->first;
}

/* service_port of every pool; several[i] where the VIPs of pool i disagree. */
static void find_service_ports(struct conf *conf, bool *several)
{
	for (size_t i = 0; i < conf->n_pools; i++)
		conf->pools[i].service_port = 0;
	for (size_t i = 0; i < conf->n_vips && conf->n_pools; i++) {
		const struct conf_vip *vip = &conf->vips[i];

		if (vip->place.broken)
			continue;
		note_service(conf, vip->pool_index, vip->pool, &vip->ports, several);
		for (size_t r = 0; r < vip->n_rules; r++)
			if (!vip->rules[r].place.broken)
				note_service(conf, vip->rules[r].pool_index, vip->rules[r].pool,
					&vip->ports, several);
	}
	for (size_t i = 0; i < conf->n_pools; i++)
		if (several[i])
			conf->pools[i].service_port = 0;
}

static void check_port_known(struct check *c, const struct conf_pool *pool, bool several)
{
	for (size_t i = 0; i < pool->n_checks; i++) {
		const struct conf_check key = {.name = pool->checks[i]},
					*k = order_find(&c->check_names, &key);

		if (!k || k->place.broken || k->port || !(PORTED & 1u << k->type))
			continue;
		check_fail(c, &k->place,
			"check \"%s\": \"port\" is missing: pool \"%s\" uses the check and %s",
			k->name, pool->name,
			several ? "its VIPs have several ports" : "no VIP has the pool");
	}
}

int check_probe_ports(struct check *c)
{
	struct conf *conf = c->conf;
	bool *several = calloc(conf->n_pools + 1, sizeof *several);

	if (!several)
		return -ENOMEM;
	find_service_ports(conf, several);
	for (size_t i = 0; i < conf->n_pools; i++)
		if (!conf->pools[i].place.broken && !conf->pools[i].service_port)
			check_port_known(c, &conf->pools[i], several[i]);
	free(several);
	return 0;
}
