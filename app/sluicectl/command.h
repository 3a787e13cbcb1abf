/* SPDX-License-Identifier: BSD-3-Clause */

/* The commands: one static table drives parsing, help, man page and completion. */

#ifndef SLUICECTL_COMMAND_H
#define SLUICECTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "options.h"
#include "rows.h"

/* Exit codes of the program; scripts rely on them. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_REFUSED = 1, /* the daemon said no, or the output could not be written */
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3,
	EXIT_PERMISSION = 4,
	EXIT_PRECONDITION = 5, /* what must hold for the change does not */
	EXIT_NOT_FOUND = 6,
	EXIT_FALSE = 7, /* the question's answer is no */
};

struct exit_row {
	enum exit_code code;
	const char *help;
};

extern const struct exit_row exit_rows[];
extern const size_t n_exit_rows;

struct operand {
	const char *name; /* "POOL" in the usage line */
	const char *key;  /* argument of the request */
	const char *help;
	bool required;     /* none behind it may be */
	bool is_integer;   /* in the request */
	const char *owner; /* OWNER/NAME: argument for what stands before the slash */
	bool owner_known;  /* OWNER/ may be left out */
	bool is_settings;  /* KEY=VALUE, any number of them; the last operand */
	bool is_members;   /* NAME=ADDRESS[,WEIGHT], the same: an array of backends */
};

struct command {
	const char *name;    /* words with one space: "backend list" */
	const char *help;    /* one line */
	const char *more;    /* a paragraph behind it, or NULL */
	unsigned accepts;    /* NEEDS_* bits */
	const char *request; /* "backend.list"; NULL = none is sent */
	const struct operand *operands;
	size_t n_operands;
	const struct column *columns; /* lists: shown ones first */
	size_t n_columns;
	bool (*hidden)(const json_t *item); /* without --all and -j; or NULL */
	const char *empty;                  /* printed in place of an empty table */
	bool streams; /* `out` is standard output itself: lines appear as they are written */
	enum exit_code (*run)(const struct command *, const struct options *, char **operands,
		int n_operands, FILE *out, struct sl_err *err);
};

#define COMMANDS_MAX 256

extern const struct command commands[];
extern const size_t n_commands;

/* Is the last operand of the KEY=VALUE kind, so that any number may come? */
bool command_takes_settings(const struct command *command);

/* The command that the first words name; *used is how many they are. NULL with a sentence in err.
 */
const struct command *command_find(char **words, int n_words, int *used, struct sl_err *err);

#endif
