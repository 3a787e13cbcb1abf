/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/check.h"
#include "conf/load.h"

void check_fail(struct check *c, const struct conf_place *place, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	c->mistakes++;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (place->file)
		sl_err_at(c->err, place->file, place->line, "%s", text);
	else
		sl_err_add(c->err, "%s", text);
}

const char *check_where(const struct conf_place *place, char *buf)
{
	buf[0] = '\0';
	if (place->file)
		snprintf(buf, CHECK_WHERE_STRLEN, " (%s:%d)", place->file, place->line);
	return buf;
}

bool check_is_full(const struct check *c)
{
	return !c->err || c->err->count >= SL_ERR_MAX;
}

const void *check_holder(
	const struct conf_order *o, const bool len[129], const void *key, struct sl_prefix *in_key)
{
	const uint8_t above = sl_addr_is4(&in_key->address) ? 96 : 0;
	const void *found;

	do {
		found = len[in_key->len] ? order_find(o, key) : NULL;
		if (found)
			return found;
		in_key->len--;
		in_key->address.b[in_key->len / 8] &= (uint8_t) ~(0x80 >> in_key->len % 8);
	} while (in_key->len > above);
	return NULL;
}

static bool is_name_byte(char c, size_t at)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (at && (c == '.' || c == '_' || c == '-'));
}

void check_name(struct check *c, const char *what, const char *name, const struct conf_place *place)
{
	size_t len = 0;

	while (is_name_byte(name[len], len))
		len++;
	if (len < 1 || len > 63 || name[len])
		check_fail(c, place,
			"%s name \"%.80s\": a name is a to z, 0 to 9, then also . _ -, at most 63 "
			"in all",
			what, name);
}

static int cmp_pool_name(const void *a, const void *b)
{
	const struct conf_pool *pa = a, *pb = b;

	return strcmp(pa->name, pb->name);
}

static int cmp_vip_prefix(const void *a, const void *b)
{
	const struct conf_vip *va = a, *vb = b;

	return memcmp(&va->prefix, &vb->prefix, sizeof va->prefix);
}

/* A name that could not be read is reported already; from here on it is an empty text. */
static void name_all(struct conf *conf)
{
	for (size_t i = 0; i < conf->n_ports; i++)
		if (!conf->ports[i].name)
			conf->ports[i].name = "";
	for (size_t i = 0; i < conf->n_checks; i++)
		if (!conf->checks[i].name)
			conf->checks[i].name = "";
	for (size_t i = 0; i < conf->n_pools; i++) {
		struct conf_pool *pool = &conf->pools[i];

		if (!pool->name)
			pool->name = "";
		for (size_t j = 0; j < pool->n_backends; j++)
			if (!pool->backends[j].name)
				pool->backends[j].name = "";
	}
	for (size_t i = 0; i < conf->n_vips; i++) {
		if (!conf->vips[i].name)
			conf->vips[i].name = "";
		if (!conf->vips[i].pool)
			conf->vips[i].pool = "";
		for (size_t r = 0; r < conf->vips[i].n_rules; r++) {
			struct conf_rule *rule = &conf->vips[i].rules[r];

			if (!rule->name)
				rule->name = "";
			if (!rule->pool)
				rule->pool = "";
		}
	}
}

static int prepare(struct check *c)
{
	const struct conf *conf = c->conf;
	int rc = check_collect_sources(c);

	name_all(c->conf);
	if (!rc)
		rc = order_init(&c->pool_names, conf->pools, conf->n_pools, sizeof *conf->pools,
			cmp_pool_name);
	for (size_t i = 0; i < conf->n_vips; i++)
		c->vip_len[conf->vips[i].prefix.len] = true;
	if (!rc)
		rc = order_init(&c->vip_prefixes, conf->vips, conf->n_vips, sizeof *conf->vips,
			cmp_vip_prefix);
	return rc;
}

/* What schema rows hold for a file; here for a configuration that was put together otherwise. */
static void check_counts(struct check *c)
{
	static const struct conf_place nowhere;
	const struct conf *conf = c->conf;
	const struct {
		const char *what;
		size_t n, max;
	} counts[] = {
		{"ports", conf->n_ports, CONF_MAX_PORTS},
		{"checks", conf->n_checks, CONF_MAX_CHECKS},
		{"pools", conf->n_pools, CONF_MAX_POOLS},
		{"VIPs", conf->n_vips, CONF_MAX_VIPS},
	};

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		if (counts[i].n > counts[i].max)
			check_fail(c, &nowhere, "%zu %s, at most %zu are allowed", counts[i].n,
				counts[i].what, counts[i].max);
}

