/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "ask.h"
#include "base/addr.h"
#include "show.h"

static void print_lookup(FILE *out, const json_t *data, const struct options *opts, char **operands)
{
	const char *pool = cell_string(data, "pool", "?"),
		   *decided = cell_string(data, "decided", "?");
	const json_t *lane;
	size_t i;

	if (strcmp(decided, "nothing") == 0)
		fprintf(out, "VIP %s: no backend: pool %s has none in its table\n",
			cell_string(data, "vip", "?"), pool);
	else if (strcmp(decided, "scheduler") == 0)
		fprintf(out, "VIP %s: pool %s, the scheduler chooses the backend when it comes\n",
			cell_string(data, "vip", "?"), pool);
	else
		fprintf(out, "VIP %s: backend %s/%s, decided by the %s\n",
			cell_string(data, "vip", "?"), pool, cell_string(data, "backend", "?"),
			decided);
	if (json_object_get(data, "session"))
		fprintf(out, "session: backend %s, idle %.0f s\n",
			cell_string(data, "session.backend", "?"),
			cell_number(data, "session.idle_s"));
	json_array_foreach(json_object_get(data, "lanes"), i, lane)
	{
		fprintf(out, "flow: lane %.0f on lcore %.0f, backend %s, %s, idle %.0f s\n",
			cell_number(lane, "lane"), cell_number(lane, "lcore"),
			cell_string(lane, "backend", "?"), cell_string(lane, "state", "?"),
			cell_number(lane, "idle_s"));
	}
	if (i == 0)
		fprintf(out, "flow: no lane remembers one\n");
	fprintf(out, "table: hash %s, slot %.0f of %.0f: %s\n",
		cell_string(data, "table.hash", "?"), cell_number(data, "table.slot"),
		cell_number(data, "table.slots"), cell_string(data, "table.backend", "no backend"));
}

enum exit_code show_lookup(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	return ask_show(command, opts, operands, n_operands, print_lookup, out, err);
}

/* What is to be forgotten: the word all, --backend, or both ends of a connection. */
static enum exit_code flush_args(const struct command *command, const struct options *opts,
	char **operands, int n_operands, json_t **args, struct sl_err *err)
{
	if (n_operands == 0 && !opts->backend) {
		sl_err_add(err,
			"\"%s\" needs one of: SRC:PORT VIP:PORT/PROTOCOL, --backend POOL/NAME, all",
			command->name);
		return EXIT_USAGE;
	}
	if (n_operands == 1 && strcmp(operands[0], "all") == 0)
		*args = json_pack("{s:b}", "all", 1);
	else if (n_operands == 0 && opts->backend)
		*args = json_object();
	else
		return ask_args(command, operands, n_operands, args, err);
	if (*args && opts->backend)
		json_object_set_new(*args, "backend", json_string(opts->backend));
	return EXIT_OK;
}

static void print_forgotten(
	FILE *out, const json_t *data, const struct options *opts, char **operands)
{
	fprintf(out, "%.0f forgotten\n", cell_number(data, "flushed"));
}

/* Ask for an order to forget and say how many were; `everything` is worth a question. */
static enum exit_code forget(const struct command *command, const struct options *opts,
	json_t *args, const char *everything, FILE *out, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request, .args = args};
	const bool all = json_is_true(json_object_get(args, "all"));
	const enum exit_code code = all ? ask_assent(opts, everything, err) : EXIT_OK;

	if (code == EXIT_OK)
		return ask_answer(opts, &q, NULL, print_forgotten, out, err);
	json_decref(args);
	return code;
}

enum exit_code show_flush(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	json_t *args = NULL;
	const enum exit_code code = flush_args(command, opts, operands, n_operands, &args, err);

	return code == EXIT_OK ? forget(command, opts, args, "forget every connection", out, err)
			       : code;
}

enum exit_code show_session_flush(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	json_t *args = json_object();
	struct sl_addr a;

	if (n_operands && strcmp(operands[0], "all") == 0)
		json_object_set_new(args, "all", json_true());
	else if (n_operands)
		json_object_set_new(args, sl_addr_parse(operands[0], &a) ? "pool" : "client",
			json_string(operands[0]));
	if (opts->backend)
		json_object_set_new(args, "backend", json_string(opts->backend));
	return forget(command, opts, args, "forget every client", out, err);
}
