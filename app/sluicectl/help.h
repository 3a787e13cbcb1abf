/* SPDX-License-Identifier: BSD-3-Clause */

/* --help, from the tables. */

#ifndef SLUICECTL_HELP_H
#define SLUICECTL_HELP_H

#include "command.h"

/* "-t, --timeout SEC" as options are written in help and man page. buf: CELL_LEN bytes. Returns
 * buf. */
const char *help_option(const struct option_row *row, char *buf);

/* "backend list [POOL]". Returns buf (CELL_LEN bytes). */
const char *help_usage(const struct command *command, char *buf);

/* True when an option makes sense with a command. */
bool help_applies(const struct option_row *row, const struct command *command);

/* True when it makes sense with any. */
bool help_is_used(const struct option_row *row);

void help_all(FILE *out);
void help_command(FILE *out, const struct command *command);

#endif
