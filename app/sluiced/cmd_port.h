/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands about ports. arg of all: the daemon. */

#ifndef SLUICED_CMD_PORT_H
#define SLUICED_CMD_PORT_H

#include "ctl/command.h"

/* port.list */
int cmd_port_list_next(struct ctl_call *call, void *arg, json_t **item);

/* port.show */
extern const struct ctl_arg cmd_port_show_args[1];
int cmd_port_show(struct ctl_call *call, void *arg);

#endif
