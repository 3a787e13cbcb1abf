/* SPDX-License-Identifier: BSD-3-Clause */

/* What outlives a restart: the board in state_dir/health.json (saved.h). It is written in slices
 * between which the loop goes on, and moved to its place beside the loop: to put megabytes in the
 * place of others takes a file system milliseconds. A row holds what is so when it is written; what
 * changes behind the writer's back is in the next file, which then comes soon. */

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "board.h"
#include "daemon.h"

/* A slice ends at the first look at the clock after so long; it looks every so many rows. */
#define SLICE_US 1000
#define ROWS     16
/* The loop gets so long between two slices. */
#define PAUSE_US 2000
/* At the end: between two looks whether the file before has been moved. */
#define WAIT_US  1000

static char *path_of(const struct board *b)
{
	const struct conf *conf = b->d->running ? b->d->running->conf : b->d->first->conf;
	char *path;

	return conf && asprintf(&path, "%s/health.json", conf->daemon.state_dir) >= 0 ? path : NULL;
}

/* -- Writing ---------------------------------------------------------------------------------- */

/* Said once, until it is something else. */
static void tell_result(struct board *b, int rc)
{
	const struct conf *conf = b->d->running ? b->d->running->conf : NULL;

	if (conf && rc && rc != b->save.told)
		log_warn("cannot write %s/health.json: %s; a restart begins without health",
			conf->daemon.state_dir, strerror(-rc));
	b->save.told = rc;
	b->saved_ms = daemon_now_ms();
}

/* A whole file, which goes to its place. */
struct board_moving {
	struct saved_writer writer;
	int rc;
	bool moved; /* written last, by who moves it */
};

static void move(void *thing)
{
	struct board_moving *m = thing;

	m->rc = saved_end(&m->writer);
	__atomic_store_n(&m->moved, true, __ATOMIC_RELEASE);
}

/* Does one move still? The result of one that does not is told. */
static bool is_moving(struct board *b)
{
	struct board_moving *m = b->save.moving;

	if (!m)
		return false;
	if (!__atomic_load_n(&m->moved, __ATOMIC_ACQUIRE))
		return true;
	tell_result(b, m->rc);
	free(m);
	b->save.moving = NULL;
	return false;
}

/* True: it has no row in this file yet, and gets it now. */
static bool is_new(const struct board *b, uint64_t *saved)
{
	const bool fresh = *saved != b->save.number;

	*saved = b->save.number;
	return fresh;
}

static void add_pool(struct board *b, struct board_pool *p)
{
	if (is_new(b, &p->saved))
		saved_add_pool(&b->save.writer,
			&(struct saved_pool){p->name, p->decision.reason, p->since_ms, p->memory});
}

static void add_member(struct board *b, struct board_member *m)
{
	if (!is_new(b, &m->saved))
		return;
	saved_add_member(&b->save.writer,
		&(struct saved_member){m->pool_name, m->address, m->m, m->outlier});
	if (m->is_held)
		saved_add_held(&b->save.writer,
			&(struct saved_member){m->pool_name, m->address, m->held, m->outlier});
}

static void add_freeze(struct board *b)
{
	if (board_is_frozen(b))
		saved_add_freeze(
			&b->save.writer, &(struct saved_freeze){b->freeze.why, b->freeze.until_ms});
}

static void add_checks(struct board *b, const struct board_member *m)
{
	for (size_t q = 0; q < m->n_questions; q++) {
		struct board_check *c = m->questions[q].check;

		if (c && is_new(b, &c->saved))
			saved_add_check(&b->save.writer,
				&(struct saved_check){c->key, c->health.state, c->health.since_ms});
	}
}

/* One step on: over the pools, over the members, over the members for their checks. False: it was
 * done. */