static int check_all(struct conf *conf, struct sl_err *err)
{
	struct check c = {.conf = conf, .err = err};
	int rc = prepare(&c);

	if (!rc) {
		check_counts(&c);
		check_control(&c);
		check_eal(&c);
		check_ports(&c);
		rc = check_probes(&c);
	}
	if (!rc)
		rc = check_pools(&c);
	if (!rc)
		rc = check_backups(&c);
	if (!rc)
		rc = check_vips(&c);
	if (!rc && !c.mistakes && c.conf->n_pools)
		rc = check_forward_vips(&c);
	if (!rc)
		rc = check_probe_ports(&c);
	if (rc)
		sl_err_sys(err, rc, "checking the configuration");
	else if (c.mistakes)
		rc = -EINVAL;
	order_free(&c.pool_names);
	order_free(&c.check_names);
	order_free(&c.vip_prefixes);
	order_free(&c.tunnel_sources);
	free(c.sources);
	return rc;
}

int conf_check(struct conf *conf, struct sl_err *err)
{
	if (conf->proven)
		return 0;
	if (conf_own(conf)) /* it fills in what elements refer to */
		return sl_err_sys(err, ENOMEM, "checking the configuration");
	if (conf->n_ports == 0)
		sl_err_add(err, "at least one port is required");
	const int rc = check_all(conf, err);

	conf->proven = rc == 0 && conf->n_ports;
	return conf->n_ports ? rc : -EINVAL;
}

void conf_stamp_programs(struct conf *conf, const char *path)
{
	if (conf_own(conf))
		return; /* what follows fails for want of memory, too */
	for (size_t i = 0; i < conf->n_pools; i++) {
		struct conf_pool *pool = &conf->pools[i];
		struct stat st;

		if (!pool->program || (path && strcmp(pool->program, path) != 0))
			continue;
		if (stat(pool->program, &st) == 0)
			pool->program_stamp = (uint64_t)st.st_mtim.tv_sec * 1000000000u +
					      (uint64_t)st.st_mtim.tv_nsec + (uint64_t)st.st_ino;
	}
}

int conf_read(const char *path, struct conf **out, struct sl_err *err)
{
	int rc = load_file(path, out, err);

	if (*out) {
		conf_stamp_programs(*out, NULL);
		const int checked = check_all(*out, err);

		rc = rc ? rc : checked;
		(*out)->proven = rc == 0;
	}
	if (rc) {
		conf_free(*out);
		*out = NULL;
	}
	return rc;
}

/* max_flows goes by flows that are remembered. */
static int warn_limits(const struct conf *conf, const struct conf_pool *pool, struct sl_err *warn)
{
	if (conf->flows.per_lane && pool->track == CONF_TRACK_ALL)
		return 0;
	for (size_t i = 0; i < pool->n_backends; i++) {
		const struct conf_backend *be = &pool->backends[i];

		if (!be->max_flows)
			continue;
		sl_err_at(warn, be->place.file ? be->place.file : "configuration", be->place.line,
			"backend \"%s\": max_flows has no effect where connections are not "
			"remembered (%s)",
			be->name, conf->flows.per_lane ? "track = none" : "flows.per_lane = 0");
		return 1;
	}
	return 0;
}

int conf_warn(const struct conf *conf, struct sl_err *warn)
{
	int n = 0;

	for (size_t i = 0; i < conf->eal.n_workers; i++) {
		if (conf->eal.workers[i] == conf->eal.main_lcore) {
			sl_err_add(warn, "eal: CPU %u is main_lcore and a worker: they share it",
				conf->eal.main_lcore);
			n++;
		}
	}
	if (conf->eal.lanes && conf->eal.lanes < conf->eal.n_workers) {
		sl_err_add(warn, "eal: %u lanes for %zu workers: some have nothing to do",
			conf->eal.lanes, conf->eal.n_workers);
		n++;
	}
	for (size_t i = 0; i < conf->n_pools; i++) {
		const struct conf_pool *pool = &conf->pools[i];

		n += warn_limits(conf, pool, warn);
		if (pool->table_size >= 100 * pool->n_backends)
			continue;
		sl_err_at(warn, pool->place.file ? pool->place.file : "configuration",
			pool->place.line,
			"pool \"%s\": table_size %u is below 100 times its %zu backends: shares "
			"will be uneven",
			pool->name, pool->table_size, pool->n_backends);
		n++;
	}
	return n;
}
