/* SPDX-License-Identifier: BSD-3-Clause */

/* Tells when the other end of a UNIX stream socket is gone for good, without reading from it.
 * Inside lib/ctl only.
 *
 * A client whose answer is being made is not read from, so the end of its input says nothing; and
 * that end alone (shutdown(2)) would still leave somebody who waits for the answer. Only when both
 * directions are closed does the kernel report POLLHUP. */

#ifndef SLUICE_CTL_HANGUP_H
#define SLUICE_CTL_HANGUP_H

struct event;
struct event_base;

struct hangup {
	int fd; /* a copy: epoll takes edge-triggered and level-triggered interest apart */
	struct event *event;
	void (*gone)(void *arg);
	void *arg;
};

/* Prepare for fd, which stays the caller's. hangup_close() is due also after an error, and for a
 * zeroed struct with fd -1. 0 or -errno. */
int hangup_open(
	struct hangup *h, struct event_base *base, int fd, void (*gone)(void *arg), void *arg);

/* Call gone(arg) from the loop as soon as the other end is gone; or do not any more. */
void hangup_watch(struct hangup *h, int on);

void hangup_close(struct hangup *h);

#endif
