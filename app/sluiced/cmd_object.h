/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands that change VIPs, pools, backends and ports (object_edit.h). */

#ifndef SLUICED_CMD_OBJECT_H
#define SLUICED_CMD_OBJECT_H

#include "ctl/command.h"

extern const struct ctl_arg cmd_vip_args[1];
extern const struct ctl_arg cmd_vip_force_args[2];
extern const struct ctl_arg cmd_pool_args[2]; /* pool, force */
extern const struct ctl_arg cmd_port_args[1];
extern const struct ctl_arg cmd_replace_args[3]; /* pool, backends, force */
extern const struct ctl_arg cmd_backend_args[3]; /* pool, backend, force */
extern const struct ctl_arg cmd_weight_args[4];  /* pool, backend, force, weight */

/* ctl_mutate; draft: struct change_draft. */
int cmd_vip_add(struct ctl_call *call, void *daemon, void *draft);
int cmd_vip_del(struct ctl_call *call, void *daemon, void *draft);
int cmd_vip_set(struct ctl_call *call, void *daemon, void *draft);
int cmd_pool_add(struct ctl_call *call, void *daemon, void *draft);
int cmd_pool_del(struct ctl_call *call, void *daemon, void *draft);
int cmd_pool_replace(struct ctl_call *call, void *daemon, void *draft);
int cmd_pool_set(struct ctl_call *call, void *daemon, void *draft);
int cmd_backend_add(struct ctl_call *call, void *daemon, void *draft);
int cmd_backend_del(struct ctl_call *call, void *daemon, void *draft);
int cmd_backend_set(struct ctl_call *call, void *daemon, void *draft);
int cmd_backend_weight(struct ctl_call *call, void *daemon, void *draft);
int cmd_backend_drain(struct ctl_call *call, void *daemon, void *draft);
int cmd_backend_maint(struct ctl_call *call, void *daemon, void *draft);
int cmd_backend_ready(struct ctl_call *call, void *daemon, void *draft);
int cmd_port_set(struct ctl_call *call, void *daemon, void *draft);

#endif
