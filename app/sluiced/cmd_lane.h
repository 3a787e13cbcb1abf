/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands about workers and the lanes they drive. arg of all: the daemon. */

#ifndef SLUICED_CMD_LANE_H
#define SLUICED_CMD_LANE_H

#include "ctl/command.h"

/* lcore.list */
int cmd_lcore_list_next(struct ctl_call *call, void *arg, json_t **item);

/* lane.move */
extern const struct ctl_arg cmd_lane_move_args[2];
int cmd_lane_move(struct ctl_call *call, void *arg);

#endif
