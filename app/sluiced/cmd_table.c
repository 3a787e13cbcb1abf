/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_table.h"
#include "compile/table.h"
#include "daemon.h"
#include "object_edit.h"
#include "plan.h"
#include "programs.h"
#include "slot_names.h"
#include "table/sched_diff.h"

#define CHECKSUM_STRLEN 17

const struct ctl_arg cmd_table_show_args[1] = {{"pool", JSON_STRING, false}};
const struct ctl_arg cmd_table_diff_args[1] = {{"of", JSON_STRING, true}};

static int find_pool(const struct conf *conf, const char *name, size_t len)
{
	for (size_t p = 0; p < conf->n_pools; p++)
		if (strlen(conf->pools[p].name) == len &&
			memcmp(conf->pools[p].name, name, len) == 0)
			return (int)p;
	return -1;
}

int cmd_table_show(struct ctl_call *call, void *arg)
{
	const struct daemon *d = arg;
	const char *name = ctl_call_string(call, "pool");

	if (name && find_pool(d->running->conf, name, strlen(name)) < 0)
		return ctl_call_fail(call, ENOENT, "sluicectl table show lists all pools",
			"pool \"%s\" not found", name);
	return 0;
}

static const char *checksum_text(const struct sched_table *t, char *buf)
{
	snprintf(buf, CHECKSUM_STRLEN, "%016" PRIx64, t->checksum);
	return buf;
}

/* The pool as a whole. */
static json_t *pool_item(const char *pool, const struct sched_table *t)
{
	static const char *const shapes[] = {
		[SCHED_TABLE] = "table",
		[SCHED_CHANCE] = "chance",
		[SCHED_CURSOR] = "cursor",
		[SCHED_LOAD] = "load",
		[SCHED_PROGRAM] = "program",
	};
	char sum[CHECKSUM_STRLEN];

	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:f, s:s}", "pool", pool, "scheduler",
		scheduler_name(t->spec.scheduler), "shape", shapes[t->shape], "slots",
		(json_int_t)sched_turns(t), "backends", (json_int_t)t->spec.n, "deviation",
		sched_deviation(t), "checksum", checksum_text(t, sum));
}

/* Answers of programs that named no member, of all pools since the start. */
static json_int_t strays(const struct daemon *d)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < d->n_lanes; i++)
		sum += counter_read(&d->lanes[i]->program_strays);
	return (json_int_t)sum;
}

static json_t *member_item(
	struct daemon *d, const char *pool, const struct sched_table *t, size_t i)
{
	const struct maglev_member *m = &t->spec.members[i];
	const double share = sched_share(t, i), meant = sched_meant(t, i);
	const char *name;

	slot_names_follow(d->names, d);
	name = d->names->of[m->slot].backend;
	return json_pack("{s:s, s:s, s:I, s:I, s:f, s:f, s:f}", "pool", pool, "backend",
		name ? name : "?", "weight", (json_int_t)m->weight, "slots",
		(json_int_t)t->owned[i], "share", share, "meant", meant, "deviation",
		share / meant - 1);
}

/* outer: number of the pool; inner: 0 = the pool itself, then its members, if it was asked for. */
int cmd_table_show_next(struct ctl_call *call, void *arg, json_t **item)
{
	struct daemon *d = arg;
	const struct conf *conf = d->running->conf;
	const char *only = ctl_call_string(call, "pool");
	struct ctl_cursor *at = ctl_call_cursor(call);

	if (at->outer == conf->n_pools)
		return 0;
	const struct sched_table *t = d->rcu.current->tables[at->outer];
	const char *name = conf->pools[at->outer].name;
	const bool mine = !only || strcmp(only, name) == 0;

	if (!mine || at->inner > (only ? t->spec.n : 0)) {
		at->outer++;
		at->inner = 0;
		return 1;
	}
	*item = at->inner ? member_item(d, name, t, at->inner - 1) : pool_item(name, t);
	if (*item && !at->inner && t->shape == SCHED_PROGRAM)
		json_object_set_new(*item, "strays", json_integer(strays(d)));
	at->inner++;
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}

/* A change of one pool: the object that is edited, and its backend if it is one. */
struct target {
	size_t pool;
	const struct conf_backend *backend; /* in the running configuration; or NULL */
	size_t index;                       /* of the backend in its pool */
	const char *list, *names[2];
	char pool_name[64];
};

static int find_target(
	struct ctl_call *call, const struct conf *conf, const char *of, struct target *t)
{
	const size_t len = strcspn(of, "/");
	const int p = find_pool(conf, of, len);

	*t = (struct target){.list = "pools"};
	if (p < 0)
		return ctl_call_fail(call, ENOENT, "sluicectl table show lists all pools",
			"pool \"%.*s\" not found", (int)len, of);
	const struct conf_pool *pool = &conf->pools[p];

