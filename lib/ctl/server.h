/* SPDX-License-Identifier: BSD-3-Clause */

/* The control socket's server: a UNIX stream socket on an event loop, many clients, bounded in
 * memory and time whatever they do (docs/control-protocol.md). Everything runs on the thread of the
 * event loop. */

#ifndef SLUICE_CTL_SERVER_H
#define SLUICE_CTL_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ctl/command.h"

struct event_base;
struct ctl_server;

#define CTL_CLIENTS_MAX  32
#define CTL_CLIENTS_ROOT 2         /* of these, kept for uid 0 */
#define CTL_QUEUE_MAX    (1 << 18) /* bytes of replies that wait for one client */
#define CTL_SLICE_MS     2         /* work for all clients together before the loop runs on */

/* What somebody did, or tried to. */
struct ctl_audit {
	const struct ctl_caller *caller;
	const char *command;
	const json_t *args; /* NULL: none */
	uint64_t rev;       /* after it */
	int code;        /* 0 = done; else errno. ECANCELED: the client went away before the end */
	const char *msg; /* why not; "" when done */
};

struct ctl_server_opts {
	const char *path;
	const char *group;          /* name, who may connect; NULL or "" = the process's */
	const char *operator_group; /* whose members are operators; NULL or "" = nobody is */
	const char *admin_group;    /* whose members are admins, as uid 0 is; NULL or "" = none */
	const char *version;        /* of the daemon, for the greeting */
	const struct ctl_command *commands;
	size_t n_commands;
	uint64_t (*rev)(void *arg);          /* revision in force: what questions and lists show */
	const struct ctl_change_ops *change; /* NULL: no row has `mutate` */
	void *arg;                           /* for all of these and all handlers */

	/* Called for every call of a row that mutates, dry runs apart, when its outcome is known.
	 * May be NULL. */
	void (*audit)(const struct ctl_audit *audit, void *arg);

	/* Called whenever clients were worked for, up to CTL_SLICE_MS: the owner of the loop may
	 * want to break it off. May be NULL. */
	void (*worked)(void *arg);

	/* How long a client may take, ms; 0 = the value in brackets. */
	unsigned line_ms;   /* from the first byte of a request to its newline (5000) */
	unsigned idle_ms;   /* without a byte in either direction (120000) */
	unsigned reader_ms; /* to take what keeps a reply from going on (10000) */
};

/* Listen and serve on base. opts is copied; what it points to must outlive the server. SIGPIPE, if
 * it still has its default action, is ignored from now on: libevent writes with writev(2). 0 and
 * *out, or -errno with the sentence in err. */
int ctl_server_new(struct event_base *base, const struct ctl_server_opts *opts,
	struct ctl_server **out, struct sl_err *err);

/* There is news for lists that wait (CTL_WAIT): each is asked again, not from within this call. */
void ctl_server_kick(struct ctl_server *server);

/* Drop all clients, close, remove the socket file if it is still this server's. NULL is fine. */
void ctl_server_free(struct ctl_server *server);

#endif
