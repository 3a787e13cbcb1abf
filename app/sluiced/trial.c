/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "apply.h"
#include "audit.h"
#include "base/log.h"
#include "conf/diff.h"
#include "errand.h"
#include "proof.h"
#include "trial_note.h"

void trial_end(struct daemon *d)
{
	struct trial *t = &d->trial;

	version_put(t->back);
	version_put(t->applied);
	t->back = t->applied = NULL;
	desk_forget(&d->desk, &t->turn);
	if (t->timer)
		event_del(t->timer);
}

/* The way back to what was before an apply that nobody confirmed. */
struct way_back {
	struct errand errand;
	struct daemon *d;
	struct version *back, *applied, *from; /* from: what is wanted so far */
	struct conf *conf;
	struct proof proof;
	size_t missed;       /* changes since the apply that are gone with it */
	struct sl_err alone; /* why changes that came since cannot stay */
	struct sl_err err;
	int rc;
};

/* What was before, with the changes that came since. */
static int with_changes(struct way_back *w)
{
	w->conf = conf_clone(w->back->conf);
	if (!w->conf || conf_merge(w->conf, w->applied->conf, w->from->conf, &w->missed))
		return sl_err_sys(&w->err, ENOMEM, "cannot go back");
	return proof_make(w->from->conf, w->conf, &w->proof, &w->alone);
}

static int without_changes(struct way_back *w)
{
	conf_free(w->conf);
	w->missed = 0;
	w->conf = conf_clone(w->back->conf);
	return w->conf ? proof_make(w->from->conf, w->conf, &w->proof, &w->err)
		       : sl_err_sys(&w->err, ENOMEM, "cannot go back");
}

/* Changes that came since are kept where they still make sense; where they do not go with what was
 * before, it comes back without them. */
static void find_way_back(struct errand *e)
{
	struct way_back *w = (struct way_back *)e;

	w->rc = with_changes(w);
	if (w->rc == -EINVAL)
		w->rc = without_changes(w);
}

static void say_missed(const struct way_back *w)
{
	for (size_t i = 0; i < w->alone.count; i++)
		log_warn("%s", w->alone.text[i]);
	if (w->alone.count)
		log_warn("changes since the apply do not go with the configuration before it and "
			 "are gone; \"config undo\" brings them back, with what was applied");
	if (w->missed)
		log_warn("%zu changes since the apply are gone with it; \"config undo\" brings "
			 "them back",
			w->missed);
}

static void go_back(struct errand *e);

static void end_way_back(struct errand *e)
{
	struct way_back *w = (struct way_back *)e;

	version_put(w->back);
	version_put(w->applied);
	version_put(w->from);
	waste_conf(&w->d->waste, w->conf);
	sl_err_clear(&w->alone);
	sl_err_clear(&w->err);
	desk_leave(&w->d->desk);
	free(w);
}

/* With the desk. */
static void start_back(struct daemon *d)
{
	struct way_back *w = calloc(1, sizeof *w);

	if (!w) {
		log_error("no memory to go back to the configuration before it: it stays");
		trial_end(d);
		desk_leave(&d->desk);
		return;
	}
	w->errand = (struct errand){.run = find_way_back, .done = go_back, .end = end_way_back};
	w->d = d;
	w->back = version_get(d->trial.back);
	w->applied = version_get(d->trial.applied);
	w->from = version_get(apply_wanted(d));
	errands_add(d->errands, &w->errand);
}

static void take_back(struct daemon *d)
{
	if (d->trial.back && desk_take(&d->desk, &d->trial.turn))
		start_back(d);
}

/* Nobody asked for it but the one who did not confirm. */
static void tell(const struct way_back *w)
{
	const struct ctl_caller self = {.uid = getuid(), .pid = getpid(), .role = CTL_ROLE_ADMIN};
	json_t *args = json_pack("{s:I}", "revision", (json_int_t)w->applied->rev);

	audit_write(&(struct ctl_audit){.caller = &self,
			    .command = "unconfirmed",
			    .args = args,
			    .rev = w->d->change.accepted,
			    .code = abs(w->rc),
			    .msg = w->rc ? sl_err_first(&w->err) : ""},
		NULL);
	json_decref(args);
}

