/* SPDX-License-Identifier: BSD-3-Clause */

/* How often changes of the configuration are built. A change of a pool that has had quiet for
 * GATHER_MS is built at once; later ones are gathered until GATHER_MS after that build, so that the
 * connections of a pool see at most 4 new tables a second. The time runs by pool: a change of one
 * pool does not wait for the traffic of commands on another. Changes outside of pools share a time
 * of their own. What waits is built together. Control thread. */

#ifndef SLUICED_GATHER_H
#define SLUICED_GATHER_H

#include <stdint.h>

#define GATHER_MS 250

struct build_job;
struct daemon;

/* When d->next may be built, in ms of daemon_now_ms(): when the first of its changes may. */
uint64_t gather_due(const struct daemon *d);

/* The job is about to be built: note the time for the pools that it changes. 0, or -ENOMEM. */
int gather_begin(struct daemon *d, struct build_job *job);

#endif
