/* SPDX-License-Identifier: BSD-3-Clause */

/* The life of one request between its line and its reply; only the server and command.c look
 * inside. */

#ifndef SLUICE_CTL_CALL_H
#define SLUICE_CTL_CALL_H

#include "ctl/command.h"
#include "ctl/protocol.h"
#include "ctl/server.h"

struct ctl_call {
	struct ctl_request req;
	const struct ctl_command *command;
	json_t *data;
	struct ctl_cursor cursor;
	struct ctl_failure failure;
	uint64_t rev;   /* when the request was taken up */
	uint64_t count; /* items sent */
};

/* Take up one request line. Returns true when a list is to follow by ctl_call_step(); else the call
 * is over, cleared, and *line is its reply (NULL without memory). */
bool ctl_call_begin(struct ctl_call *call, const struct ctl_server_opts *opts, enum ctl_role role,
	const char *text, size_t len, json_t **line);

/* One step of a list. Returns true while it goes on, with *line = an item line or NULL when there
 * is nothing to send; else the call is over, cleared, and *line is its last line (NULL without
 * memory). */
bool ctl_call_step(struct ctl_call *call, const struct ctl_server_opts *opts, json_t **line);

/* Forget a call in any state; a zeroed one too. */
void ctl_call_clear(struct ctl_call *call);

#endif
