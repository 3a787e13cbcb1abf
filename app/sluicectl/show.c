/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "show.h"

bool show_wants(const struct command *command, const struct options *opts, const json_t *item)
{
	if (command->hidden && !opts->all && !opts->json && command->hidden(item))
		return false;
	for (size_t i = 0; i < opts->n_filters; i++) {
		const struct filter *f = &opts->filters[i];
		const struct column *column =
			rows_column(command->columns, command->n_columns, f->key, f->key_len);

		if (!rows_match(item, column->key, f->value))
			return false;
	}
	return true;
}

/* --filter and --sort. Returns a new array; NULL without memory. */
static json_t *arrange(
	const struct command *command, const struct options *opts, const json_t *items)
{
	json_t *kept = json_array(), *sorted, *item;
	size_t i;

	json_array_foreach((json_t *)items, i, item)
	{
		if (show_wants(command, opts, item))
			json_array_append(kept, item);
	}
	if (!opts->sort)
		return kept;
	sorted = rows_sort(kept,
		rows_column(command->columns, command->n_columns, opts->sort, strlen(opts->sort))
			->key,
		opts->descending);
	json_decref(kept);
	return sorted;
}

enum exit_code show_list(const struct command *command, const struct options *opts, char **operands,
	int n_operands, FILE *out, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request, .items = json_array()};
	enum exit_code code = ask_args(command, operands, n_operands, &q.args, err);
	json_t *items = q.items, *rows;
	struct ctl_reply reply;

	if (code == EXIT_OK)
		code = ask(opts, &q, &reply, err);
	if (code == EXIT_OK) {
		ctl_reply_clear(&reply);
		rows = arrange(command, opts, items);
		if (!rows) {
			sl_err_sys(err, ENOMEM, "%s", command->name);
			code = EXIT_REFUSED;
		} else if (opts->json)
			ask_print_json(out, rows);
		else if (json_array_size(rows) == 0)
			fprintf(out, "%s\n", command->empty);
		else
			rows_print(out, command->columns, command->n_columns, rows, opts->color);
		json_decref(rows);
	}
	json_decref(items);
	return code;
}

/* "1 VIP", "2 VIPs" */
static void print_some(FILE *out, double n, const char *noun)
{
	fprintf(out, "%.0f %s%s, ", n, noun, n == 1 ? "" : "s");
}

/* "2/3 pools ok (1 panic), "; what is not ok stands out. */
static void print_pools(FILE *out, const json_t *data, bool color)
{
	static const char *const others[] = {"degraded", "panic", "down"};
	const char *before = color ? " (\033[31m" : " (";
	bool all = true;

	fprintf(out, "%.0f/%.0f pools ok", cell_number(data, "pools_ok"),
		cell_number(data, "pools"));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		char key[32];

		snprintf(key, sizeof key, "pools_%s", others[i]);
		if (cell_number(data, key) == 0)
			continue;
		fprintf(out, "%s%.0f %s", before, cell_number(data, key), others[i]);
		before = ", ";
		all = false;
	}
	fprintf(out, "%s, ", all ? "" : color ? "\033[0m)" : ")");
}

/* Later than this, probes and commands wait noticeably. */
#define LATE_MS 100

static void print_status(FILE *out, const json_t *data, const struct options *opts, char **operands)
{
	const double rx = cell_number(data, "rx_pps");
	char buf[CELL_LEN];

	fprintf(out, "sluiced %s up %s revision %.0f: ", cell_string(data, "version", "?"),
		cell_duration(cell_number(data, "uptime_s"), buf), cell_number(data, "rev"));
	print_some(out, cell_number(data, "vips"), "VIP");
	print_pools(out, data, opts->color);
	print_some(out, cell_number(data, "backends"), "backend");
	print_some(out, cell_number(data, "workers"), "worker");
	print_some(out, cell_number(data, "lanes"), "lane");
	fprintf(out, "%s, %.1f%% dropped\n", cell_human(rx, "pps", buf),
		rx > 0 ? 100 * cell_number(data, "dropped_pps") / rx : 0.0);
	if (*cell_string(data, "health.frozen", ""))
		fprintf(out,
			"%sFROZEN for %.0f s more: %s; tables stay as they are, probes go on%s\n",
			opts->color ? "\033[31m" : "", cell_number(data, "health.frozen_s") + 0.5,
			cell_string(data, "health.frozen", ""), opts->color ? "\033[0m" : "");
	if (strcmp(cell_string(data, "config.last_apply", "?"), "failed") == 0)
		fprintf(out, "%sconfiguration %s was not applied: %s%s\n",
			opts->color ? "\033[31m" : "", cell_string(data, "config.path", "?"),
			cell_string(data, "config.error", "?"), opts->color ? "\033[0m" : "");
	if (cell_number(data, "config.trial.rev") > 0)
		fprintf(out,
			"revision %.0f is taken back in %.0f s without: sluicectl config confirm\n",
			cell_number(data, "config.trial.rev"),
			cell_number(data, "config.trial.left_s") + 0.5);
	if (json_is_true(cell_find(data, "config.unconfirmed")))
		fprintf(out,
			"%s, as it was applied for a time, is not confirmed: not in force, also "
			"after a restart; sluicectl config apply\n",
			cell_string(data, "config.path", "?"));
	if (cell_number(data, "loop.late_ms") > LATE_MS)
		fprintf(out,
			"control loop: timers were up to %.0f ms late in the last minute, its "
			"longest go took %.0f ms\n",
			cell_number(data, "loop.late_ms"), cell_number(data, "loop.hold_ms"));
}

enum exit_code show_status(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	return ask_show(command, opts, operands, n_operands, print_status, out, err);
}

enum exit_code show_version(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	struct ctl_client *client;
	const int ret = ctl_client_new(opts->socket, opts->timeout_ms, &client, err);
	const json_t *hello;

	if (!opts->json)
		fprintf(out, "sluicectl %s\n", SLUICE_VERSION);
	if (ret)
		return ask_transport(ret);
	hello = ctl_client_hello(client);
	if (opts->json) {
		json_t *json =
			json_pack("{s:s,s:O}", "sluicectl", SLUICE_VERSION, "sluiced", hello);

		ask_print_json(out, json);
		json_decref(json);
	} else {
		fprintf(out, "sluiced %s revision %.0f role %s\n",
			cell_string(hello, "version", "?"), cell_number(hello, "rev"),
			cell_string(hello, "role", "?"));
	}
	ctl_client_free(client);
	return EXIT_OK;
}
