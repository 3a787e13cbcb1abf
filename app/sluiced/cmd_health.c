/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_health.h"
#include "cmd_show.h"
#include "daemon.h"

const struct ctl_arg cmd_health_args[2] = {
	{"pool", JSON_STRING, false}, {"backend", JSON_STRING, false}};
const struct ctl_arg cmd_health_run_args[2] = {
	{"pool", JSON_STRING, false}, {"backend", JSON_STRING, true}};
const struct ctl_arg cmd_freeze_args[1] = {{"seconds", JSON_INTEGER, false}};

static bool names(const struct board_member *m, const char *pool, const char *backend)
{
	return (!pool || strcmp(m->pool_name, pool) == 0) &&
	       (!backend || strcmp(m->name, backend) == 0);
}

struct board_member *cmd_member_named(struct ctl_call *call, const struct board *b)
{
	const char *pool = ctl_call_string(call, "pool"), *name = ctl_call_string(call, "backend");
	struct board_member *found = NULL;

	for (size_t i = 0; i < b->n_members; i++) {
		if (!names(b->members[i], pool, name))
			continue;
		if (found) {
			ctl_call_fail(call, EINVAL, "write POOL/BACKEND",
				"several pools have a backend \"%s\"", name);
			return NULL;
		}
		found = b->members[i];
	}
	if (!found)
		ctl_call_fail(call, ENOENT, "sluicectl backend list shows them",
			"backend \"%s%s%s\" not found", pool ? pool : "", pool ? "/" : "", name);
	return found;
}

#define MODIFIERS_STRLEN 80

/* Adds a word to a list of words. */
static void word(char *list, size_t size, const char *text)
{
	const size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? " " : "", text);
}

/* "starting suppressed" and the like, of what is besides the state. */
static void modifiers_of(
	const struct board *b, const struct board_member *m, char words[MODIFIERS_STRLEN])
{
	*words = '\0';
	if (m->m.ramping)
		word(words, MODIFIERS_STRLEN, "starting");
	if (m->m.suppressed)
		word(words, MODIFIERS_STRLEN, "suppressed");
	if (m->m.ejected)
		word(words, MODIFIERS_STRLEN, "ejected");
	if (m->m.degraded)
		word(words, MODIFIERS_STRLEN, "degraded");
	if (m->m.stale)
		word(words, MODIFIERS_STRLEN, "stale");
	if (load_saturated(b->d->load, m->slot))
		word(words, MODIFIERS_STRLEN, "saturated");
}

json_t *cmd_member_json(const struct board *b, const struct board_member *m)
{
	const struct board_pool *p = &b->pools[m->pool];
	const uint64_t now = daemon_now_ms();
	char state[BOARD_STATE_STRLEN], modifiers[MODIFIERS_STRLEN];

	modifiers_of(b, m, modifiers);
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:s?, s:s, s:s, s:f, s:f, s:f, s:f, s:I, s:f}",
		"state", health_state_name(m->m.state), "health", board_state_text(m, state),
		"modifiers", modifiers, "effective", (int)m->share, "checks", (int)m->n_questions,
		"check", m->last_check, "code",
		m->last_check ? health_code_name(m->last.result.code) : "", "reason",
		m->last_check ? m->last.result.reason : "", "check_ms",
		m->last_check ? m->last.result.duration_us / 1000.0 : 0.0, "since_s",
		(double)(now - m->m.since_ms) / 1000, "latency_ms",
		m->m.measured ? m->m.latency_us / 1000 : 0.0, "penalty",
		member_penalty(&m->m, &p->params, now), "transitions", (json_int_t)m->transitions,
		"error_pct", m->m.error_permille / 10);
}

json_t *cmd_health_sums(const struct board *b)
{
	const uint64_t left_ms = freeze_left_ms(&b->freeze, daemon_now_ms());

	return json_pack("{s:s?, s:f, s:I, s:I, s:I, s:I, s:I, s:i, s:I, s:I, s:f}", "frozen",
		board_is_frozen(b) ? freeze_why_name(b->freeze.why) : NULL, "frozen_s",
		(double)left_ms / 1000, "checks", (json_int_t)b->n_checks, "ok",
		(json_int_t)b->results[HEALTH_OK], "failed", (json_int_t)b->results[HEALTH_FAIL],
		"neutral", (json_int_t)b->results[HEALTH_NEUTRAL], "transitions",
		(json_int_t)b->transitions, "inflight", (int)schedule_inflight(b->schedule),
		"delayed", (json_int_t)schedule_delayed(b->schedule), "stalls",
		(json_int_t)schedule_stalls(b->schedule), "lag_ms",
		(double)schedule_lag_us(b->schedule, daemon_now_us()) / 1000);
}

