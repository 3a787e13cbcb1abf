/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "flow_care.h"
#include "load.h"
#include "numbers.h"
#include "part.h"

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

/* A part lasts so long; it looks at the clock every so many steps. */
#define PART_US 1000
#define STEPS   16

/* The number of one more is looked up, or the key for it made: 1, 0 behind the last one, or
 * -ENOMEM. */
static int backend_key(struct daemon *d, struct build_job *job, struct numbers *w)
{
	const struct conf_pool *pool = &job->conf->pools[w->pool];
	const uint16_t *slots = NULL;

	if (w->pool == job->conf->n_pools)
		return 0;
	if (!w->backend && w->first)
		slots = slots_before(d, pool, &w->at, w->first);
	if (slots) {
		memcpy(job->slots + w->n, slots, pool->n_backends * sizeof *slots);
		w->n += pool->n_backends;
		w->backend = pool->n_backends;
	}
	if (w->backend < pool->n_backends) {
		w->keys[w->n] = slot_key(pool, &pool->backends[w->backend++]);
		if (!w->keys[w->n++])
			return -ENOMEM;
	}
	if (w->backend == pool->n_backends) {
		w->pool++;
		w->backend = 0;
	}
	return 1;
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

static int service_key_of(struct daemon *d, struct build_job *job, struct numbers *w)
{
	const struct conf *was = w->known ? d->running->conf : NULL;
	const struct conf_vip *vip = &job->conf->vips[w->n];
	const size_t found = was && w->n < job->conf->n_vips ? place_before(was, vip, w->at) : 0;

	if (w->n == job->conf->n_vips)
		return 0;
	if (was && found < was->n_vips) {
		job->services[w->n] = d->running->services[found];
		w->at = found + 1;
	} else {
		w->keys[w->n] = service_key(vip);
		if (!w->keys[w->n])
			return -ENOMEM;
	}
	w->n++;
	return 1;
}

static int backend_name(struct daemon *d, const struct build_job *job, struct numbers *w)
{
	if (w->n == w->n_keys)
		return 0;
	if (w->keys[w->n])
		flow_care_name(d, job->slots[w->n], w->keys[w->n]);
	w->n++;
	return 1;
}

static int begin(struct numbers *w, size_t n)
{
	w->keys = calloc(n + 1, sizeof *w->keys);
	w->n_keys = n;
	w->stage = NUMBERS_KEYS;
	return w->keys ? 0 : -ENOMEM;
}

static void go_on(struct numbers *w)
{
	w->stage++;
	w->n = 0;
}

void numbers_drop(struct numbers *w)
{
	free_keys(w->keys, w->n_keys);
	free(w->first);
	*w = (struct numbers){0};
}

static int backends_begin(struct daemon *d, struct build_job *job, struct numbers *w)
{
	w->known = is_of_running(d, d->slots_of);
	if (w->known && all_same_backends(d->running->conf, job->conf)) {
		memcpy(job->slots, d->running->slots, job->n_backends * sizeof *job->slots);
		w->stage = NUMBERS_END;
		return 0;
	}
	if (w->known) {
		w->first = firsts(d->running->conf);
		if (!w->first)
			return -ENOMEM;
	}
	return begin(w, job->n_backends);
}

/* One step; 1 when the stage has more of them. */
static int backends_step(
	struct daemon *d, struct build_job *job, struct numbers *w, struct sl_err *err)
{
	int rc = 0;

	switch (w->stage) {
	case NUMBERS_BEGIN:
		rc = backends_begin(d, job, w);
		d->slots_of = job->number;
		return rc ? rc : 1;
	case NUMBERS_KEYS:
		rc = backend_key(d, job, w);
		if (!rc)
			ids_assign_begin(d->slots, (const char *const *)w->keys, job->n_backends,
				job->number, job->slots);
		break;
	case NUMBERS_ASSIGN:
		rc = ids_assign_step(d->slots, 1, err);
		break;
	case NUMBERS_NAMES:
		rc = backend_name(d, job, w);
		break;
	case NUMBERS_END:
		job->n_slots = ids_top(d->slots);
		stats_follow(&d->stats, STATS_BACKEND, d->slots);
		load_follow(d);
		return 0;
	}
	if (!rc)
		go_on(w);
	return rc < 0 ? rc : 1;
}

static int services_begin(struct daemon *d, struct build_job *job, struct numbers *w)
{
	w->known = is_of_running(d, d->services_of);
	if (w->known && all_same_services(d->running->conf, job->conf)) {
		memcpy(job->services, d->running->services,
			job->conf->n_vips * sizeof *job->services);
		w->stage = NUMBERS_END;
		return 0;
	}
	return begin(w, job->conf->n_vips);
}

static int services_step(
	struct daemon *d, struct build_job *job, struct numbers *w, struct sl_err *err)
{
	int rc = 0;

	switch (w->stage) {
	case NUMBERS_BEGIN:
		rc = services_begin(d, job, w);
		d->services_of = job->number;
		return rc ? rc : 1;
	case NUMBERS_KEYS:
		rc = service_key_of(d, job, w);
		if (!rc)
			ids_assign_begin(d->services, (const char *const *)w->keys,
				job->conf->n_vips, job->number, job->services);
		break;
	case NUMBERS_ASSIGN:
		rc = ids_assign_step(d->services, 1, err);
		break;
	case NUMBERS_NAMES: /* they have none */
		break;
	case NUMBERS_END:
		job->n_services = ids_top(d->services);
		stats_follow(&d->stats, STATS_SERVICE, d->services);
		return 0;
	}
	if (!rc)
		go_on(w);
	return rc < 0 ? rc : 1;
}

static int part(struct daemon *d, struct build_job *job, struct numbers *w, struct sl_err *err,
	int (*step)(struct daemon *, struct build_job *, struct numbers *, struct sl_err *))
{
	struct part part = part_begin(PART_US, STEPS);
	int rc;

	do
		rc = step(d, job, w, err);
	while (rc > 0 && !part_is_over(&part));
	if (rc <= 0)
		numbers_drop(w);
	return rc;
}

int numbers_backends(struct daemon *d, struct build_job *job, struct numbers *w, struct sl_err *err)
{
	return part(d, job, w, err, backends_step);
}

int numbers_services(struct daemon *d, struct build_job *job, struct numbers *w, struct sl_err *err)
{
	return part(d, job, w, err, services_step);
}
