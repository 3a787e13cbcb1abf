/* SPDX-License-Identifier: BSD-3-Clause */

/* Backends that a reload took out: they keep the connections they have until the last one is over
 * or their pool's drain_timeout_s has passed. A leaver that is configured again simply stays. */

#ifndef SLUICED_LEAVE_H
#define SLUICED_LEAVE_H

#include "daemon.h"

/* Fill job->leavers: the backends of the running job that are not in this one, and its leavers that
 * are not done. The job's slots are assigned. 0 or -ENOMEM. */
int leave_collect(const struct daemon *d, struct build_job *job);

/* True when a leaver of the running job is done, so that a build would drop it. */
bool leave_done(const struct daemon *d);

/* For ids_reap; arg is the daemon: does a lane still hold a flow of this slot, or is it a leaver's?
 */
bool leave_slot_in_use(void *arg, uint16_t slot);

#endif