/* -- health.list --------------------------------------------------------------------------------
 */

int cmd_health_list(struct ctl_call *call, void *daemon)
{
	const struct daemon *d = daemon;
	const char *pool = ctl_call_string(call, "pool"), *name = ctl_call_string(call, "backend");

	for (size_t i = 0; i < d->board->n_members; i++)
		if (names(d->board->members[i], pool, name))
			return 0;
	if (!pool && !name)
		return 0;
	for (size_t i = 0; i < d->board->n_pools && !name; i++)
		if (strcmp(d->board->pools[i].name, pool) == 0)
			return 0;
	return ctl_call_fail(call, ENOENT, "sluicectl backend list shows them",
		name ? "backend \"%s%s%s\" not found" : "pool \"%s%s%s\" not found",
		pool ? pool : "", pool && name ? "/" : "", name ? name : "");
}

static json_t *check_item(const struct board *b, const struct board_member *m, size_t q)
{
	const struct health *h = &m->questions[q].check->health;
	const struct health_params *p = &m->questions[q].check->params;
	const struct health_entry *last = health_kept(h, 0);
	const uint64_t now = daemon_now_ms();
	char state[BOARD_STATE_STRLEN], modifiers[MODIFIERS_STRLEN];

	modifiers_of(b, m, modifiers);
	snprintf(state, sizeof state, h->streak ? "%s %u/%u" : "%s", health_state_name(h->state),
		h->streak, h->state == HEALTH_UP ? p->fall : p->rise);
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:f, s:I, s:I, s:I, s:b, s:s}",
		"pool", m->pool_name, "backend", m->name, "check", m->questions[q].name, "via",
		"direct", "state", state, "code", last ? health_code_name(last->result.code) : "",
		"ms", last ? json_real(last->result.duration_us / 1000.0) : json_null(), "reason",
		last ? last->result.reason : "", "age_s",
		last ? json_real((double)(now - last->at_ms) / 1000) : json_null(), "since_s",
		(double)(now - h->since_ms) / 1000, "ok", (json_int_t)h->n_result[HEALTH_OK],
		"failed", (json_int_t)h->n_result[HEALTH_FAIL], "neutral",
		(json_int_t)h->n_result[HEALTH_NEUTRAL], "stale", health_is_stale(h, now),
		"modifiers", modifiers);
}

/* outer: number of the member; inner: of the check. */
int cmd_health_list_next(struct ctl_call *call, void *daemon, json_t **item)
{
	const struct daemon *d = daemon;
	struct ctl_cursor *at = ctl_call_cursor(call);

	if (at->outer >= d->board->n_members)
		return 0;
	const struct board_member *m = d->board->members[at->outer];

	if (at->inner == m->n_questions ||
		!names(m, ctl_call_string(call, "pool"), ctl_call_string(call, "backend"))) {
		at->outer++;
		at->inner = 0;
		return 1;
	}
	*item = check_item(d->board, m, at->inner++);
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}

/* -- health.run ---------------------------------------------------------------------------------
 */

/* Waits for one more result of each check of a member. The member may go meanwhile. */
struct run {
	struct board_waiter waiter; /* first */
	struct board *b;
	struct ctl_call *call;
	uint16_t slot;
	char *pool, *name;
	size_t n;
	uint64_t wanted[CONF_MAX_POOL_CHECKS]; /* results that a check has when it is done */
};

static uint64_t n_results(const struct health *h)
{
	return h->n_result[0] + h->n_result[1] + h->n_result[2];
}

static void run_forget(void *ctx)
{
	struct run *r = ctx;

	board_remove_waiter(r->b, &r->waiter);
	free(r->pool);
	free(r->name);
	free(r);
}

static void run_report(struct ctl_call *call, const struct board *b, const struct board_member *m)
{
	json_t *o = ctl_call_data(call), *results = json_array();
	bool passed = true;

	for (size_t i = 0; i < m->n_questions; i++) {
		const struct health_entry *last = health_kept(&m->questions[i].check->health, 0);

		passed &= last && health_code_outcome(last->result.code) == HEALTH_OK;
		json_array_append_new(results, check_item(b, m, i));
	}
	json_object_set_new(o, "pool", json_string(m->pool_name));
	json_object_set_new(o, "backend", json_string(m->name));
	json_object_set_new(o, "passed", json_boolean(passed));
	json_object_set_new(o, "results", results);
}

