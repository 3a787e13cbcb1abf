/* SPDX-License-Identifier: BSD-3-Clause */

/* The log's line for everything that somebody changes, or tries to, through the control socket. */

#ifndef SLUICED_AUDIT_H
#define SLUICED_AUDIT_H

#include "ctl/server.h"

/* As ctl_server_opts.audit: uid, pid, command, arguments, revision, result. What was done is always
 * written; of what was refused, so many a second that a client cannot fill the disk with it, and
 * then how many more there were. */
void audit_write(const struct ctl_audit *audit, void *arg);

#endif
