/* SPDX-License-Identifier: BSD-3-Clause */

/* What the daemon registers: one visible const table of commands. A command is one row.
 *
 * Handlers run on the control thread, one after the other, and must come back quickly (the server
 * gives all clients together slices of CTL_SLICE_MS). There are four kinds of rows:
 *
 *   question    `handler` fills ctl_call_data(). One that has to wait returns ctl_call_later().
 *   list        `next` gives one item a call: between two calls other clients and events are
 *               served, so it keeps nothing but its cursor. When the revision moves while it is
 *               being sent, the list ends with EAGAIN: positions in the cursor never meet another
 *               configuration. CTL_ANY_REV: this list is not about the configuration. A list with
 *               nothing to tell for now returns CTL_WAIT and is asked again after
 *               ctl_server_kick().
 *   action      `handler` of a row with CTL_MUTATES: does something that is audited and understands
 *               if_rev; dry_run only with CTL_DRY_RUN.
 *   change      `mutate` works on a draft of the configuration, which struct ctl_change_ops makes
 *               and brings into force: alone, or as one of several in a batch. A batch is edited
 *               in slices, between which others are served. */

#ifndef SLUICE_CTL_COMMAND_H
#define SLUICE_CTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <jansson.h>

/* Ascending: each may do what the one before may. */
enum ctl_role {
	CTL_ROLE_VIEWER,
	CTL_ROLE_OPERATOR,
	CTL_ROLE_ADMIN,
};

const char *ctl_role_name(enum ctl_role role);

/* Who is at the other end. */
struct ctl_caller {
	uid_t uid;
	pid_t pid;
	enum ctl_role role;
};

/* One request that is being answered. Its address stays until the answer is given or its client is
 * gone. */
struct ctl_call;

/* Where a list stands, or a mutate that is not done; zeroed before the handler runs. What the
 * numbers mean is the command's affair. */
struct ctl_cursor {
	uint64_t outer;
	uint64_t inner;
};

/* What handlers may return beside 0 and -errno. */
enum {
	CTL_LATER = 1, /* ctl_call_finish() will end the call */
	CTL_WAIT = 2,  /* a list's next: nothing for now, ask again after ctl_server_kick() */
	CTL_MORE = 3,  /* a mutate: done in part; call again when others have been served */
};

/* 0; -errno after ctl_call_fail(); or ctl_call_later(). One-shot command: fills ctl_call_data().
 * List: checks the arguments and sets the cursor; may be NULL there. */
typedef int (*ctl_handler)(struct ctl_call *call, void *arg);

/* 1 with *item = a new object (taken over), or with *item left NULL when this step found nothing to
 * send; CTL_WAIT (it may be asked again without a kick, too); 0 at the end of the list; -errno
 * after ctl_call_fail(). */
typedef int (*ctl_next)(struct ctl_call *call, void *arg, json_t **item);

/* Do one operation on the draft: 0, or -errno after ctl_call_fail(), which leaves the running state
 * as it was, whatever happened to the draft. One that takes long does a part, notes in its cursor
 * how far it is, and returns CTL_MORE. Arguments are those of this operation;
 * ctl_call_data() is this operation's own object. */
typedef int (*ctl_mutate)(struct ctl_call *call, void *arg, void *draft);

/* Changes of the configuration. One change is
 *
 *   begin, mutate (one time, or one for each operation of a batch), then finish or abort */
struct ctl_change_ops {
	/* The newest accepted revision, in force or on its way there: what if_rev is compared with
	 * and what a change starts from. */
	uint64_t (*rev)(void *arg);

	/* A draft of that revision. 0 and *draft; -errno after ctl_call_fail(); or ctl_call_later()
	 * after ctl_call_retry(), when another change is under way. */
	int (*begin)(struct ctl_call *call, void *arg, void **draft);

	/* Check the draft and accept it: 0 with rev() moved on; -errno after ctl_call_fail(), with
	 * nothing changed; or ctl_call_later(), when ctl_call_set_rev() is due before
	 * ctl_call_finish(). If ctl_call_dry_run(): the same checks, then nothing is changed, and
	 * ctl_call_data() may say what would be. The draft is taken over in every case. */
	int (*finish)(struct ctl_call *call, void *arg, void *draft);

	/* An operation failed: throw the draft away. */
	void (*abort)(void *arg, void *draft);
};

