/* SPDX-License-Identifier: BSD-3-Clause */

/* Pools: what was decided on them and why, and waiting for them. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scheduler.h"
#include "cmd_health.h"
#include "cmd_show.h"
#include "daemon.h"

const struct ctl_arg cmd_pool_name_args[1] = {{"pool", JSON_STRING, true}};
const struct ctl_arg cmd_pool_wait_args[4] = {{"pool", JSON_STRING, true},
	{"condition", JSON_STRING, true}, {"number", JSON_INTEGER, true},
	{"timeout_ms", JSON_INTEGER, true}};

#define WAIT_MAX_MS 3600000

struct pool_count {
	uint32_t up, down, init, ready, ejected;
};

static struct pool_count count(const struct board *b, const struct board_pool *p)
{
	struct pool_count c = {0};

	for (uint32_t i = p->first; i < p->first + p->n; i++) {
		const struct board_member *m = b->members[i];

		c.up += m->m.state == HEALTH_UP;
		c.down += m->m.state == HEALTH_DOWN;
		c.init += m->m.state == HEALTH_INIT;
		c.ready += m->ready;
		c.ejected += m->m.ejected;
	}
	return c;
}

/* The pool of that name in what the board follows; -1 after ctl_call_fail(). */
static int find_pool(struct ctl_call *call, const struct board *b)
{
	const char *name = ctl_call_string(call, "pool");

	for (size_t i = 0; i < b->n_pools; i++)
		if (strcmp(b->pools[i].name, name) == 0)
			return (int)i;
	ctl_call_fail(
		call, ENOENT, "sluicectl pool list shows them", "pool \"%s\" not found", name);
	return -1;
}

/* The table of a pool in the generation in force; NULL while the pool is still being built. */
static const struct sched_table *table_of(const struct daemon *d, const char *name)
{
	const struct conf *conf = d->running->conf;

	for (size_t i = 0; i < conf->n_pools; i++)
		if (strcmp(conf->pools[i].name, name) == 0)
			return d->rcu.current->tables[i];
	return NULL;
}

static json_t *pool_json(const struct daemon *d, size_t i)
{
	const struct board *b = d->board;
	const struct board_pool *p = &b->pools[i];
	const struct pool_count c = count(b, p);
	const struct sched_table *t = table_of(d, p->name);
	const struct decision *decided = &p->decision;
	char checksum[24];

	snprintf(checksum, sizeof checksum, "%016" PRIx64, t ? t->checksum : 0);
	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:s, s:s, s:f, s:I, s:I, s:s?, s:b, s:i, "
			 "s:s, s:I, s:f, s:i, s:s}",
		"pool", p->name, "backends", (int)p->n, "ready", (int)c.ready, "up", (int)c.up,
		"down", (int)c.down, "init", (int)c.init, "decision",
		decide_reason_name(decided->reason), "reason", decide_reason_help(decided->reason),
		"since_s", (double)(daemon_now_ms() - p->since_ms) / 1000, "weight_ok",
		(json_int_t)decided->w_ok, "weight_all", (json_int_t)decided->w_all, "backup",
		p->backup >= 0 ? b->pools[p->backup].name : NULL, "frozen", board_is_frozen(b),
		"table_size", (int)(t ? t->size : 0), "checksum", checksum, "generation",
		(json_int_t)d->running->number, "generation_s",
		(double)(daemon_now_ms() - d->published_ms) / 1000, "ejected", (int)c.ejected,
		"standing", decide_standing_name(p->standing));
}

int cmd_pool_list_next(struct ctl_call *call, void *daemon, json_t **item)
{
	const struct daemon *d = daemon;
	struct ctl_cursor *at = ctl_call_cursor(call);

	if (at->outer >= d->board->n_pools)
		return 0;
	*item = pool_json(d, at->outer++);
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}

