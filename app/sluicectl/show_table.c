/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "ask.h"
#include "show.h"

static void print_diff(FILE *out, const json_t *data, const struct options *opts, char **operands)
{
	const bool by_slots = strcmp(cell_string(data, "by", "?"), "slots") == 0;

	fprintf(out, "pool %s: %s -> %s, %.0f -> %.0f backends, %.0f -> %.0f slots\n",
		cell_string(data, "pool", "?"), cell_string(data, "from.scheduler", "?"),
		cell_string(data, "to.scheduler", "?"), cell_number(data, "from.backends"),
		cell_number(data, "to.backends"), cell_number(data, "from.slots"),
		cell_number(data, "to.slots"));
	fprintf(out, "moved: %.2f %% of new connections%s\n", cell_number(data, "moved") * 100,
		by_slots ? " would go to another backend than now"
			 : ", by the shares of the backends");
	fprintf(out, "remembered connections stay; deviation %.2f %% -> %.2f %%\n",
		cell_number(data, "from.deviation") * 100, cell_number(data, "to.deviation") * 100);
}

enum exit_code show_table_diff(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	return ask_show(command, opts, operands, n_operands, print_diff, out, err);
}
