/* SPDX-License-Identifier: BSD-3-Clause */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "base/log.h"

#define ARGS_MAX 1200 /* bytes of arguments in a line; a batch may have 64 KiB */

/* As JSON in ASCII: no text of a client can look like a line of its own. */
static void put_json(const json_t *json, char *buf, size_t size)
{
	char *text =
		json ? json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY) : NULL;
	const int n = snprintf(buf, size, "%s", text ? text : "{}");

	if (n >= (int)size)
		strcpy(buf + size - 4, "...");
	free(text);
}

void audit_write(const struct ctl_audit *audit, void *arg)
{
	const char *code = audit->code ? strerrorname_np(audit->code) : "done";
	char args[ARGS_MAX], msg[400] = "";
	json_t *why = json_string(audit->msg);

	if (why && *audit->msg)
		put_json(why, msg, sizeof msg);
	json_decref(why);
	put_json(audit->args, args, sizeof args);
	log_audit("control: uid %u pid %d %s %s: %s, revision %" PRIu64 "%s%s",
		(unsigned)audit->caller->uid, (int)audit->caller->pid, audit->command, args,
		code ? code : "failed", audit->rev, *msg ? ": " : "", msg);
}
