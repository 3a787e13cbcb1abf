/* SPDX-License-Identifier: BSD-3-Clause */

/* Pools of live connections, one for each target and limits. Who takes one gives it back or drops
 * it. Idle ones that the backend ends are noticed at once and replaced in the background. */

#ifndef SLUICE_HEALTH_REUSE_H
#define SLUICE_HEALTH_REUSE_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "health/conn.h"
#include "health/probe.h"

struct reuse;
struct reuse_pool;

struct reuse_conn {
	struct conn *conn;
	bool fresh; /* opened for who has it: it is not up yet */
	/* private */
	struct reuse_pool *pool;
	enum { REUSE_OPENING, REUSE_IDLE, REUSE_TAKEN } stage;
	uint64_t since_us;
	TAILQ_ENTRY(reuse_conn) in_list;
};

/* Who wants a connection. The fields behind ctx are private and start as zeroes. */
struct reuse_user {
	conn_hear *hear; /* listens to the connection while it has it */
	void (*got)(void *ctx, struct reuse_conn *rc); /* NULL: none came free in time */
	void *ctx;
	struct reuse_pool *pool;
	struct event timer;
	bool waiting;
	TAILQ_ENTRY(reuse_user) in_list;
};

int reuse_new(struct conns *conns, struct event_base *base, struct reuse **out);
void reuse_free(struct reuse *r); /* after every pool is released; NULL is fine */
struct prober_stats reuse_stats(const struct reuse *r);

/* The pool for that, made if need be; the target's texts are copied. NULL without memory. */
struct reuse_pool *reuse_hold(
	struct reuse *r, const struct conn_target *target, const struct probe_reuse *limits);
void reuse_release(struct reuse_pool *pool); /* NULL is fine */

/* 0 and *out; -EAGAIN: user.got is called later; -ENOMEM. */
int reuse_take(struct reuse_pool *pool, struct reuse_user *user, struct reuse_conn **out);

/* No longer interested. Nothing happens to a user that does not wait. */
void reuse_leave(struct reuse_user *user);

/* It works and can be asked again. */
void reuse_give(struct reuse_conn *rc);

/* Close it. lost: it broke. */
void reuse_drop(struct reuse_conn *rc, bool lost);

/* It broke: a new one in its place. 0, or -ENOMEM: it is dropped. */
int reuse_replace(struct reuse_conn *rc, const struct reuse_user *user);

/* One went silent: close all that are idle, they may have the same fate. */
void reuse_distrust(struct reuse_pool *pool);

#endif
