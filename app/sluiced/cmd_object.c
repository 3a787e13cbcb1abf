/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_object.h"
#include "cut.h"
#include "daemon.h"
#include "object_edit.h"

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

static const struct object_kind vip = {"vips", {"vip"}, 1};
static const struct object_kind pool = {"pools", {"pool"}, 1};
static const struct object_kind port = {"ports", {"port"}, 1};
static const struct object_kind backend = {"pools[].backends", {"pool", "backend"}, 2};

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
	if (!ctl_call_has(call, "pool"))
		return ctl_call_fail(call, EINVAL, NULL,
			"which pool is the backend to be put into? Say POOL/BACKEND");
	return object_add(call, draft, &backend);
}

int cmd_backend_del(struct ctl_call *call, void *daemon, void *arg)
{
	struct change_draft *draft = arg;
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct object_names names;
	int rc = object_find(call, draft, &backend, &names, &o, &err);

	if (rc)
		return change_refuse(call, rc, &err);
	rc = cut_backend(call, daemon, draft, names.name[0], names.name[1]);
	return rc ? rc : object_del(call, draft, &backend);
}

static int refuse_used(struct ctl_call *call, const char *name, const struct conf_vip *user,
	const struct conf_rule *rule)
{
	if (rule)
		return ctl_call_fail(call, EBUSY, "give the rule another pool, or delete it first",
			"pool \"%s\" serves rule \"%s\" of VIP \"%s\"", name, rule->name,
			user->name);
	return ctl_call_fail(call, EBUSY, "give the VIP another pool, or delete it first",
		"pool \"%s\" serves VIP \"%s\"", name, user->name);
}

int cmd_pool_del(struct ctl_call *call, void *daemon, void *arg)
{
	struct change_draft *draft = arg;
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct object_names names;
	int rc = object_find(call, draft, &pool, &names, &o, &err);

	if (rc)
		return change_refuse(call, rc, &err);
	const struct conf_rule *rule;
	const struct conf_vip *user = change_user(draft->conf, names.name[0], &rule);

	if (user)
		return refuse_used(call, names.name[0], user, rule);
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
	struct object_names names;
	int rc;

	/* An operator may not leave a VIP without backends. */
	if (ctl_call_boolean(call, "force", false) &&
		ctl_call_need(call, CTL_ROLE_ADMIN, "\"force\""))
		return -EPERM;
	rc = object_find(call, draft, &backend, &names, &o, &err);
	if (!rc)
		rc = edit_set(draft->conf, &o, key, value, 1, false, &err);
	return object_done(call, rc, &err);
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
	struct object_names names;
	char *end;
	const double percent = strtod(text, &end);
	int rc = object_find(call, draft, &backend, &names, &o, &err);

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
	else if (!object_value(weight, &value))
		rc = ctl_call_fail(call, EINVAL, NULL, "weight must be a number or a text");
	return rc ? rc : set_one(call, draft, "weight", &value);
}

/* So many members of pool.replace are added at one go. */
#define MEMBERS_AT_ONCE 128

/* A member of pool.replace is named by "name" alone. */
static const struct object_kind member = {"pools[].backends", {"name"}, 1};

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
		rc = object_set_from(args, &member, conf, &o, err);
	return rc ? rc : object_all_given(args, o.list, err);
}

int cmd_pool_replace(struct ctl_call *call, void *daemon, void *arg)
{
	struct change_draft *draft = arg;
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct object_names names;
	const json_t *backends = ctl_call_json(call, "backends");
	struct ctl_cursor *at = ctl_call_cursor(call);
	int rc = object_find(call, draft, &pool, &names, &o, &err);

	if (!rc && !at->outer)
		rc = edit_clear_list(&o, "backends", &err);
	while (!rc && at->outer < json_array_size(backends)) {
		rc = add_member(
			draft->conf, names.name[0], json_array_get(backends, at->outer++), &err);
		if (!rc && at->outer % MEMBERS_AT_ONCE == 0)
			return CTL_MORE;
	}
	return object_done(call, rc, &err);
}
