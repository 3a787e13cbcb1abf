/* SPDX-License-Identifier: BSD-3-Clause */

/* The way of a change to the packets:
 *
 *   accepted version (change.h), or a change of the network
 *        -> job (collect.h) -> builder thread -> publish -> steering (steering.h) -> reap
 *
 * One build at a time, and changes are gathered (gather.h). A version that comes meanwhile waits,
 * and a newer one replaces it. Whatever fails leaves in force what was. */

#ifndef SLUICED_APPLY_H
#define SLUICED_APPLY_H

#include "daemon.h"

/* Build and publish the first generation, at once; VIPs are not steered yet. 0, or -errno with a
 * message. */
int apply_first(struct daemon *d, struct version *version, struct sl_err *err);

/* Have the mirror watch every backend that matters: running, leaving, being built, and wanted. 0 or
 * -ENOMEM. */
int apply_watch(struct daemon *d);

/* What the next change starts from: accepted last, in force or on its way there. */
struct version *apply_wanted(const struct daemon *d);

/* Bring an accepted version into force; a reference is taken over. It replaces one that waits,
 * whose changes it holds. waits: it has addresses that the one before had not. */
void apply_next(struct daemon *d, struct version *version, bool waits);

/* The network changed: build the running configuration again. */
void apply_view_changed(struct daemon *d);

/* The health of backends changed who gets new flows: build the running configuration again, soon.
 * urgent: somebody has to leave a table. */
void apply_health_changed(struct daemon *d, bool urgent);

/* Have apply_step() called in the next go of the loop. */
void apply_soon(struct daemon *d);

/* Do the next piece of what can be done now: reap, collect for a build. Asks to be called again
 * through apply_event. */
void apply_step(struct daemon *d);

/* The running configuration is steered, or was not for the reason in err, which is cleared. */
void apply_steered(struct daemon *d, int rc, struct sl_err *err);

/* builder_done_fn */
void apply_built(void *daemon, struct build_job *job, struct generation *g, struct sl_err *err);

#endif
