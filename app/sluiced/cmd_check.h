/* SPDX-License-Identifier: BSD-3-Clause */

/* The checks of the configuration: commands that show and change them. What they find is the affair
 * of cmd_health.h. */

#ifndef SLUICED_CMD_CHECK_H
#define SLUICED_CMD_CHECK_H

#include "ctl/command.h"

extern const struct ctl_arg cmd_check_args[1]; /* check */

int cmd_check_list_next(struct ctl_call *call, void *daemon, json_t **item);
int cmd_check_show(struct ctl_call *call, void *daemon);

/* ctl_mutate; draft: struct change_draft. */
int cmd_check_add(struct ctl_call *call, void *daemon, void *draft);
int cmd_check_set(struct ctl_call *call, void *daemon, void *draft);
int cmd_check_del(struct ctl_call *call, void *daemon, void *draft);

#endif
