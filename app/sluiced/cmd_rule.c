/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>

#include "cmd_rule.h"
#include "cmd_show.h"
#include "daemon.h"
#include "object_edit.h"
#include "object_json.h"

const struct ctl_arg cmd_rule_args[2] = {{"vip", JSON_STRING, true}, {"rule", JSON_STRING, true}};
const struct ctl_arg cmd_rule_list_args[1] = {{"vip", JSON_STRING, false}};

static const struct object_kind rule = {"vips[].rules", {"vip", "rule"}, 2};

static json_t *rule_json(const struct conf_rule *r)
{
	json_t *o = object_json(object_list(rule.list), r);

	json_object_del(o, "name");
	json_object_set_new(o, "rule", json_string(r->name));
	return o;
}

json_t *cmd_rules_json(const struct conf_vip *vip)
{
	json_t *rules = json_array();

	for (size_t i = 0; i < vip->n_rules; i++)
		json_array_append_new(rules, rule_json(&vip->rules[i]));
	return rules;
}

/* outer: number of the VIP; inner: of the rule. */
int cmd_rule_list(struct ctl_call *call, void *daemon)
{
	const char *name = ctl_call_string(call, "vip");
	struct edit_object o;
	int rc;

	if (!name)
		return 0;
	rc = cmd_show_find(call, daemon, "vips", name, NULL, &o);
	if (!rc)
		ctl_call_cursor(call)->outer = o.index;
	return rc;
}

int cmd_rule_list_next(struct ctl_call *call, void *daemon, json_t **item)
{
	const struct conf *conf = ((const struct daemon *)daemon)->running->conf;
	struct ctl_cursor *at = ctl_call_cursor(call);

	if (at->outer >= conf->n_vips)
		return 0;
	const struct conf_vip *vip = &conf->vips[at->outer];

	if (at->inner == vip->n_rules) {
		at->outer = ctl_call_has(call, "vip") ? conf->n_vips : at->outer + 1;
		at->inner = 0;
		return 1; /* nothing in this step */
	}
	*item = rule_json(&vip->rules[at->inner++]);
	json_object_set_new(*item, "vip", json_string(vip->name));
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}

int cmd_rule_add(struct ctl_call *call, void *daemon, void *draft)
{
	return object_add(call, draft, &rule);
}

int cmd_rule_set(struct ctl_call *call, void *daemon, void *draft)
{
	return object_set(call, draft, &rule);
}

int cmd_rule_del(struct ctl_call *call, void *daemon, void *draft)
{
	return object_del(call, draft, &rule);
}
