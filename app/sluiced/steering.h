/* SPDX-License-Identifier: BSD-3-Clause */

/* What comes to the load balancer: the steering programs of the ports and the host interface hold
 * the VIPs of the configuration in force, the programs besides the sources of its tunnels. Hundreds
 * of new VIPs take the kernel longer than the control loop may be held, so a thread of its own does
 * it, one generation at a time, and the loop goes on. It alone uses steer and host_if from the
 * start to steering_stop(). */

#ifndef SLUICED_STEERING_H
#define SLUICED_STEERING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct daemon;
struct errands;
struct steer_source;

struct steering {
	struct errands *thread;
	bool under_way;
	/* The thread's: what the programs have; NULL: not known. */
	struct steer_source *sources;
	size_t n_sources;
};

/* Follow the running configuration and its generation; both stay until it is done. On the calling
 * thread, before the loop runs. 0, or -errno with a message. */
int steering_now(struct daemon *d, struct sl_err *err);

/* The same on the thread of its own, never while one is under way. apply_steered() follows, unless
 * the daemon ends before. 0 or -ENOMEM. */
int steering_begin(struct daemon *d);

/* Waits for what is under way. Before steer and host_if go. */
void steering_stop(struct steering *s);

#endif