/* Somebody may have confirmed it meanwhile, or a build may have failed. */
static void go_back(struct errand *e)
{
	struct way_back *w = (struct way_back *)e;
	struct daemon *d = w->d;

	if (d->trial.back != w->back)
		return;
	if (change_is_outdated(d, w->from, NULL)) {
		(void)desk_take(&d->desk, &d->trial.turn); /* when this one has left it */
		return;
	}
	if (!w->rc)
		w->rc = change_accept(d, &w->conf, &w->proof, &w->err);
	say_missed(w);
	tell(w);
	if (w->rc)
		change_say_failed(d, "stays, as the way back failed", &w->err);
	trial_end(d);
}

static void on_turn(struct desk_waiter *turn)
{
	struct trial *t = (void *)((char *)turn - offsetof(struct trial, turn));

	take_back((void *)((char *)t - offsetof(struct daemon, trial)));
}

static void on_time_over(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	if (!d->trial.back)
		return;
	log_warn("revision %" PRIu64 " was not confirmed in time: going back to the configuration "
		 "before it",
		d->trial.applied->rev);
	take_back(d);
}

/* -- the note ------------------------------------------------------------------------------------
 */

/* The note in a directory, as it has to be. */
struct settlement {
	struct errand errand;
	struct version *before, *applied; /* NULL: there is to be none */
	char *state_dir;
	struct daemon *again; /* is to settle it where this is forgotten with its call; or NULL */
	bool ran;
	struct sl_err err;
	int rc;
};

static void run_settlement(struct errand *e)
{
	struct settlement *s = (struct settlement *)e;

	s->ran = true;
	s->rc = s->applied ? trial_note_write(s->applied->conf, s->before->conf, &s->err)
			   : trial_note_remove(s->state_dir, &s->err);
}

static void say_settled(struct errand *e)
{
	struct settlement *s = (struct settlement *)e;

	if (!s->rc)
		return;
	log_error("%s: a restart may go by a configuration that was not confirmed, or not by one "
		  "that was",
		sl_err_first(&s->err));
	if (e->call)
		ctl_call_fail(e->call, s->rc, "remove that file: a restart would go back by it",
			"confirmed, but %s", sl_err_first(&s->err));
}

static void end_settlement(struct errand *e)
{
	struct settlement *s = (struct settlement *)e;

	if (!s->ran && s->again)
		trial_settle(s->again, s->state_dir);
	version_put(s->before);
	version_put(s->applied);
	free(s->state_dir);
	sl_err_clear(&s->err);
	free(s);
}

static struct settlement *settlement_new(const char *state_dir, const struct trial_noted *noted)
{
	struct settlement *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->errand =
		(struct errand){.run = run_settlement, .done = say_settled, .end = end_settlement};
	s->state_dir = strdup(state_dir);
	if (!s->state_dir) {
		free(s);
		return NULL;
	}
	if (noted) {
		s->before = version_get(noted->before);
		s->applied = version_get(noted->applied);
	}
	return s;
}

static bool is_noted_in(const struct trial_noted *n, const char *state_dir)
{
	return n->applied && strcmp(n->applied->conf->daemon.state_dir, state_dir) == 0;
}

void trial_settle(struct daemon *d, const char *state_dir)
{
	const struct trial_noted *n = &d->trial.noted;
	struct settlement *s = settlement_new(state_dir, is_noted_in(n, state_dir) ? n : NULL);

	if (s)
		errands_add(d->errands, &s->errand);
	else
		log_error("no memory to bring %s/unconfirmed.conf up to date", state_dir);
}

/* From now on the disk has this note, or none. */
static void note_is(struct daemon *d, struct version *before, struct version *applied)
{
	struct trial_noted *n = &d->trial.noted;
	const struct trial_noted old = *n;

	*n = (struct trial_noted){0};
	if (applied)
		*n = (struct trial_noted){version_get(before), version_get(applied)};
	/* Where it is in another directory, the one before is there still. */
	if (applied && old.applied && !is_noted_in(n, old.applied->conf->daemon.state_dir))
		trial_settle(d, old.applied->conf->daemon.state_dir);
	version_put(old.before);
	version_put(old.applied);
}