static bool step(struct board *b)
{
	const size_t at = b->save.at++, pools = b->n_pools, members = b->n_members;

	if (at < pools)
		add_pool(b, &b->pools[at]);
	else if (at < pools + members)
		add_member(b, b->members[at - pools]);
	else if (at < pools + 2 * members)
		add_checks(b, b->members[at - pools - members]);
	return at < pools + 2 * members;
}

static bool begin(struct board *b)
{
	const struct conf *conf = b->d->running ? b->d->running->conf : NULL;
	char *path = path_of(b);
	int rc = -ENOMEM;

	if (conf)
		mkdir(conf->daemon.state_dir, 0750);
	if (path)
		rc = saved_begin(&b->save.writer, path, daemon_now_ms());
	free(path);
	b->save.at = 0;
	b->save.number++;
	b->unsaved = false;
	if (rc)
		tell_result(b, rc);
	else
		add_freeze(b);
	return !rc;
}

static void end(struct board *b)
{
	struct board_moving *m = malloc(sizeof *m);

	if (!m) {
		tell_result(b, saved_end(&b->save.writer));
		return;
	}
	*m = (struct board_moving){.writer = b->save.writer};
	b->save.writer = (struct saved_writer){0};
	b->save.moving = m;
	b->saved_ms = daemon_now_ms();
	waste_thing(&b->d->waste, m, move);
}

/* Rows until the time is up. False: that was the last one. */
static bool slice(struct board *b)
{
	const uint64_t until = daemon_now_us() + SLICE_US;

	do {
		for (int i = 0; i < ROWS; i++)
			if (!step(b))
				return false;
	} while (daemon_now_us() < until);
	return true;
}

static void on_slice(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval pause = {.tv_usec = PAUSE_US};
	struct board *b = arg;

	if (!b->save.writer.f)
		return;
	if (slice(b))
		evtimer_add(b->save.event, &pause);
	else
		end(b);
	loop_relieve(&b->d->loop, b->d->base);
}

int board_save_open(struct board *b)
{
	b->save.event = evtimer_new(b->d->base, on_slice, b);
	return b->save.event ? 0 : -ENOMEM;
}

static void wait_moved(struct board *b)
{
	while (is_moving(b))
		usleep(WAIT_US);
}

void board_save_close(struct board *b)
{
	saved_abort(&b->save.writer);
	wait_moved(b);
	if (b->save.event)
		event_free(b->save.event);
	b->save.event = NULL;
}

void board_save_begin(struct board *b)
{
	if (!b->save.writer.f && !is_moving(b) && begin(b))
		on_slice(-1, 0, b);
}

void board_save_follow(struct board *b)
{
	b->save.at = 0;
}

void board_save(struct board *b)
{
	saved_abort(&b->save.writer);
	wait_moved(b);
	if (!begin(b))
		return;
	while (step(b))
		;
	tell_result(b, saved_end(&b->save.writer));
}

/* -- Reading ---------------------------------------------------------------------------------- */

struct restore {
	struct board *b;
	uint64_t now_ms;
	struct board_member **by_name; /* by pool and address */
	size_t n_members, next_pool;   /* members that were found; where to look for a pool first */
};

static int cmp_member(const void *a, const void *b)
{
	const struct board_member *x = *(struct board_member *const *)a,
				  *y = *(struct board_member *const *)b;
	const int c = strcmp(x->pool_name, y->pool_name);

	return c ? c : memcmp(&x->address, &y->address, sizeof x->address);
}

/* Most often it is the one behind the last one found. */
static struct board_pool *find_pool(struct restore *r, const char *name)
{
	struct board *b = r->b;

	for (size_t i = 0; i < b->n_pools; i++) {
		const size_t at = (r->next_pool + i) % b->n_pools;

		if (strcmp(b->pools[at].name, name) == 0) {
			r->next_pool = at + 1;
			return &b->pools[at];
		}
	}
	return NULL;
}

static void restore_pool(void *ctx, const struct saved_pool *s)
{
	struct board_pool *p = find_pool(ctx, s->name);

	if (!p)
		return;
	p->memory = s->memory;
	p->decision.reason = s->reason;
	p->since_ms = s->since_ms;
}

