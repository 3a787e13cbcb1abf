/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands about the health of backends. */

#ifndef SLUICED_CMD_HEALTH_H
#define SLUICED_CMD_HEALTH_H

#include "board.h"
#include "ctl/command.h"

extern const struct ctl_arg cmd_health_args[2], cmd_health_run_args[2], cmd_freeze_args[1],
	cmd_pool_name_args[1], cmd_pool_wait_args[4], cmd_events_args[2];

int cmd_health_list(struct ctl_call *call, void *daemon);
int cmd_health_list_next(struct ctl_call *call, void *daemon, json_t **item);
int cmd_health_run(struct ctl_call *call, void *daemon);
int cmd_health_freeze(struct ctl_call *call, void *daemon);

int cmd_backend_show(struct ctl_call *call, void *daemon);
int cmd_pool_list_next(struct ctl_call *call, void *daemon, json_t **item);
int cmd_pool_show(struct ctl_call *call, void *daemon);
int cmd_pool_wait(struct ctl_call *call, void *daemon);

int cmd_events(struct ctl_call *call, void *daemon);
int cmd_events_next(struct ctl_call *call, void *daemon, json_t **item);

/* What `backend list` says of a member's health: state, modifiers, effective, check, ... NULL
 * without memory. */
json_t *cmd_member_json(const struct board *b, const struct board_member *m);

/* What `status` says of all checks: their results, whether tables are frozen, and how the schedule
 * keeps up. NULL without memory. */
json_t *cmd_health_sums(const struct board *b);

/* The member that "pool" and "backend" name; NULL after ctl_call_fail(). */
struct board_member *cmd_member_named(struct ctl_call *call, const struct board *b);

#endif
