/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "apply.h"
#include "base/array.h"
#include "base/log.h"
#include "conf/diff.h"
#include "errand.h"
#include "programs.h"
#include "restart.h"

/* Lines of the log that say what a reload changes. */
#define LINES_MAX 20

/* What a reload does to what is wanted. */
struct reload_effect {
	size_t changes;
	size_t discarded; /* changes by command that the file does not hold */
};

/* One reading of the file. */
struct reading {
	struct errand errand;
	struct daemon *d;
	const char *path;
	struct version *like; /* what was wanted when it began */
	uint32_t confirm_s;
	struct conf *conf; /* what the thread read; NULL after an error */
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
	bool log;
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
	if (look->log && look->effect->changes < LINES_MAX)
		log_info("reload: %s", diff_format(row, text));
	look->effect->changes++;
	return 0;
}

/* How the file's configuration differs from what is wanted; in the log too if `log`. */
static int find_effect(
	const struct daemon *d, const struct conf *conf, bool log, struct reload_effect *effect)
{
	const struct conf *wanted = apply_wanted(d)->conf;
	struct look look = {.effect = effect, .log = log};
	int rc = conf_diff(d->change.loaded->conf, wanted, add_key, &look.by_command);

	*effect = (struct reload_effect){0};
	if (!rc && look.by_command.key.count)
		qsort(look.by_command.key.item, look.by_command.key.count, sizeof(char *), compare);
	if (!rc)
		rc = conf_diff(wanted, conf, look_at, &look);
	free_keys(&look.by_command);
	if (log && effect->changes > LINES_MAX)
		log_info("reload: and %zu more changes", effect->changes - LINES_MAX);
	return rc;
}

/* -- a time to confirm ---------------------------------------------------------------------------
 */

static void trial_end(struct daemon *d)
{
	struct reload_trial *t = &d->trial;

	version_put(t->back);
	version_put(t->applied);
	t->back = t->applied = NULL;
	if (t->timer)
		event_del(t->timer);
}

/* What was before, with the changes that came since. NULL without memory. */
static struct conf *conf_before(const struct daemon *d, size_t *missed)
{
	const struct reload_trial *t = &d->trial;
	struct conf *conf = conf_clone(t->back->conf);

	if (conf && conf_merge(conf, t->applied->conf, apply_wanted(d)->conf, missed) == 0)
		return conf;
	conf_free(conf);
	return NULL;
}

/* Changes that came since are kept where they still make sense; where they do not go with what was
 * before, it comes back without them. */
static int take_back(struct daemon *d, struct sl_err *err)
{
	size_t missed = 0;
	struct conf *conf = conf_before(d, &missed);
	int rc = conf ? change_accept(d, conf, true, err) : -ENOMEM;

	if (rc == -EINVAL) {
		for (size_t i = 0; i < err->count; i++)
			log_warn("%s", err->text[i]);
		log_warn("changes since the apply do not go with the configuration before it and "
			 "are gone; \"config undo\" brings them back, with what was applied");
		sl_err_clear(err);
		missed = 0;
		conf = conf_clone(d->trial.back->conf);
		rc = conf ? change_accept(d, conf, true, err) : -ENOMEM;
	}
	if (missed)
		log_warn(
			"%zu changes since the apply are gone with it; \"config undo\" brings them "
			"back",
			missed);
	return rc;
}

static void on_time_over(evutil_socket_t fd, short what, void *arg)
{
	struct sl_err err = SL_ERR_INIT;
	struct daemon *d = arg;

	if (!d->trial.back)
		return;
	log_warn("revision %" PRIu64 " was not confirmed in time: going back to the configuration "
		 "before it",
		d->trial.applied->rev);
	if (take_back(d, &err) < 0)
		change_say_failed(d, "stays, as the way back failed", &err);
	trial_end(d);
}

/* The first of several that were not confirmed says where to go back to. */
static int trial_begin(struct daemon *d, struct version *back, uint32_t confirm_s)
{
	const struct timeval later = {.tv_sec = confirm_s};
	struct reload_trial *t = &d->trial;
	struct version *to = version_get(t->back ? t->back : back);

	trial_end(d);
	if (!t->timer)
		t->timer = evtimer_new(d->base, on_time_over, d);
	if (!t->timer || evtimer_add(t->timer, &later)) {
		version_put(to);
		return -ENOMEM;
	}
	t->back = to;
	t->applied = version_get(apply_wanted(d));
	t->until_ms = daemon_now_ms() + (uint64_t)confirm_s * 1000;
	return 0;
}

int reload_confirm(struct daemon *d)
{
	if (!d->trial.back)
		return -ENOENT;
	log_info("revision %" PRIu64 " is confirmed", d->trial.applied->rev);
	trial_end(d);
	return 0;
}

