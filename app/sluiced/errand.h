/* SPDX-License-Identifier: BSD-3-Clause */

/* Errands: what takes long for a large configuration and touches nothing of the daemon's state
 * (reading, proving, comparing, writing it) is run by a thread of its own, one after the other in
 * the order they came, so that the control loop goes on meanwhile. */

#ifndef SLUICED_ERRAND_H
#define SLUICED_ERRAND_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/err.h"

struct ctl_call;
struct errands;
struct event_base;
struct loop_meter;

/* First member of what an errand works with. The owner sets the functions; what `run` reads was
 * copied or is held by a reference until `end`. */
struct errand {
	void (*run)(struct errand *e);  /* on the thread */
	void (*done)(struct errand *e); /* control thread, after run, unless nobody wants it */
	void (*end)(struct errand *e);  /* control thread: free it; always the last */
	struct ctl_call *call;          /* for `done` to answer; NULL: none */

	/* errand.c alone */
	TAILQ_ENTRY(errand) link;
	struct errands *errands;
	bool waits;    /* under lock */
	bool unwanted; /* control thread */
};

/* meter: of the loop of base (loop.h); NULL: none. */
int errands_new(struct event_base *base, struct loop_meter *meter, struct errands **out,
	struct sl_err *err);

/* Waits for the errand under way; nothing is done with its result, nor are the others run: their
 * calls are told. Before the control server goes. NULL is fine. */
void errands_free(struct errands *s);

/* Take the errand over. */
void errands_add(struct errands *s, struct errand *e);

/* The same for a call: it is finished after `done`, which fills ctl_call_data() or calls
 * ctl_call_fail(). When its client goes away, the errand is forgotten. Returns what a handler
 * returns. */
int errands_answer(struct errands *s, struct errand *e, struct ctl_call *call);

#endif