void trial_first(struct daemon *d)
{
	struct sl_err err = SL_ERR_INIT;
	struct version *before = NULL;
	struct conf *conf;
	const int rc = trial_note_find(d->first->conf, &conf, &err);

	if (!rc)
		before = version_new(conf, 1, &d->waste);
	if (before) {
		log_warn("%s was applied for a time and not confirmed: starting with what was "
			 "before, from %s/unconfirmed.conf; \"config apply\" brings the file into "
			 "force",
			d->options->config, d->first->conf->daemon.state_dir);
		d->trial.noted = (struct trial_noted){version_get(before), d->first};
		d->first = before;
		daemon_set_log(before->conf);
	} else if (rc != -ENOENT) {
		conf_free(conf);
		for (size_t i = 0; i < err.count; i++)
			log_warn("%s", err.text[i]);
		log_warn("%s was applied for a time and not confirmed, but what was before cannot "
			 "be read: starting with the file",
			d->options->config);
	}
	sl_err_clear(&err);
}

/* -- begin and end -------------------------------------------------------------------------------
 */

struct version *trial_way_back(const struct daemon *d)
{
	return d->trial.back ? d->trial.back : apply_wanted(d);
}

int trial_begin(struct daemon *d, struct version *back, uint32_t confirm_s, struct sl_err *err)
{
	const struct timeval later = {.tv_sec = confirm_s};
	struct trial *t = &d->trial;

	trial_end(d);
	t->back = version_get(back);
	t->applied = version_get(apply_wanted(d));
	t->until_ms = daemon_now_ms() + (uint64_t)confirm_s * 1000;
	note_is(d, t->back, t->applied);
	if (!t->timer)
		t->timer = evtimer_new(d->base, on_time_over, d);
	if (t->timer && evtimer_add(t->timer, &later) == 0)
		return 0;
	take_back(d);
	return sl_err_sys(
		err, ENOMEM, "revision %" PRIu64 " is taken back: it cannot wait", t->applied->rev);
}

void trial_keep(struct daemon *d)
{
	if (d->trial.back)
		log_info("revision %" PRIu64 " is confirmed", d->trial.applied->rev);
	trial_end(d);
	note_is(d, NULL, NULL);
}

/* It has the desk. */
static int confirm(struct daemon *d, struct ctl_call *call)
{
	struct settlement *s;

	if (!d->trial.back)
		return ctl_call_fail(call, ENOENT,
			"it was confirmed, or taken back when its time was over",
			"nothing waits for confirmation");
	s = settlement_new(d->trial.applied->conf->daemon.state_dir, NULL);
	if (!s)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory to confirm it");
	s->again = d;
	trial_keep(d);
	return errands_answer(d->errands, &s->errand, call);
}

int trial_confirm(struct daemon *d, struct ctl_call *call)
{
	int rc = desk_take_for(&d->desk, call);

	if (rc)
		return rc;
	rc = confirm(d, call);
	desk_leave(&d->desk);
	return rc;
}

void trial_failed(struct daemon *d, uint64_t from, uint64_t to)
{
	const struct version *applied = d->trial.applied;

	if (applied && applied->rev >= from && applied->rev <= to)
		trial_end(d);
}

void trial_undone(struct daemon *d, const struct version *target)
{
	if (!d->trial.back || target != d->trial.back)
		return;
	log_info("revision %" PRIu64 " is undone: nothing waits for confirmation any more",
		d->trial.applied->rev);
	trial_end(d);
}

json_t *trial_json(const struct daemon *d)
{
	const uint64_t now_ms = daemon_now_ms();
	const struct trial *t = &d->trial;

	return json_pack("{s:I, s:f}", "rev", (json_int_t)t->applied->rev, "left_s",
		t->until_ms > now_ms ? (double)(t->until_ms - now_ms) / 1000 : 0.0);
}

void trial_open(struct daemon *d)
{
	d->trial.turn.free = on_turn;
}

void trial_clear(struct daemon *d)
{
	if (d->trial.back)
		log_warn("revision %" PRIu64 " was not confirmed: the next start goes by what was "
			 "before it, unless %s is changed",
			d->trial.applied->rev, d->options->config);
	trial_end(d);
	note_is(d, NULL, NULL);
	if (d->trial.timer)
		event_free(d->trial.timer);
	d->trial.timer = NULL;
}
