/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "apply.h"
#include "audit.h"
#include "base/array.h"
#include "base/log.h"
#include "conf/diff.h"
#include "errand.h"
#include "proof.h"
#include "trial_note.h"

/* Lines of the log that say what a reload changes. */
#define LINES_MAX 20

/* What a reload does to what is wanted. */
struct reload_effect {
	size_t changes;
	size_t discarded; /* changes by command that the file does not hold */
	char *lines[LINES_MAX];
	size_t n_lines;
};

/* One reading of the file, which has the desk until it is decided. */
struct reading {
	struct errand errand;
	struct daemon *d;
	const char *path;
	struct version *from;   /* what is wanted so far */
	struct version *loaded; /* as the file had it when it was read last */
	uint32_t confirm_s;
	struct version *back;  /* for a time: what to go back to */
	struct version *noted; /* to stay: what a restart would not take (trial.h), or NULL */
	bool dry_run;
	bool accepted;
	char *note_dir; /* where the note is written or removed already; NULL: nowhere */
	bool by_signal;
	struct ctl_caller by; /* who sent it */
	struct conf *conf;
	struct proof proof;
	struct reload_effect effect;
	struct sl_err err;
	int rc;
};

/* -- what changes, and what is lost --------------------------------------------------------------
 */

/* Which keys differ, as texts that two comparisons have in common. */
struct keys {
	sl_array(char *) key;
};

static char *key_of(const struct diff_row *row)
{
	char *key = NULL;
	size_t len;
	FILE *f = open_memstream(&key, &len);

	if (!f)
		return NULL;
	fputs(row->row->path, f);
	for (size_t i = 0; i < row->n_names; i++)
		fprintf(f, "/%s", row->names[i]);
	return fclose(f) ? NULL : key;
}

