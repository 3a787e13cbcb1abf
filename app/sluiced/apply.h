/* SPDX-License-Identifier: BSD-3-Clause */

/* The way of a change to the packets:
 *
 *   reload, or a change of the network -> job -> builder thread -> publish -> steering -> reap
 *
 * One build at a time. A request that comes meanwhile waits, and a newer one replaces it. Whatever
 * fails leaves in force what was. */

#ifndef SLUICED_APPLY_H
#define SLUICED_APPLY_H

#include "daemon.h"

/* Build and publish the first generation from conf, at once; VIPs are not steered yet. conf belongs
 * to d->running then. 0, or -errno with a message. */
int apply_first(struct daemon *d, struct conf *conf, struct sl_err *err);

/* Put the VIPs of the running configuration on the host interface and into the steering programs.
 */
int apply_steering(struct daemon *d, struct sl_err *err);

/* Have the mirror watch every backend that matters: running, leaving, being built, and wanted by a
 * reload. 0 or -ENOMEM. */
int apply_watch(struct daemon *d);

/* Read the configuration file anew and have it built. Logs the outcome. */
void apply_reload(struct daemon *d);

/* The network changed: build the running configuration again. */
void apply_view_changed(struct daemon *d);

/* Do what can be done now: reap, start a build. Asks to be called again through apply_event. */
void apply_step(struct daemon *d);

/* builder_done_fn */
void apply_built(void *daemon, struct build_job *job, struct generation *g, struct sl_err *err);

#endif
