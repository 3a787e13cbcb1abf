/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_flow.h"
#include "inquiry.h"
#include "slot_names.h"
#include "tuple.h"

/* Rows that a lane fills at a time. */
#define ROOM 1024

const struct ctl_arg cmd_flow_list_args[2] = {
	{"backend", JSON_STRING, false}, /* POOL, or POOL/NAME */
	{"lane", JSON_INTEGER, false},
};

/* A list in the middle. */
struct listing {
	struct daemon *d;
	struct inquiry *q; /* to the lane that is being listed */
	uint64_t row;      /* next of its rows */
	bool pending;
	const char *pool; /* only this one; inside the request */
	uint32_t last;    /* lane */
};

static void listing_free(void *thing)
{
	struct listing *l = thing;

	inquiry_free(l->q);
	free(l);
}

static void answered(void *ctx, struct inquiry *q)
{
	struct listing *l = ctx;

	l->pending = false;
	l->row = 0;
	ctl_server_kick(l->d->ctl);
}

static void ask_lane(struct listing *l)
{
	l->q->ask->n = 0;
	l->pending = true;
	inquiry_send(l->d->inquiries, l->q);
}

/* Which lanes: all, or the one that was asked for. */
static int choose_lanes(struct ctl_call *call, struct listing *l, uint32_t *first)
{
	const int64_t lane = ctl_call_integer(call, "lane", -1);

	*first = 0;
	l->last = l->d->n_lanes - 1;
	if (!ctl_call_has(call, "lane"))
		return 0;
	if (lane < 0 || lane >= l->d->n_lanes)
		return ctl_call_fail(call, ENOENT, "sluicectl flow stats shows the lanes",
			"there is no lane %lld: there are %u, from 0 on", (long long)lane,
			l->d->n_lanes);
	*first = l->last = (uint32_t)lane;
	return 0;
}

/* Which flows: those of a pool, or of one backend. */
static int choose_backend(struct ctl_call *call, struct listing *l)
{
	const char *name = ctl_call_string(call, "backend");
	const struct conf *conf = l->d->running->conf;

	l->q->ask->slot = ASK_ANY_BACKEND;
	if (!name)
		return 0;
	if (strchr(name, '/')) {
		const int slot = slot_names_find(l->d->names, name);

		if (slot < 0)
			return ctl_call_fail(call, ENOENT,
				"sluicectl backend list shows the backends",
				"backend \"%s\" not found", name);
		l->q->ask->slot = (uint16_t)slot;
		return 0;
	}
	for (size_t i = 0; i < conf->n_pools; i++)
		if (strcmp(conf->pools[i].name, name) == 0) {
			l->pool = name;
			return 0;
		}
	return ctl_call_fail(call, ENOENT, "sluicectl backend list shows pools and backends",
		"pool \"%s\" not found", name);
}

int cmd_flow_list(struct ctl_call *call, void *arg)
{
	struct daemon *d = arg;
	struct listing *l = calloc(1, sizeof *l);
	uint32_t first = 0;
	int rc;

	if (!d->lanes[0]->flows) {
		free(l);
		return ctl_call_fail(call, EOPNOTSUPP, "flows.per_lane = 0 in the configuration",
			"connections are not remembered");
	}
	if (!l)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	l->d = d;
	ctl_call_own(call, l, listing_free);
	rc = choose_lanes(call, l, &first);
	if (rc)
		return rc;
	l->q = inquiry_new(first, ROOM, answered, l);
	if (!l->q)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	slot_names_follow(d->names, d);
	rc = choose_backend(call, l);
	if (rc)
		return rc;
	l->q->ask->kind = ASK_LIST;
	ask_lane(l);
	return 0;
}

/* Who talks to whom, where the table knows. */
static void add_ends(json_t *item, const struct ask_flow *f)
{
	const struct tuple t = tuple_of_key(&f->key, f->v6);
	char end[TUPLE_STRLEN];

	if (!f->has_key)
		return;
	json_object_set_new(item, "client", json_string(tuple_end(&t.client, t.client_port, end)));
	json_object_set_new(item, "vip", json_string(tuple_end(&t.vip, t.vip_port, end)));
	json_object_set_new(item, "protocol", json_string(t.proto == IPPROTO_UDP ? "udp" : "tcp"));
}

static json_t *row_item(struct listing *l, const struct ask_flow *f)
{
	const struct slot_name *name = &l->d->names->of[f->slot];
	char leaving[SLOT_NAME_LEAVING_STRLEN];

	if (l->pool && (!name->pool || strcmp(name->pool, l->pool) != 0))
		return NULL;
	json_t *item = json_pack("{s:i, s:s?, s:s, s:s, s:i}", "lane", (int)l->q->lane, "pool",
		name->pool, "backend",
		name->backend ? name->backend : slot_names_leaving(l->d, f->slot, leaving), "state",
		flow_state_name(f->state), "idle_s", (int)f->idle_s);

	if (item)
		add_ends(item, f);
	return item;
}

int cmd_flow_list_next(struct ctl_call *call, void *arg, json_t **item)
{
	struct listing *l = ctl_call_owned(call);

	if (l->pending)
		return CTL_WAIT;
	slot_names_follow(l->d->names, l->d);
	if (l->row < l->q->ask->n) {
		*item = row_item(l, &l->q->ask->flow[l->row++]);
		return 1; /* perhaps nothing in this step */
	}
	if (l->q->ask->end) {
		if (l->q->lane == l->last)
			return 0;
		l->q->lane++;
		l->q->ask->at = 0;
		l->q->ask->end = false;
	}
	ask_lane(l);
	return CTL_WAIT;
}

int cmd_flow_stats_next(struct ctl_call *call, void *arg, json_t **item)
{
	const struct daemon *d = arg;
	struct ctl_cursor *at = ctl_call_cursor(call);

	if (at->outer == d->n_lanes)
		return 0;
	const uint32_t lane = (uint32_t)at->outer++;
	const struct flow_table *t = d->lanes[lane]->flows;

	if (!t)
		return 1;
	*item = json_pack("{s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "lane", (int)lane, "lcore",
		(int)daemon_lcore_of(d, lane), "entries",
		(json_int_t)__atomic_load_n(&t->entries, __ATOMIC_RELAXED), "capacity",
		(json_int_t)FLOW_WAYS * (t->mask + 1), "inserts",
		(json_int_t)counter_read(&t->inserts), "expired",
		(json_int_t)counter_read(&t->expired), "evicted",
		(json_int_t)counter_read(&t->evicted), "bypass",
		(json_int_t)counter_read(&t->bypass));
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}
