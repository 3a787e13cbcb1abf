/* SPDX-License-Identifier: BSD-3-Clause */

/* The daemon as a whole: what it is and does, and what it dropped. */

#ifndef SLUICED_CMD_STATUS_H
#define SLUICED_CMD_STATUS_H

#include "ctl/command.h"

int cmd_status(struct ctl_call *call, void *daemon);
int cmd_drops_next(struct ctl_call *call, void *daemon, json_t **item);

#endif
