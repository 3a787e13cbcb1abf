/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "cmd_config.h"
#include "cmd_object.h"
#include "conf/diff.h"
#include "conf/save.h"
#include "restart.h"

const struct ctl_arg cmd_config_check_args[2] = {
	{"text", JSON_STRING, false}, {"name", JSON_STRING, false}};
const struct ctl_arg cmd_config_apply_args[1] = {{"confirm", JSON_INTEGER, false}};

#define CONFIRM_MAX_S 86400

/* -- check ---------------------------------------------------------------------------------------
 */

/* The messages as an array, which takes them over. */
static json_t *messages(struct sl_err *err)
{
	json_t *array = json_array();

	for (size_t i = 0; i < err->count; i++)
		json_array_append_new(array, json_string(err->text[i]));
	if (err->dropped)
		json_array_append_new(array, json_sprintf("and %zu more", err->dropped));
	sl_err_clear(err);
	return array;
}

static int read_text(const char *text, const char *name, struct conf **conf, struct sl_err *err)
{
	int rc = conf_load_text(text, name ? name : "text", conf, err);

	return rc ? rc : conf_check(*conf, err);
}

int cmd_config_check(struct ctl_call *call, void *daemon)
{
	const char *text = ctl_call_string(call, "text"), *name = ctl_call_string(call, "name");
	struct sl_err err = SL_ERR_INIT, warn = SL_ERR_INIT, restart = SL_ERR_INIT;
	const struct daemon *d = daemon;
	json_t *o = ctl_call_data(call);
	struct conf *conf = NULL;
	const int rc = text ? read_text(text, name, &conf, &err)
			    : conf_read(d->options->config, &conf, &err);

	if (!rc) {
		conf_warn(conf, &warn);
		restart_needed(d->running->conf, conf, &restart);
	}
	conf_free(conf);
	json_object_set_new(o, "valid", json_boolean(rc == 0));
	json_object_set_new(o, "errors", messages(&err));
	json_object_set_new(o, "warnings", messages(&warn));
	json_object_set_new(o, "restart", messages(&restart));
	return 0;
}

/* -- diff ----------------------------------------------------------------------------------------
 */

static void free_json(void *json)
{
	json_decref(json);
}

static int add_difference(const struct diff_row *row, void *arg)
{
	json_t *item = json_object(), *names = json_array();
	char text[DIFF_STRLEN];

	for (size_t i = 0; i < row->n_names; i++)
		json_array_append_new(names, json_string(row->names[i]));
	json_object_set_new(item, "path", json_string(row->row->path));
	json_object_set_new(item, "names", names);
	json_object_set_new(item, "text", json_string(diff_format(row, text)));
	json_object_set_new(item, "old", row->old ? json_string(row->old) : json_null());
	json_object_set_new(item, "new", row->new ? json_string(row->new) : json_null());
	return json_array_append_new(arg, item) ? -ENOMEM : 0;
}

int cmd_config_diff(struct ctl_call *call, void *daemon)
{
	const struct daemon *d = daemon;
	struct sl_err err = SL_ERR_INIT;
	json_t *items;
	struct conf *file;
	int rc = conf_read(d->options->config, &file, &err);

	if (rc)
		return change_refuse(call, rc, &err);
	items = json_array();
	rc = items ? conf_diff(file, apply_wanted(d)->conf, add_difference, items) : -ENOMEM;
	conf_free(file);
	if (items)
		ctl_call_own(call, items, free_json);
	return rc;
}

int cmd_config_diff_next(struct ctl_call *call, void *daemon, json_t **item)
{
	json_t *one = json_array_get(ctl_call_owned(call), ctl_call_cursor(call)->outer++);

	*item = json_incref(one);
	return one ? 1 : 0;
}

/* -- show ----------------------------------------------------------------------------------------
 */

int cmd_config_show(struct ctl_call *call, void *daemon)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int rc = f ? conf_save(f, apply_wanted(daemon)->conf) : -ENOMEM;

	if (!f || fclose(f) || rc) {
		free(text);
		return ctl_call_fail(call, ENOMEM, NULL, "no memory to write the configuration");
	}
	ctl_call_own(call, text, free);
	return 0;
}

int cmd_config_show_next(struct ctl_call *call, void *daemon, json_t **item)
{
	struct ctl_cursor *at = ctl_call_cursor(call);
	const char *line = (const char *)ctl_call_owned(call) + at->outer;
	const size_t len = strcspn(line, "\n");

	if (!*line)
		return 0;
	at->outer += len + (line[len] == '\n');
	*item = json_pack("{s:s%}", "line", line, len);
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}

/* -- apply, confirm, undo, set -------------------------------------------------------------------
 */

int cmd_config_apply(struct ctl_call *call, void *daemon)
{
	const int64_t confirm = ctl_call_integer(call, "confirm", 0);
	struct reload_effect effect = {0};
	struct sl_err err = SL_ERR_INIT;
	struct daemon *d = daemon;
	json_t *o = ctl_call_data(call);
	int rc;

	if (ctl_call_has(call, "confirm") && (confirm < 1 || confirm > CONFIRM_MAX_S))
		return ctl_call_fail(
			call, EINVAL, NULL, "\"confirm\" is 1 to %d seconds", CONFIRM_MAX_S);
	rc = ctl_call_dry_run(call) ? reload_try(d, &effect, &err)
				    : reload_file(d, (uint32_t)confirm, &effect, &err);
	if (rc)
		return change_refuse(call, rc, &err);
	ctl_call_set_rev(call, d->change.accepted);
	json_object_set_new(o, "changes", json_integer((json_int_t)effect.changes));
	json_object_set_new(o, "discarded", json_integer((json_int_t)effect.discarded));
	return 0;
}

int cmd_config_confirm(struct ctl_call *call, void *daemon)
{
	return reload_confirm(daemon)
		       ? ctl_call_fail(call, ENOENT,
				 "it was confirmed, or taken back when its time was over",
				 "nothing waits for confirmation")
		       : 0;
}

int cmd_config_undo(struct ctl_call *call, void *daemon)
{
	struct sl_err err = SL_ERR_INIT;
	struct daemon *d = daemon;
	const int rc = change_undo(d, &err);

	if (rc)
		return change_refuse(call, rc, &err);
	ctl_call_set_rev(call, d->change.accepted);
	json_object_set_new(ctl_call_data(call), "left", json_integer(d->change.n_history));
	return 0;
}

int cmd_config_set(struct ctl_call *call, void *daemon, void *arg)
{
	struct change_draft *draft = arg;
	const struct edit_object top = edit_top(draft->conf);
	struct sl_err err = SL_ERR_INIT;
	const int rc = cmd_set_keys(call, NULL, draft->conf, &top, &err);

	return rc ? change_refuse(call, rc, &err) : 0;
}
