/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands about the configuration as a whole. They speak of what is wanted: the newest accepted
 * revision, which may be on its way into force. */

#ifndef SLUICED_CMD_CONFIG_H
#define SLUICED_CMD_CONFIG_H

#include "ctl/command.h"

extern const struct ctl_arg cmd_config_check_args[2]; /* text, name */
extern const struct ctl_arg cmd_config_apply_args[1]; /* confirm */

/* Is a text, or the daemon's own file, a configuration that could be applied? */
int cmd_config_check(struct ctl_call *call, void *daemon);

/* A list: what differs from the file, each item {path, names, text, old, new}. */
int cmd_config_diff(struct ctl_call *call, void *daemon);
int cmd_config_diff_next(struct ctl_call *call, void *daemon, json_t **item);

/* A list: the lines of the configuration as a file. */
int cmd_config_show(struct ctl_call *call, void *daemon);
int cmd_config_show_next(struct ctl_call *call, void *daemon, json_t **item);

int cmd_config_apply(struct ctl_call *call, void *daemon);
int cmd_config_confirm(struct ctl_call *call, void *daemon);

/* ctl_mutate: keys that belong to no list, "daemon.log.level". */
int cmd_config_set(struct ctl_call *call, void *daemon, void *draft);

#endif
