/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "cmd_config.h"
#include "conf/diff.h"
#include "conf/save.h"
#include "ctl/protocol.h"
#include "errand.h"
#include "object_edit.h"
#include "restart.h"
#include "waste.h"

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
		json_array_append_new(array, ctl_text_json(err->text[i]));
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

/* A question that is answered from configurations alone. */
struct question {
	struct errand errand;
	const char *path;        /* the daemon's file */
	char *given, *name;      /* check: instead of it */
	struct version *version; /* what it is about */
	int rc;
	struct sl_err err, warn, restart;
	char *text;    /* show: the answer */
	json_t *items; /* diff: the same */
};

static void end_question(struct errand *e)
{
	struct question *q = (struct question *)e;

	free(q->given);
	free(q->name);
	version_put(q->version);
	sl_err_clear(&q->err);
	sl_err_clear(&q->warn);
	sl_err_clear(&q->restart);
	free(q->text);
	json_decref(q->items);
	free(q);
}

static struct question *question_new(const struct daemon *d, struct version *about,
	void (*run)(struct errand *e), void (*done)(struct errand *e))
{
	struct question *q = calloc(1, sizeof *q);

	if (!q)
		return NULL;
	q->errand = (struct errand){.run = run, .done = done, .end = end_question};
	q->path = d->options->config;
	q->version = version_get(about);
	return q;
}

static int no_memory(struct ctl_call *call)
{
	return ctl_call_fail(call, ENOMEM, NULL, "no memory for another configuration");
}

static void run_check(struct errand *e)
{
	struct question *q = (struct question *)e;
	struct conf *conf = NULL;

	q->rc = q->given ? read_text(q->given, q->name, &conf, &q->err)
			 : conf_read(q->path, &conf, &q->err);
	if (!q->rc) {
		conf_warn(conf, &q->warn);
		restart_needed(q->version->conf, conf, &q->restart);
	}
	conf_free(conf);
}

static void answer_check(struct errand *e)
{
	struct question *q = (struct question *)e;
	json_t *o = ctl_call_data(e->call);

	json_object_set_new(o, "valid", json_boolean(q->rc == 0));
	json_object_set_new(o, "errors", messages(&q->err));
	json_object_set_new(o, "warnings", messages(&q->warn));
	json_object_set_new(o, "restart", messages(&q->restart));
}

/* A copy of a text that may be NULL. True when there is memory for it. */
static bool copy(const char *text, char **out)
{
	*out = text ? strdup(text) : NULL;
	return *out || !text;
}

int cmd_config_check(struct ctl_call *call, void *daemon)
{
	const struct daemon *d = daemon;
	struct question *q = question_new(d, d->running->version, run_check, answer_check);

	if (q && copy(ctl_call_string(call, "text"), &q->given) &&
		copy(ctl_call_string(call, "name"), &q->name))
		return errands_answer(d->errands, &q->errand, call);
	if (q)
		end_question(&q->errand);
	return no_memory(call);
}

/* -- diff ----------------------------------------------------------------------------------------
 */

static void free_json(void *json)
{
	json_decref(json);
}

/* An answer that its call owns: it is large, so it is freed beside the loop. */
struct answer {
	const struct waste *waste;
	void *thing;
	void (*free_fn)(void *thing);
};

static void free_answer(void *answer)
{
	struct answer *a = answer;

	waste_thing(a->waste, a->thing, a->free_fn);
	free(a);
}

/* The call owns the thing from now on. */
static void give(const struct question *q, void *thing, void (*free_fn)(void *thing))
{
	struct answer *a = malloc(sizeof *a);

	if (!a) {
		free_fn(thing);
		ctl_call_fail(q->errand.call, ENOMEM, NULL, "no memory");
		return;
	}
	*a = (struct answer){q->version->waste, thing, free_fn};
	ctl_call_own(q->errand.call, a, free_answer);
}

static void *given(const struct ctl_call *call)
{
	return ((struct answer *)ctl_call_owned(call))->thing;
}

