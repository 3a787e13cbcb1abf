/* SPDX-License-Identifier: BSD-3-Clause */

/* Changes by command: drafts that are edited, proven and accepted, or go back to what was. */

#include <errno.h>
#include <stdlib.h>

#include "apply.h"
#include "change.h"
#include "conf/edit.h"
#include "daemon.h"
#include "errand.h"
#include "plan.h"
#include "trial.h"

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
	version_put(draft->from);
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

/* Taken over when it is 0: conf, and draft. from: what conf was made of. */
static int propose(struct daemon *d, struct ctl_call *call, struct version *from, struct conf *conf,
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
	p->from = version_get(from);
	p->conf = conf;
	p->draft = draft;
	return errands_answer(d->errands, &p->errand, call);
}

/* -- undo ----------------------------------------------------------------------------------------
 */

static void undone(struct errand *e)
{
	struct proposal *p = (struct proposal *)e;
	struct change *c = &p->d->change;

	if (change_is_outdated(p->d, p->from, e->call))
		return;
	if (!p->rc)
		p->rc = change_accept(p->d, &p->conf, &p->proof, &p->err);
	if (p->rc) {
		change_refuse(e->call, p->rc, &p->err);
		return;
	}
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
		rc = conf ? propose(d, call, apply_wanted(d), conf, NULL, undone)
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
	if (draft_new) {
		draft_new->from = version_get(apply_wanted(d));
		draft_new->conf = conf_clone(draft_new->from->conf);
	}
	if (!draft_new || !draft_new->conf) {
		drop_draft(d, draft_new);
		desk_leave(&d->desk);
		return ctl_call_fail(call, ENOMEM, NULL, "no memory for another configuration");
	}
	if (ctl_call_has(call, "ops") || ctl_call_has(call, "backends"))
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
	rc = change_accept(d, conf, proof, err);
	if (rc)
		set_forced(d, draft, false);
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

	if (change_is_outdated(p->d, p->from, e->call))
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
	const struct conf *from = draft->from->conf;
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

static void nothing(void *arg)
{
}

/* A build failed while the draft was edited in slices: it is begun anew. */
static int begin_anew(struct ctl_call *call, struct daemon *d, struct change_draft *draft)
{
	int rc;

	drop(d, draft);
	ctl_call_retry(call);
	rc = ctl_call_later(call, nothing, NULL);
	ctl_call_finish(call);
	return rc;
}

static int finish(struct ctl_call *call, void *daemon, void *arg)
{
	struct change_draft *draft = arg;
	int rc;

	if (change_is_outdated(daemon, draft->from, NULL))
		return begin_anew(call, daemon, draft);
	if (is_small(call, draft))
		return finish_small(call, daemon, draft);
	rc = propose(daemon, call, draft->from, draft->conf, draft, drafted);
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
