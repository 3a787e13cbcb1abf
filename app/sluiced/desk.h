/* SPDX-License-Identifier: BSD-3-Clause */

/* Changes of the configuration are decided one at a time, in the order they came: whoever changes
 * something takes the desk, and leaves it when the change is accepted or refused. A change that is
 * proven beside the control thread has the desk meanwhile, so it starts from what is wanted and
 * nothing is lost. Control thread. */

#ifndef SLUICED_DESK_H
#define SLUICED_DESK_H

#include <stdbool.h>
#include <sys/queue.h>

struct ctl_call;

/* Somebody who waits for it. */
struct desk_waiter {
	TAILQ_ENTRY(desk_waiter) link;
	void (*free)(
		struct desk_waiter *w); /* it was left: try again. The waiter is off the list */
	bool waits;
};

struct desk {
	bool taken;
	TAILQ_HEAD(desk_waiters, desk_waiter) waiters; /* the first one came first */
};

void desk_init(struct desk *desk);

/* Take it: true; or false, when somebody has it: the waiter is called later. */
bool desk_take(struct desk *desk, struct desk_waiter *w);

/* The same for a request: 0; or what a handler has to return, when it is taken up anew later. */
int desk_take_for(struct desk *desk, struct ctl_call *call);

/* Decided; the next one may. */
void desk_leave(struct desk *desk);

/* Do not wait any more. */
void desk_forget(struct desk *desk, struct desk_waiter *w);

#endif
