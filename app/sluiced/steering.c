/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "steering.h"

/* What is to be followed. */
struct steering_errand {
	struct errand errand;
	struct daemon *d;
	struct version *version; /* held */
	const struct generation *generation;
	int rc;
	struct sl_err err;
};

static int steer_vips(
	const struct daemon *d, const struct sl_prefix *vips, size_t n, struct sl_err *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < d->n_ports && !rc; i++)
		if (d->ports[i].steer)
			rc = steer_set_vips(d->ports[i].steer, vips, n, err);
	return rc;
}

/* The source of one backend's tunnel. False: it has none. */
static bool source_of(const struct backend *be, struct steer_source *out)
{
	struct sl_addr to;
	const bool gue = be->transform == TRANSFORM_GUE4 || be->transform == TRANSFORM_GUE6;

	if (be->transform == TRANSFORM_UNRESOLVED || be->transform == TRANSFORM_SET_DSCP ||
		!tunnel_addresses(&be->tunnel, &out->address, &to))
		return false;
	out->len = (uint8_t)(128 - __builtin_popcount(be->tunnel.vary));
	out->gue_port = gue ? hdr_be16(be->tunnel.hdr + be->tunnel.len - TUNNEL_GUE_LEN + 2) : 0;
	return true;
}

static size_t list_sources(const struct generation *g, struct steer_source *list)
{
	size_t n = 0;

	for (uint32_t i = 0; i < g->n_backends; i++) {
		n += source_of(&g->backends[i], &list[n]);
		if (n > 1 && memcmp(&list[n - 1], &list[n - 2], sizeof *list) == 0)
			n--; /* most backends of a pool have the same */
	}
	return n;
}

static bool has_sources(const struct steering *s, const struct steer_source *list, size_t n)
{
	return s->sources && s->n_sources == n &&
	       (!n || memcmp(list, s->sources, n * sizeof *list) == 0);
}

/* ICMP errors about our tunnels come to us. */
static int steer_sources(struct daemon *d, const struct generation *g, struct sl_err *err)
{
	struct steering *s = &d->steering;
	struct steer_source *list = calloc(g->n_backends + 1, sizeof *list);
	const size_t n = list ? list_sources(g, list) : 0;
	int rc = 0;

	if (!list)
		return sl_err_sys(err, ENOMEM, "cannot steer errors about tunnels");
	if (has_sources(s, list, n)) {
		free(list);
		return 0;
	}
	for (uint32_t i = 0; i < d->n_ports && !rc; i++)
		if (d->ports[i].steer)
			rc = steer_set_sources(d->ports[i].steer, list, n, err);
	free(s->sources);
	s->sources = rc ? NULL : list;
	s->n_sources = n;
	if (rc)
		free(list);
	return rc;
}

/* A VIP that is new is steered before the kernel holds it: one that the kernel holds and Sluice
 * does not take would be refused. */
static int follow(
	struct daemon *d, const struct conf *conf, const struct generation *g, struct sl_err *err)
{
	struct sl_prefix *vips = calloc(conf->n_vips + 1, sizeof *vips);
	int rc;

	if (!vips)
		return sl_err_sys(err, ENOMEM, "cannot steer the VIPs");
	for (size_t i = 0; i < conf->n_vips; i++)
		vips[i] = conf->vips[i].prefix;
	rc = steer_vips(d, vips, conf->n_vips, err);
	if (!rc)
		rc = steer_sources(d, g, err);
	if (!rc && d->host_if)
		rc = host_if_set_vips(d->host_if, vips, conf->n_vips, err);
	free(vips);
	return rc;
}

int steering_now(struct daemon *d, struct sl_err *err)
{
	return follow(d, d->running->conf, d->rcu.current, err);
}

static void run(struct errand *e)
{
	struct steering_errand *s = (struct steering_errand *)e;

	s->rc = follow(s->d, s->version->conf, s->generation, &s->err);
}

static void done(struct errand *e)
{
	struct steering_errand *s = (struct steering_errand *)e;

	s->d->steering.under_way = false;
	apply_steered(s->d, s->rc, &s->err);
}

static void end(struct errand *e)
{
	struct steering_errand *s = (struct steering_errand *)e;

	version_put(s->version);
	sl_err_clear(&s->err);
	free(s);
}

int steering_begin(struct daemon *d)
{
	struct steering_errand *s = malloc(sizeof *s);

	if (!s)
		return -ENOMEM;
	*s = (struct steering_errand){
		.errand = {.run = run, .done = done, .end = end},
		.d = d,
		.version = version_get(d->running->version),
		.generation = d->rcu.current,
		.err = SL_ERR_INIT,
	};
	d->steering.under_way = true;
	errands_add(d->steering.thread, &s->errand);
	return 0;
}

void steering_stop(struct steering *s)
{
	errands_free(s->thread);
	s->thread = NULL;
	free(s->sources);
	s->sources = NULL;
}
