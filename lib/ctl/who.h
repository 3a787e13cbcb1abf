/* SPDX-License-Identifier: BSD-3-Clause */

/* Who is at the other end of a UNIX socket, and what that lets him do. Inside lib/ctl only. */

#ifndef SLUICE_CTL_WHO_H
#define SLUICE_CTL_WHO_H

#include <sys/types.h>

#include "base/err.h"
#include "ctl/command.h"

#define WHO_NO_GROUP ((gid_t)-1) /* as for chown(2) */

/* Whose members have a role. */
struct who_groups {
	gid_t operators; /* or WHO_NO_GROUP */
	gid_t admins;
};

/* The number of a group; NULL or "" is WHO_NO_GROUP. 0, or -errno with the sentence in err. */
int who_group(const char *name, gid_t *gid, struct sl_err *err);

/* uid and pid of the process that connected (SO_PEERCRED) and its role: uid 0 or a member of
 * `admins` is an admin, a member of `operators` an operator, everybody else a viewer. Groups are
 * those that the process had when it connected, primary and supplementary (SO_PEERGROUPS).
 * 0 or -errno. */
int who_is(int fd, const struct who_groups *groups, struct ctl_caller *caller);

#endif
