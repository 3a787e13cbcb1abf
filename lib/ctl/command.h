/* SPDX-License-Identifier: BSD-3-Clause */

/* What the daemon registers: one visible const table of commands. A command is one row.
 *
 * Handlers run on the control thread, one after the other, and must come back quickly (the server
 * gives all clients together slices of CTL_SLICE_MS). A list is written one item a call: between
 * two calls other clients and events are served, so a handler keeps nothing but its cursor. When
 * the revision moves while a list is being sent, the list ends with EAGAIN: positions in the cursor
 * never meet another configuration. */

#ifndef SLUICE_CTL_COMMAND_H
#define SLUICE_CTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

/* Ascending: each may do what the one before may. */
enum ctl_role {
	CTL_ROLE_VIEWER,
	CTL_ROLE_ADMIN,
};

const char *ctl_role_name(enum ctl_role role);

/* One request that is being answered. */
struct ctl_call;

/* Where a list stands; zeroed before the handler runs. What the numbers mean is the command's
 * affair. */
struct ctl_cursor {
	uint64_t outer;
	uint64_t inner;
};

/* 0, or -errno after ctl_call_fail(). One-shot command: fills ctl_call_data(). List: checks the
 * arguments and sets the cursor; may be NULL there. */
typedef int (*ctl_handler)(struct ctl_call *call, void *arg);

/* 1 with *item = a new object (taken over), or with *item left NULL when this step found nothing to
 * send; 0 at the end of the list; -errno after ctl_call_fail(). */
typedef int (*ctl_next)(struct ctl_call *call, void *arg, json_t **item);

struct ctl_arg {
	const char *name;
	json_type type; /* JSON_STRING, JSON_INTEGER, ... */
	bool required;
};

struct ctl_command {
	const char *name; /* "backend.list" */
	enum ctl_role role;
	ctl_handler handler;
	ctl_next next; /* NULL = one-shot */
	const struct ctl_arg *args;
	size_t n_args;
};

/* The row of a name, or NULL. */
const struct ctl_command *ctl_command_find(
	const struct ctl_command *commands, size_t n, const char *name);

/* The value of a string argument, or NULL when it was not sent. */
const char *ctl_call_string(const struct ctl_call *call, const char *name);

/* The object to fill; never NULL inside a one-shot handler. */
json_t *ctl_call_data(struct ctl_call *call);

struct ctl_cursor *ctl_call_cursor(struct ctl_call *call);

/* Say no. code: errno of either sign, hint may be NULL. Returns -|code|, to be returned by the
 * handler. */
int ctl_call_fail(struct ctl_call *call, int code, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
