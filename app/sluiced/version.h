/* SPDX-License-Identifier: BSD-3-Clause */

/* A checked configuration with its revision number. Shared by reference: by the running job, a
 * build under way, what is wanted next, and the list for undo. Control thread only; the builder
 * reads the configuration of a job it was given. */

#ifndef SLUICED_VERSION_H
#define SLUICED_VERSION_H

#include <stdint.h>

#include "conf/conf.h"

struct waste;

struct version {
	struct conf *conf;
	uint64_t rev;
	uint32_t refs;
	const struct waste *waste; /* frees the configuration (waste.h) */
};

/* Takes conf over; refs = 1. waste stays as long as it. NULL without memory: conf is the caller's
 * still. */
struct version *version_new(struct conf *conf, uint64_t rev, const struct waste *waste);

struct version *version_get(struct version *v);

/* Drop a reference; frees with the last. NULL is fine. */
void version_put(struct version *v);

#endif