/* -- reading the file ----------------------------------------------------------------------------
 */

static void read_file(struct errand *e)
{
	struct reading *r = (struct reading *)e;

	r->rc = conf_read(r->path, &r->conf, &r->err);
	if (!r->rc)
		r->rc = conf_check(r->conf, &r->err);
	/* Without memory for it the control thread has more to compare. */
	if (!r->rc)
		(void)conf_adopt(r->conf, r->like->conf);
}

/* The errors that a file can have. */
static int look_over(struct reading *r)
{
	if (!r->rc && restart_needed(r->d->running->conf, r->conf, &r->err))
		r->rc = -EINVAL;
	if (!r->rc)
		r->rc = programs_prove(apply_wanted(r->d)->conf, r->conf, &r->err);
	return r->rc;
}

static int try_file(struct reading *r, struct reload_effect *effect)
{
	const int rc = look_over(r);

	return rc ? rc : find_effect(r->d, r->conf, false, effect);
}

static int accept_file(struct reading *r, struct reload_effect *effect)
{
	struct daemon *d = r->d;
	struct conf *conf = r->conf;
	int rc = look_over(r);

	if (rc)
		return rc;
	rc = find_effect(d, conf, true, effect);
	if (rc)
		return sl_err_sys(&r->err, rc, "cannot compare configurations");
	r->conf = NULL;
	rc = change_accept(d, conf, true, &r->err);
	if (rc)
		return rc;
	version_put(d->change.loaded);
	d->change.loaded = version_get(apply_wanted(d));
	if (effect->discarded)
		log_warn("reload: %zu changes by command are gone, which the file does not hold; "
			 "\"config undo\" brings them back",
			effect->discarded);
	return 0;
}

static int take_file(struct reading *r, struct reload_effect *effect)
{
	struct daemon *d = r->d;
	struct version *before = version_get(apply_wanted(d));
	int rc = accept_file(r, effect);

	if (!rc && r->confirm_s)
		rc = trial_begin(d, before, r->confirm_s);
	else if (!rc)
		trial_end(d);
	version_put(before);
	return rc;
}

static void end_reading(struct errand *e)
{
	struct reading *r = (struct reading *)e;

	if (r->d->reading == r)
		r->d->reading = NULL;
	version_put(r->like);
	conf_free(r->conf);
	sl_err_clear(&r->err);
	free(r);
}

static struct reading *reading_new(struct daemon *d, void (*done)(struct errand *e))
{
	struct reading *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->errand = (struct errand){.run = read_file, .done = done, .end = end_reading};
	r->d = d;
	r->path = d->options->config;
	r->like = version_get(apply_wanted(d));
	return r;
}

static void answer(struct errand *e)
{
	struct reading *r = (struct reading *)e;
	struct reload_effect effect = {0};
	struct ctl_call *call = e->call;
	int rc;

	/* Others were served while the file was read. */
	if (ctl_call_stale(call))
		return;
	rc = ctl_call_dry_run(call) ? try_file(r, &effect) : take_file(r, &effect);
	if (rc) {
		change_refuse(call, rc, &r->err);
		return;
	}
	ctl_call_set_rev(call, r->d->change.accepted);
	json_object_set_new(
		ctl_call_data(call), "changes", json_integer((json_int_t)effect.changes));
	json_object_set_new(
		ctl_call_data(call), "discarded", json_integer((json_int_t)effect.discarded));
}

int reload_command(struct ctl_call *call, struct daemon *d, uint32_t confirm_s)
{
	struct reading *r = reading_new(d, answer);

	if (!r)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory to read the configuration");
	r->confirm_s = confirm_s;
	return errands_answer(d->errands, &r->errand, call);
}

static void say_failed(struct daemon *d, struct sl_err *err)
{
	d->refused = true;
	change_say_failed(d, "stays in force", err);
}

static void on_read(struct errand *e)
{
	struct reading *r = (struct reading *)e;
	struct reload_effect effect = {0};

	if (take_file(r, &effect))
		say_failed(r->d, &r->err);
}

void reload_by_signal(struct daemon *d)
{
	struct sl_err err = SL_ERR_INIT;

	log_info("SIGHUP: reloading %s", d->options->config);
	if (d->reading && errand_waits(&d->reading->errand))
		return;
	d->reading = reading_new(d, on_read);
	if (d->reading) {
		errands_add(d->errands, &d->reading->errand);
		return;
	}
	sl_err_sys(&err, ENOMEM, "cannot read the configuration");
	say_failed(d, &err);
}

void reload_clear(struct daemon *d)
{
	trial_end(d);
	if (d->trial.timer)
		event_free(d->trial.timer);
	d->trial.timer = NULL;
}
