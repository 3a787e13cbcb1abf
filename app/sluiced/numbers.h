/* SPDX-License-Identifier: BSD-3-Clause */

/* Backend slots and service ids of a build (compile/ids.h). Where backends, or VIPs, are those of
 * the running generation, their numbers are taken over as they are: a change of a weight makes no
 * keys for 10,000 backends. Control thread. */

#ifndef SLUICED_NUMBERS_H
#define SLUICED_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct build_job;
struct daemon;

enum numbers_stage {
	NUMBERS_BEGIN,
	NUMBERS_KEYS,
	NUMBERS_ASSIGN,
	NUMBERS_NAMES, /* for the lanes */
	NUMBERS_END,
};

/* How far it is, in parts of about a millisecond; zeroed to begin with, and behind the last one. */
struct numbers {
	enum numbers_stage stage;
	bool known;  /* the numbers of the running generation are the last that were given */
	char **keys; /* NULL: the number is known */
	size_t n_keys, n;
	size_t *first; /* by pool of the running configuration: its backends; NULL: not known */
	size_t at;     /* where to look for the next one in the running configuration */
	size_t pool, backend;
};

/* job->slots and n_slots; job->services and n_services. 1: call it again; 0; or -errno with a
 * message or without one. */
int numbers_backends(
	struct daemon *d, struct build_job *job, struct numbers *w, struct sl_err *err);
int numbers_services(
	struct daemon *d, struct build_job *job, struct numbers *w, struct sl_err *err);

void numbers_drop(struct numbers *w);

#endif
