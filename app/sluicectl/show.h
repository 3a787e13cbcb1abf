/* SPDX-License-Identifier: BSD-3-Clause */

/* What commands do: ask the daemon once and print the answer. Each fits struct command's `run`. */

#ifndef SLUICECTL_SHOW_H
#define SLUICECTL_SHOW_H

#include "command.h"

/* Does the item pass --filter, and is it not hidden? */
bool show_wants(const struct command *command, const struct options *opts, const json_t *item);

enum exit_code show_status(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

enum exit_code show_version(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

enum exit_code show_list(const struct command *command, const struct options *opts, char **operands,
	int n_operands, FILE *out, struct sl_err *err);

/* A list that may be long: each row is printed as it comes, in columns of a fixed width. */
enum exit_code show_stream(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

enum exit_code show_lookup(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

enum exit_code show_flush(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

enum exit_code show_table_diff(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);
enum exit_code show_lane_move(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

enum exit_code show_session_flush(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

/* Health (show_health.c). EXIT_FALSE: the probe failed, or the wait was in vain. */
enum exit_code show_backend(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);
enum exit_code show_pool(const struct command *command, const struct options *opts, char **operands,
	int n_operands, FILE *out, struct sl_err *err);
enum exit_code show_health_run(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);
enum exit_code show_freeze(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);
enum exit_code show_wait(const struct command *command, const struct options *opts, char **operands,
	int n_operands, FILE *out, struct sl_err *err);
enum exit_code show_events(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err);

#endif
