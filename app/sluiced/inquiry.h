/* SPDX-License-Identifier: BSD-3-Clause */

/* Questions to lanes (datapath/ask.h) and who waits for the answers. A lane has one question at a
 * time, the others wait in line here. While any is out, a timer looks for answers every
 * millisecond; otherwise nothing runs. Control thread. */

#ifndef SLUICED_INQUIRY_H
#define SLUICED_INQUIRY_H

#include <sys/queue.h>

#include "datapath/ask.h"

struct event_base;
struct inquiries;
struct inquiry;

/* The answer is in. The inquiry is the callee's: to inquiry_send it again, or to inquiry_free it.
 */
typedef void (*inquiry_fn)(void *ctx, struct inquiry *q);

struct inquiry {
	TAILQ_ENTRY(inquiry) link;
	uint32_t lane;
	bool out;            /* between inquiry_send and the answer */
	inquiry_fn answered; /* NULL = nobody wants the answer any more */
	void *ctx;
	struct ask *ask;
};

struct inquiries *inquiries_new(
	struct event_base *base, struct lane *const *lanes, uint32_t n_lanes);

/* No worker runs any more; nobody is called back. NULL is fine. */
void inquiries_free(struct inquiries *all);

/* A zeroed question with this many rows. NULL without memory. */
struct inquiry *inquiry_new(uint32_t lane, uint32_t room, inquiry_fn answered, void *ctx);

/* Put it to its lane as soon as that has answered the ones before. */
void inquiry_send(struct inquiries *all, struct inquiry *q);

/* Nobody wants it any more: freed now, or when the lane has let go of it. NULL is fine. */
void inquiry_free(struct inquiry *q);

#endif
