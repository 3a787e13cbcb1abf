/* SPDX-License-Identifier: BSD-3-Clause */

/* Path MTUs and unreachable backends, as ICMP errors about our tunnels tell of them: the lanes
 * report (datapath/report.h), the next generation follows. Control thread. */

#ifndef SLUICED_PATHS_H
#define SLUICED_PATHS_H

#include "compile/path.h"
#include "daemon.h"

/* At most so often is a generation built for what was told, and is an event written for one backend
 * that cannot be reached. */
#define PATHS_BUILD_MS 250
#define PATHS_TELL_MS  10000

/* NULL without memory. */
struct paths *paths_new(void);

/* Read what the lanes have to report. Every FLOW_CARE_MS. */
void paths_read(struct daemon *d);

/* Once a second: forget MTUs that nobody has told for long. */
void paths_tick(struct daemon *d);

/* Lower the MTUs of the job's hops, and those of its leavers. Its slots are known. */
void paths_collect(const struct daemon *d, struct build_job *job);

/* What was told of the backend with this slot. */
const struct path *paths_of(const struct daemon *d, uint16_t slot);

#endif
