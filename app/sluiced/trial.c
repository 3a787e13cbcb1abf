/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "apply.h"
#include "audit.h"
#include "base/log.h"
#include "conf/diff.h"
#include "errand.h"
#include "proof.h"

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

int trial_begin(struct daemon *d, struct version *back, uint32_t confirm_s, struct sl_err *err)
{
	const struct timeval later = {.tv_sec = confirm_s};
	struct trial *t = &d->trial;
	struct version *to = version_get(t->back ? t->back : back);

	trial_end(d);
	t->back = to;
	t->applied = version_get(apply_wanted(d));
	t->until_ms = daemon_now_ms() + (uint64_t)confirm_s * 1000;
	if (!t->timer)
		t->timer = evtimer_new(d->base, on_time_over, d);
	if (t->timer && evtimer_add(t->timer, &later) == 0)
		return 0;
	take_back(d);
	return sl_err_sys(
		err, ENOMEM, "revision %" PRIu64 " is taken back: it cannot wait", t->applied->rev);
}

int trial_confirm(struct daemon *d)
{
	if (!d->trial.back)
		return -ENOENT;
	log_info("revision %" PRIu64 " is confirmed", d->trial.applied->rev);
	trial_end(d);
	return 0;
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
		log_warn("revision %" PRIu64 " was not confirmed; %s still has it, and the next "
			 "start takes it",
			d->trial.applied->rev, d->options->config);
	trial_end(d);
	if (d->trial.timer)
		event_free(d->trial.timer);
	d->trial.timer = NULL;
}
