/* SPDX-License-Identifier: BSD-3-Clause */

#include "ask.h"
#include "show.h"

enum exit_code show_lane_move(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request};
	struct ctl_reply reply;
	enum exit_code code = ask_args(command, operands, n_operands, &q.args, err);

	if (code == EXIT_OK)
		code = ask(opts, &q, &reply, err);
	if (code != EXIT_OK)
		return code;
	if (opts->json)
		ask_print_json(out, reply.data);
	else
		fprintf(out, "lane %s is driven by lcore %s\n", operands[0], operands[1]);
	ctl_reply_clear(&reply);
	return EXIT_OK;
}
