/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd_flow.h"
#include "inquiry.h"
#include "net/key.h"
#include "slot_names.h"
#include "tuple.h"

const struct ctl_arg cmd_lookup_args[2] = {
	{"client", JSON_STRING, true},
	{"service", JSON_STRING, true},
};

/* A lookup under way: which lane RSS would choose is not known for every driver, so all are asked.
 */
struct lookup {
	struct daemon *d;
	struct ctl_call *call;
	struct flow_key key;
	bool v6;
	uint16_t service; /* id */
	uint32_t waiting; /* lanes that have not answered */
	uint32_t n;
	struct inquiry *q[]; /* by lane */
};

static void lookup_free(struct lookup *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		inquiry_free(l->q[i]);
	free(l);
}

static void cancelled(void *ctx)
{
	lookup_free(ctx);
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

/* Pool and name of a slot's backend. */
static void put_backend(struct daemon *d, json_t *o, uint16_t slot)
{
	const struct slot_name *name = &d->names->of[slot];
	char leaving[SLOT_NAME_LEAVING_STRLEN];

	set(o, "backend",
		json_string(name->backend ? name->backend : slot_names_leaving(d, slot, leaving)));
}

/* What the pool's table says: hash, entry, backend. Returns the backend's slot, or -1. */
static int put_table(struct lookup *l, json_t *o)
{
	const struct generation *g = l->d->rcu.current;
	const struct service *s = &g->services[l->service];
	struct flow_key key = l->key;
	char text[20];

	if (s->fields == SLOT_FIELDS_SOURCE)
		key_keep_source(&key, l->v6);
	else if (s->fields == SLOT_FIELDS_SOURCE_DEST)
		key_keep_addresses(&key, l->v6);
	const uint64_t hash = l->v6 ? hash48(&g->slot_key, &key) : hash16(&g->slot_key, &key);
	const uint32_t index = sched_index(hash, s->size);
	const uint16_t entry = s->entry[index];

	snprintf(text, sizeof text, "%016llx", (unsigned long long)hash);
	set(o, "hash", json_string(text));
	set(o, "slot", json_integer(index));
	set(o, "slots", json_integer(s->size));
	if (entry == MAGLEV_NONE)
		return -1;
	put_backend(l->d, o, entry & BACKEND_SLOT_MASK);
	return entry & BACKEND_SLOT_MASK;
}

/* The lanes that remember the flow; the one that saw it last comes out. */
static const struct inquiry *put_lanes(struct lookup *l, json_t *list)
{
	const struct inquiry *best = NULL;

	for (uint32_t i = 0; i < l->n; i++) {
		const struct ask *a = l->q[i]->ask;
		json_t *o;

		if (!a->n)
			continue;
		o = json_pack("{s:i, s:i, s:s, s:i}", "lane", (int)i, "lcore",
			(int)daemon_lcore_of(l->d, i), "state", flow_state_name(a->flow[0].state),
			"idle_s", (int)a->flow[0].idle_s);
		put_backend(l->d, o, a->flow[0].slot);
		json_array_append_new(list, o);
		if (!best || a->flow[0].idle_s < best->ask->flow[0].idle_s)
			best = l->q[i];
	}
	return best;
}

/* Does the scheduler choose when the connection comes, and not by what is in its packets? */
static bool by_state(const struct lookup *l)
{
	return l->d->lanes[0]->flows &&
	       l->d->rcu.current->services[l->service].shape != SCHED_TABLE;
}

/* All lanes have answered. */
static void finish(struct lookup *l)
{
	json_t *o = ctl_call_data(l->call), *table = json_object(), *lanes = json_array();
	const struct conf *conf = l->d->running->conf;

	slot_names_follow(l->d->names, l->d);
	for (size_t i = 0; i < conf->n_vips; i++)
		if (l->d->running->services[i] == l->service) {
			set(o, "vip", json_string(conf->vips[i].name));
			set(o, "pool", json_string(conf->vips[i].pool));
		}
	const int slot = put_table(l, table);
	const struct inquiry *flow = put_lanes(l, lanes);

	const char *decided = flow          ? "flow"
			      : by_state(l) ? "scheduler"
			      : slot >= 0   ? "table"
					    : "nothing";

	set(o, "decided", json_string(decided));
	if (flow)
		put_backend(l->d, o, flow->ask->flow[0].slot);
	else if (slot >= 0 && !by_state(l))
		put_backend(l->d, o, (uint16_t)slot);
	set(o, "lanes", lanes);
	set(o, "table", table);
	ctl_call_finish(l->call);
	lookup_free(l);
}

static void answered(void *ctx, struct inquiry *q)
{
	struct lookup *l = ctx;

	if (--l->waiting == 0)
		finish(l);
}

/* The VIP that serves the key. */
static int find_service(struct ctl_call *call, struct lookup *l, const char *service)
{
	const struct vip_table *vips = &l->d->rcu.current->vips;

	l->service = l->v6 ? vip_find6(vips, &l->key) : vip_find4(vips, &l->key);
	if (l->service == VIP_NONE)
		return ctl_call_fail(call, ENOENT, "sluicectl vip list shows the VIPs",
			"no VIP serves %s", service);
	return 0;
}

static int ask_lanes(struct lookup *l)
{
	for (; l->n < l->d->n_lanes; l->n++) {
		struct inquiry *q = inquiry_new(l->n, 1, answered, l);

		l->q[l->n] = q;
		if (!q)
			return -ENOMEM;
		q->ask->kind = ASK_FIND;
		q->ask->key = l->key;
		q->ask->v6 = l->v6;
	}
	return 0;
}

int cmd_lookup(struct ctl_call *call, void *arg)
{
	struct daemon *d = arg;
	const char *service = ctl_call_string(call, "service");
	struct sl_err err = SL_ERR_INIT;
	struct lookup *l;
	struct tuple t;
	int rc;

	if (tuple_parse(ctl_call_string(call, "client"), service, &t, &err)) {
		ctl_call_fail(call, EINVAL, NULL, "%s", sl_err_first(&err));
		sl_err_clear(&err);
		return -EINVAL;
	}
	l = calloc(1, sizeof *l + d->n_lanes * sizeof(struct inquiry *));
	if (!l)
		return -ENOMEM;
	l->d = d;
	l->call = call;
	l->key = tuple_key(&t, &l->v6);
	rc = find_service(call, l, service);
	if (!rc)
		rc = ask_lanes(l);
	if (rc) {
		lookup_free(l);
		return rc;
	}
	l->waiting = l->n;
	rc = ctl_call_later(call, cancelled, l);
	for (uint32_t i = 0; i < d->n_lanes; i++)
		inquiry_send(d->inquiries, l->q[i]);
	return rc;
}
