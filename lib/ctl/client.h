/* SPDX-License-Identifier: BSD-3-Clause */

/* The other end of the control socket: connect, ask, wait for the answer. Blocking, one thread. */

#ifndef SLUICE_CTL_CLIENT_H
#define SLUICE_CTL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

#include "base/err.h"

#define CTL_SOCKET_DEFAULT "/run/sluice/control.sock"

struct ctl_client;

/* Connect and read the greeting. timeout_ms bounds each wait for the daemon, not the whole.
 * 0 and *out, or -errno with the sentence in err: -ENOENT or -ECONNREFUSED nobody listens, -EACCES,
 * -EBUSY the daemon has no place left, -ETIMEDOUT, -EPROTO this is no control socket or another
 * protocol. */
int ctl_client_new(
	const char *path, unsigned timeout_ms, struct ctl_client **out, struct sl_err *err);

/* NULL is fine. */
void ctl_client_free(struct ctl_client *client);

/* The object behind "hello": proto, version, rev, role. Lives as long as the client. */
const json_t *ctl_client_hello(const struct ctl_client *client);

/* The daemon's last word on a request. The texts live inside root. */
struct ctl_reply {
	json_t *root;
	bool ok;
	uint64_t rev;     /* ok only */
	json_t *data;     /* inside root; NULL for a list and for a no */
	const char *code; /* "ENOENT" and the like; this and the next: not ok only */
	const char *msg;
	const char *hint; /* or NULL */
};

/* A request. */
struct ctl_question {
	const char *cmd;
	json_t *args;    /* taken over; or NULL */
	bool has_if_rev; /* only with commands that change something, as dry_run */
	uint64_t if_rev;
	bool dry_run;
	bool patient;  /* wait for the next line without a limit: lists that follow, slow answers */
	json_t *items; /* an array that gets every item of a list; or NULL */
	int (*on_item)(const json_t *item, void *arg); /* in place of items; not 0 ends the call */
	void *arg;
};

/* Ask. When a list ends with a no, its items up to there have been delivered too. 0 when an answer
 * came, yes or no (ctl_reply_clear() is due); what on_item returned if that was not 0; else -errno
 * with the sentence in err. After both of these the connection is of no more use. */
int ctl_client_ask(struct ctl_client *client, const struct ctl_question *question,
	struct ctl_reply *reply, struct sl_err *err);

/* The same for a command with its arguments alone. */
int ctl_client_call(struct ctl_client *client, const char *cmd, json_t *args, json_t *items,
	struct ctl_reply *reply, struct sl_err *err);

void ctl_reply_clear(struct ctl_reply *reply);

#endif
