/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "apply.h"
#include "base/log.h"
#include "board.h"
#include "daemon.h"
#include "kernel/link.h"
#include "table/load.h"
#include "part.h"

#define TICK_MS       100
/* A tick looks at members and pools for so long at one go, and at the clock every so many. */
#define PART_US       500
#define PART_STEPS    64
/* No more often is it looked for a mass failure: it walks all checks. */
#define MASS_EVERY_MS 100
/* The state file is written so soon after a change, and so often without one. */
#define SAVE_SOON_MS  2000
#define SAVE_EVERY_MS 20000

void board_note(struct board *b, const char *object, const char *text)
{
	event_add_entry(b->d->happened, object, text);
	log_info("%s: %s", object, text);
	if (b->d->ctl)
		ctl_server_kick(b->d->ctl);
}

void board_tell_of(
	struct board *b, const char *pool, const char *backend, const char *fmt, va_list ap)
{
	char object[EVENT_OBJECT_BYTES], text[EVENT_TEXT_BYTES];

	vsnprintf(text, sizeof text, fmt, ap);
	snprintf(object, sizeof object, "%s/%s", pool, backend);
	board_note(b, object, text);
}

void board_tell(struct board *b, const struct board_member *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	board_tell_of(b, m->pool_name, m->name, fmt, ap);
	va_end(ap);
}

static void tell_waiters(struct board *b)
{
	struct board_waiter *next;

	for (struct board_waiter *w = b->waiters; w; w = next) {
		next = w->next;
		w->changed(w);
	}
}

void board_add_waiter(struct board *b, struct board_waiter *w)
{
	w->next = b->waiters;
	b->waiters = w;
}

void board_remove_waiter(struct board *b, struct board_waiter *w)
{
	for (struct board_waiter **at = &b->waiters; *at; at = &(*at)->next)
		if (*at == w) {
			*at = w->next;
			return;
		}
}

bool board_is_frozen(const struct board *b)
{
	return b->freeze.why != FREEZE_NOT;
}

struct board_member *board_member(const struct board *b, uint16_t slot)
{
	return b->by_slot[slot];
}

static void count_failing(const struct board_check *c, uint64_t now_ms, struct freeze_count *count,
	uint8_t *pool_failing)
{
	size_t n;
	struct board_member *const *members = board_check_members(c, &n);

	count->all += n > 0;
	if (!n || !c->health.failing_ms || now_ms - c->health.failing_ms > FREEZE_WINDOW_MS)
		return;
	count->failing++;
	for (size_t i = 0; i < n; i++) {
		count->pools += !pool_failing[members[i]->pool];
		pool_failing[members[i]->pool] = 1;
	}
}

/* Members that come under a freeze are as they are. */
static void hold_members(struct board *b, bool hold)
{
	for (size_t i = 0; i < b->n_members; i++) {
		if (hold)
			b->members[i]->held = b->members[i]->m;
		b->members[i]->is_held = hold;
	}
}

/* If the freeze is over: tables follow again. */
static void thaw(struct board *b, uint64_t now_ms)
{
	if (!freeze_tick(&b->freeze, now_ms))
		return;
	hold_members(b, false);
	b->unsaved = true;
	board_note(b, "health", "no longer frozen");
	board_decide(b);
	apply_soon(b->d);
}

void board_freeze(struct board *b, enum freeze_why why, uint64_t for_ms)
{
	const uint64_t now_ms = daemon_now_ms();
	char text[EVENT_TEXT_BYTES];

	if (!for_ms) {
		freeze_end(&b->freeze);
		thaw(b, now_ms);
		return;
	}
	if (!board_is_frozen(b))
		hold_members(b, true);
	if (!freeze_begin(&b->freeze, why, for_ms, now_ms))
		return;
	b->unsaved = true;
	snprintf(text, sizeof text, "FROZEN for %u s: %s; tables stay as they are",
		(unsigned int)(for_ms / 1000), freeze_why_name(why));
	board_note(b, "health", text);
}

/* A failure came: is it one of very many? */
static void look_for_mass(struct board *b, uint64_t now_ms)
{
	struct freeze_count count = {0};
	const struct board_check *c;
	uint8_t *pool_failing;

	if (now_ms - b->mass_ms < MASS_EVERY_MS || b->n_pools < FREEZE_POOLS || board_is_frozen(b))
		return;
	b->mass_ms = now_ms;
	pool_failing = calloc(b->n_pools, 1);
	if (!pool_failing)
		return;
	TAILQ_FOREACH(c, &b->all, link)
	count_failing(c, now_ms, &count, pool_failing);
	free(pool_failing);
	if (freeze_is_mass(&count))
		board_freeze(b, FREEZE_MASS, FREEZE_MS);
}

