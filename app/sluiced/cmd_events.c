/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>

#include "cmd_health.h"
#include "ctl/protocol.h"
#include "daemon.h"

const struct ctl_arg cmd_events_args[2] = {
	{"follow", JSON_TRUE, false}, {"since_s", JSON_INTEGER, false}};

/* Any number of seconds fits. */
static uint64_t ms_of(int64_t seconds)
{
	return seconds < UINT32_MAX ? (uint64_t)seconds * 1000 : UINT64_MAX;
}

/* outer: number of the next event. */
int cmd_events(struct ctl_call *call, void *daemon)
{
	const struct daemon *d = daemon;
	const int64_t since_s = ctl_call_integer(call, "since_s", -1);
	const uint64_t now = daemon_now_ms();
	struct ctl_cursor *at = ctl_call_cursor(call);
	const struct event_entry *e;

	if (ctl_call_has(call, "since_s") && since_s < 0)
		return ctl_call_fail(call, EINVAL, NULL, "since_s must not be negative");
	at->outer = 1;
	while (since_s >= 0 && (e = event_log_from(d->happened, at->outer)) &&
		now - e->at_ms > ms_of(since_s))
		at->outer = e->number + 1;
	return 0;
}

int cmd_events_next(struct ctl_call *call, void *daemon, json_t **item)
{
	const struct daemon *d = daemon;
	struct ctl_cursor *at = ctl_call_cursor(call);
	const struct event_entry *e = event_log_from(d->happened, at->outer);

	if (!e)
		return ctl_call_boolean(call, "follow", false) ? CTL_WAIT : 0;
	at->outer = e->number + 1;
	*item = json_pack("{s:I, s:f, s:s, s:o}", "number", (json_int_t)e->number, "time",
		(double)e->wall_ms / 1000, "object", e->object, "event", ctl_text_json(e->text));
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}
