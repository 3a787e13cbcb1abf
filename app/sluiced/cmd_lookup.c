/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd_flow.h"
#include "inquiry.h"
#include "net/key.h"
#include "sessions.h"
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
	const char *name; /* of the service, as it was asked for; inside the request */
	uint16_t vip;     /* service id */
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

/* The VIP as the pool serves it that a rule, or the VIP itself, names. */
static const struct service *service_of(const struct lookup *l)
{
	const struct service *s = &l->d->rcu.current->services[l->vip];
	uint64_t source[2];
	uint16_t target;

	if (!s->rules)
		return s;
	key_source_number(&l->key, l->v6, source);
	target = rules_find(s->rules, source, 0);
	return target == RULES_NONE ? s : &s->rules->service[target];
}

/* What the pool's table says: hash, entry, backend. Returns the backend's slot, or -1. */
static int put_table(struct lookup *l, json_t *o)
{
	const struct generation *g = l->d->rcu.current;
	const struct service *s = service_of(l);
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

/* What the client's session says. Returns the slot that a new flow would take, or -1. */
static int put_session(struct lookup *l, json_t *o)
{
	const struct generation *g = l->d->rcu.current;
	const struct service *s = service_of(l);
	const struct session_table *t = l->d->sessions->table;
	struct session_client c = {.pool = s->pool_id, .is6 = l->v6};
	struct session at;
	json_t *session;

	if (!s->persist_s)
		return -1;
	key_source(&l->key, l->v6, c.source);
	at = session_find(t, session_hash(t, &c), s->persist_s);
	if (!at.word)
		return -1;
	const uint16_t slot = session_slot(at.word);

	session = json_pack("{s:i}", "idle_s", (int)session_idle_s(t, at.word));
	put_backend(l->d, session, slot);
	set(o, "session", session);
	return slot < g->n_backends && g->backends[slot].state == BACKEND_READY &&
			       g->pool_of[slot] == s->pool_id
		       ? slot
		       : -1;
}

/* Does the scheduler choose when the connection comes, and not by what is in its packets? */
static bool by_state(const struct lookup *l)
{
	return l->d->lanes[0]->flows && service_of(l)->shape != SCHED_TABLE;
}

/* The VIP that serves the key. */
static int find_vip(struct lookup *l)
{
	const struct vip_table *vips = &l->d->rcu.current->vips;

	l->vip = l->v6 ? vip_find6(vips, &l->key) : vip_find4(vips, &l->key);
	if (l->vip == VIP_NONE)
		return ctl_call_fail(l->call, ENOENT, "sluicectl vip list shows the VIPs",
			"no VIP serves %s", l->name);
	return 0;
}

/* The VIP, and the pool that serves it. */
static void put_names(const struct lookup *l, json_t *o)
{
	const struct conf *conf = l->d->running->conf;

	for (size_t i = 0; i < conf->n_vips; i++)
		if (l->d->running->services[i] == l->vip)
			set(o, "vip", json_string(conf->vips[i].name));
	set(o, "pool", json_string(conf->pools[service_of(l)->pool].name));
}

/* Who decides: a flow before a session before the table. */
static void put_decision(struct lookup *l, json_t *o)
{
	json_t *table = json_object(), *lanes = json_array();
	const int slot = put_table(l, table);
	const struct inquiry *flow = put_lanes(l, lanes);
	const int session = flow ? -1 : put_session(l, o);

	if (flow) {
		set(o, "decided", json_string("flow"));
		put_backend(l->d, o, flow->ask->flow[0].slot);
	} else if (session >= 0) {
		set(o, "decided", json_string("session"));
		put_backend(l->d, o, (uint16_t)session);
	} else if (by_state(l)) {
		set(o, "decided", json_string("scheduler"));
	} else if (slot >= 0) {
		set(o, "decided", json_string("table"));
		put_backend(l->d, o, (uint16_t)slot);
	} else {
		set(o, "decided", json_string("nothing"));
	}
	set(o, "lanes", lanes);
	set(o, "table", table);
}

/* All lanes have answered. Meanwhile another configuration may be in force. */
static void finish(struct lookup *l)
{
	slot_names_follow(l->d->names, l->d);
	if (find_vip(l) == 0) {
		put_names(l, ctl_call_data(l->call));
		put_decision(l, ctl_call_data(l->call));
	}
	ctl_call_finish(l->call);
	lookup_free(l);
}

static void answered(void *ctx, struct inquiry *q)
{
	struct lookup *l = ctx;

	if (--l->waiting == 0)
		finish(l);
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
	l->name = service;
	rc = find_vip(l);
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
