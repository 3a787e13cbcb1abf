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

static bool have_all(char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!keys[i])
			return false;
	return true;
}

static int assign(
	struct ids *ids, char **keys, size_t n, uint64_t number, uint16_t *out, struct sl_err *err)
{
	int rc = -ENOMEM;

	if (keys && have_all(keys, n))
		rc = ids_assign(ids, (const char *const *)keys, n, number, out, err);
	free_keys(keys, n);
	return rc;
}

static bool same_backends(const struct conf_pool *a, const struct conf_pool *b)
{
	if (a->place.stamp && a->place.stamp == b->place.stamp)
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

static int assign_backends(struct daemon *d, struct build_job *job, struct sl_err *err)
{
	char **keys = calloc(job->n_backends + 1, sizeof *keys);
	size_t n = 0;

	for (size_t p = 0; keys && p < job->conf->n_pools; p++)
		for (size_t i = 0; i < job->conf->pools[p].n_backends; i++, n++)
			keys[n] = slot_key(&job->conf->pools[p], &job->conf->pools[p].backends[i]);
	const int rc = assign(d->slots, keys, n, job->number, job->slots, err);

	if (!rc)
		flow_care_names(d, job); /* the same names once more */
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

static int assign_services(struct daemon *d, struct build_job *job, struct sl_err *err)
{
	char **keys = calloc(job->conf->n_vips + 1, sizeof *keys);

	for (size_t i = 0; keys && i < job->conf->n_vips; i++)
		keys[i] = service_key(&job->conf->vips[i]);
	return assign(d->services, keys, job->conf->n_vips, job->number, job->services, err);
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
