/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "health/probe_type.h"
#include "health/reuse.h"

/* Each pool is looked after about once a second, a tenth of them at a time, and no more than so
 * many connections are opened in one go. */
#define TICK_MS    100
#define TICKS      10
#define TICK_OPENS 50

TAILQ_HEAD(conn_list, reuse_conn);
TAILQ_HEAD(user_list, reuse_user);

struct reuse_pool {
	struct reuse *owner;
	struct conn_target target; /* texts behind this struct */
	struct probe_reuse limits;
	unsigned int refs;
	unsigned int count; /* all connections, whoever has them */
	struct conn_list idle, opening;
	struct user_list waiting;
	TAILQ_ENTRY(reuse_pool) in_list;
};

struct reuse {
	struct conns *conns;
	struct event_base *base;
	struct event timer;
	void *tree; /* of pools, by target and limits */
	TAILQ_HEAD(, reuse_pool) pools;
	size_t n_pools;
	struct prober_stats stats;
};

static int text_cmp(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static int pool_cmp(const void *a, const void *b)
{
	const struct reuse_pool *pa = a, *pb = b;
	const struct conn_target *ta = &pa->target, *tb = &pb->target;
	int d = memcmp(&ta->address, &tb->address, sizeof ta->address);

	d = d ? d : ta->port - tb->port;
	d = d ? d : ta->tls - tb->tls;
	d = d ? d : ta->verify - tb->verify;
	d = d ? d : memcmp(&pa->limits, &pb->limits, sizeof pa->limits);
	d = d ? d : text_cmp(ta->name, tb->name);
	return d ? d : text_cmp(ta->ca_file, tb->ca_file);
}

static void idle_hear(void *ctx, enum conn_news news);
static void opening_hear(void *ctx, enum conn_news news);

static void unlist(struct reuse_conn *rc)
{
	if (rc->stage == REUSE_IDLE)
		TAILQ_REMOVE(&rc->pool->idle, rc, in_list);
	else if (rc->stage == REUSE_OPENING)
		TAILQ_REMOVE(&rc->pool->opening, rc, in_list);
	rc->stage = REUSE_TAKEN;
}

static void discard(struct reuse_conn *rc)
{
	unlist(rc);
	rc->pool->count--;
	rc->pool->owner->stats.reuse_open--;
	conn_close(rc->conn, false);
	free(rc);
}

/* NULL without memory. */
static struct reuse_conn *open_one(struct reuse_pool *pool, conn_hear *hear, void *ctx)
{
	struct reuse_conn *rc = calloc(1, sizeof *rc);

	if (!rc)
		return NULL;
	rc->conn = conn_open(pool->owner->conns, &pool->target, hear, ctx ? ctx : rc);
	if (!rc->conn) {
		free(rc);
		return NULL;
	}
	rc->pool = pool;
	rc->stage = REUSE_TAKEN;
	rc->fresh = true;
	rc->since_us = probe_now_us();
	pool->count++;
	pool->owner->stats.reuse_open++;
	pool->owner->stats.reuse_opened++;
	return rc;
}

static void open_in_background(struct reuse_pool *pool)
{
	struct reuse_conn *rc = open_one(pool, opening_hear, NULL);

	if (!rc)
		return;
	rc->stage = REUSE_OPENING;
	TAILQ_INSERT_TAIL(&pool->opening, rc, in_list);
}

static void stop_waiting(struct reuse_user *user)
{
	if (!user->waiting)
		return;
	user->waiting = false;
	TAILQ_REMOVE(&user->pool->waiting, user, in_list);
	evtimer_del(&user->timer);
}

static void wait_over(evutil_socket_t fd, short what, void *arg)
{
	struct reuse_user *user = arg;

	stop_waiting(user);
	user->got(user->ctx, NULL);
}

/* A connection without a user: to who waits, else it is idle. */
static void settle(struct reuse_conn *rc)
{
	struct reuse_pool *pool = rc->pool;
	struct reuse_user *user = TAILQ_FIRST(&pool->waiting);

	unlist(rc);
	rc->fresh = false;
	if (user) {
		stop_waiting(user);
		conn_hand(rc->conn, user->hear, user->ctx);
		user->got(user->ctx, rc);
		return;
	}
	rc->stage = REUSE_IDLE;
	rc->since_us = probe_now_us();
	TAILQ_INSERT_HEAD(&pool->idle, rc, in_list);
	conn_hand(rc->conn, idle_hear, rc);
}

/* Nobody asked, so this is the end, or bytes that belong to no request. */
static void idle_hear(void *ctx, enum conn_news news)
{
	struct reuse_conn *rc = ctx;
	char byte;

	if (conn_recv(rc->conn, &byte, 1) == -EAGAIN)
		return;
	rc->pool->owner->stats.reuse_lost++;
	discard(rc);
}

/* Who waits gets a connection of its own, so that it hears why there is none. */
static void fill_room(struct reuse_pool *pool)
{
	struct reuse_user *user;

	while (pool->count < pool->limits.max && (user = TAILQ_FIRST(&pool->waiting))) {
		stop_waiting(user);
		user->got(user->ctx, open_one(pool, user->hear, user->ctx));
	}
}

static void opening_hear(void *ctx, enum conn_news news)
{
	struct reuse_conn *rc = ctx;
	struct reuse_pool *pool = rc->pool;

	if (news == CONN_UP) {
		settle(rc);
		return;
	}
	discard(rc);
	fill_room(pool);
}

static void look_after(struct reuse_pool *pool, uint64_t now, unsigned int *opens)
{
	const uint64_t idle_us = (uint64_t)pool->limits.idle_s * 1000000;
	struct reuse_conn *rc, *next;

	/* The one that waits longest is at the end. */
	while ((rc = TAILQ_LAST(&pool->idle, conn_list)) && now - rc->since_us >= idle_us)
		discard(rc);
	for (rc = TAILQ_FIRST(&pool->opening); rc; rc = next) {
		next = TAILQ_NEXT(rc, in_list);
		if (now - rc->since_us >= PROBE_REFILL_MS * 1000)
			discard(rc);
	}
	while (pool->count < pool->limits.min && *opens) {
		const unsigned int before = pool->count;

		open_in_background(pool);
		--*opens;
		if (pool->count == before)
			break;
	}
}

static void tick(evutil_socket_t fd, short what, void *arg)
{
	struct reuse *r = arg;
	const uint64_t now = probe_now_us();
	unsigned int opens = TICK_OPENS;

	for (size_t n = r->n_pools / TICKS + 1; n && r->n_pools && opens; n--) {
		struct reuse_pool *pool = TAILQ_FIRST(&r->pools);

		look_after(pool, now, &opens);
		TAILQ_REMOVE(&r->pools, pool, in_list);
		TAILQ_INSERT_TAIL(&r->pools, pool, in_list);
	}
}

int reuse_new(struct conns *conns, struct event_base *base, struct reuse **out)
{
	struct reuse *r = *out = calloc(1, sizeof *r);

	if (!r)
		return -ENOMEM;
	r->conns = conns;
	r->base = base;
	TAILQ_INIT(&r->pools);
	event_assign(&r->timer, base, -1, EV_PERSIST, tick, r);
	return 0;
}

void reuse_free(struct reuse *r)
{
	if (r)
		event_del(&r->timer);
	free(r);
}

struct prober_stats reuse_stats(const struct reuse *r)
{
	return r->stats;
}

static struct reuse_pool *pool_new(
	struct reuse *r, const struct conn_target *target, const struct probe_reuse *limits)
{
	const size_t name = target->name ? strlen(target->name) + 1 : 0;
	const size_t file = target->ca_file ? strlen(target->ca_file) + 1 : 0;
	struct reuse_pool *pool = calloc(1, sizeof *pool + name + file);

	if (!pool)
		return NULL;
	pool->owner = r;
	pool->target = *target;
	pool->limits = *limits;
	if (name)
		pool->target.name = memcpy(pool + 1, target->name, name);
	if (file)
		pool->target.ca_file = memcpy((char *)(pool + 1) + name, target->ca_file, file);
	TAILQ_INIT(&pool->idle);
	TAILQ_INIT(&pool->opening);
	TAILQ_INIT(&pool->waiting);
	return pool;
}

struct reuse_pool *reuse_hold(
	struct reuse *r, const struct conn_target *target, const struct probe_reuse *limits)
{
	const struct timeval every = {0, TICK_MS * 1000};
	const struct reuse_pool key = {.target = *target, .limits = *limits};
	struct reuse_pool **found = tfind(&key, &r->tree, pool_cmp), *pool;

	if (found) {
		(*found)->refs++;
		return *found;
	}
	pool = pool_new(r, target, limits);
	if (!pool || !tsearch(pool, &r->tree, pool_cmp)) {
		free(pool);
		return NULL;
	}
	pool->refs = 1;
	TAILQ_INSERT_TAIL(&r->pools, pool, in_list);
	if (r->n_pools++ == 0)
		event_add(&r->timer, &every);
	return pool;
}

void reuse_release(struct reuse_pool *pool)
{
	struct reuse_conn *rc;

	if (!pool || --pool->refs)
		return;
	while ((rc = TAILQ_FIRST(&pool->idle)) || (rc = TAILQ_FIRST(&pool->opening)))
		discard(rc);
	tdelete(pool, &pool->owner->tree, pool_cmp);
	TAILQ_REMOVE(&pool->owner->pools, pool, in_list);
	if (--pool->owner->n_pools == 0)
		event_del(&pool->owner->timer);
	free(pool);
}

int reuse_take(struct reuse_pool *pool, struct reuse_user *user, struct reuse_conn **out)
{
	const struct timeval wait = {
		pool->limits.wait_ms / 1000, pool->limits.wait_ms % 1000 * 1000};
	struct reuse_conn *rc = TAILQ_FIRST(&pool->idle);

	*out = rc;
	if (rc) {
		unlist(rc);
		conn_hand(rc->conn, user->hear, user->ctx);
		return 0;
	}
	if (pool->count < pool->limits.max) {
		*out = open_one(pool, user->hear, user->ctx);
		return *out ? 0 : -ENOMEM;
	}
	user->pool = pool;
	user->waiting = true;
	event_assign(&user->timer, pool->owner->base, -1, 0, wait_over, user);
	evtimer_add(&user->timer, &wait);
	TAILQ_INSERT_TAIL(&pool->waiting, user, in_list);
	return -EAGAIN;
}

void reuse_leave(struct reuse_user *user)
{
	stop_waiting(user);
}

void reuse_give(struct reuse_conn *rc)
{
	settle(rc);
}

void reuse_drop(struct reuse_conn *rc, bool lost)
{
	struct reuse_pool *pool = rc->pool;

	pool->owner->stats.reuse_lost += lost;
	discard(rc);
	fill_room(pool);
}

int reuse_replace(struct reuse_conn *rc, const struct reuse_user *user)
{
	struct reuse_pool *pool = rc->pool;

	pool->owner->stats.reuse_lost++;
	conn_close(rc->conn, false);
	rc->conn = conn_open(pool->owner->conns, &pool->target, user->hear, user->ctx);
	if (!rc->conn) {
		discard(rc);
		return -ENOMEM;
	}
	pool->owner->stats.reuse_opened++;
	rc->fresh = true;
	return 0;
}

void reuse_distrust(struct reuse_pool *pool)
{
	struct reuse_conn *rc;

	while ((rc = TAILQ_FIRST(&pool->idle)))
		discard(rc);
}
