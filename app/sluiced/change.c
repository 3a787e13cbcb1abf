/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "base/log.h"
#include "conf/edit.h"
#include "change.h"
#include "errand.h"
#include "daemon.h"
#include "plan.h"

void change_first(struct daemon *d)
{
	d->change.accepted = d->revision;
	d->change.loaded = version_get(d->running->version);
}

/* What is wanted so far can be had back by undo. */
static void remember(struct daemon *d)
{
	struct change *c = &d->change;

	if (c->n_history == CHANGE_HISTORY) {
		version_put(c->history[0]);
		memmove(c->history, c->history + 1, (CHANGE_HISTORY - 1) * sizeof *c->history);
		c->n_history--;
	}
	c->history[c->n_history++] = version_get(apply_wanted(d));
}

int change_accept(
	struct daemon *d, struct conf *conf, const struct proof *proof, struct sl_err *err)
{
	struct version *version = version_new(conf, d->change.accepted + 1, &d->waste);

	if (!version)
		return sl_err_sys(err, ENOMEM, "cannot accept the configuration");
	remember(d);
	d->change.accepted = version->rev;
	d->refused = false;
	apply_next(d, version, proof->addresses);
	return 0;
}

int change_refuse(struct ctl_call *call, int code, struct sl_err *err)
{
	char text[300] = "";
	size_t n = 0;

	for (size_t i = 0; i < err->count && n < sizeof text; i++)
		n += (size_t)snprintf(
			text + n, sizeof text - n, "%s%s", i ? "; " : "", err->text[i]);
	sl_err_clear(err);
	return ctl_call_fail(call, code, NULL, "%s", *text ? text : strerror(abs(code)));
}

/* -- waiting for a revision ---------------------------------------------------------------------
 */

struct change_waiter {
	LIST_ENTRY(change_waiter) link;
	struct ctl_call *call;
	uint64_t rev;
};

static void forget(void *waiter)
{
	struct change_waiter *w = waiter;

	LIST_REMOVE(w, link);
	free(w);
}

static bool has_failed(const struct change *c, uint64_t rev)
{
	return rev >= c->failed_from && rev <= c->failed_to;
}

/* 0 when the revision is in force, 1 when it is on its way, -errno after ctl_call_fail(). */
static int answer(const struct daemon *d, struct ctl_call *call, uint64_t rev)
{
	if (has_failed(&d->change, rev))
		return ctl_call_fail(call, ECANCELED, NULL,
			"revision %" PRIu64 " could not be brought into force: %s", rev,
			d->change.failed_why ? d->change.failed_why : "no memory");
	if (rev > d->revision)
		return 1;
	json_object_set_new(ctl_call_data(call), "rev", json_integer((json_int_t)d->revision));
	return 0;
}

int change_applied(struct ctl_call *call, void *daemon)
{
	struct daemon *d = daemon;
	const uint64_t rev = (uint64_t)ctl_call_integer(call, "rev", (int64_t)d->change.accepted);
	struct change_waiter *w;
	int rc;

	if (rev > d->change.accepted)
		return ctl_call_fail(call, EINVAL, NULL,
			"revision %" PRIu64 " was not given out: the newest is %" PRIu64, rev,
			d->change.accepted);
	rc = answer(d, call, rev);
	if (rc <= 0)
		return rc;
	w = malloc(sizeof *w);
	if (!w)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	*w = (struct change_waiter){.call = call, .rev = rev};
	LIST_INSERT_HEAD(&d->change.waiters, w, link);
	return ctl_call_later(call, forget, w);
}

static void answer_all(struct daemon *d)
{
	struct change_waiter *w = LIST_FIRST(&d->change.waiters), *next;

	for (; w; w = next) {
		struct ctl_call *call = w->call;

		next = LIST_NEXT(w, link);
		if (answer(d, call, w->rev) > 0)
			continue;
		forget(w);
		ctl_call_finish(call);
	}
}

/* -- what becomes of an accepted version ---------------------------------------------------------
 */

/* Say why, and remember it for `sluicectl status`. */
void change_say_failed(struct daemon *d, const char *outcome, struct sl_err *err)
{
	for (size_t i = 0; i < err->count; i++)
		log_error("%s", err->text[i]);
	log_error("%s: revision %" PRIu64 " %s", d->options->config, d->revision, outcome);
	free(d->last_error);
	d->last_error = strdup(sl_err_first(err));
	sl_err_clear(err);
}

void change_half_done(struct daemon *d, struct sl_err *err)
{
	d->refused = true;
	change_say_failed(d, "is in force, but not all its VIPs are steered", err);
}

void change_not_followed(struct daemon *d, struct sl_err *err)
{
	char text[EVENT_TEXT_BYTES];

	snprintf(text, sizeof text, "tables stay as they are: %s", sl_err_first(err));
	event_add_entry(d->happened, "tables", text);
	if (d->ctl)
		ctl_server_kick(d->ctl);
	change_say_failed(d,
		"stays as it is: a change of the network or of health could not be followed", err);
}

