/* SPDX-License-Identifier: BSD-3-Clause */

/* The configuration file, read anew while the daemon runs: by SIGHUP, by `config apply`. With a
 * time to confirm it, it is taken back by itself. Control thread. */

#ifndef SLUICED_RELOAD_H
#define SLUICED_RELOAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct daemon;
struct event;
struct version;

/* An applied file that waits for its confirmation. */
struct reload_trial {
	struct version *back;    /* what was wanted before; NULL: nothing waits */
	struct version *applied; /* what the file said */
	uint64_t until_ms;
	struct event *timer;
};

/* What a reload does to what is wanted. */
struct reload_effect {
	size_t changes;
	size_t discarded; /* changes by command that the file does not hold */
};

/* Read the file and accept it as the next revision; says in the log what changes, and what is
 * discarded. confirm_s: take it back after so many seconds; 0: it is meant to stay, and so is one
 * that waited. 0, or -errno with every reason in err. */
int reload_file(
	struct daemon *d, uint32_t confirm_s, struct reload_effect *effect, struct sl_err *err);

/* The same checks, without accepting anything. */
int reload_try(struct daemon *d, struct reload_effect *effect, struct sl_err *err);

/* SIGHUP. Logs the outcome. */
void reload_by_signal(struct daemon *d);

/* What waits stays. 0, or -ENOENT when nothing waits. */
int reload_confirm(struct daemon *d);

void reload_clear(struct daemon *d);

#endif
