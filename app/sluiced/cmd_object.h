/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands that change VIPs, pools, backends and ports. What keys an object has is the schema's
 * affair: every argument that does not name the object is a key of it. */

#ifndef SLUICED_CMD_OBJECT_H
#define SLUICED_CMD_OBJECT_H

#include "base/err.h"
#include "conf/conf.h"
#include "conf/edit.h"
#include "ctl/command.h"

extern const struct ctl_arg cmd_vip_args[1];
extern const struct ctl_arg cmd_vip_force_args[2];
extern const struct ctl_arg cmd_pool_args[2]; /* pool, force */
extern const struct ctl_arg cmd_port_args[1];
extern const struct ctl_arg cmd_replace_args[3]; /* pool, backends, force */
extern const struct ctl_arg cmd_backend_args[3]; /* pool, backend, force */
extern const struct ctl_arg cmd_weight_args[4];  /* pool, backend, force, weight */

struct cmd_kind;

/* Set every argument that does not name the object as a key of it; all mistakes are in err. kind
 * NULL: no argument names it. 0 or -errno. */
int cmd_set_keys(struct ctl_call *call, const struct cmd_kind *kind, struct conf *conf,
	const struct edit_object *o, struct sl_err *err);

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

/* Set the keys that the call's arguments give, all but `skip`, in an object of a configuration:
 * list and names as for edit_find(). 0, or -errno with messages. */
int cmd_object_edit(struct ctl_call *call, struct conf *conf, const char *list,
	const char *const *names, const char *skip, struct sl_err *err);

#endif