void change_in_force(struct daemon *d)
{
	if (!d->refused) {
		free(d->last_error);
		d->last_error = NULL;
	}
	log_info("revision %" PRIu64 " in force: %zu VIPs, %zu pools, %zu backends", d->revision,
		d->running->conf->n_vips, d->running->conf->n_pools, d->running->n_backends);
	answer_all(d);
}

/* The wanted configuration is the running one again, under a number of its own: whoever counts on
 * the one that failed is told by if_rev. */
static void fall_back(struct daemon *d, const char *why)
{
	struct change *c = &d->change;

	c->failed_from = d->revision + 1;
	c->failed_to = c->accepted;
	free(c->failed_why);
	c->failed_why = strdup(why);
	pthread_mutex_lock(&d->lock);
	d->running->version->rev = d->revision = ++c->accepted;
	pthread_mutex_unlock(&d->lock);
	trial_failed(d, c->failed_from, c->failed_to);
	while (c->n_history && c->history[c->n_history - 1]->rev >= c->failed_from)
		version_put(c->history[--c->n_history]);
}

void change_failed(struct daemon *d, struct sl_err *err)
{
	const bool more = d->next; /* it holds the changes of the one that failed */

	d->refused = true;
	if (!more)
		fall_back(d, sl_err_first(err));
	change_say_failed(d, more ? "stays in force for now" : "stays in force", err);
	answer_all(d);
}

/* -- proving beside the control thread ------------------------------------------------------------
 */

/* A configuration that a command wants, which has the desk until it is decided. */
struct proposal {
	struct errand errand;
	struct daemon *d;
	struct version *from; /* what is wanted so far */
	struct conf *conf;
	struct change_draft *draft; /* it comes from; NULL: undo */
	struct plan *plan;          /* dry run */
	json_t *moves;
	struct proof proof;
	struct sl_err err;
	int rc;
};

static int guard(const struct change_draft *draft, const struct conf *from, struct sl_err *err)
{
	return draft->force ? 0 : change_guard(from, draft->conf, err);
}

static void prove(struct errand *e)
{
	struct proposal *p = (struct proposal *)e;

	p->rc = p->draft ? guard(p->draft, p->from->conf, &p->err) : 0;
	if (!p->rc)
		p->rc = proof_make(p->from->conf, p->conf, &p->proof, &p->err);
	if (!p->rc && p->plan)
		p->moves = plan_moves(p->plan);
}

static void drop_draft(const struct daemon *d, struct change_draft *draft)
{
	if (!draft)
		return;
	waste_conf(&d->waste, draft->conf);
	free(draft->forced);
	free(draft);
}

static void end_proposal(struct errand *e)
{
	struct proposal *p = (struct proposal *)e;

	plan_free(p->plan);
	json_decref(p->moves);
	sl_err_clear(&p->err);
	if (p->draft)
		p->draft->conf = NULL;
	drop_draft(p->d, p->draft);
	waste_conf(&p->d->waste, p->conf);
	version_put(p->from);
	desk_leave(&p->d->desk);
	free(p);
}

/* Taken over: conf, and draft when it is 0. */
static int propose(struct daemon *d, struct ctl_call *call, struct conf *conf,
	struct change_draft *draft, void (*done)(struct errand *e))
{
	struct proposal *p = calloc(1, sizeof *p);

	if (p && ctl_call_dry_run(call))
		p->plan = plan_new(d, conf);
	if (!p || (ctl_call_dry_run(call) && !p->plan)) {
		free(p);
		return ctl_call_fail(call, ENOMEM, NULL, "no memory for another configuration");
	}
	p->errand = (struct errand){.run = prove, .done = done, .end = end_proposal};
	p->d = d;
	p->from = version_get(apply_wanted(d));
	p->conf = conf;
	p->draft = draft;
	return errands_answer(d->errands, &p->errand, call);
}

/* A build failed meanwhile, so something else is wanted now: the request is taken up anew. */
static bool outdated(const struct proposal *p)
{
	if (p->from == apply_wanted(p->d))
		return false;
	ctl_call_retry(p->errand.call);
	return true;
}

/* -- undo ----------------------------------------------------------------------------------------
 */

static void undone(struct errand *e)
{
	struct proposal *p = (struct proposal *)e;
	struct change *c = &p->d->change;

	if (outdated(p))
		return;
	if (!p->rc)
		p->rc = change_accept(p->d, p->conf, &p->proof, &p->err);
	if (p->rc) {
		change_refuse(e->call, p->rc, &p->err);
		return;
	}
	p->conf = NULL;
	if (c->n_history >= 2)
		trial_undone(p->d, c->history[c->n_history - 2]);
	/* Both go: what was undone, which has just been noted, and what is wanted again. */
	for (int i = 0; i < 2 && c->n_history; i++)
		version_put(c->history[--c->n_history]);
	ctl_call_set_rev(e->call, c->accepted);
	json_object_set_new(ctl_call_data(e->call), "left", json_integer(c->n_history));
}

