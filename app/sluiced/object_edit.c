/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "change.h"
#include "object_edit.h"

/* Both what is refused for its effect on traffic and what the caller says to that. */
static void note_force(const struct ctl_call *call, struct change_draft *draft)
{
	draft->force |= ctl_call_boolean(call, "force", false);
}

/* The pool of a backend that was named without one, where it is the only such backend. */
static int find_owner(const struct conf *conf, struct object_names *n, struct sl_err *err)
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

int object_names(const struct ctl_call *call, const struct change_draft *draft,
	const struct object_kind *kind, struct object_names *n, struct sl_err *err)
{
	for (size_t i = 0; i < kind->n_names; i++)
		n->name[i] = ctl_call_string(call, kind->names[i]);
	return n->name[0] ? 0 : find_owner(draft->conf, n, err);
}

int object_find(struct ctl_call *call, struct change_draft *draft, const struct object_kind *kind,
	struct object_names *n, struct edit_object *o, struct sl_err *err)
{
	const int rc = object_names(call, draft, kind, n, err);

	note_force(call, draft);
	return rc ? rc : edit_find(draft->conf, kind->list, n->name, o, err);
}

static bool is_name(const struct object_kind *kind, const char *key)
{
	for (size_t i = 0; kind && i < kind->n_names; i++)
		if (strcmp(kind->names[i], key) == 0)
			return true;
	return kind && strcmp(key, "force") == 0;
}

bool object_value(const json_t *json, struct edit_value *v)
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
		return object_value(json, &one)
			       ? edit_set(conf, o, key, &one, 1, false, err)
			       : sl_err_add(
					 err, "%s: a number, a text, true or false is needed", key);
	json_array_foreach((json_t *)json, i, element)
	{
		struct edit_value *v = sl_array_add(&values);

		if (!v)
			rc = -ENOMEM;
		else if (!object_value(element, v))
			rc = sl_err_add(err, "%s: an array of numbers or texts is needed", key);
		if (rc)
			break;
	}
	if (!rc)
		rc = edit_set(conf, o, key, values.item, values.count, true, err);
	sl_array_free(&values);
	return rc;
}

int object_set_from(const json_t *args, const struct object_kind *kind, struct conf *conf,
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

int object_set_keys(struct ctl_call *call, const struct object_kind *kind, struct conf *conf,
	const struct edit_object *o, struct sl_err *err)
{
	return object_set_from(ctl_call_args(call), kind, conf, o, err);
}

int object_all_given(const json_t *args, const struct conf_row *list, struct sl_err *err)
{
	const char *key;
	int rc = 0;

	for (size_t i = 0; (key = edit_required(list, i)); i++)
		if (!json_object_get(args, key))
			rc = sl_err_add(err, "a new %s needs \"%s\"", list->unit, key);
	return rc;
}

int object_done(struct ctl_call *call, int rc, struct sl_err *err)
{
	return rc ? change_refuse(call, rc, err) : 0;
}

int object_add(struct ctl_call *call, struct change_draft *draft, const struct object_kind *kind)
{
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct object_names names;
	int rc;

	rc = object_names(call, draft, kind, &names, &err);
	if (!rc)
		rc = edit_add(draft->conf, kind->list, names.name, &o, &err);
	if (!rc)
		rc = object_set_keys(call, kind, draft->conf, &o, &err);
	if (!rc)
		rc = object_all_given(ctl_call_args(call), o.list, &err);
	return object_done(call, rc, &err);
}

int object_set(struct ctl_call *call, struct change_draft *draft, const struct object_kind *kind)
{
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct object_names names;
	int rc = object_find(call, draft, kind, &names, &o, &err);

	if (!rc)
		rc = object_set_keys(call, kind, draft->conf, &o, &err);
	return object_done(call, rc, &err);
}

int object_del(struct ctl_call *call, struct change_draft *draft, const struct object_kind *kind)
{
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	struct object_names names;
	int rc = object_find(call, draft, kind, &names, &o, &err);

	if (!rc)
		rc = edit_delete(draft->conf, kind->list, names.name, &err);
	return object_done(call, rc, &err);
}

int object_edit(struct ctl_call *call, struct conf *conf, const char *list,
	const char *const *names, const char *skip, struct sl_err *err)
{
	const struct object_kind kind = {list, {skip}, 1};
	struct edit_object o;
	const int rc = edit_find(conf, list, names, &o, err);

	return rc ? rc : object_set_keys(call, &kind, conf, &o, err);
}
