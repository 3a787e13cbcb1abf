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
#include "programs.h"
#include "restart.h"

/* Lines of the log that say what a reload changes. */
#define LINES_MAX 20

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

int reload_try(struct daemon *d, struct reload_effect *effect, struct sl_err *err)
{
	struct conf *conf;
	int rc = conf_read(d->options->config, &conf, err);

	if (!rc && restart_needed(d->running->conf, conf, err))
		rc = -EINVAL;
	if (!rc)
		rc = programs_prove(apply_wanted(d)->conf, conf, err);
	if (!rc)
		rc = find_effect(d, conf, false, effect);
	conf_free(conf);
	return rc;
}

static int accept_file(struct daemon *d, struct reload_effect *effect, struct sl_err *err)
{
	struct conf *conf;
	int rc = conf_read(d->options->config, &conf, err);

	if (rc)
		return rc;
	if (restart_needed(d->running->conf, conf, err)) {
		conf_free(conf);
		return -EINVAL;
	}
	rc = find_effect(d, conf, true, effect);
	if (rc) {
		conf_free(conf);
		return sl_err_sys(err, rc, "cannot compare configurations");
	}
	rc = change_accept(d, conf, true, err);
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

int reload_file(
	struct daemon *d, uint32_t confirm_s, struct reload_effect *effect, struct sl_err *err)
{
	struct version *before = version_get(apply_wanted(d));
	int rc = accept_file(d, effect, err);

	if (!rc && confirm_s)
		rc = trial_begin(d, before, confirm_s);
	else if (!rc)
		trial_end(d);
	version_put(before);
	return rc;
}

void reload_by_signal(struct daemon *d)
{
	struct reload_effect effect = {0};
	struct sl_err err = SL_ERR_INIT;

	log_info("SIGHUP: reloading %s", d->options->config);
	if (reload_file(d, 0, &effect, &err) == 0)
		return;
	d->refused = true;
	change_say_failed(d, "stays in force", &err);
}

void reload_clear(struct daemon *d)
{
	trial_end(d);
	if (d->trial.timer)
		event_free(d->trial.timer);
	d->trial.timer = NULL;
}
