/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "cmd_object.h"
#include "conf/edit.h"
#include "cut.h"
#include "daemon.h"

const struct ctl_arg cmd_vip_args[1] = {{"vip", JSON_STRING, true}};
const struct ctl_arg cmd_vip_force_args[2] = {
	{"vip", JSON_STRING, true}, {"force", JSON_TRUE, false}};
const struct ctl_arg cmd_pool_args[2] = {{"pool", JSON_STRING, true}, {"force", JSON_TRUE, false}};
const struct ctl_arg cmd_port_args[1] = {{"port", JSON_STRING, true}};
const struct ctl_arg cmd_backend_args[3] = {
	{"pool", JSON_STRING, false}, {"backend", JSON_STRING, true}, {"force", JSON_TRUE, false}};
const struct ctl_arg cmd_weight_args[4] = {{"pool", JSON_STRING, false},
	{"backend", JSON_STRING, true}, {"force", JSON_TRUE, false},
	{"weight", CTL_JSON_ANY, true}};

const struct ctl_arg cmd_replace_args[3] = {
	{"pool", JSON_STRING, true}, {"backends", JSON_ARRAY, true}, {"force", JSON_TRUE, false}};

/* Where objects of a kind stand, and which arguments name one. */
struct cmd_kind {
	const char *list;
	const char *names[2];
	size_t n_names;
};

static const struct cmd_kind vip = {"vips", {"vip"}, 1};
static const struct cmd_kind pool = {"pools", {"pool"}, 1};
static const struct cmd_kind port = {"ports", {"port"}, 1};
static const struct cmd_kind backend = {"pools[].backends", {"pool", "backend"}, 2};

struct names {
	const char *name[2];
};

/* Both what is refused for its effect on traffic and what the caller says to that. */
static void note_force(const struct ctl_call *call, struct change_draft *draft)
{
	draft->force |= ctl_call_boolean(call, "force", false);
}

/* The pool of a backend that was named without one, where it is the only such backend. */
static int find_owner(const struct conf *conf, struct names *n, struct sl_err *err)
{
	const char *first = NULL;

	for (size_t p = 0; p < conf->n_pools; p++) {
		for (size_t i = 0; i < conf->pools[p].n_backends; i++) {
			if (strcmp(conf->pools[p].backends[i].name, n->name[1]) != 0)
				continue;
			if (first)
				return sl_err_add(err,
					"backend \"%.63s\" is in pool \"%s\" and in pool \"%s\": "
					"say which, as POOL/BACKEND",
					n->name[1], first, conf->pools[p].name);
			first = conf->pools[p].name;
		}
	}
	n->name[0] = first;
	if (first)
		return 0;
	sl_err_add(err, "backend \"%.63s\" not found", n->name[1]);
	return -ENOENT;
}

/* Which object the caller means. 0, or -errno with a message. */
static int names_of(const struct ctl_call *call, const struct change_draft *draft,
	const struct cmd_kind *kind, struct names *n, struct sl_err *err)
{
	for (size_t i = 0; i < kind->n_names; i++)
		n->name[i] = ctl_call_string(call, kind->names[i]);
	return n->name[0] ? 0 : find_owner(draft->conf, n, err);
}

/* The object itself. */
static int find_object(struct ctl_call *call, struct change_draft *draft,
	const struct cmd_kind *kind, struct names *n, struct edit_object *o, struct sl_err *err)
{
	const int rc = names_of(call, draft, kind, n, err);

	note_force(call, draft);
	return rc ? rc : edit_find(draft->conf, kind->list, n->name, o, err);
}

static bool is_name(const struct cmd_kind *kind, const char *key)
{
	for (size_t i = 0; kind && i < kind->n_names; i++)
		if (strcmp(kind->names[i], key) == 0)
			return true;
	return kind && strcmp(key, "force") == 0;
}

static bool to_value(const json_t *json, struct edit_value *v)
{
	*v = (struct edit_value){EDIT_TEXT, 0, NULL};
	if (json_is_integer(json)) {
		v->kind = EDIT_NUMBER;
		v->number = json_integer_value(json);
	} else if (json_is_boolean(json)) {
		v->kind = EDIT_BOOL;
		v->number = json_is_true(json);
	} else {
		v->text = json_string_value(json);
	}
	return v->kind != EDIT_TEXT || v->text;
}

/* One key from its JSON value; null: back to its default. */
static int set_key(struct conf *conf, const struct edit_object *o, const char *key,
	const json_t *json, struct sl_err *err)
{
	sl_array(struct edit_value) values = {0};
	struct edit_value one;
	const json_t *element;
	size_t i;
	int rc = 0;

	if (json_is_null(json))
		return edit_unset(conf, o, key, err);
	if (!json_is_array(json))
		return to_value(json, &one)
			       ? edit_set(conf, o, key, &one, 1, false, err)
			       : sl_err_add(
					 err, "%s: a number, a text, true or false is needed", key);
	json_array_foreach((json_t *)json, i, element)
	{
		struct edit_value *v = sl_array_add(&values);

		if (!v)
			rc = -ENOMEM;
		else if (!to_value(element, v))
			rc = sl_err_add(err, "%s: an array of numbers or texts is needed", key);
		if (rc)
			break;
	}
	if (!rc)
		rc = edit_set(conf, o, key, values.item, values.count, true, err);
	sl_array_free(&values);
	return rc;
}

