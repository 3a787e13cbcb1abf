/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_session.h"
#include "sessions.h"
#include "slot_names.h"

/* Words that one step looks at: some tens of microseconds. */
#define STEP_WORDS 4096

const struct ctl_arg cmd_session_list_args[1] = {{"pool", JSON_STRING, false}};

const struct ctl_arg cmd_session_flush_args[4] = {
	{"all", JSON_TRUE, false}, {"pool", JSON_STRING, false},
	{"backend", JSON_STRING, false}, /* POOL/NAME */
	{"client", JSON_STRING, false},  /* its address */
};

static struct sl_addr address_of(const struct session_client *c)
{
	return c->is6 ? sl_addr_from16(c->source) : sl_addr_from4(c->source);
}

static int no_pool(struct ctl_call *call, const char *name)
{
	return ctl_call_fail(call, ENOENT, "sluicectl backend list shows pools and backends",
		"pool \"%s\" not found", name);
}

static int pool_number(const struct daemon *d, const char *name)
{
	for (uint32_t i = 0; i < SESSIONS_POOLS; i++)
		if (d->sessions->name[i] && strcmp(d->sessions->name[i], name) == 0)
			return (int)i;
	return -1;
}

int cmd_session_list(struct ctl_call *call, void *arg)
{
	struct daemon *d = arg;
	const char *pool = ctl_call_string(call, "pool");

	sessions_follow(d);
	return pool && pool_number(d, pool) < 0 ? no_pool(call, pool) : 0;
}

/* A session that a new flow would find. */
static bool is_live(const struct sessions *s, const struct session_client *c, uint64_t word)
{
	return c->pool < SESSIONS_POOLS && s->name[c->pool] &&
	       session_idle_s(s->table, word) <= s->persist_s[c->pool];
}

int cmd_session_list_next(struct ctl_call *call, void *arg, json_t **item)
{
	struct daemon *d = arg;
	struct sessions *s = d->sessions;
	struct ctl_cursor *at = ctl_call_cursor(call);
	const char *only = ctl_call_string(call, "pool");
	const uint32_t n = session_words(s->table);

	slot_names_follow(d->names, d);
	sessions_follow(d);
	for (uint32_t i = 0; i < STEP_WORDS && at->outer < n; i++) {
		struct session_client c;
		char addr[SL_ADDR_STRLEN];
		uint64_t word;

		if (!session_read(s->table, (uint32_t)at->outer++, &word, &c) ||
			!is_live(s, &c, word) || (only && strcmp(s->name[c.pool], only) != 0))
			continue;
		const struct sl_addr a = address_of(&c);
		const struct slot_name *name = &d->names->of[session_slot(word)];

		*item = json_pack("{s:s, s:s, s:s?, s:i, s:i}", "pool", s->name[c.pool], "client",
			sl_addr_format(&a, addr), "backend", name->backend, "idle_s",
			(int)session_idle_s(s->table, word), "left_s",
			(int)(s->persist_s[c.pool] - session_idle_s(s->table, word)));
		return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
	}
	return at->outer < n;
}

/* Which sessions are to be forgotten. */
struct order {
	int pool, slot; /* -1 = any */
	bool has_client;
	struct sl_addr client;
};

static int read_order(struct ctl_call *call, const struct daemon *d, struct order *o)
{
	const char *pool = ctl_call_string(call, "pool");
	const char *backend = ctl_call_string(call, "backend");
	const char *client = ctl_call_string(call, "client");

	*o = (struct order){.pool = -1, .slot = -1, .has_client = client != NULL};
	if (!pool && !backend && !client && !ctl_call_boolean(call, "all", false))
		return ctl_call_fail(call, EINVAL,
			"all, POOL, --backend POOL/NAME or a client's address",
			"say which clients are to be forgotten");
	if (pool && (o->pool = pool_number(d, pool)) < 0)
		return no_pool(call, pool);
	if (backend && (o->slot = slot_names_find(d->names, backend)) < 0)
		return ctl_call_fail(call, ENOENT,
			"sluicectl backend list shows the backends, as POOL/NAME",
			"backend \"%s\" not found", backend);
	if (client && sl_addr_parse(client, &o->client))
		return ctl_call_fail(call, EINVAL, "for example 192.0.2.1 or 2001:db8::1",
			"\"%.80s\" is no address of a client", client);
	return 0;
}

static bool fits(const struct order *o, const struct session_client *c, uint64_t word)
{
	const struct sl_addr a = address_of(c);

	return (o->pool < 0 || c->pool == (uint32_t)o->pool) &&
	       (o->slot < 0 || session_slot(word) == o->slot) &&
	       (!o->has_client || sl_addr_eq(&a, &o->client));
}

/* A flush under way. */
struct flush {
	struct daemon *d;
	struct ctl_call *call;
	struct event *step;
	struct order order;
	uint32_t next;
	uint64_t forgotten;
};

static void flush_free(void *ctx)
{
	struct flush *f = ctx;

	event_free(f->step);
	free(f);
}

static void on_step(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once;
	struct flush *f = arg;
	struct session_table *t = f->d->sessions->table;
	const uint32_t n = session_words(t);

	for (uint32_t i = 0; i < STEP_WORDS && f->next < n; i++, f->next++) {
		struct session_client c;
		uint64_t word;

		if (session_read(t, f->next, &word, &c) && fits(&f->order, &c, word) &&
			session_forget(t, f->next, word))
			f->forgotten += is_live(f->d->sessions, &c, word);
	}
	if (f->next < n) {
		evtimer_add(f->step, &at_once);
		return;
	}
	json_object_set_new(
		ctl_call_data(f->call), "flushed", json_integer((json_int_t)f->forgotten));
	ctl_call_finish(f->call);
	flush_free(f);
}

int cmd_session_flush(struct ctl_call *call, void *arg)
{
	struct daemon *d = arg;
	struct order order;
	struct flush *f;
	int rc;

	slot_names_follow(d->names, d);
	sessions_follow(d);
	rc = read_order(call, d, &order);
	if (rc)
		return rc;
	f = calloc(1, sizeof *f);
	if (f)
		f->step = evtimer_new(d->base, on_step, f);
	if (!f || !f->step) {
		free(f);
		return -ENOMEM;
	}
	f->d = d;
	f->call = call;
	f->order = order;
	rc = ctl_call_later(call, flush_free, f);
	on_step(-1, 0, f);
	return rc;
}

int cmd_session_stats_next(struct ctl_call *call, void *arg, json_t **item)
{
	const struct daemon *d = arg;
	const struct sessions *s = d->sessions;
	struct lane_sessions sum = {0};

	if (ctl_call_cursor(call)->outer++)
		return 0;
	for (uint32_t i = 0; i < d->n_lanes; i++) {
		const struct lane_sessions *l = &d->lanes[i]->session;

		sum.hits += counter_read(&l->hits);
		sum.began += counter_read(&l->began);
		sum.changed += counter_read(&l->changed);
		sum.evicted += counter_read(&l->evicted);
	}
	*item = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "entries", (json_int_t)s->entries,
		"capacity", (json_int_t)session_words(s->table), "hits", (json_int_t)sum.hits,
		"began", (json_int_t)sum.began, "changed", (json_int_t)sum.changed, "evicted",
		(json_int_t)sum.evicted, "expired", (json_int_t)s->expired);
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}
