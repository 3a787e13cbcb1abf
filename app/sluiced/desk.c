/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "ctl/command.h"
#include "desk.h"

/* A request that waits. */
struct caller {
	struct desk_waiter waiter;
	struct desk *desk;
	struct ctl_call *call;
};

void desk_init(struct desk *desk)
{
	desk->taken = false;
	TAILQ_INIT(&desk->waiters);
}

bool desk_take(struct desk *desk, struct desk_waiter *w)
{
	if (!desk->taken) {
		desk->taken = true;
		return true;
	}
	if (!w->waits)
		TAILQ_INSERT_TAIL(&desk->waiters, w, link);
	w->waits = true;
	return false;
}

void desk_forget(struct desk *desk, struct desk_waiter *w)
{
	if (w->waits)
		TAILQ_REMOVE(&desk->waiters, w, link);
	w->waits = false;
}

static void wake(struct desk_waiter *w)
{
	struct ctl_call *call = ((struct caller *)w)->call;

	free(w);
	ctl_call_finish(call);
}

static void hang_up(void *caller)
{
	struct caller *c = caller;

	desk_forget(c->desk, &c->waiter);
	free(c);
}

int desk_take_for(struct desk *desk, struct ctl_call *call)
{
	struct caller *c;

	if (!desk->taken) {
		desk->taken = true;
		return 0;
	}
	c = calloc(1, sizeof *c);
	if (!c)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	*c = (struct caller){.waiter.free = wake, .desk = desk, .call = call};
	desk_take(desk, &c->waiter);
	ctl_call_retry(call);
	return ctl_call_later(call, hang_up, c);
}

/* All of them are told, in the order they came: the first one gets it, the others stand in line
 * again, in that order. One that does not come any more keeps nobody waiting. */
void desk_leave(struct desk *desk)
{
	struct desk_waiters all;
	struct desk_waiter *w;

	TAILQ_INIT(&all);
	TAILQ_CONCAT(&all, &desk->waiters, link);
	desk->taken = false;
	while ((w = TAILQ_FIRST(&all))) {
		TAILQ_REMOVE(&all, w, link);
		w->waits = false;
		w->free(w);
	}
}
