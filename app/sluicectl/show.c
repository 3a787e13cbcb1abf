/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "show.h"

/* A list ends early when the configuration changes under it. */
#define LIST_TRIES 5

static enum exit_code exit_of_transport(int ret)
{
	switch (ret) {
	case -EACCES:
		return EXIT_PERMISSION;
	case -ENAMETOOLONG:
		return EXIT_USAGE;
	default:
		return EXIT_NO_DAEMON;
	}
}

static enum exit_code exit_of_no(const struct ctl_reply *reply, struct sl_err *err)
{
	sl_err_add(err, "%s%s%s%s", reply->msg, reply->hint ? " (" : "",
		reply->hint ? reply->hint : "", reply->hint ? ")" : "");
	if (strcmp(reply->code, "ENOENT") == 0)
		return EXIT_NOT_FOUND;
	if (strcmp(reply->code, "EPERM") == 0 || strcmp(reply->code, "EACCES") == 0)
		return EXIT_PERMISSION;
	return EXIT_REFUSED;
}

static void print_json(FILE *out, const json_t *json)
{
	json_dumpf(json, out, JSON_COMPACT | JSON_REAL_PRECISION(12));
	fputc('\n', out);
}

static json_t *request_args(const struct command *command, char **operands, int n_operands)
{
	json_t *args = n_operands ? json_object() : NULL;

	for (int i = 0; i < n_operands; i++)
		json_object_set_new(args, command->operands[i].key, json_string(operands[i]));
	return args;
}

/* Connect, ask, hang up. EXIT_OK: *reply is a yes and must be cleared. */
static enum exit_code ask(const struct command *command, const struct options *opts, json_t *args,
	json_t *items, struct ctl_reply *reply, struct sl_err *err)
{
	enum exit_code code = EXIT_OK;
	struct ctl_client *client;
	int ret = ctl_client_new(opts->socket, opts->timeout_ms, &client, err);

	if (ret) {
		json_decref(args);
		return exit_of_transport(ret);
	}
	for (int i = 0; i < LIST_TRIES; i++) {
		json_array_clear(items);
		ret = ctl_client_call(
			client, command->request, json_incref(args), items, reply, err);
		if (ret || reply->ok || strcmp(reply->code, "EAGAIN") != 0 || i + 1 == LIST_TRIES)
			break;
		ctl_reply_clear(reply);
	}
	if (ret) {
		code = exit_of_transport(ret);
	} else if (!reply->ok) {
		code = exit_of_no(reply, err);
		ctl_reply_clear(reply);
	}
	json_decref(args);
	ctl_client_free(client);
	return code;
}

static bool is_wanted(const struct command *command, const struct options *opts, const json_t *item)
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
		if (is_wanted(command, opts, item))
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
	json_t *items = json_array(), *rows;
	struct ctl_reply reply;
	enum exit_code code =
		ask(command, opts, request_args(command, operands, n_operands), items, &reply, err);

	if (code == EXIT_OK) {
		ctl_reply_clear(&reply);
		rows = arrange(command, opts, items);
		if (!rows) {
			sl_err_sys(err, ENOMEM, "%s", command->name);
			code = EXIT_REFUSED;
		} else if (opts->json)
			print_json(out, rows);
		else if (json_array_size(rows) == 0)
			fprintf(out, "%s\n", command->empty);
		else
			rows_print(out, command->columns, command->n_columns, rows, opts->color);
		json_decref(rows);
	}
	json_decref(items);
	return code;
}

static double number(const json_t *data, const char *key)
{
	return json_number_value(cell_find(data, key));
}

static const char *text(const json_t *data, const char *key)
{
	const char *value = json_string_value(cell_find(data, key));

	return value ? value : "?";
}

/* "1 VIP", "2 VIPs" */
static void print_some(FILE *out, double n, const char *noun)
{
	fprintf(out, "%.0f %s%s, ", n, noun, n == 1 ? "" : "s");
}

static void print_status(FILE *out, const json_t *data, bool color)
{
	const double rx = number(data, "rx_pps");
	char buf[CELL_LEN];

	fprintf(out, "sluiced %s up %s revision %.0f: ", text(data, "version"),
		cell_duration(number(data, "uptime_s"), buf), number(data, "rev"));
	print_some(out, number(data, "vips"), "VIP");
	fprintf(out, "%.0f/%.0f pools ok, ", number(data, "pools_ok"), number(data, "pools"));
	print_some(out, number(data, "backends"), "backend");
	print_some(out, number(data, "workers"), "worker");
	print_some(out, number(data, "lanes"), "lane");
	fprintf(out, "%s, %.1f%% dropped\n", cell_human(rx, "pps", buf),
		rx > 0 ? 100 * number(data, "dropped_pps") / rx : 0.0);
	if (strcmp(text(data, "config.last_apply"), "failed") == 0)
		fprintf(out, "%sconfiguration %s was not applied: %s%s\n", color ? "\033[31m" : "",
			text(data, "config.path"), text(data, "config.error"),
			color ? "\033[0m" : "");
}

enum exit_code show_status(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	struct ctl_reply reply;
	const enum exit_code code = ask(command, opts, NULL, NULL, &reply, err);

	if (code != EXIT_OK)
		return code;
	if (opts->json)
		print_json(out, reply.data);
	else
		print_status(out, reply.data, opts->color);
	ctl_reply_clear(&reply);
	return EXIT_OK;
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
		return exit_of_transport(ret);
	hello = ctl_client_hello(client);
	if (opts->json) {
		json_t *json =
			json_pack("{s:s,s:O}", "sluicectl", SLUICE_VERSION, "sluiced", hello);

		print_json(out, json);
		json_decref(json);
	} else {
		fprintf(out, "sluiced %s revision %.0f role %s\n", text(hello, "version"),
			number(hello, "rev"), text(hello, "role"));
	}
	ctl_client_free(client);
	return EXIT_OK;
}
