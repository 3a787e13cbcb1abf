/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands about the clients that pools with persist_s remember. arg of all: the daemon. */

#ifndef SLUICED_CMD_SESSION_H
#define SLUICED_CMD_SESSION_H

#include "ctl/command.h"

/* session.list */
extern const struct ctl_arg cmd_session_list_args[1];
int cmd_session_list(struct ctl_call *call, void *arg);
int cmd_session_list_next(struct ctl_call *call, void *arg, json_t **item);

/* session.flush */
extern const struct ctl_arg cmd_session_flush_args[4];
int cmd_session_flush(struct ctl_call *call, void *arg);

/* session.stats */
int cmd_session_stats_next(struct ctl_call *call, void *arg, json_t **item);

#endif
