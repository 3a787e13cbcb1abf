/* SPDX-License-Identifier: BSD-3-Clause */

/* The VIPs and the backends, with their traffic. */

#ifndef SLUICED_CMD_LIST_H
#define SLUICED_CMD_LIST_H

#include "ctl/command.h"

extern const struct ctl_arg cmd_backend_list_args[1]; /* pool */

int cmd_vip_list_next(struct ctl_call *call, void *daemon, json_t **item);
int cmd_backend_list(struct ctl_call *call, void *daemon);
int cmd_backend_list_next(struct ctl_call *call, void *daemon, json_t **item);

#endif