static void run_changed(struct board_waiter *w)
{
	struct run *r = (struct run *)w;
	const struct board_member *m = r->b->by_slot[r->slot];
	struct ctl_call *call = r->call;

	if (!m || strcmp(m->pool_name, r->pool) != 0 || m->n_questions != r->n) {
		ctl_call_fail(call, ENOENT, NULL, "backend \"%s/%s\" or its checks went meanwhile",
			r->pool, r->name);
	} else {
		for (size_t i = 0; i < r->n; i++)
			if (n_results(&m->questions[i].check->health) < r->wanted[i])
				return;
		run_report(call, r->b, m);
	}
	run_forget(r);
	ctl_call_finish(call);
}

int cmd_health_run(struct ctl_call *call, void *daemon)
{
	struct board *b = ((struct daemon *)daemon)->board;
	const struct board_member *m = cmd_member_named(call, b);
	struct run *r;

	if (!m)
		return -EINVAL;
	if (!m->n_questions)
		return ctl_call_fail(call, EINVAL, "add one: checks = [ ... ] of the pool",
			"backend \"%s/%s\" has no check", m->pool_name, m->name);
	r = calloc(1, sizeof *r);
	if (!r)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	*r = (struct run){{run_changed, NULL}, b, call, m->slot, strdup(m->pool_name),
		strdup(m->name), m->n_questions, {0}};
	if (!r->pool || !r->name) {
		run_forget(r);
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	}
	for (size_t i = 0; i < m->n_questions; i++) {
		const struct board_check *c = m->questions[i].check;

		/* One under way was asked before: it does not count. */
		r->wanted[i] = n_results(&c->health) + 1 + c->item.running;
	}
	board_add_waiter(b, &r->waiter);
	for (size_t i = 0; i < m->n_questions; i++)
		board_probe_now(m->questions[i].check);
	return ctl_call_later(call, run_forget, r);
}

/* -- health.freeze ------------------------------------------------------------------------------
 */

int cmd_health_freeze(struct ctl_call *call, void *daemon)
{
	struct board *b = ((struct daemon *)daemon)->board;
	const int64_t s = ctl_call_integer(call, "seconds", FREEZE_MS / 1000);

	if (s < 0 || s > FREEZE_MOST_MS / 1000)
		return ctl_call_fail(call, EINVAL, "0 ends a freeze",
			"seconds must be 0 to %d, not %lld", FREEZE_MOST_MS / 1000, (long long)s);
	board_freeze(b, FREEZE_MANUAL, (uint64_t)s * 1000);
	/* One that lasts longer stays. */
	json_object_set_new(ctl_call_data(call), "frozen", json_boolean(board_is_frozen(b)));
	json_object_set_new(ctl_call_data(call), "seconds",
		json_integer(
			(json_int_t)((freeze_left_ms(&b->freeze, daemon_now_ms()) + 999) / 1000)));
	return 0;
}

/* -- backend.show -------------------------------------------------------------------------------
 */

static json_t *history(const struct health *h)
{
	const uint64_t now = daemon_now_ms();
	const struct health_entry *e;
	json_t *list = json_array();

	for (uint32_t i = 0; (e = health_kept(h, i)); i++)
		json_array_append_new(list,
			json_pack("{s:f, s:s, s:f, s:s}", "age_s", (double)(now - e->at_ms) / 1000,
				"code", health_code_name(e->result.code), "ms",
				e->result.duration_us / 1000.0, "reason", e->result.reason));
	return list;
}

int cmd_backend_show(struct ctl_call *call, void *daemon)
{
	const struct daemon *d = daemon;
	const struct board_member *m = cmd_member_named(call, d->board);
	json_t *o = ctl_call_data(call), *checks, *about;
	char address[SL_ADDR_STRLEN];

	if (!m)
		return -EINVAL;
	checks = json_array();
	for (size_t i = 0; i < m->n_questions; i++) {
		json_t *check = check_item(d->board, m, i);

		json_object_set_new(check, "results", history(&m->questions[i].check->health));
		json_array_append_new(checks, check);
	}
	json_object_set_new(o, "pool", json_string(m->pool_name));
	json_object_set_new(o, "backend", json_string(m->name));
	json_object_set_new(o, "address", json_string(sl_addr_format(&m->address, address)));
	json_object_set_new(o, "weight", json_integer(m->weight));
	json_object_set_new(o, "slots",
		json_integer(
			m->slot < d->rcu.current->n_backends ? d->rcu.current->owned[m->slot] : 0));
	json_object_set_new(o, "flows", json_integer((json_int_t)stats_flows(&d->stats, m->slot)));
	about = cmd_member_json(d->board, m);
	json_object_update(o, about);
	json_decref(about);
	cmd_path_json(d, m->slot, o);
	json_object_set_new(o, "checks", checks);
	cmd_show_config(call, d, "pools[].backends", m->pool_name, m->name);
	return 0;
}
