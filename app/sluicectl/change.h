/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands that change the configuration: ask, wait until the new revision is in force, say so.
 * Each fits struct command's `run`. */

#ifndef SLUICECTL_CHANGE_H
#define SLUICECTL_CHANGE_H

#include "command.h"
#include "ctl/client.h"

enum exit_code change_run(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

/* Tells a person that it was done. */
typedef void (*change_say)(const struct options *opts, const struct ctl_reply *reply, FILE *out);

/* Ask for a change, wait until its revision is in force, and say so, as JSON with -j. q as in
 * ask(). */
enum exit_code change_make(const struct options *opts, struct ctl_question *q, change_say say,
	FILE *out, struct sl_err *err);

#endif
