/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "flow_care.h"
#include "load.h"
#include "numbers.h"

/* Keys under which backends and VIPs keep their numbers: what makes them the same to their flows.
 */
static char *slot_key(const struct conf_pool *pool, const struct conf_backend *be)
{
	char addr[SL_ADDR_STRLEN], *key;

	return asprintf(&key, "%s/%s", pool->name, sl_addr_format(&be->address, addr)) < 0 ? NULL
											   : key;
}

static char *service_key(const struct conf_vip *vip)
{
	char addr[SL_PREFIX_STRLEN], ports[SL_PORTS_STRLEN], *key;

	if (asprintf(&key, "%s %s/%u", sl_prefix_format_short(&vip->prefix, addr),
		    sl_ports_format(&vip->ports, ports), vip->protocol) < 0)
		return NULL;
	return key;
}

static void free_keys(char **keys, size_t n)
{
	for (size_t i = 0; keys && i < n; i++)
		free(keys[i]);
	free(keys);
}

static bool same_backends(const struct conf_pool *a, const struct conf_pool *b)
{
	if (conf_same(&a->place, &b->place))
		return true;
	if (a->n_backends != b->n_backends || strcmp(a->name, b->name) != 0)
		return false;
	for (size_t i = 0; i < a->n_backends; i++)
		if (!sl_addr_eq(&a->backends[i].address, &b->backends[i].address))
			return false;
	return true;
}

static bool all_same_backends(const struct conf *a, const struct conf *b)
{
	if (a->n_pools != b->n_pools)
		return false;
	for (size_t p = 0; p < a->n_pools; p++)
		if (!same_backends(&a->pools[p], &b->pools[p]))
			return false;
	return true;
}

static bool same_service(const struct conf_vip *a, const struct conf_vip *b)
{
	return sl_prefix_eq(&a->prefix, &b->prefix) && a->protocol == b->protocol &&
	       a->ports.first == b->ports.first && a->ports.last == b->ports.last;
}

static bool all_same_services(const struct conf *a, const struct conf *b)
{
	if (a->n_vips != b->n_vips)
		return false;
	for (size_t i = 0; i < a->n_vips; i++)
		if (!same_service(&a->vips[i], &b->vips[i]))
			return false;
	return true;
}

/* Was the last assignment that of the running generation? A build that failed had one of its own,
 * which the next one has to put right. */
static bool is_of_running(const struct daemon *d, uint64_t numbered)
{
	return d->running && numbered == d->running->number;
}

/* The slots that the backends of a pool have, where they are the same ones as in the running
 * configuration; mostly at the same place. NULL: other ones, or not known. */
static const uint16_t *slots_before(
	const struct daemon *d, const struct conf_pool *pool, size_t *at, const size_t *first)
{
	const struct conf_pool *was = conf_find_pool(d->running->conf, pool->name, at);
	const size_t k = *at;

	if (was)
		++*at;
	return was && same_backends(was, pool) ? d->running->slots + first[k] : NULL;
}

/* Where the backends of each pool of a configuration begin. NULL without memory. */
static size_t *firsts(const struct conf *conf)
{
	size_t *first = calloc(conf->n_pools + 1, sizeof *first);

	for (size_t p = 0; first && p < conf->n_pools; p++)
		first[p + 1] = first[p] + conf->pools[p].n_backends;
	return first;
}

/* Keys of those whose number is not known; the others have it in job->slots. NULL without memory.
 */
static char **slot_keys(const struct daemon *d, struct build_job *job)
{
	const bool known = is_of_running(d, d->slots_of);
	char **keys = calloc(job->n_backends + 1, sizeof *keys);
	size_t *first = known ? firsts(d->running->conf) : NULL, at = 0, n = 0;
	bool ok = keys && (first || !known);

	for (size_t p = 0; ok && p < job->conf->n_pools; p++) {
		const struct conf_pool *pool = &job->conf->pools[p];
		const uint16_t *slots = known ? slots_before(d, pool, &at, first) : NULL;

		if (slots)
			memcpy(job->slots + n, slots, pool->n_backends * sizeof *slots);
		for (size_t i = 0; i < pool->n_backends && ok; i++) {
			if (!slots)
				keys[n + i] = slot_key(pool, &pool->backends[i]);
			ok = slots || keys[n + i];
		}
		n += pool->n_backends;
	}
	free(first);
	if (ok)
		return keys;
	free_keys(keys, job->n_backends);
	return NULL;
}

static int assign_backends(struct daemon *d, struct build_job *job, struct sl_err *err)
{
	char **keys = slot_keys(d, job);
	int rc = -ENOMEM;

	if (keys)
		rc = ids_assign(d->slots, (const char *const *)keys, job->n_backends, job->number,
			job->slots, err);
	for (size_t i = 0; i < job->n_backends && !rc; i++)
		if (keys[i])
			flow_care_name(d, job->slots[i], keys[i]);
	free_keys(keys, job->n_backends);
	return rc;
}

int numbers_backends(struct daemon *d, struct build_job *job, struct sl_err *err)
{
	int rc = 0;

	if (is_of_running(d, d->slots_of) && all_same_backends(d->running->conf, job->conf))
		memcpy(job->slots, d->running->slots, job->n_backends * sizeof *job->slots);
	else
		rc = assign_backends(d, job, err);
	d->slots_of = job->number;
	job->n_slots = ids_top(d->slots);
	stats_follow(&d->stats, STATS_BACKEND, d->slots);
	load_follow(d);
	return rc;
}

/* The place of a VIP in the running configuration: mostly that behind the last one, or the next
 * when one is gone. n_vips: it is not there. */
static size_t place_before(const struct conf *was, const struct conf_vip *vip, size_t at)
{
	for (size_t i = at; i < was->n_vips && i < at + 2; i++)
		if (same_service(&was->vips[i], vip))
			return i;
	return was->n_vips;
}

/* As slot_keys(). */
static char **service_keys(const struct daemon *d, struct build_job *job)
{
	const struct conf *conf = job->conf;
	const bool known = is_of_running(d, d->services_of);
	char **keys = calloc(conf->n_vips + 1, sizeof *keys);
	size_t at = 0;

	for (size_t i = 0; keys && i < conf->n_vips; i++) {
		const struct conf *was = known ? d->running->conf : NULL;
		const size_t found = known ? place_before(was, &conf->vips[i], at) : 0;

		if (known && found < was->n_vips) {
			job->services[i] = d->running->services[found];
			at = found + 1;
			continue;
		}
		keys[i] = service_key(&conf->vips[i]);
		if (!keys[i]) {
			free_keys(keys, conf->n_vips);
			return NULL;
		}
	}
	return keys;
}

static int assign_services(struct daemon *d, struct build_job *job, struct sl_err *err)
{
	char **keys = service_keys(d, job);
	int rc = -ENOMEM;

	if (keys)
		rc = ids_assign(d->services, (const char *const *)keys, job->conf->n_vips,
			job->number, job->services, err);
	free_keys(keys, job->conf->n_vips);
	return rc;
}

int numbers_services(struct daemon *d, struct build_job *job, struct sl_err *err)
{
	int rc = 0;

	if (is_of_running(d, d->services_of) && all_same_services(d->running->conf, job->conf))
		memcpy(job->services, d->running->services,
			job->conf->n_vips * sizeof *job->services);
	else
		rc = assign_services(d, job, err);
	d->services_of = job->number;
	job->n_services = ids_top(d->services);
	stats_follow(&d->stats, STATS_SERVICE, d->services);
	return rc;
}