static int add_difference(const struct diff_row *row, void *arg)
{
	json_t *item = json_object(), *names = json_array();
	char text[DIFF_STRLEN];

	for (size_t i = 0; i < row->n_names; i++)
		json_array_append_new(names, json_string(row->names[i]));
	json_object_set_new(item, "path", json_string(row->row->path));
	json_object_set_new(item, "names", names);
	json_object_set_new(item, "text", ctl_text_json(diff_format(row, text)));
	json_object_set_new(item, "old", row->old ? json_string(row->old) : json_null());
	json_object_set_new(item, "new", row->new ? json_string(row->new) : json_null());
	return json_array_append_new(arg, item) ? -ENOMEM : 0;
}

static void run_diff(struct errand *e)
{
	struct question *q = (struct question *)e;
	struct conf *file;

	q->rc = conf_read(q->path, &file, &q->err);
	if (q->rc)
		return;
	q->items = json_array();
	q->rc = q->items ? conf_diff(file, q->version->conf, add_difference, q->items) : -ENOMEM;
	conf_free(file);
}

static void answer_diff(struct errand *e)
{
	struct question *q = (struct question *)e;

	if (q->rc) {
		change_refuse(e->call, q->rc, &q->err);
		return;
	}
	give(q, q->items, free_json);
	q->items = NULL;
}

int cmd_config_diff(struct ctl_call *call, void *daemon)
{
	const struct daemon *d = daemon;
	struct question *q = question_new(d, apply_wanted(d), run_diff, answer_diff);

	return q ? errands_answer(d->errands, &q->errand, call) : no_memory(call);
}

int cmd_config_diff_next(struct ctl_call *call, void *daemon, json_t **item)
{
	const size_t at = ctl_call_cursor(call)->outer++;
	json_t *all = given(call), *one = json_array_get(all, at);

	*item = json_incref(one);
	/* One by one: to free ten thousand at once takes long. */
	if (one)
		json_array_set_new(all, at, json_null());
	return one ? 1 : 0;
}

/* -- show ----------------------------------------------------------------------------------------
 */

static void run_show(struct errand *e)
{
	struct question *q = (struct question *)e;
	size_t len;
	FILE *f = open_memstream(&q->text, &len);

	q->rc = f ? conf_save(f, q->version->conf) : -ENOMEM;
	if (f && fclose(f))
		q->rc = -ENOMEM;
}

static void answer_show(struct errand *e)
{
	struct question *q = (struct question *)e;

	if (q->rc) {
		ctl_call_fail(e->call, ENOMEM, NULL, "no memory to write the configuration");
		return;
	}
	give(q, q->text, free);
	q->text = NULL;
}

int cmd_config_show(struct ctl_call *call, void *daemon)
{
	const struct daemon *d = daemon;
	struct question *q = question_new(d, apply_wanted(d), run_show, answer_show);

	return q ? errands_answer(d->errands, &q->errand, call) : no_memory(call);
}

int cmd_config_show_next(struct ctl_call *call, void *daemon, json_t **item)
{
	struct ctl_cursor *at = ctl_call_cursor(call);
	const char *line = (const char *)given(call) + at->outer;
	const size_t len = strcspn(line, "\n");

	if (!*line)
		return 0;
	at->outer += len + (line[len] == '\n');
	*item = json_pack("{s:s%}", "line", line, len);
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}

/* -- apply, confirm, set -------------------------------------------------------------------
 */

int cmd_config_apply(struct ctl_call *call, void *daemon)
{
	const int64_t confirm = ctl_call_integer(call, "confirm", 0);

	if (ctl_call_has(call, "confirm") && (confirm < 1 || confirm > CONFIRM_MAX_S))
		return ctl_call_fail(
			call, EINVAL, NULL, "\"confirm\" is 1 to %d seconds", CONFIRM_MAX_S);
	return reload_command(call, daemon, (uint32_t)confirm);
}

int cmd_config_confirm(struct ctl_call *call, void *daemon)
{
	return trial_confirm(daemon, call);
}

int cmd_config_set(struct ctl_call *call, void *daemon, void *arg)
{
	struct change_draft *draft = arg;
	const struct edit_object top = edit_top(draft->conf);
	struct sl_err err = SL_ERR_INIT;

	return object_done(call, object_set_keys(call, NULL, draft->conf, &top, &err), &err);
}