/* Every argument that is no name is a key. All mistakes are collected. */
static int set_from(const json_t *args, const struct cmd_kind *kind, struct conf *conf,
	const struct edit_object *o, struct sl_err *err)
{
	const char *program = json_string_value(json_object_get(args, "program"));
	json_t *value;
	const char *key;
	int rc = 0;

	json_object_foreach((json_t *)args, key, value)
	{
		if (is_name(kind, key))
			continue;
		const int one = set_key(conf, o, key, value, err);

		rc = rc ? rc : one;
	}
	/* Who names a program wants the file as it is now, also under the name that it had. */
	if (program)
		conf_stamp_programs(conf, program);
	return rc;
}

int cmd_set_keys(struct ctl_call *call, const struct cmd_kind *kind, struct conf *conf,
	const struct edit_object *o, struct sl_err *err)
{
	return set_from(ctl_call_args(call), kind, conf, o, err);
}

static int all_given(const json_t *args, const struct conf_row *list, struct sl_err *err)
{
	const char *key;
	int rc = 0;

	for (size_t i = 0; (key = edit_required(list, i)); i++)
		if (!json_object_get(args, key))
			rc = sl_err_add(err, "a new %s needs \"%s\"", list->unit, key);
	return rc;
}

static int done(struct ctl_call *call, int rc, struct sl_err *err)
{
	return rc ? change_refuse(call, rc, err) : 0;
}

static int object_add(
	struct ctl_call *call, struct change_draft *draft, const struct cmd_kind *kind)
{
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct names names;
	int rc;

	if (kind == &backend && !ctl_call_has(call, "pool"))
		return ctl_call_fail(call, EINVAL, NULL,
			"which pool is the backend to be put into? Say POOL/BACKEND");
	rc = names_of(call, draft, kind, &names, &err);
	if (!rc)
		rc = edit_add(draft->conf, kind->list, names.name, &o, &err);
	if (!rc)
		rc = cmd_set_keys(call, kind, draft->conf, &o, &err);
	if (!rc)
		rc = all_given(ctl_call_args(call), o.list, &err);
	return done(call, rc, &err);
}

static int object_set(
	struct ctl_call *call, struct change_draft *draft, const struct cmd_kind *kind)
{
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct names names;
	int rc = find_object(call, draft, kind, &names, &o, &err);

	if (!rc)
		rc = cmd_set_keys(call, kind, draft->conf, &o, &err);
	return done(call, rc, &err);
}

static int object_del(
	struct ctl_call *call, struct change_draft *draft, const struct cmd_kind *kind)
{
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct names names;
	int rc = find_object(call, draft, kind, &names, &o, &err);

	if (!rc)
		rc = edit_delete(draft->conf, kind->list, names.name, &err);
	return done(call, rc, &err);
}

int cmd_object_edit(struct ctl_call *call, struct conf *conf, const char *list,
	const char *const *names, const char *skip, struct sl_err *err)
{
	const struct cmd_kind kind = {list, {skip}, 1};
	struct edit_object o;
	const int rc = edit_find(conf, list, names, &o, err);

	return rc ? rc : cmd_set_keys(call, &kind, conf, &o, err);
}

int cmd_vip_add(struct ctl_call *call, void *daemon, void *draft)
{
	return object_add(call, draft, &vip);
}

int cmd_vip_del(struct ctl_call *call, void *daemon, void *draft)
{
	const int rc = object_del(call, draft, &vip);

	return rc ? rc : cut_vip(call, daemon, ctl_call_string(call, "vip"));
}

/* Another address, port or protocol is another VIP: to the connections the old one is gone. */
int cmd_vip_set(struct ctl_call *call, void *daemon, void *draft)
{
	const int rc = object_set(call, draft, &vip);

	if (rc || !(ctl_call_has(call, "address") || ctl_call_has(call, "port") ||
			  ctl_call_has(call, "protocol")))
		return rc;
	return cut_vip(call, daemon, ctl_call_string(call, "vip"));
}

int cmd_pool_add(struct ctl_call *call, void *daemon, void *draft)
{
	return object_add(call, draft, &pool);
}

int cmd_pool_set(struct ctl_call *call, void *daemon, void *draft)
{
	return object_set(call, draft, &pool);
}

int cmd_port_set(struct ctl_call *call, void *daemon, void *draft)
{
	return object_set(call, draft, &port);
}

int cmd_backend_add(struct ctl_call *call, void *daemon, void *draft)
{
	return object_add(call, draft, &backend);
}

int cmd_backend_del(struct ctl_call *call, void *daemon, void *arg)
{
	struct change_draft *draft = arg;
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct names names;
	int rc = find_object(call, draft, &backend, &names, &o, &err);

	if (rc)
		return change_refuse(call, rc, &err);
	rc = cut_backend(call, daemon, draft, names.name[0], names.name[1]);
	return rc ? rc : object_del(call, draft, &backend);
}

