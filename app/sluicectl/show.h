/* SPDX-License-Identifier: BSD-3-Clause */

/* What commands do: ask the daemon once and print the answer. Each fits struct command's `run`. */

#ifndef SLUICECTL_SHOW_H
#define SLUICECTL_SHOW_H

#include "command.h"

enum exit_code show_status(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

enum exit_code show_version(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

enum exit_code show_list(const struct command *command, const struct options *opts, char **operands,
	int n_operands, FILE *out, struct sl_err *err);

#endif
