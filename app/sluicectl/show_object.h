/* SPDX-License-Identifier: BSD-3-Clause */

/* One object, a line a key; and the members of a pool in one go. Each fits struct command's `run`.
 */

#ifndef SLUICECTL_SHOW_OBJECT_H
#define SLUICECTL_SHOW_OBJECT_H

#include "command.h"

enum exit_code show_object(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

#endif
