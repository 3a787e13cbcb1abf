/* SPDX-License-Identifier: BSD-3-Clause */

/* The one way of every change of the configuration, from a command, a reload or an undo:
 *
 *   desk (desk.h) -> clone of what is wanted -> edits -> proof (proof.h) -> accepted, with the next
 *   revision -> apply.c builds it and brings it into force
 *
 * What takes long for a large configuration is proven beside the control thread (errand.h); only
 * a few changes of keys that go with any others are decided at once. An error anywhere changes
 * nothing. A revision is accepted first and in force later; changes build on what was accepted
 * last, so that none is lost while another is being built. Control thread. */

#ifndef SLUICED_CHANGE_H
#define SLUICED_CHANGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "ctl/command.h"
#include "proof.h"
#include "version.h"

struct daemon;
struct change_waiter;

/* Configurations that `config undo` can go back to. */
#define CHANGE_HISTORY 16

struct change {
	uint64_t accepted;                       /* the newest revision */
	uint64_t in_force;                       /* and steered */
	struct version *loaded;                  /* as the file had it when it was read last */
	struct version *history[CHANGE_HISTORY]; /* what accepted ones replaced, the latest last */
	uint32_t n_history;
	/* Revisions that were accepted and could not be built; failed_to 0: none. */
	uint64_t failed_from, failed_to;
	char *failed_why;
	/* In force, but the kernel refused some of its VIPs: the revisions that brought this about;
	 * why, NULL: all are steered; when it was tried. */
	uint64_t half_from, half_to;
	char *half_why;
	uint64_t half_ms;
	LIST_HEAD(change_waiters, change_waiter) waiters; /* for a revision to be in force */
};

/* A configuration that is being changed: what commands edit. */
struct change_draft {
	struct version *from; /* what was wanted when it began */
	struct conf *conf;
	bool force; /* the caller says yes to what would be refused for its effect on traffic */
	uint16_t *forced; /* backend slots to be taken out with their connections */
	size_t n_forced;
};

/* The first VIP that a pool serves, for all its clients (*rule NULL) or for those of a rule; NULL:
 * none. */
const struct conf_vip *change_user(
	const struct conf *conf, const char *pool, const struct conf_rule **rule);

/* Would a command leave a pool that serves a VIP, and has a backend for new connections, without
 * one? -EBUSY with a message, or 0. Not for a file: it says what is wanted as a whole. */
int change_guard(const struct conf *from, const struct conf *to, struct sl_err *err);

/* Take a backend slot out with its connections. 0 or -ENOMEM. */
int change_force_out(struct change_draft *draft, uint16_t slot);

/* For the control server: drafts of commands. */
extern const struct ctl_change_ops change_ops;

/* The first generation is in force. */
void change_first(struct daemon *d);

/* Accept conf as the next revision. It was proven to follow what is wanted, and the caller has the
 * desk. 0, conf is taken over and NULL; or -errno with a message. */
int change_accept(
	struct daemon *d, struct conf **conf, const struct proof *proof, struct sl_err *err);

/* Was a configuration made of something that is not wanted any more, because a build failed while
 * it was being proven? Then its call, if there is one, is taken up anew. */
bool change_is_outdated(const struct daemon *d, const struct version *from, struct ctl_call *call);

/* Handler: go back to what was wanted before the last change, as the next revision; once more, one
 * further back. */
int change_undo(struct ctl_call *call, void *daemon);

/* For apply.c: the running version is in force; a build for a version failed; one for a change of
 * the network failed; the running version is not steered in whole; it is. err is cleared. */
void change_in_force(struct daemon *d);
void change_failed(struct daemon *d, struct sl_err *err);
void change_not_followed(struct daemon *d, struct sl_err *err);
void change_half_done(struct daemon *d, struct sl_err *err);
void change_steered(struct daemon *d);

/* Say why it failed, which outcome it had, and remember it for `sluicectl status`. err is cleared.
 */
void change_say_failed(struct daemon *d, const char *outcome, struct sl_err *err);

/* Handler: wait until the revision of the argument "rev" is in force. */
extern const struct ctl_arg change_applied_args[1];
int change_applied(struct ctl_call *call, void *daemon);

/* Say no with the messages of err, all that have room; err is cleared. Returns -|code|. */
int change_refuse(struct ctl_call *call, int code, struct sl_err *err);

void change_clear(struct daemon *d);

#endif
