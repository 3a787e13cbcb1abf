/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands about single connections: what lanes remember of them. arg of all: the daemon. */

#ifndef SLUICED_CMD_FLOW_H
#define SLUICED_CMD_FLOW_H

#include "ctl/command.h"

/* flow.list */
extern const struct ctl_arg cmd_flow_list_args[2];
int cmd_flow_list(struct ctl_call *call, void *arg);
int cmd_flow_list_next(struct ctl_call *call, void *arg, json_t **item);

/* flow.stats */
int cmd_flow_stats_next(struct ctl_call *call, void *arg, json_t **item);

/* flow.flush */
extern const struct ctl_arg cmd_flow_flush_args[4];
int cmd_flow_flush(struct ctl_call *call, void *arg);

/* lookup */
extern const struct ctl_arg cmd_lookup_args[2];
int cmd_lookup(struct ctl_call *call, void *arg);

#endif
