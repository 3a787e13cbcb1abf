/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "ctl/suggest.h"

#define NAME_LEN 64

bool command_takes_settings(const struct command *command)
{
	if (!command->n_operands)
		return false;
	const struct operand *last = &command->operands[command->n_operands - 1];

	return last->is_settings || last->is_members;
}

/* True when the command's words are the first of those typed. */
static bool begins(const char *name, char **words, int n_words, int *used)
{
	*used = 0;
	while (*name) {
		const size_t len = strcspn(name, " ");

		if (*used == n_words || strlen(words[*used]) != len ||
			strncmp(words[*used], name, len) != 0)
			return false;
		(*used)++;
		name += len;
		name += *name == ' ';
	}
	return true;
}

static bool is_first_word(const char *name, const char *word)
{
	const size_t len = strcspn(name, " ");

	return strlen(word) == len && strncmp(name, word, len) == 0;
}

/* The command whose first word is nearest; what follows may be missing or wrong. */
static const char *nearest_first_word(const char *word)
{
	char first[COMMANDS_MAX][NAME_LEN];
	const char *names[COMMANDS_MAX] = {NULL};
	const char *near;

	for (size_t i = 0; i < n_commands; i++) {
		snprintf(first[i], NAME_LEN, "%.*s", (int)strcspn(commands[i].name, " "),
			commands[i].name);
		names[i] = first[i];
	}
	near = ctl_suggest(word, names, n_commands, sizeof *names);
	for (size_t i = 0; near && i < n_commands; i++) {
		if (near == names[i])
			return commands[i].name;
	}
	return NULL;
}

/* "backend" alone: what may stand behind it. False when no command begins with the word. */
static bool fail_short(const char *word, struct sl_err *err)
{
	char seconds[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < n_commands; i++)
		if (is_first_word(commands[i].name, word) && used < sizeof seconds)
			used += (size_t)snprintf(seconds + used, sizeof seconds - used, "%s%s",
				used ? ", " : "", commands[i].name + strlen(word) + 1);
	if (used)
		sl_err_add(err, "\"%s\" goes on with one of: %s", word, seconds);
	return used > 0;
}

static void fail_unknown(char **words, int n_words, struct sl_err *err)
{
	char typed[2 * NAME_LEN];
	const char *near;

	if (n_words == 1 && fail_short(words[0], err))
		return;
	snprintf(typed, sizeof typed, "%.60s%s%.60s", words[0], n_words > 1 ? " " : "",
		n_words > 1 ? words[1] : "");
	near = ctl_suggest(typed, &commands[0].name, n_commands, sizeof *commands);
	for (size_t i = 0; !near && i < n_commands; i++) {
		if (is_first_word(commands[i].name, words[0]))
			near = commands[i].name;
	}
	if (!near)
		near = nearest_first_word(words[0]);
	if (near)
		sl_err_add(err, "unknown command \"%s\": did you mean \"%s\"?", typed, near);
	else
		sl_err_add(err, "unknown command \"%s\"; see sluicectl --help", typed);
}

const struct command *command_find(char **words, int n_words, int *used, struct sl_err *err)
{
	for (size_t i = 0; i < n_commands; i++) {
		if (begins(commands[i].name, words, n_words, used))
			return &commands[i];
	}
	fail_unknown(words, n_words, err);
	return NULL;
}
