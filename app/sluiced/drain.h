/* SPDX-License-Identifier: BSD-3-Clause */

/* Backends in drain: how long they have been, and what happens when drain_timeout_s is over. The
 * time runs from the build that first found the backend in drain, over every later build, until one
 * finds it in another state. A backend that was taken out in drain goes on with the same time, and
 * so does one that comes back in drain. Control thread. */

#ifndef SLUICED_DRAIN_H
#define SLUICED_DRAIN_H

#include "daemon.h"

/* Fill job->drain_since and job->drained from the running job. The job's slots are assigned. 0 or
 * -ENOMEM. */
int drain_collect(const struct daemon *d, struct build_job *job);

/* True when a drain of the running job is over and its connections are to be purged: a build would
 * do it. */
bool drain_over(const struct daemon *d);

#endif