/* NULL: it is not of the configuration any more. */
static struct board_member *find_member(const struct restore *r, const struct saved_member *s)
{
	struct board_member key = {.pool_name = (char *)(uintptr_t)s->pool, .address = s->address};
	struct board_member *of_key = &key, **found = bsearch(&of_key, r->by_name, r->b->n_members,
						    sizeof(void *), cmp_member);

	return found ? *found : NULL;
}

static void restore_member(void *ctx, const struct saved_member *s)
{
	struct restore *r = ctx;
	struct board_member *m = find_member(r, s);

	if (!m)
		return;
	m->outlier = s->outlier;
	m->m.ejected = s->outlier.ejected;
	r->n_members++;
	if (!m->n_questions) /* that nobody asks now, it is up by itself */
		return;
	m->m = s->m;
	m->m.fold_ms = r->now_ms;
}

/* Its row comes before those of the members that it holds. */
static void restore_freeze(void *ctx, const struct saved_freeze *s)
{
	const struct restore *r = ctx;

	if (s->until_ms > r->now_ms)
		r->b->freeze = (struct freeze){.why = s->why, .until_ms = s->until_ms};
}

static void restore_held(void *ctx, const struct saved_member *s)
{
	const struct restore *r = ctx;
	struct board_member *m = find_member(r, s);

	if (!m || !m->n_questions || !board_is_frozen(r->b))
		return;
	m->held = s->m;
	m->held.fold_ms = r->now_ms;
	m->is_held = true;
}

static int cmp_key(const void *a, const void *b)
{
	return strcmp(((const struct board_check *)a)->key, ((const struct board_check *)b)->key);
}

static void restore_check(void *ctx, const struct saved_check *s)
{
	const struct restore *r = ctx;
	const struct board_check key = {.key = (char *)(uintptr_t)s->key};
	struct board_check **found = tfind(&key, &r->b->checks, cmp_key);

	if (!found || s->state == HEALTH_INIT)
		return;
	(*found)->health.state = s->state;
	(*found)->health.since_ms = s->since_ms;
}

static void tell_frozen(struct board *b, uint64_t now_ms)
{
	char text[EVENT_TEXT_BYTES];

	if (!board_is_frozen(b))
		return;
	snprintf(text, sizeof text, "FROZEN for %llu s more: %s; tables stay as they were",
		(unsigned long long)(freeze_left_ms(&b->freeze, now_ms) + 999) / 1000,
		freeze_why_name(b->freeze.why));
	board_note(b, "health", text);
}

void board_restore(struct board *b)
{
	struct restore r = {.b = b,
		.now_ms = daemon_now_ms(),
		.by_name = calloc(b->n_members + 1, sizeof(void *))};
	const struct saved_reader reader = {
		restore_pool, restore_member, restore_check, restore_freeze, restore_held, &r};
	struct sl_err err = SL_ERR_INIT;
	char *path = path_of(b);
	uint64_t age_ms;
	int rc = -ENOMEM;

	if (path && r.by_name) {
		for (size_t i = 0; i < b->n_members; i++)
			r.by_name[i] = b->members[i];
		qsort(r.by_name, b->n_members, sizeof(void *), cmp_member);
		rc = saved_read(path, r.now_ms, &reader, &age_ms, &err);
	}
	if (!rc)
		log_info("health of %zu backends restored, %llu s old", r.n_members,
			(unsigned long long)age_ms / 1000);
	else if (rc == -ESTALE)
		log_info("health begins anew: %s", sl_err_first(&err));
	else if (rc != -ENOENT)
		log_warn("health begins anew: %s", err.count ? sl_err_first(&err) : strerror(-rc));
	tell_frozen(b, r.now_ms);
	sl_err_clear(&err);
	free(path);
	free(r.by_name);
}