static const struct conf_vip *user_of(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_vips; i++)
		if (strcmp(conf->vips[i].pool, name) == 0)
			return &conf->vips[i];
	return NULL;
}

int cmd_pool_del(struct ctl_call *call, void *daemon, void *arg)
{
	struct change_draft *draft = arg;
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct names names;
	int rc = find_object(call, draft, &pool, &names, &o, &err);

	if (rc)
		return change_refuse(call, rc, &err);
	const struct conf_vip *user = user_of(draft->conf, names.name[0]);

	if (user)
		return ctl_call_fail(call, EBUSY, "give the VIP another pool, or delete it first",
			"pool \"%s\" serves VIP \"%s\"", names.name[0], user->name);
	const struct conf_pool *gone = o.base;

	for (size_t i = 0; i < gone->n_backends && !rc; i++)
		rc = cut_backend(call, daemon, draft, gone->name, gone->backends[i].name);
	return rc ? rc : object_del(call, draft, &pool);
}

/* One text for one key of a backend. */
static int set_one(struct ctl_call *call, struct change_draft *draft, const char *key,
	const struct edit_value *value)
{
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct names names;
	int rc;

	/* An operator may not leave a VIP without backends. */
	if (ctl_call_boolean(call, "force", false) &&
		ctl_call_need(call, CTL_ROLE_ADMIN, "\"force\""))
		return -EPERM;
	rc = find_object(call, draft, &backend, &names, &o, &err);
	if (!rc)
		rc = edit_set(draft->conf, &o, key, value, 1, false, &err);
	return done(call, rc, &err);
}

static int set_admin(struct ctl_call *call, struct change_draft *draft, const char *state)
{
	const struct edit_value value = {EDIT_TEXT, 0, state};

	return set_one(call, draft, "admin", &value);
}

int cmd_backend_drain(struct ctl_call *call, void *daemon, void *draft)
{
	return set_admin(call, draft, "drain");
}

int cmd_backend_maint(struct ctl_call *call, void *daemon, void *draft)
{
	return set_admin(call, draft, "maint");
}

int cmd_backend_ready(struct ctl_call *call, void *daemon, void *draft)
{
	return set_admin(call, draft, "ready");
}

int cmd_backend_set(struct ctl_call *call, void *daemon, void *draft)
{
	return object_set(call, draft, &backend);
}

/* "50%" of the weight it has: never 0 by rounding. */
static int relative(struct ctl_call *call, struct change_draft *draft, const char *text,
	struct edit_value *value)
{
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct names names;
	char *end;
	const double percent = strtod(text, &end);
	int rc = find_object(call, draft, &backend, &names, &o, &err);

	if (rc)
		return change_refuse(call, rc, &err);
	if (end == text || strcmp(end, "%") != 0 || !(percent >= 0 && percent <= 10000))
		return ctl_call_fail(call, EINVAL, NULL,
			"weight \"%.40s\": a number, or a share of the weight it has such as 50%%",
			text);
	const uint32_t weight = ((const struct conf_backend *)o.base)->weight;

	*value = (struct edit_value){EDIT_NUMBER, (int64_t)(weight * percent / 100 + 0.5), NULL};
	if (value->number == 0 && weight && percent > 0)
		value->number = 1;
	return 0;
}

int cmd_backend_weight(struct ctl_call *call, void *daemon, void *draft)
{
	const json_t *weight = ctl_call_json(call, "weight");
	const char *text = json_string_value(weight);
	struct edit_value value;
	int rc = 0;

	if (text && strchr(text, '%'))
		rc = relative(call, draft, text, &value);
	else if (!to_value(weight, &value))
		rc = ctl_call_fail(call, EINVAL, NULL, "weight must be a number or a text");
	return rc ? rc : set_one(call, draft, "weight", &value);
}

/* A member of pool.replace is named by "name" alone. */
static const struct cmd_kind member = {"pools[].backends", {"name"}, 1};

static int add_member(
	struct conf *conf, const char *pool_name, const json_t *args, struct sl_err *err)
{
	const char *const names[] = {pool_name, json_string_value(json_object_get(args, "name"))};
	struct edit_object o;
	int rc;

	if (!names[1])
		return sl_err_add(err, "each of \"backends\" is an object with a \"name\"");
	rc = edit_add(conf, member.list, names, &o, err);
	if (!rc)
		rc = set_from(args, &member, conf, &o, err);
	return rc ? rc : all_given(args, o.list, err);
}

int cmd_pool_replace(struct ctl_call *call, void *daemon, void *arg)
{
	struct change_draft *draft = arg;
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct names names;
	json_t *backends = (json_t *)ctl_call_json(call, "backends"), *one;
	int rc = find_object(call, draft, &pool, &names, &o, &err);
	size_t i;

	if (!rc)
		rc = edit_clear_list(&o, "backends", &err);
	json_array_foreach(backends, i, one)
	{
		if (rc)
			break;
		rc = add_member(draft->conf, names.name[0], one, &err);
	}
	return done(call, rc, &err);
}
