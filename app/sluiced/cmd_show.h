/* SPDX-License-Identifier: BSD-3-Clause */

/* One VIP of the running configuration, and the keys of any object. */

#ifndef SLUICED_CMD_SHOW_H
#define SLUICED_CMD_SHOW_H

#include "ctl/command.h"

struct daemon;
struct edit_object;

int cmd_vip_show(struct ctl_call *call, void *daemon);

/* Put what was told of the way to a backend into an object: "path_mtu" where it was lowered, and
 * "unreachable". */
void cmd_path_json(const struct daemon *d, uint16_t slot, json_t *item);

/* An object of the running configuration, only to be read. second: NULL for one that is in no
 * other. 0, or -errno after ctl_call_fail(). */
int cmd_show_find(struct ctl_call *call, const struct daemon *d, const char *list,
	const char *first, const char *second, struct edit_object *o);

/* Put "config" into the answer: every key of an object of the running configuration. */
void cmd_show_config(struct ctl_call *call, const struct daemon *d, const char *list,
	const char *first, const char *second);

#endif
