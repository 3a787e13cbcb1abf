/* SPDX-License-Identifier: BSD-3-Clause */

/* One VIP of the running configuration, and the keys of any object. */

#ifndef SLUICED_CMD_SHOW_H
#define SLUICED_CMD_SHOW_H

#include "ctl/command.h"

struct daemon;

int cmd_vip_show(struct ctl_call *call, void *daemon);

/* Put "config" into the answer: every key of an object of the running configuration. */
void cmd_show_config(struct ctl_call *call, const struct daemon *d, const char *list,
	const char *first, const char *second);

#endif