	t->pool = (size_t)p;
	snprintf(t->pool_name, sizeof t->pool_name, "%s", pool->name);
	t->names[0] = t->pool_name;
	if (!of[len])
		return 0;
	t->list = "pools[].backends";
	t->names[1] = of + len + 1;
	for (size_t i = 0; i < pool->n_backends; i++)
		if (strcmp(pool->backends[i].name, of + len + 1) == 0) {
			t->backend = &pool->backends[i];
			t->index = i;
			return 0;
		}
	return ctl_call_fail(call, ENOENT, "sluicectl backend list shows them",
		"pool \"%s\": backend \"%s\" not found", pool->name, of + len + 1);
}

static uint16_t slot_of(const struct daemon *d, const struct target *t)
{
	return d->running->slots[conf_count_backends(d->running->conf, t->pool) + t->index];
}

/* What is compared beside the control thread: the table in force, held, with what the draft says.
 */
struct comparison {
	struct errand errand;
	struct target t;
	struct version *running; /* held */
	struct sched_table *now; /* held */
	uint16_t slot;           /* of the backend */
	struct conf *draft;
	struct sl_err err;
	int rc;
	json_t *from, *to;
	double moved;
	bool by_slots;
};

/* The members of the table in force with the one backend as the draft has it. */
static size_t members_then(
	const struct comparison *c, const struct conf_backend *is, struct maglev_member *m)
{
	const struct sched_spec *now = &c->now->spec;
	uint32_t effective = 0;
	size_t n = 0;

	for (size_t i = 0; i < now->n; i++) {
		if (now->members[i].slot == c->slot)
			effective = now->members[i].weight;
		else
			m[n++] = now->members[i];
	}
	if (!c->t.backend)
		return n;
	const uint32_t weight = plan_weight(c->t.backend, is, effective);

	if (weight)
		m[n++] = (struct maglev_member){
			.address = is->address, .id = is->id, .weight = weight, .slot = c->slot};
	return n;
}

/* The draft is proven: build its table and compare. */
static int compare(struct comparison *c)
{
	const struct target *t = &c->t;
	const struct conf_pool *was = &c->running->conf->pools[t->pool],
			       *is = &c->draft->pools[t->pool];
	struct maglev_member *m = calloc(c->now->spec.n + 1, sizeof *m);
	struct sched_table *then = NULL;
	int rc;

	if (m) {
		const size_t n = members_then(c, t->backend ? &is->backends[t->index] : NULL, m);
		const struct sched_spec spec = compile_sched_spec(is, m, n);

		then = sched_compile(&spec);
	}
	free(m);
	if (!then)
		return sl_err_sys(&c->err, ENOMEM, "cannot build the table");
	rc = sched_moved(c->now, then, was->hash == is->hash, &c->moved, &c->by_slots);
	if (rc)
		sl_err_sys(&c->err, rc, "cannot compare tables");
	c->from = pool_item(t->pool_name, c->now);
	c->to = pool_item(t->pool_name, then);
	sched_unref(then);
	return rc;
}

static void run_comparison(struct errand *e)
{
	struct comparison *c = (struct comparison *)e;

	c->rc = conf_check(c->draft, &c->err);
	if (!c->rc)
		c->rc = programs_prove(c->running->conf, c->draft, &c->err);
	if (!c->rc)
		c->rc = compare(c);
}

static void say_comparison(struct errand *e)
{
	struct comparison *c = (struct comparison *)e;
	json_t *o = ctl_call_data(e->call);

	if (c->rc) {
		change_refuse(e->call, c->rc, &c->err);
		return;
	}
	json_object_set_new(o, "pool", json_string(c->t.pool_name));
	json_object_set_new(o, "moved", json_real(c->moved));
	json_object_set_new(o, "by", json_string(c->by_slots ? "slots" : "shares"));
	json_object_set(o, "from", c->from);
	json_object_set(o, "to", c->to);
}

static void end_comparison(struct errand *e)
{
	struct comparison *c = (struct comparison *)e;

	json_decref(c->from);
	json_decref(c->to);
	sched_unref(c->now);
	waste_conf(c->running->waste, c->draft);
	version_put(c->running);
	sl_err_clear(&c->err);
	free(c);
}

static int begin_comparison(struct ctl_call *call, const struct daemon *d, struct comparison *c)
{
	const struct conf *running = c->running->conf;
	int rc = find_target(call, running, ctl_call_string(call, "of"), &c->t);

	if (rc)
		return rc;
	c->slot = c->t.backend ? slot_of(d, &c->t) : MAGLEV_NONE;
	c->now = sched_ref(d->rcu.current->tables[c->t.pool]);
	c->draft = conf_clone(running);
	if (!c->draft)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	rc = object_edit(call, c->draft, c->t.list, c->t.names, "of", &c->err);
	return rc ? change_refuse(call, rc, &c->err) : 0;
}

int cmd_table_diff(struct ctl_call *call, void *arg)
{
	const struct daemon *d = arg;
	struct comparison *c = calloc(1, sizeof *c);
	int rc;

	if (!c)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	c->errand = (struct errand){
		.run = run_comparison, .done = say_comparison, .end = end_comparison};
	c->running = version_get(d->running->version);
	rc = begin_comparison(call, d, c);
	if (!rc)
		return errands_answer(d->errands, &c->errand, call);
	end_comparison(&c->errand);
	return rc;
}
