/* SPDX-License-Identifier: BSD-3-Clause */

/* Programs of scheduler = "bpf" as part of a change: they are files beside the configuration.
 * Any thread. */

#ifndef SLUICED_PROGRAMS_H
#define SLUICED_PROGRAMS_H

#include <stdbool.h>

#include "conf/conf.h"

/* Does `to` run a program, or the state of its file, that `from` does not? */
bool programs_changed(const struct conf *from, const struct conf *to);

/* Load and verify the programs of `to` that `from` does not run, and let them go again: so that who
 * asks for a bad one is told before anything is accepted. from: NULL = prove all. 0, or -EINVAL
 * with a message for each bad one. */
int programs_prove(const struct conf *from, const struct conf *to, struct sl_err *err);

#endif