void board_look_at_links(struct board *b)
{
	const uint64_t now_ms = daemon_now_ms();

	if (b->links_ms == now_ms)
		return;
	b->links_ms = now_ms;
	for (uint32_t i = 0; i < b->d->n_ports; i++) {
		const char *name = b->d->ports[i].conf->interface;
		const bool up = !name || link_has_carrier(name);

		if (up == b->links_up[i])
			continue;
		b->links_up[i] = up;
		b->settled_ms[i] = up ? now_ms + FREEZE_SETTLE_MS : UINT64_MAX;
		if (!up)
			board_freeze(b, FREEZE_LINK, FREEZE_MS);
		else
			freeze_link_back(&b->freeze, now_ms);
	}
}

/* Is the link down, or back only just, that leads to all who are judged by this check? Then a
 * failure is ours: after a link came back, neighbours have to be found again. */
static bool link_is_down(const struct board_check *c, uint64_t now_ms)
{
	const struct board *b = c->board;
	struct board_member *const *members;
	bool any_down = false;
	size_t n;

	for (uint32_t i = 0; i < b->d->n_ports; i++)
		any_down |= now_ms < b->settled_ms[i];
	if (!any_down)
		return false;
	members = board_check_members(c, &n);
	for (size_t i = 0; i < n; i++)
		if (!members[i]->has_port || now_ms >= b->settled_ms[members[i]->port])
			return false;
	return true;
}

static void measure(struct board *b, const struct board_check *c, const struct health_result *r,
	uint64_t now_ms)
{
	size_t n;
	struct board_member *const *members = board_check_members(c, &n);

	for (size_t i = 0; i < n; i++) {
		struct board_member *m = members[i];
		unsigned int changed;

		m->last = (struct health_entry){now_ms, *r};
		for (size_t q = 0; q < m->n_questions; q++)
			if (m->questions[q].check == c)
				m->last_check = m->questions[q].name;
		changed = member_measure(&m->m, &b->pools[m->pool].params, r);
		if (changed)
			board_tell_changes(b, m, changed, m->m.state);
		load_set_errors(b->d->load, m->slot, (uint16_t)m->m.error_permille);
		if (health_code_outcome(r->code) == HEALTH_OK)
			load_sample(b->d->load, m->slot, r->duration_us ? r->duration_us : 1);
	}
}

void board_take(struct board_check *c, const struct health_result *r)
{
	struct board *b = c->board;
	const uint64_t now_ms = daemon_now_ms();
	struct health_result own = *r;
	size_t n;
	struct board_member *const *members = board_check_members(c, &n);

	/* Looked at here, because the tick may come after the failures that it explains. */
	if (health_code_outcome(r->code) == HEALTH_FAIL)
		board_look_at_links(b);
	if (health_code_outcome(r->code) == HEALTH_FAIL && link_is_down(c, now_ms))
		health_result_set(&own, HEALTH_CODE_LINKDOWN, r->duration_us, "%s", r->reason);
	b->results[health_code_outcome(own.code)]++;
	health_take(&c->health, &c->params, &own, now_ms);
	board_check_pass_on(c);
	measure(b, c, &own, now_ms);
	if (n && health_code_outcome(own.code) == HEALTH_FAIL)
		look_for_mass(b, now_ms);
	for (size_t i = 0; i < n; i++)
		if (board_judge(b, members[i]))
			board_touch(b, &b->pools[members[i]->pool]);
	if (b->waiters)
		tell_waiters(b);
}

static void save_sometimes(struct board *b, uint64_t now_ms)
{
	const uint64_t age = now_ms - b->saved_ms;

	if (age >= SAVE_EVERY_MS || (b->unsaved && age >= SAVE_SOON_MS))
		board_save_begin(b);
}

/* Checks that have said nothing for too long, and what time and traffic make of a member. */
static void tick_member(struct board *b, struct board_member *m, uint64_t now_ms)
{
	for (size_t i = 0; i < m->n_questions; i++) {
		struct board_check *c = m->questions[i].check;

		if (c && c->health.state == HEALTH_INIT && health_expire(&c->health, now_ms))
			board_check_pass_on(c);
	}
	board_count_traffic(b, m);
	board_judge(b, m);
}

