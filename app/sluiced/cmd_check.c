/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd_check.h"
#include "cmd_show.h"
#include "conf/schema.h"
#include "daemon.h"
#include "object_edit.h"

const struct ctl_arg cmd_check_args[1] = {{"check", JSON_STRING, true}};

static const struct object_kind check = {"checks", {"check"}, 1};

static bool uses(const struct conf_pool *pool, const char *name)
{
	for (size_t i = 0; i < pool->n_checks; i++)
		if (strcmp(pool->checks[i], name) == 0)
			return true;
	return false;
}

/* -- showing ------------------------------------------------------------------------------------
 */

/* The backends that a check asks, by what it says of them. */
struct tally {
	int backends, state[3];
};

/* The pool of that name in what the board follows, mostly at the same place; NULL: not yet. */
static const struct board_pool *followed(const struct board *b, const char *name, size_t at)
{
	for (size_t i = 0; i < b->n_pools; i++) {
		const struct board_pool *p = &b->pools[(at + i) % b->n_pools];

		if (strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}

static void count_members(
	const struct board *b, const struct board_pool *p, const char *name, struct tally *t)
{
	for (uint32_t i = p->first; i < p->first + p->n; i++) {
		const struct board_member *m = b->members[i];

		for (size_t q = 0; q < m->n_questions; q++) {
			const struct board_question *asked = &m->questions[q];

			if (!asked->check || !asked->name || strcmp(asked->name, name) != 0)
				continue;
			t->backends++;
			t->state[asked->check->health.state]++;
		}
	}
}

/* Who uses the check, and what it says of them. NULL without memory. */
static json_t *use_json(const struct daemon *d, const struct conf_check *k)
{
	const struct conf *conf = d->running->conf;
	json_t *pools = json_array();
	struct tally t = {0};

	for (size_t i = 0; i < conf->n_pools; i++) {
		const struct board_pool *p;

		if (!uses(&conf->pools[i], k->name))
			continue;
		json_array_append_new(pools, json_string(conf->pools[i].name));
		p = followed(d->board, conf->pools[i].name, i);
		if (p)
			count_members(d->board, p, k->name, &t);
	}
	return json_pack("{s:s, s:o, s:i, s:i, s:i, s:i}", "check", k->name, "pools", pools,
		"backends", t.backends, "up", t.state[HEALTH_UP], "down", t.state[HEALTH_DOWN],
		"init", t.state[HEALTH_INIT]);
}

int cmd_check_list_next(struct ctl_call *call, void *daemon, json_t **item)
{
	const struct daemon *d = daemon;
	struct ctl_cursor *at = ctl_call_cursor(call);
	json_t *keys;

	if (at->outer >= d->running->conf->n_checks)
		return 0;
	const struct conf_check *k = &d->running->conf->checks[at->outer++];

	*item = use_json(d, k);
	keys = json_pack("{s:s, s:s, s:o, s:i, s:i, s:i, s:i}", "type",
		conf_check_type_name(k->type), "via", conf_via_name(k->via), "port",
		k->port ? json_integer(k->port) : json_null(), "inter_ms", (int)k->inter_ms,
		"timeout_ms", (int)k->timeout_ms, "rise", (int)k->rise, "fall", (int)k->fall);
	json_object_update(*item, keys);
	json_decref(keys);
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}

int cmd_check_show(struct ctl_call *call, void *daemon)
{
	const struct daemon *d = daemon;
	const char *name = ctl_call_string(call, "check");
	struct edit_object o;
	json_t *use;
	const int rc = cmd_show_find(call, d, check.list, name, NULL, &o);

	if (rc)
		return rc;
	use = use_json(d, o.base);
	if (!use)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	json_object_update(ctl_call_data(call), use);
	json_decref(use);
	cmd_show_config(call, d, check.list, name, NULL);
	return 0;
}

/* -- changing -----------------------------------------------------------------------------------
 */

int cmd_check_add(struct ctl_call *call, void *daemon, void *draft)
{
	return object_add(call, draft, &check);
}

int cmd_check_set(struct ctl_call *call, void *daemon, void *draft)
{
	return object_set(call, draft, &check);
}

/* Names of pools that are told; of more, how many there are. */
#define TOLD 5

/* `pool "a", pool "b" and 3 more`; empty: nobody uses the check. */
static void users_of(const struct conf *conf, const char *name, char *text, size_t size)
{
	size_t n = 0, used = 0;

	*text = '\0';
	for (size_t i = 0; i < conf->n_pools; i++) {
		if (!uses(&conf->pools[i], name) || n++ >= TOLD)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%spool \"%.40s\"",
			n > 1 ? ", " : "", conf->pools[i].name);
	}
	if (n > TOLD)
		snprintf(text + used, size - used, " and %zu more", n - TOLD);
}

int cmd_check_del(struct ctl_call *call, void *daemon, void *arg)
{
	const char *name = ctl_call_string(call, "check");
	struct change_draft *draft = arg;
	char users[320];
	const int rc = object_del(call, draft, &check);

	if (rc)
		return rc;
	users_of(draft->conf, name, users, sizeof users);
	return *users ? ctl_call_fail(call, EBUSY, "give them other checks first",
				"check \"%s\" is used by %s", name, users)
		      : 0;
}
