/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_object.h"
#include "cmd_table.h"
#include "compile/table.h"
#include "daemon.h"
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
	size_t n = t->index;

	for (size_t p = 0; p < t->pool; p++)
		n += d->running->conf->pools[p].n_backends;
	return d->running->slots[n];
}

/* The members of the table in force with the one backend as the draft has it. */
static size_t members_then(const struct daemon *d, const struct target *t,
	const struct conf_backend *is, struct maglev_member *m)
{
	const struct sched_spec *now = &d->rcu.current->tables[t->pool]->spec;
	const uint16_t slot = t->backend ? slot_of(d, t) : MAGLEV_NONE;
	uint32_t effective = 0;
	size_t n = 0;

	for (size_t i = 0; i < now->n; i++) {
		if (now->members[i].slot == slot)
			effective = now->members[i].weight;
		else
			m[n++] = now->members[i];
	}
	if (!t->backend)
		return n;
	const uint32_t weight = plan_weight(t->backend, is, effective);

	if (weight)
		m[n++] = (struct maglev_member){
			.address = is->address, .id = is->id, .weight = weight, .slot = slot};
	return n;
}

static int answer(struct ctl_call *call, const struct sched_table *from,
	const struct sched_table *to, const struct target *t, bool same_hash)
{
	json_t *o = ctl_call_data(call);
	double moved;
	bool by_slots;

	if (sched_moved(from, to, same_hash, &moved, &by_slots))
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	json_object_set_new(o, "pool", json_string(t->pool_name));
	json_object_set_new(o, "moved", json_real(moved));
	json_object_set_new(o, "by", json_string(by_slots ? "slots" : "shares"));
	json_object_set_new(o, "from", pool_item(t->pool_name, from));
	json_object_set_new(o, "to", pool_item(t->pool_name, to));
	return 0;
}

/* The draft is proven: build its table and compare. */
static int compare(
	struct ctl_call *call, const struct daemon *d, const struct conf *draft, struct target *t)
{
	const struct sched_table *now = d->rcu.current->tables[t->pool];
	const struct conf_pool *was = &d->running->conf->pools[t->pool],
			       *is = &draft->pools[t->pool];
	struct maglev_member *m = calloc(now->spec.n + 1, sizeof *m);
	struct sched_table *then = NULL;
	int rc;

	if (m) {
		const size_t n = members_then(d, t, t->backend ? &is->backends[t->index] : NULL, m);
		const struct sched_spec spec = compile_sched_spec(is, m, n);

		then = sched_compile(&spec);
	}
	free(m);
	if (!then)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	rc = answer(call, now, then, t, was->hash == is->hash);
	sched_unref(then);
	return rc;
}

int cmd_table_diff(struct ctl_call *call, void *arg)
{
	const struct daemon *d = arg;
	const struct conf *running = d->running->conf;
	struct sl_err err = SL_ERR_INIT;
	struct conf *draft;
	struct target t;
	int rc = find_target(call, running, ctl_call_string(call, "of"), &t);

	if (rc)
		return rc;
	draft = conf_clone(running);
	if (!draft)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	rc = cmd_object_edit(call, draft, t.list, t.names, "of", &err);
	if (!rc)
		rc = conf_check(draft, &err);
	if (!rc)
		rc = programs_prove(running, draft, &err);
	rc = rc ? change_refuse(call, rc, &err) : compare(call, d, draft, &t);
	conf_free(draft);
	return rc;
}
