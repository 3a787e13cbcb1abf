/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands for dpdk-telemetry: /sluice/info, /sluice/drops, /sluice/lcore/stats,ID,
 * /sluice/flow/stats[,ID], /sluice/lcore/list. Read only. */

#ifndef SLUICED_TELEMETRY_H
#define SLUICED_TELEMETRY_H

#include "daemon.h"

/* Register the commands; from now on threads of DPDK read the daemon under its lock. 0 or -errno.
 */
int telemetry_open(struct daemon *d);

/* From now on the commands answer nothing. */
void telemetry_close(void);

#endif
