/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands about the tables of pools. arg: the daemon. */

#ifndef SLUICED_CMD_TABLE_H
#define SLUICED_CMD_TABLE_H

#include "ctl/command.h"

/* table.show */
extern const struct ctl_arg cmd_table_show_args[1];
int cmd_table_show(struct ctl_call *call, void *arg);
int cmd_table_show_next(struct ctl_call *call, void *arg, json_t **item);

/* table.diff: "of" is POOL or POOL/BACKEND, further arguments are keys of it */
extern const struct ctl_arg cmd_table_diff_args[1];
int cmd_table_diff(struct ctl_call *call, void *arg);

#endif