static int add_key(const struct diff_row *row, void *arg)
{
	struct keys *keys = arg;
	char **slot = sl_array_add(&keys->key);

	if (slot)
		*slot = key_of(row);
	return slot && *slot ? 0 : -ENOMEM;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_keys(struct keys *keys)
{
	sl_array_each (&keys->key, k)
		free(*k);
	sl_array_free(&keys->key);
}

struct look {
	struct keys by_command; /* sorted */
	struct reload_effect *effect;
};

static int look_at(const struct diff_row *row, void *arg)
{
	struct look *look = arg;
	struct keys *known = &look->by_command;
	char *key = key_of(row), text[DIFF_STRLEN];

	if (!key)
		return -ENOMEM;
	if (known->key.count &&
		bsearch(&key, known->key.item, known->key.count, sizeof key, compare))
		look->effect->discarded++;
	free(key);
	if (look->effect->n_lines < LINES_MAX)
		look->effect->lines[look->effect->n_lines++] = strdup(diff_format(row, text));
	look->effect->changes++;
	return 0;
}

/* How the file's configuration differs from what is wanted. */
static int find_effect(struct reading *r)
{
	struct look look = {.effect = &r->effect};
	int rc = conf_diff_keys(r->loaded->conf, r->from->conf, add_key, &look.by_command);

	if (!rc && look.by_command.key.count)
		qsort(look.by_command.key.item, look.by_command.key.count, sizeof(char *), compare);
	if (!rc)
		rc = conf_diff(r->from->conf, r->conf, look_at, &look);
	free_keys(&look.by_command);
	return rc ? sl_err_sys(&r->err, rc, "cannot compare configurations") : 0;
}

static void say_effect(const struct reload_effect *effect)
{
	for (size_t i = 0; i < effect->n_lines; i++)
		if (effect->lines[i])
			log_info("reload: %s", effect->lines[i]);
	if (effect->changes > LINES_MAX)
		log_info("reload: and %zu more changes", effect->changes - LINES_MAX);
	if (effect->discarded)
		log_warn("reload: %zu changes by command are gone, which the file does not hold; "
			 "\"config undo\" brings them back",
			effect->discarded);
}

/* -- reading the file ----------------------------------------------------------------------------
 */

/* What a restart goes by is on the disk before the file is accepted: if it is what brings the
 * daemon down, it does not do so again. */
static int note(struct reading *r)
{
	const struct conf *where = r->confirm_s ? r->conf : r->noted ? r->noted->conf : NULL;
	int rc;

	if (!where)
		return 0;
	r->note_dir = strdup(where->daemon.state_dir);
	if (!r->note_dir)
		return sl_err_sys(&r->err, ENOMEM, "cannot apply");
	rc = r->confirm_s ? trial_note_write(r->conf, r->back->conf, &r->err)
			  : trial_note_remove(r->note_dir, &r->err);
	if (rc)
		sl_err_add(&r->err, "so a restart would not go by what is confirmed: nothing was "
				    "applied (daemon.state_dir says where that is kept)");
	return rc;
}

static void read_file(struct errand *e)
{
	struct reading *r = (struct reading *)e;

	r->rc = conf_read(r->path, &r->conf, &r->err);
	if (r->rc)
		return;
	/* Without memory for it there is more to compare. */
	(void)conf_adopt(r->conf, r->from->conf);
	r->rc = proof_make(r->from->conf, r->conf, &r->proof, &r->err);
	if (!r->rc)
		r->rc = find_effect(r);
	if (!r->rc && !r->dry_run)
		r->rc = note(r);
}

static void end_reading(struct errand *e)
{
	struct reading *r = (struct reading *)e;

	if (r->note_dir && !r->accepted)
		trial_settle(r->d, r->note_dir);
	free(r->note_dir);
	version_put(r->from);
	version_put(r->loaded);
	version_put(r->back);
	version_put(r->noted);
	waste_conf(&r->d->waste, r->conf);
	for (size_t i = 0; i < r->effect.n_lines; i++)
		free(r->effect.lines[i]);
	sl_err_clear(&r->err);
	desk_leave(&r->d->desk);
	free(r);
}

/* With the desk. by_signal: what waits for its confirmation goes on waiting. NULL without memory.
 */
static struct reading *reading_new(
	struct daemon *d, void (*done)(struct errand *e), uint32_t confirm_s, bool by_signal)
{
	struct reading *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->errand = (struct errand){.run = read_file, .done = done, .end = end_reading};
	r->d = d;
	r->path = d->options->config;
	r->from = version_get(apply_wanted(d));
	r->loaded = version_get(d->change.loaded);
	r->confirm_s = confirm_s;
	r->by_signal = by_signal;
	if (confirm_s)
		r->back = version_get(trial_way_back(d));
	else if (d->trial.noted.applied && !(by_signal && d->trial.back))
		r->noted = version_get(d->trial.noted.applied);
	return r;
}

static int take_file(struct reading *r)
{
	struct daemon *d = r->d;

	if (r->rc)
		return r->rc;
	r->rc = change_accept(d, &r->conf, &r->proof, &r->err);
	if (r->rc)
		return r->rc;
	say_effect(&r->effect);
	version_put(d->change.loaded);
	d->change.loaded = version_get(apply_wanted(d));
	if (r->confirm_s)
		r->rc = trial_begin(d, r->back, r->confirm_s, &r->err);
	else if (r->by_signal && d->trial.back)
		log_warn("revision %" PRIu64 " still waits for its confirmation",
			d->trial.applied->rev);
	else
		trial_keep(d);
	r->accepted = true;
	return r->rc;
}

static void answer(struct errand *e)
{
	struct reading *r = (struct reading *)e;
	struct ctl_call *call = e->call;

	if (change_is_outdated(r->d, r->from, call))
		return;
	if (ctl_call_dry_run(call) ? r->rc : take_file(r)) {
		change_refuse(call, r->rc, &r->err);
		return;
	}
	ctl_call_set_rev(call, r->d->change.accepted);
	json_object_set_new(
		ctl_call_data(call), "changes", json_integer((json_int_t)r->effect.changes));
	json_object_set_new(
		ctl_call_data(call), "discarded", json_integer((json_int_t)r->effect.discarded));
}

int reload_command(struct ctl_call *call, struct daemon *d, uint32_t confirm_s)
{
	struct reading *r;
	const int rc = desk_take_for(&d->desk, call);

	if (rc)
		return rc;
	r = reading_new(d, answer, confirm_s, false);
	if (!r) {
		desk_leave(&d->desk);
		return ctl_call_fail(call, ENOMEM, NULL, "no memory to read the configuration");
	}
	r->dry_run = ctl_call_dry_run(call);
	return errands_answer(d->errands, &r->errand, call);
}

static void say_failed(struct daemon *d, struct sl_err *err)
{
	d->refused = true;
	change_say_failed(d, "stays in force", err);
}

/* What a command leaves in the log, for what came by a signal. */
static void tell(const struct reading *r)
{
	json_t *args = json_pack("{s:s}", "file", r->path);

	audit_write(&(struct ctl_audit){.caller = &r->by,
			    .command = "SIGHUP",
			    .args = args,
			    .rev = r->d->change.accepted,
			    .code = abs(r->rc),
			    .msg = r->rc ? sl_err_first(&r->err) : ""},
		NULL);
	json_decref(args);
}

static void start_reload(struct desk_waiter *turn);

static void on_read(struct errand *e)
{
	struct reading *r = (struct reading *)e;

	if (change_is_outdated(r->d, r->from, NULL)) {
		start_reload(&r->d->reload.turn); /* when this one has left the desk */
		return;
	}
	r->rc = take_file(r);
	tell(r);
	if (r->rc)
		say_failed(r->d, &r->err);
}

static void start_reload(struct desk_waiter *turn)
{
	struct reload *reload = (void *)turn;
	struct daemon *d = (void *)((char *)reload - offsetof(struct daemon, reload));
	struct sl_err err = SL_ERR_INIT;
	struct reading *r;

	if (!desk_take(&d->desk, turn))
		return;
	r = reading_new(d, on_read, 0, true);
	if (r) {
		r->by = reload->by;
		errands_add(d->errands, &r->errand);
		return;
	}
	desk_leave(&d->desk);
	sl_err_sys(&err, ENOMEM, "cannot read the configuration");
	say_failed(d, &err);
}

void reload_by_signal(struct daemon *d, const struct ctl_caller *by)
{
	if (d->reload.turn.waits)
		return;
	log_info("SIGHUP: reloading %s", d->options->config);
	d->reload.by = *by;
	start_reload(&d->reload.turn);
}

void reload_open(struct daemon *d)
{
	d->reload.turn.free = start_reload;
}

void reload_clear(struct daemon *d)
{
	desk_forget(&d->desk, &d->reload.turn);
}
