/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "ask.h"
#include "show.h"

static const char *text(const json_t *o, const char *key)
{
	const char *value = json_string_value(cell_find(o, key));

	return value ? value : "?";
}

static double number(const json_t *o, const char *key)
{
	return json_number_value(cell_find(o, key));
}

static void print_diff(FILE *out, const json_t *data, char **operands)
{
	const bool by_slots = strcmp(text(data, "by"), "slots") == 0;

	fprintf(out, "pool %s: %s -> %s, %.0f -> %.0f backends, %.0f -> %.0f slots\n",
		text(data, "pool"), text(data, "from.scheduler"), text(data, "to.scheduler"),
		number(data, "from.backends"), number(data, "to.backends"),
		number(data, "from.slots"), number(data, "to.slots"));
	fprintf(out, "moved: %.2f %% of new connections%s\n", number(data, "moved") * 100,
		by_slots ? " would go to another backend than now"
			 : ", by the shares of the backends");
	fprintf(out, "remembered connections stay; deviation %.2f %% -> %.2f %%\n",
		number(data, "from.deviation") * 100, number(data, "to.deviation") * 100);
}

enum exit_code show_table_diff(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	return ask_show(command, opts, operands, n_operands, print_diff, out, err);
}
