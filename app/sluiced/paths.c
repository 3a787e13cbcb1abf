/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "board.h"
#include "datapath/report.h"
#include "paths.h"

struct told {
	struct path path;
	struct sl_addr address; /* of the backend it speaks of */
	uint32_t epoch;         /* holder of the slot */
	uint64_t event_ms;      /* of the last event about it; 0 = none */
};

struct paths {
	bool changed;      /* since the last build for it */
	uint64_t build_ms; /* when that was */
	struct told of[BACKEND_SLOTS];
};

struct paths *paths_new(void)
{
	return calloc(1, sizeof(struct paths));
}

/* The row of a slot, anew when another backend has it now. */
static struct told *row_of(const struct daemon *d, uint16_t slot)
{
	struct told *t = &d->paths->of[slot];
	const uint32_t epoch = ids_epoch(d->slots, slot);

	if (t->epoch != epoch)
		*t = (struct told){.epoch = epoch};
	return t;
}

const struct path *paths_of(const struct daemon *d, uint16_t slot)
{
	return &row_of(d, slot)->path;
}

static void __attribute__((format(printf, 4, 5))) tell(struct daemon *d,
	const struct conf_pool *pool, const struct conf_backend *be, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	board_tell_of(d->board, pool->name, be->name, fmt, ap);
	va_end(ap);
}

/* A place in the running configuration. */
struct place {
	const struct conf_pool *pool;
	const struct conf_backend *be;
	const struct compile_hop *hop;
	uint16_t slot;
};

static void hear_mtu(struct daemon *d, const struct place *at, const struct report *r)
{
	struct told *t = row_of(d, at->slot);
	const uint32_t port = d->running->ports[at->hop->port].mtu;
	const uint32_t hop = at->hop->mtu && at->hop->mtu < port ? at->hop->mtu : port;
	char who[SL_ADDR_STRLEN];

	if (!path_lower(&t->path, r->mtu, hop,
		    compile_overhead(at->pool->forward, &at->be->address),
		    !sl_addr_is4(&at->be->address), daemon_now_ms()))
		return;
	d->paths->changed = true;
	tell(d, at->pool, at->be, "path MTU %u, says %s", t->path.mtu,
		sl_addr_format(&r->teller, who));
}

static void hear_unreachable(struct daemon *d, const struct place *at, const struct report *r)
{
	struct told *t = row_of(d, at->slot);
	const uint64_t now = daemon_now_ms();
	char who[SL_ADDR_STRLEN];

	t->path.unreachable++;
	if (t->event_ms && now - t->event_ms < PATHS_TELL_MS)
		return;
	t->event_ms = now;
	tell(d, at->pool, at->be,
		"unreachable, says %s: ICMP%s type %u code %u, %" PRIu64 " so far",
		sl_addr_format(&r->teller, who), sl_addr_is4(&at->be->address) ? "" : "v6", r->type,
		r->code, t->path.unreachable);
}

/* Has the pool's tunnel to this backend sent what was quoted? */
static bool sends(const struct place *at, const struct report *r)
{
	if (!at->hop->resolved || !sl_addr_eq(&at->be->address, &r->backend))
		return false;
	return at->pool->forward == CONF_FORWARD_GUE
		       ? at->pool->gue_port == r->port
		       : at->pool->forward == CONF_FORWARD_IPIP && !r->port;
}

static void hear(struct daemon *d, const struct report *r)
{
	const struct build_job *job = d->running;
	size_t n = 0;

	for (size_t p = 0; p < job->conf->n_pools; p++)
		for (size_t i = 0; i < job->conf->pools[p].n_backends; i++, n++) {
			const struct place at = {.pool = &job->conf->pools[p],
				.be = &job->conf->pools[p].backends[i],
				.hop = &job->hops[n],
				.slot = job->slots[n]};

			if (!sends(&at, r))
				continue;
			if (r->mtu)
				hear_mtu(d, &at, r);
			else
				hear_unreachable(d, &at, r);
		}
}

void paths_read(struct daemon *d)
{
	const uint64_t now = daemon_now_ms();
	struct report r;

	for (uint32_t i = 0; d->running && i < d->n_lanes; i++)
		for (uint32_t n = 0; n < REPORTS && report_pop(d->lanes[i]->reports, &r); n++)
			hear(d, &r);
	if (!d->paths->changed || now - d->paths->build_ms < PATHS_BUILD_MS)
		return;
	d->paths->changed = false;
	d->paths->build_ms = now;
	apply_view_changed(d);
}

void paths_tick(struct daemon *d)
{
	const struct build_job *job = d->running;
	const uint64_t now = daemon_now_ms();
	size_t n = 0;

	for (size_t p = 0; p < job->conf->n_pools; p++)
		for (size_t i = 0; i < job->conf->pools[p].n_backends; i++, n++) {
			if (!path_expire(&row_of(d, job->slots[n])->path, now))
				continue;
			d->paths->changed = true;
			tell(d, &job->conf->pools[p], &job->conf->pools[p].backends[i],
				"path MTU no longer lowered");
		}
}

void paths_collect(const struct daemon *d, struct build_job *job)
{
	for (size_t i = 0; i < job->n_backends; i++)
		job->hops[i].mtu = path_mtu(paths_of(d, job->slots[i]), job->hops[i].mtu);
	sl_array_each (&job->leavers, l)
		l->hop.mtu = path_mtu(paths_of(d, l->slot), l->hop.mtu);
}
