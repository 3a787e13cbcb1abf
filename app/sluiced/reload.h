/* SPDX-License-Identifier: BSD-3-Clause */

/* The configuration file, read anew while the daemon runs: by SIGHUP, by `config apply`. With a
 * time to confirm it, it is taken back by itself (trial.h). Control thread. */

#ifndef SLUICED_RELOAD_H
#define SLUICED_RELOAD_H

#include <stdint.h>

#include "ctl/command.h"
#include "desk.h"

struct daemon;

/* A reload by SIGHUP that waits for its turn, and who sent it. */
struct reload {
	struct desk_waiter turn;
	struct ctl_caller by;
};

/* Before anything else of it. */
void reload_open(struct daemon *d);

/* Handler: read the file and accept it as the next revision; says in the log what changes, and what
 * is discarded. The file is read and proven by a thread (errand.h), meanwhile other changes wait
 * (desk.h). When the client goes away before it is accepted, nothing changes. confirm_s: take it
 * back after so many seconds; 0: it is meant to stay, and so is one that waited. With
 * ctl_call_dry_run(): the same checks, without accepting anything. */
int reload_command(struct ctl_call *call, struct daemon *d, uint32_t confirm_s);

/* SIGHUP. Logs who sent it, and the outcome. Those that come while one waits for its turn are the
 * same one. What waits for its confirmation goes on waiting. */
void reload_by_signal(struct daemon *d, const struct ctl_caller *by);

void reload_clear(struct daemon *d);

#endif