/* Properties of a row. */
enum {
	CTL_MUTATES = 1 << 0,   /* implied by `mutate` */
	CTL_DRY_RUN = 1 << 1,   /* understands ctl_call_dry_run(); implied by `mutate` */
	CTL_ANY_REV = 1 << 2,   /* a list that goes on when the revision moves */
	CTL_FREE_ARGS = 1 << 3, /* takes any argument beside its rows; the handler checks them */
};

/* In ctl_arg.type: any JSON value. */
#define CTL_JSON_ANY ((json_type)-1)

struct ctl_arg {
	const char *name;
	json_type
		type; /* JSON_STRING, JSON_INTEGER, ...; JSON_TRUE: a boolean; JSON_REAL: number */
	bool required;
};

struct ctl_command {
	const char *name; /* "backend.list" */
	enum ctl_role role;
	ctl_handler handler;
	ctl_next next; /* NULL = one-shot */
	const struct ctl_arg *args;
	size_t n_args;
	ctl_mutate mutate; /* in place of handler and next */
	unsigned flags;    /* CTL_MUTATES ... */
};

/* The row of a name, or NULL. */
const struct ctl_command *ctl_command_find(
	const struct ctl_command *commands, size_t n, const char *name);

/* True for rows whose calls are audited and may carry if_rev. */
bool ctl_command_mutates(const struct ctl_command *command);

/* The row "batch" is for the daemon's table: {"ops":[{"cmd":..,"args":{..}},...]}, each a change of
 * its own, brought into force as one revision or not at all. */
int ctl_batch(struct ctl_call *call, void *arg, void *draft);
extern const struct ctl_arg ctl_batch_args[1];

/* The list "schema" is for the daemon's table, with CTL_ANY_REV: every row of it, for programs that
 * want to know what there is. */
int ctl_schema_next(struct ctl_call *call, void *arg, json_t **item);

/* What the caller sent. Arguments have the type of their row; `otherwise` when not sent. */
bool ctl_call_has(const struct ctl_call *call, const char *name);
const char *ctl_call_string(const struct ctl_call *call, const char *name); /* NULL: not sent */
int64_t ctl_call_integer(const struct ctl_call *call, const char *name, int64_t otherwise);
double ctl_call_number(const struct ctl_call *call, const char *name, double otherwise);
bool ctl_call_boolean(const struct ctl_call *call, const char *name, bool otherwise);
const json_t *ctl_call_json(const struct ctl_call *call, const char *name); /* NULL: not sent */
const json_t *ctl_call_args(const struct ctl_call *call); /* all; NULL: none sent */

/* Is this only about what would be? */
bool ctl_call_dry_run(const struct ctl_call *call);

const struct ctl_caller *ctl_call_caller(const struct ctl_call *call);

/* The object to fill; never NULL inside a one-shot handler. */
json_t *ctl_call_data(struct ctl_call *call);

struct ctl_cursor *ctl_call_cursor(struct ctl_call *call);

/* Something that lives as long as the call: free_fn(thing) when it is over, however it ends. One
 * thing a call; a second one frees the first. */
void ctl_call_own(struct ctl_call *call, void *thing, void (*free_fn)(void *thing));
void *ctl_call_owned(const struct ctl_call *call);

/* The revision that the answer names, if it is not the newest when the answer is given. */
void ctl_call_set_rev(struct ctl_call *call, uint64_t rev);

/* Say no. code: errno of either sign, hint may be NULL. Returns -|code|, to be returned by the
 * handler. */
int ctl_call_fail(struct ctl_call *call, int code, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* EPERM unless the caller has this role: for what only some arguments of a command need. 0, or
 * -EPERM as after ctl_call_fail(). what: "the argument \"address\"". */
int ctl_call_need(struct ctl_call *call, enum ctl_role role, const char *what);

/* The answer comes later: exactly one ctl_call_finish() ends the call, unless cancel(ctx) came
 * first because the client went away or the server ends; after either, call is no more. Meanwhile
 * nothing else of this client is taken up. Returns CTL_LATER, to be returned by the handler of a
 * question, an action, or a list (whose items then begin), or by ctl_change_ops.finish. */
int ctl_call_later(struct ctl_call *call, void (*cancel)(void *ctx), void *ctx);

/* The end of what ctl_call_later() began, after ctl_call_data() was filled or ctl_call_fail() was
 * called. Control thread only, from anywhere in it, also before the handler has returned. */
void ctl_call_finish(struct ctl_call *call);

/* Of a call that waits: ctl_call_finish() will not answer it but take it up anew, from its proof of
 * if_rev on, as if it had come then. For what cannot be begun now. */
void ctl_call_retry(struct ctl_call *call);

#endif
