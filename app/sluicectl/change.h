/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands that change the configuration: ask, wait until the new revision is in force, say so.
 * Each fits struct command's `run`. */

#ifndef SLUICECTL_CHANGE_H
#define SLUICECTL_CHANGE_H

#include <stdint.h>

#include "command.h"

enum exit_code change_run(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

/* Wait until a revision is in force. EXIT_OK, or the exit code with a sentence in err. */
enum exit_code change_wait(const struct options *opts, uint64_t rev, struct sl_err *err);

#endif
