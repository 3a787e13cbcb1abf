/* SPDX-License-Identifier: BSD-3-Clause */

/* Backend slots and service ids of a build (compile/ids.h). Where backends, or VIPs, are those of
 * the running generation, their numbers are taken over as they are: a change of a weight makes no
 * keys for 10,000 backends. Control thread. */

#ifndef SLUICED_NUMBERS_H
#define SLUICED_NUMBERS_H

#include "base/err.h"

struct build_job;
struct daemon;

/* job->slots and n_slots; job->services and n_services. 0, or -errno with a message or without one.
 */
int numbers_backends(struct daemon *d, struct build_job *job, struct sl_err *err);
int numbers_services(struct daemon *d, struct build_job *job, struct sl_err *err);

#endif