/* One member, or behind them one pool. */
static void tick_one(struct board *b, size_t at, uint64_t now_ms)
{
	if (at < b->n_members)
		tick_member(b, b->members[at], now_ms);
	else if (!board_is_settling(b))
		board_eject(b, &b->pools[at - b->n_members], now_ms);
}

/* All were looked at. */
static void end_tick(struct board *b, uint64_t now_ms)
{
	thaw(b, now_ms);
	board_decide(b);
	save_sometimes(b, now_ms);
	if (b->waiters)
		tell_waiters(b);
}

/* Where others come or go meanwhile, who was passed over has his turn in the next tick. */
static void on_part(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once;
	struct board *b = arg;
	const uint64_t now_ms = daemon_now_ms();
	struct part part = part_begin(PART_US, PART_STEPS);

	while (b->ticked < b->n_members + b->n_pools) {
		tick_one(b, b->ticked++, now_ms);
		if (part_is_over(&part))
			break;
	}
	if (b->ticked < b->n_members + b->n_pools) {
		evtimer_add(b->part, &at_once);
	} else {
		end_tick(b, now_ms);
	}
	loop_relieve(&b->d->loop, b->d->base);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct board *b = arg;

	board_look_at_links(b);
	if (event_pending(b->part, EV_TIMEOUT, NULL))
		return; /* the last one is not over */
	b->ticked = 0;
	on_part(-1, 0, b);
}

static void on_decide(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once;
	struct board *b = arg;

	if (board_decide_part(b))
		evtimer_add(b->decide, &at_once);
	loop_relieve(&b->d->loop, b->d->base);
}

static void on_pump(evutil_socket_t fd, short what, void *arg)
{
	struct board *b = arg;

	board_pump(b);
	loop_relieve(&b->d->loop, b->d->base);
}

static void on_work(void *arg)
{
	struct daemon *d = arg;

	loop_relieve(&d->loop, d->base);
}

int board_open(struct daemon *d, struct sl_err *err)
{
	struct board *b = calloc(1, sizeof *b);
	uint64_t seed = daemon_now_ms();

	d->board = b;
	signal(SIGPIPE, SIG_IGN);
	if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
		seed = daemon_now_ms();
	d->happened = event_log_new();
	if (b) {
		b->d = d;
		TAILQ_INIT(&b->all);
		b->by_slot = calloc(BACKEND_SLOTS, sizeof(void *));
		b->schedule = schedule_new(seed);
		b->saved_ms = daemon_now_ms();
		memset(b->links_up, true, sizeof b->links_up);
	}
	if (!b || !b->by_slot || !b->schedule || !d->happened)
		return sl_err_sys(err, ENOMEM, "cannot start the health checks");
	b->prober = prober_new(d->base, err);
	if (!b->prober)
		return -ENOMEM;
	prober_on_work(b->prober, on_work, d);
	return 0;
}

int board_start(struct board *b)
{
	const struct timeval tick = {.tv_usec = TICK_MS * 1000};

	b->pump = evtimer_new(b->d->base, on_pump, b);
	b->part = evtimer_new(b->d->base, on_part, b);
	b->decide = evtimer_new(b->d->base, on_decide, b);
	b->tick = event_new(b->d->base, -1, EV_PERSIST, on_tick, b);
	if (!b->pump || !b->part || !b->decide || !b->tick || board_save_open(b) ||
		event_add(b->tick, &tick))
		return -ENOMEM;
	board_pump(b);
	return 0;
}

void board_close(struct board *b)
{
	static const struct conf nothing = {.health = {.max_inflight = 1, .max_rate = 1}};

	if (!b)
		return;
	board_follow_drop(b);
	if (b->n_members)
		board_save(b);
	board_save_close(b);
	if (b->pump)
		event_free(b->pump);
	if (b->tick)
		event_free(b->tick);
	if (b->part)
		event_free(b->part);
	if (b->decide)
		event_free(b->decide);
	b->pump = b->part = b->decide = NULL;
	if (b->schedule && b->by_slot)
		board_follow(b, &nothing, NULL);
	prober_free(b->prober);
	schedule_free(b->schedule);
	free(b->pools);
	free(b->members);
	free(b->order);
	free(b->by_slot);
	free(b);
}

void board_set_port(struct board *b, size_t number, bool known, uint8_t port)
{
	struct board_member *m = number < b->n_members ? b->members[number] : NULL;

	if (!m || !known)
		return; /* what was known is better than nothing */
	m->has_port = true;
	m->port = port;
}
