/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdio.h>
#include <string.h>

#include "help.h"

const char *help_option(const struct option_row *row, char *buf)
{
	char letter[8] = "    ";
	const char *open = row->value_optional ? "[=" : " ";

	if (row->letter)
		snprintf(letter, sizeof letter, "-%c, ", row->letter);
	snprintf(buf, CELL_LEN, "%s--%s%s%s%s", letter, row->name, row->value ? open : "",
		row->value ? row->value : "", row->value_optional ? "]" : "");
	return buf;
}

const char *help_usage(const struct command *command, char *buf)
{
	int used = snprintf(buf, CELL_LEN, "%s", command->name);

	for (size_t i = 0; i < command->n_operands; i++)
		used += snprintf(buf + used, CELL_LEN - (size_t)used,
			command->operands[i].required ? " %s" : " [%s]", command->operands[i].name);
	return buf;
}

bool help_applies(const struct option_row *row, const struct command *command)
{
	return (row->needs & ~command->accepts) == 0;
}

bool help_is_used(const struct option_row *row)
{
	for (size_t i = 0; i < n_commands; i++) {
		if (help_applies(row, &commands[i]))
			return true;
	}
	return false;
}

static void print_option(FILE *out, const struct option_row *row)
{
	char buf[CELL_LEN];

	fprintf(out, "  %-27s %s\n", help_option(row, buf), row->help);
}

void help_all(FILE *out)
{
	char buf[CELL_LEN];

	fprintf(out, "Usage: sluicectl [OPTION]... COMMAND\n"
		     "Ask a running sluiced what it does.\n\nCommands:\n");
	for (size_t i = 0; i < n_commands; i++)
		fprintf(out, "  %-27s %s\n", help_usage(&commands[i], buf), commands[i].help);
	fprintf(out, "\nOptions:\n");
	for (size_t i = 0; i < n_option_rows; i++) {
		if (help_is_used(&option_rows[i]))
			print_option(out, &option_rows[i]);
	}
	fprintf(out, "\nExit status:\n");
	for (size_t i = 0; i < n_exit_rows; i++)
		fprintf(out, "  %d  %s\n", exit_rows[i].code, exit_rows[i].help);
}

/* Break a paragraph at 78 columns. */
static void print_wrapped(FILE *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		const size_t len = strcspn(text, " ");

		if (column && column + 1 + len > 78) {
			fputc('\n', out);
			column = 0;
		}
		fprintf(out, "%s%.*s", column ? " " : "", (int)len, text);
		column += len + (column ? 1 : 0);
		text += len;
		text += *text == ' ';
	}
	fputc('\n', out);
}

void help_command(FILE *out, const struct command *command)
{
	char buf[CELL_LEN];

	fprintf(out, "Usage: sluicectl [OPTION]... %s\n\n", help_usage(command, buf));
	fprintf(out, "%s: %s\n", command->name, command->help);
	if (command->more) {
		fputc('\n', out);
		print_wrapped(out, command->more);
	}
	for (size_t i = 0; i < command->n_operands; i++)
		fprintf(out, "%s  %-27s %s\n", i ? "" : "\nOperands:\n", command->operands[i].name,
			command->operands[i].help);
	if (command->n_columns)
		fprintf(out, "\nColumns for --sort and --filter:\n ");
	for (size_t i = 0; i < command->n_columns; i++)
		fprintf(out, " %s", command->columns[i].key);
	fprintf(out, "%s\nOptions:\n", command->n_columns ? "\n" : "");
	for (size_t i = 0; i < n_option_rows; i++) {
		if (help_applies(&option_rows[i], command))
			print_option(out, &option_rows[i]);
	}
}
