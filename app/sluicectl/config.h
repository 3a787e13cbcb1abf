/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands about the configuration as a whole. Each fits struct command's `run`. */

#ifndef SLUICECTL_CONFIG_H
#define SLUICECTL_CONFIG_H

#include "command.h"

enum exit_code config_check(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);
enum exit_code config_diff(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);
enum exit_code config_show(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);
enum exit_code config_apply(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);
enum exit_code config_confirm(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);
enum exit_code config_undo(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);
enum exit_code config_save(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

#endif
