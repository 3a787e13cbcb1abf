/* SPDX-License-Identifier: BSD-3-Clause */

/* sluicectl: asks a running sluiced over its control socket (docs/control-protocol.md). */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "help.h"

#define CLEAR_SCREEN "\033[H\033[2J"

/* What somebody typed comes back in messages: a terminal must not obey it. */
static void print_error(const char *text)
{
	fputs("sluicectl: ", stderr);
	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;

		fputc((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? '?' : c, stderr);
	}
	fputc('\n', stderr);
}

static enum exit_code report(enum exit_code code, struct sl_err *err)
{
	for (size_t i = 0; i < err->count; i++)
		print_error(err->text[i]);
	sl_err_clear(err);
	return code;
}

static int check_column(
	const struct command *command, const char *name, size_t len, struct sl_err *err)
{
	char known[512] = "";
	size_t used = 0;

	if (rows_column(command->columns, command->n_columns, name, len))
		return 0;
	for (size_t i = 0; i < command->n_columns && used < sizeof known; i++)
		used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
			command->columns[i].key);
	return sl_err_add(err, "\"%s\" has no column \"%.*s\"; columns are %s", command->name,
		(int)len, name, known);
}

/* Do the options and operands fit the command? */
static int check_usage(
	const struct command *command, const struct options *o, int n_operands, struct sl_err *err)
{
	const struct option_row *misfit = options_misfit(o, command->accepts);
	int ret = 0;

	if (misfit)
		return sl_err_add(
			err, "option --%s makes no sense with \"%s\"", misfit->name, command->name);
	if (n_operands > (int)command->n_operands && !command_takes_settings(command))
		return sl_err_add(err, "too many words after \"%s\": %s", command->name,
			o->words[o->n_words - 1]);
	if (n_operands < (int)command->n_operands && command->operands[n_operands].required)
		return sl_err_add(err, "\"%s\" needs %s: %s", command->name,
			command->operands[n_operands].name, command->operands[n_operands].help);
	if (o->sort)
		ret = check_column(command, o->sort, strlen(o->sort), err);
	for (size_t i = 0; i < o->n_filters && !ret; i++)
		ret = check_column(command, o->filters[i].key, o->filters[i].key_len, err);
	return ret;
}

/* Run once into memory. The screen of a watch is written in one piece, so that it does not flicker.
 */
static enum exit_code run_whole(const struct command *command, const struct options *o,
	char **operands, int n_operands, struct sl_err *err)
{
	const bool clear = o->watch_ms && !o->json && isatty(STDOUT_FILENO);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	enum exit_code code;

	if (!out) {
		sl_err_sys(err, ENOMEM, "output");
		return EXIT_REFUSED;
	}
	code = command->run(command, o, operands, n_operands, out, err);
	if (fclose(out)) {
		sl_err_sys(err, ENOMEM, "output");
		code = EXIT_REFUSED;
	} else {
		fputs(clear && code == EXIT_OK ? CLEAR_SCREEN : "", stdout);
		fwrite(text, 1, len, stdout);
	}
	free(text);
	return code;
}

static enum exit_code run_once(const struct command *command, const struct options *o,
	char **operands, int n_operands, struct sl_err *err)
{
	enum exit_code code = command->streams
				      ? command->run(command, o, operands, n_operands, stdout, err)
				      : run_whole(command, o, operands, n_operands, err);

	if (fflush(stdout) || ferror(stdout)) {
		sl_err_sys(err, errno, "output");
		code = EXIT_REFUSED;
	}
	return code;
}

static enum exit_code run(const struct command *command, const struct options *o, char **operands,
	int n_operands, struct sl_err *err)
{
	const struct timespec pause = {o->watch_ms / 1000, o->watch_ms % 1000 * 1000000L};
	enum exit_code code;

	do {
		code = run_once(command, o, operands, n_operands, err);
		if (o->watch_ms && code == EXIT_OK)
			nanosleep(&pause, NULL);
	} while (o->watch_ms && code == EXIT_OK);
	return code;
}

static enum exit_code flushed(struct sl_err *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_OK;
	sl_err_sys(err, errno, "output");
	return report(EXIT_REFUSED, err);
}

int main(int argc, char **argv)
{
	struct sl_err err = SL_ERR_INIT;
	const struct command *command;
	struct options o;
	int used;

	if (options_parse(argc, argv, &o, &err))
		return report(EXIT_USAGE, &err);
	if (o.version) {
		printf("sluicectl %s\n", SLUICE_VERSION);
		return flushed(&err);
	}
	if (o.n_words == 0 && o.help) {
		help_all(stdout);
		return flushed(&err);
	}
	if (o.n_words == 0) {
		help_all(stderr);
		return EXIT_USAGE;
	}
	command = command_find(o.words, o.n_words, &used, &err);
	if (!command)
		return report(EXIT_USAGE, &err);
	if (o.help) {
		help_command(stdout, command);
		return flushed(&err);
	}
	if (check_usage(command, &o, o.n_words - used, &err))
		return report(EXIT_USAGE, &err);
	return report(run(command, &o, o.words + used, o.n_words - used, &err), &err);
}
