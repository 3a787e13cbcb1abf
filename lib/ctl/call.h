/* SPDX-License-Identifier: BSD-3-Clause */

/* The life of one request between its line and its reply; inside lib/ctl only. */

#ifndef SLUICE_CTL_CALL_H
#define SLUICE_CTL_CALL_H

#include "ctl/command.h"
#include "ctl/protocol.h"
#include "ctl/server.h"

/* What all calls of a client share. */
struct ctl_session {
	const struct ctl_server_opts *opts;
	struct ctl_caller caller;
	void (*wake)(void *arg); /* a call that was CALL_WAITING can go on */
	void *wake_arg;
};

/* What comes of ctl_call_later(). */
enum call_later {
	LATER_NONE,
	LATER_PENDING,
	LATER_DONE,
};

struct ctl_call {
	struct ctl_request req;
	const struct ctl_session *session;
	const struct ctl_command *command; /* as asked for */
	json_t *args;                      /* of the command, or of a batch's operation */
	json_t *data;
	struct ctl_cursor cursor;
	struct ctl_failure failure;
	void *draft;          /* of a change that is being edited; NULL: none */
	size_t operation;     /* of a batch: the one it is at */
	json_t *of_operation; /* its data, in the batch's; NULL: it has not begun */
	enum call_later later;
	bool retry; /* ctl_call_finish() takes it up anew */
	void (*cancel)(void *ctx);
	void *cancel_ctx;
	void *owned;
	void (*owned_free)(void *thing);
	uint64_t rev;   /* when the request was taken up */
	uint64_t count; /* items sent */
	uint64_t answer_rev;
	bool has_answer_rev;
};

enum call_state {
	CALL_OVER,    /* cleared; *line is its last line (NULL without memory) */
	CALL_GOES_ON, /* *line is an item, or NULL when there is nothing to send */
	CALL_WAITING, /* for ctl_call_finish(), or for news; *line is NULL */
};

/* Take up one request line. */
enum call_state ctl_call_begin(struct ctl_call *call, const struct ctl_session *session,
	const char *text, size_t len, json_t **line);

/* Go on with a call that is not over. */
enum call_state ctl_call_step(struct ctl_call *call, json_t **line);

/* Forget a call in any state, cancelling what it waits for; a zeroed one too. */
void ctl_call_clear(struct ctl_call *call);

/* Do the arguments fit the command's rows? 0, or -EINVAL with the failure set. */
int ctl_args_check(struct ctl_call *call, const struct ctl_command *command);

/* Does the role suffice? 0, or -EPERM with the failure set. */
int ctl_role_check(struct ctl_call *call, const struct ctl_command *command);

/* The command of that name. NULL with the failure set. */
const struct ctl_command *ctl_call_lookup(struct ctl_call *call, const char *name);

/* if_rev and dry_run: do they fit the command and the state? 0, or -errno with the failure set. */
int ctl_change_check(struct ctl_call *call);

/* Begin the change of a call whose command has `mutate`. As a handler, or CTL_MORE:
 * ctl_change_go_on() is due. */
int ctl_change_run(struct ctl_call *call);

/* Edit on. As ctl_change_run(). */
int ctl_change_go_on(struct ctl_call *call);

/* Throw the draft away. */
void ctl_change_abort(struct ctl_call *call);

/* The newest accepted revision. */
uint64_t ctl_change_rev(const struct ctl_call *call);

#endif