int change_undo(struct ctl_call *call, void *daemon)
{
	struct daemon *d = daemon;
	struct conf *conf;
	int rc = desk_take_for(&d->desk, call);

	if (rc)
		return rc;
	if (!d->change.n_history) {
		rc = ctl_call_fail(
			call, ENOENT, NULL, "there is no earlier configuration to go back to");
	} else {
		conf = conf_clone(d->change.history[d->change.n_history - 1]->conf);
		rc = conf ? propose(d, call, conf, NULL, undone)
			  : ctl_call_fail(call, ENOMEM, NULL, "cannot go back: no memory");
		if (rc < 0)
			conf_free(conf);
	}
	if (rc < 0)
		desk_leave(&d->desk);
	return rc;
}

/* -- drafts of commands --------------------------------------------------------------------------
 */

static uint64_t newest(void *daemon)
{
	return ((struct daemon *)daemon)->change.accepted;
}

static int begin(struct ctl_call *call, void *daemon, void **draft)
{
	struct daemon *d = daemon;
	struct change_draft *draft_new;
	const int rc = desk_take_for(&d->desk, call);

	if (rc)
		return rc;
	draft_new = calloc(1, sizeof *draft_new);
	if (draft_new)
		draft_new->conf = conf_clone(apply_wanted(d)->conf);
	if (!draft_new || !draft_new->conf) {
		free(draft_new);
		desk_leave(&d->desk);
		return ctl_call_fail(call, ENOMEM, NULL, "no memory for another configuration");
	}
	if (ctl_call_has(call, "ops"))
		edit_index_pools(draft_new->conf);
	*draft = draft_new;
	return 0;
}

static void drop(void *daemon, void *draft)
{
	drop_draft(daemon, draft);
	desk_leave(&((struct daemon *)daemon)->desk);
}

int change_force_out(struct change_draft *draft, uint16_t slot)
{
	uint16_t *forced = reallocarray(draft->forced, draft->n_forced + 1, sizeof *forced);

	if (!forced)
		return -ENOMEM;
	draft->forced = forced;
	forced[draft->n_forced++] = slot;
	return 0;
}

static void set_forced(struct daemon *d, const struct change_draft *draft, bool forced)
{
	for (size_t i = 0; i < draft->n_forced; i++)
		d->forced[draft->forced[i]] = forced;
}

/* The draft is proven: accept its configuration, which is taken over. 0, 1 when nothing is other
 * than before, or -errno. */
static int accept_draft(struct daemon *d, struct conf **conf, const struct change_draft *draft,
	const struct proof *proof, struct sl_err *err)
{
	int rc;

	if (!proof->any)
		return 1;
	set_forced(d, draft, true);
	rc = change_accept(d, *conf, proof, err);
	if (rc)
		set_forced(d, draft, false);
	else
		*conf = NULL;
	return rc;
}

static int say(struct ctl_call *call, struct daemon *d, int rc, struct sl_err *err)
{
	if (rc < 0)
		return change_refuse(call, rc, err);
	json_object_set_new(ctl_call_data(call), "changed", json_boolean(rc == 0));
	ctl_call_set_rev(call, d->change.accepted);
	return 0;
}

static void drafted(struct errand *e)
{
	struct proposal *p = (struct proposal *)e;

	if (outdated(p))
		return;
	if (!p->rc && ctl_call_dry_run(e->call))
		p->rc = !p->proof.any;
	else if (!p->rc)
		p->rc = accept_draft(p->d, &p->conf, p->draft, &p->proof, &p->err);
	if (p->moves)
		json_object_set(ctl_call_data(e->call), "moves", p->moves);
	say(e->call, p->d, p->rc, &p->err);
}

/* A small change is proven and accepted at once. */
static int finish_small(struct ctl_call *call, struct daemon *d, struct change_draft *draft)
{
	const struct conf *from = apply_wanted(d)->conf;
	struct sl_err err = SL_ERR_INIT;
	struct proof proof = {0};
	int rc = guard(draft, from, &err);

	if (!rc)
		rc = proof_of_small(from, draft->conf, &proof, &err);
	if (!rc)
		rc = accept_draft(d, &draft->conf, draft, &proof, &err);
	rc = say(call, d, rc, &err);
	drop(d, draft);
	return rc;
}

/* Operations of a batch that is small still: reading and editing many takes the loop's time already
 * (500 of them 2 ms), comparing them may not come on top. */
#define SMALL_OPS 32

static bool is_small(const struct ctl_call *call, const struct change_draft *draft)
{
	return draft->conf->proven && !ctl_call_dry_run(call) &&
	       json_array_size(ctl_call_json(call, "ops")) <= SMALL_OPS;
}

static int finish(struct ctl_call *call, void *daemon, void *arg)
{
	struct change_draft *draft = arg;
	int rc;

	if (is_small(call, draft))
		return finish_small(call, daemon, draft);
	rc = propose(daemon, call, draft->conf, draft, drafted);
	if (rc < 0)
		drop(daemon, draft);
	return rc;
}

const struct ctl_change_ops change_ops = {
	.rev = newest,
	.begin = begin,
	.finish = finish,
	.abort = drop,
};

void change_clear(struct daemon *d)
{
	version_put(d->next);
	version_put(d->change.loaded);
	while (d->change.n_history)
		version_put(d->change.history[--d->change.n_history]);
	free(d->change.failed_why);
}