int cmd_pool_show(struct ctl_call *call, void *daemon)
{
	const struct daemon *d = daemon;
	const int i = find_pool(call, d->board);
	json_t *o = ctl_call_data(call), *members, *about;

	if (i < 0)
		return -ENOENT;
	about = pool_json(d, (size_t)i);
	json_object_update(o, about);
	json_decref(about);
	members = json_array();
	for (uint32_t k = 0; k < d->board->pools[i].n; k++) {
		const struct board_member *m = d->board->members[d->board->pools[i].first + k];
		json_t *member = cmd_member_json(d->board, m);
		char address[SL_ADDR_STRLEN];

		json_object_set_new(member, "pool", json_string(m->pool_name));
		json_object_set_new(member, "backend", json_string(m->name));
		json_object_set_new(
			member, "address", json_string(sl_addr_format(&m->address, address)));
		json_object_set_new(member, "weight", json_integer(m->weight));
		json_array_append_new(members, member);
	}
	json_object_set_new(o, "members", members);
	cmd_show_config(call, d, "pools", ctl_call_string(call, "pool"), NULL);
	return 0;
}

/* -- pool.wait ----------------------------------------------------------------------------------
 */

struct wait {
	struct board_waiter waiter; /* first */
	struct board *b;
	struct ctl_call *call;
	struct event *timer;
	bool up; /* waits for so many up, else down */
	uint32_t number;
};

static void wait_forget(void *ctx)
{
	struct wait *w = ctx;

	board_remove_waiter(w->b, &w->waiter);
	if (w->timer)
		event_free(w->timer);
	free(w);
}

/* Is it so? *now: how many there are. */
static bool holds(const struct wait *w, const struct board_pool *p, uint32_t *now)
{
	const struct pool_count c = count(w->b, p);

	*now = w->up ? c.up : c.down;
	return *now >= w->number;
}

/* 0 or -errno: the call has its answer; 1: it does not hold yet. */
static int wait_look(struct wait *w, bool over)
{
	const int i = find_pool(w->call, w->b);
	uint32_t now;

	if (i < 0)
		return -ENOENT;
	const struct board_pool *p = &w->b->pools[i];

	if (holds(w, p, &now)) {
		json_t *o = ctl_call_data(w->call);

		json_object_set_new(o, "pool", json_string(p->name));
		json_object_set_new(o, w->up ? "up" : "down", json_integer(now));
		return 0;
	}
	if (!over)
		return 1;
	return ctl_call_fail(w->call, ETIME, NULL, "pool \"%s\": %u backends are %s, not %u",
		p->name, now, w->up ? "up" : "down", w->number);
}

static void wait_end(struct wait *w)
{
	struct ctl_call *call = w->call;

	wait_forget(w);
	ctl_call_finish(call);
}

static void wait_changed(struct board_waiter *waiter)
{
	struct wait *w = (struct wait *)waiter;

	if (wait_look(w, false) <= 0)
		wait_end(w);
}

static void wait_over(evutil_socket_t fd, short what, void *arg)
{
	struct wait *w = arg;

	wait_look(w, true);
	wait_end(w);
}

static int wait_later(struct wait *w, int64_t ms)
{
	const struct timeval tv = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};

	w->timer = evtimer_new(w->b->d->base, wait_over, w);
	if (!w->timer || evtimer_add(w->timer, &tv)) {
		struct ctl_call *call = w->call;

		wait_forget(w);
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	}
	board_add_waiter(w->b, &w->waiter);
	return ctl_call_later(w->call, wait_forget, w);
}

int cmd_pool_wait(struct ctl_call *call, void *daemon)
{
	struct board *b = ((struct daemon *)daemon)->board;
	const char *condition = ctl_call_string(call, "condition");
	const int64_t number = ctl_call_integer(call, "number", 0);
	const int64_t ms = ctl_call_integer(call, "timeout_ms", 0);
	const bool up = strcmp(condition, "up") == 0;
	struct wait *w;

	if (!up && strcmp(condition, "down") != 0)
		return ctl_call_fail(call, EINVAL, "up=N or down=N, met by N or more",
			"no condition \"%s\"", condition);
	if (number < 0 || number > CONF_MAX_BACKENDS)
		return ctl_call_fail(
			call, EINVAL, NULL, "%s must be 0 to %d", condition, CONF_MAX_BACKENDS);
	if (ms < 0 || ms > WAIT_MAX_MS)
		return ctl_call_fail(
			call, EINVAL, NULL, "the time must be 0 to %d s", WAIT_MAX_MS / 1000);
	w = calloc(1, sizeof *w);
	if (!w)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	*w = (struct wait){{wait_changed, NULL}, b, call, NULL, up, (uint32_t)number};
	const int rc = wait_look(w, ms == 0);

	if (rc > 0)
		return wait_later(w, ms);
	free(w);
	return rc;
}
