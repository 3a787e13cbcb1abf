/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "base/log.h"
#include "change.h"
#include "daemon.h"

const struct ctl_arg change_applied_args[1] = {{"rev", JSON_INTEGER, false}};

void change_first(struct daemon *d)
{
	d->change.accepted = d->change.in_force = d->revision;
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
	struct daemon *d, struct conf **conf, const struct proof *proof, struct sl_err *err)
{
	struct version *version = version_new(*conf, d->change.accepted + 1, &d->waste);

	if (!version)
		return sl_err_sys(err, ENOMEM, "cannot accept the configuration");
	*conf = NULL;
	remember(d);
	d->change.accepted = version->rev;
	d->refused = false;
	apply_next(d, version, proof->addresses);
	return 0;
}

bool change_is_outdated(const struct daemon *d, const struct version *from, struct ctl_call *call)
{
	if (from == apply_wanted(d))
		return false;
	if (call)
		ctl_call_retry(call);
	return true;
}

/* Sentences in a line of an answer, as many as have room. */
#define TEXT_BYTES 300

static void join(const struct sl_err *err, char text[TEXT_BYTES])
{
	size_t n = 0;

	*text = '\0';
	for (size_t i = 0; i < err->count && n < TEXT_BYTES; i++)
		n += (size_t)snprintf(
			text + n, TEXT_BYTES - n, "%s%s", i ? "; " : "", err->text[i]);
}

int change_refuse(struct ctl_call *call, int code, struct sl_err *err)
{
	char text[TEXT_BYTES];

	join(err, text);
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

static bool is_half(const struct change *c, uint64_t rev)
{
	return c->half_why && rev >= c->half_from && rev <= c->half_to;
}

/* 0 when the revision is in force, 1 when it is on its way, -errno after ctl_call_fail(). */
static int answer(const struct daemon *d, struct ctl_call *call, uint64_t rev)
{
	if (has_failed(&d->change, rev))
		return ctl_call_fail(call, ECANCELED, NULL,
			"revision %" PRIu64 " could not be brought into force: %s", rev,
			d->change.failed_why ? d->change.failed_why : "no memory");
	if (rev > d->change.in_force)
		return 1;
	if (is_half(&d->change, rev))
		return ctl_call_fail(call, EIO, "it is tried again every few seconds",
			"revision %" PRIu64 " is in force, but %s", rev, d->change.half_why);
	json_object_set_new(
		ctl_call_data(call), "rev", json_integer((json_int_t)d->change.in_force));
	return 0;
}

int change_applied(struct ctl_call *call, void *daemon)
{
	struct daemon *d = daemon;
	const uint64_t rev = (uint64_t)ctl_call_integer(call, "rev", (int64_t)d->change.accepted);
	struct change_waiter *w;
	int rc;

	if (ctl_call_integer(call, "rev", 0) < 0)
		return ctl_call_fail(call, EINVAL, NULL, "a revision is not negative");
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

void change_say_failed(struct daemon *d, const char *outcome, struct sl_err *err)
{
	for (size_t i = 0; i < err->count; i++)
		log_error("%s", err->text[i]);
	log_error("%s: revision %" PRIu64 " %s", d->options->config, d->revision, outcome);
	free(d->last_error);
	d->last_error = strdup(sl_err_first(err));
	sl_err_clear(err);
}

/* What is refused again, in the same words, is nobody else's fault and no news. */
void change_half_done(struct daemon *d, struct sl_err *err)
{
	struct change *c = &d->change;
	char text[TEXT_BYTES];

	join(err, text);
	c->half_ms = daemon_now_ms();
	d->refused = true;
	if (c->half_why && strcmp(c->half_why, text) == 0) {
		sl_err_clear(err);
		return;
	}
	free(c->half_why);
	c->half_why = strdup(text);
	c->half_from = c->in_force < d->revision ? c->in_force + 1 : d->revision;
	c->half_to = d->revision;
	change_say_failed(d, "is in force, but not all its VIPs are steered", err);
}

void change_steered(struct daemon *d)
{
	struct change *c = &d->change;

	if (!c->half_why)
		return;
	log_info("revision %" PRIu64 ": all its VIPs are steered now", d->revision);
	/* What was refused after it is still to be seen. */
	if (d->last_error && strncmp(c->half_why, d->last_error, strlen(d->last_error)) == 0) {
		free(d->last_error);
		d->last_error = NULL;
		d->refused = false;
	}
	free(c->half_why);
	c->half_why = NULL;
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
	d->change.in_force = d->revision;
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
	c->in_force = d->revision;
	/* Whoever was to go with its connections stays. */
	memset(d->forced, 0, BACKEND_SLOTS * sizeof *d->forced);
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

void change_clear(struct daemon *d)
{
	version_put(d->next);
	version_put(d->change.loaded);
	while (d->change.n_history)
		version_put(d->change.history[--d->change.n_history]);
	free(d->change.failed_why);
	free(d->change.half_why);
}
