/* SPDX-License-Identifier: BSD-3-Clause */

/* `backend drain`: a change, and with --wait what becomes of the backend's connections. Fits struct
 * command's `run`. */

#ifndef SLUICECTL_DRAIN_H
#define SLUICECTL_DRAIN_H

#include "command.h"

enum exit_code drain_run(const struct command *command, const struct options *opts, char **operands,
	int n_operands, FILE *out, struct sl_err *err);

#endif
