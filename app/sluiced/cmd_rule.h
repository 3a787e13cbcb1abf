/* SPDX-License-Identifier: BSD-3-Clause */

/* The rules of VIPs: which clients another pool serves. */

#ifndef SLUICED_CMD_RULE_H
#define SLUICED_CMD_RULE_H

#include "conf/conf.h"
#include "ctl/command.h"

extern const struct ctl_arg cmd_rule_args[2];      /* vip, rule */
extern const struct ctl_arg cmd_rule_list_args[1]; /* vip */

int cmd_rule_list(struct ctl_call *call, void *daemon);
int cmd_rule_list_next(struct ctl_call *call, void *daemon, json_t **item);

/* The rules of one VIP: names, and every key. */
json_t *cmd_rules_json(const struct conf_vip *vip);

/* ctl_mutate; draft: struct change_draft. */
int cmd_rule_add(struct ctl_call *call, void *daemon, void *draft);
int cmd_rule_set(struct ctl_call *call, void *daemon, void *draft);
int cmd_rule_del(struct ctl_call *call, void *daemon, void *draft);

#endif
