/* SPDX-License-Identifier: BSD-3-Clause */

#include <inttypes.h>

#include "ask.h"
#include "change.h"

/* Wait until a revision is in force. */
static enum exit_code wait_for(const struct options *opts, uint64_t rev, struct sl_err *err)
{
	struct ctl_question q = {
		.cmd = "applied", .args = json_pack("{s:I}", "rev", (json_int_t)rev)};
	struct options plain = *opts;
	struct ctl_reply reply;
	enum exit_code code;

	plain.dry_run = plain.has_if_rev = false;
	code = ask(&plain, &q, &reply, err);
	if (code == EXIT_OK)
		ctl_reply_clear(&reply);
	return code;
}

static void print_moves(FILE *out, const json_t *moves)
{
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)moves, i, item)
		fprintf(out, "pool \"%s\": %.2f %% of its %s would move\n",
			json_string_value(json_object_get(item, "pool")),
			100 * json_number_value(json_object_get(item, "moved")),
			json_string_value(json_object_get(item, "by")));
	fprintf(out, "would be accepted; nothing was changed\n");
}

static void print_json(FILE *out, const struct ctl_reply *reply)
{
	json_t *json = json_pack("{s:I, s:O}", "rev", (json_int_t)reply->rev, "data", reply->data);

	ask_print_json(out, json);
	json_decref(json);
}

enum exit_code change_make(const struct options *opts, struct ctl_question *q, change_say say,
	FILE *out, struct sl_err *err)
{
	struct ctl_reply reply;
	enum exit_code code = ask(opts, q, &reply, err);

	if (code != EXIT_OK)
		return code;
	if (!opts->dry_run)
		code = wait_for(opts, reply.rev, err);
	if (code == EXIT_OK && opts->json)
		print_json(out, &reply);
	else if (code == EXIT_OK)
		say(opts, &reply, out);
	ctl_reply_clear(&reply);
	return code;
}

static void say_changed(const struct options *opts, const struct ctl_reply *reply, FILE *out)
{
	if (json_is_false(json_object_get(reply->data, "changed")))
		fprintf(out, "nothing to change: revision %" PRIu64 "\n", reply->rev);
	else if (opts->dry_run)
		print_moves(out, json_object_get(reply->data, "moves"));
	else
		fprintf(out, "revision %" PRIu64 " in force\n", reply->rev);
}

enum exit_code change_run(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request};
	const enum exit_code code = ask_args(command, operands, n_operands, &q.args, err);

	if (code != EXIT_OK)
		return code;
	if (opts->force)
		json_object_set_new(q.args, "force", json_true());
	return change_make(opts, &q, say_changed, out, err);
}
