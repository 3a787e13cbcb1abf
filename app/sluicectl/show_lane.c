/* SPDX-License-Identifier: BSD-3-Clause */

#include "ask.h"
#include "show.h"

static void print_move(FILE *out, const json_t *data, const struct options *opts, char **operands)
{
	fprintf(out, "lane %s is driven by lcore %s\n", operands[0], operands[1]);
}

enum exit_code show_lane_move(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	return ask_show(command, opts, operands, n_operands, print_move, out, err);
}
