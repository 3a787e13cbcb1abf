/* SPDX-License-Identifier: BSD-3-Clause */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "base/log.h"
#include "ctl/protocol.h"
#include "daemon.h"

#define REFUSALS_PER_S 20
#define ARGS_MAX       1200 /* bytes of arguments in a line; a batch may have 64 KiB */

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

/* The refusals of one second, all clients together. Control thread. */
static struct {
	uint64_t second;
	unsigned count;
} refusals;

static bool too_many_refusals(void)
{
	const uint64_t second = daemon_now_ms() / 1000;

	if (second != refusals.second) {
		if (refusals.count > REFUSALS_PER_S)
			log_audit("control: %u more were refused", refusals.count - REFUSALS_PER_S);
		refusals.second = second;
		refusals.count = 0;
	}
	return ++refusals.count > REFUSALS_PER_S;
}

static void write_line(const struct ctl_audit *audit)
{
	const char *code = audit->code ? strerrorname_np(audit->code) : "done";
	char args[ARGS_MAX], msg[400] = "";
	json_t *why = ctl_text_json(audit->msg);

	if (why && *audit->msg)
		put_json(why, msg, sizeof msg);
	json_decref(why);
	put_json(audit->args, args, sizeof args);
	log_audit("control: uid %u pid %d %s %s: %s, revision %" PRIu64 "%s%s",
		(unsigned)audit->caller->uid, (int)audit->caller->pid, audit->command, args,
		code ? code : "failed", audit->rev, *msg ? ": " : "", msg);
}

void audit_write(const struct ctl_audit *audit, void *arg)
{
	if (!audit->code || !too_many_refusals())
		write_line(audit);
}
