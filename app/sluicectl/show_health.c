/* SPDX-License-Identifier: BSD-3-Clause */

/* Health: one backend, one pool, probes on demand, events, and waiting. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "show.h"

#define RED   "\033[31m"
#define PLAIN "\033[0m"

/* Ask with the operands as arguments and wait for the answer however long a probe takes. */
static enum exit_code ask_patiently(const struct command *command, const struct options *opts,
	char **operands, int n_operands, ask_print print, FILE *out, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request, .patient = true};
	const enum exit_code code = ask_args(command, operands, n_operands, &q.args, err);

	return code == EXIT_OK ? ask_answer(opts, &q, operands, print, out, err) : code;
}

static const struct column check_columns[] = {
	{"check", "CHECK", cell_text, false},
	{"via", "VIA", cell_text, false},
	{"state", "STATE", cell_health, false},
	{"code", "CODE", cell_text, false},
	{"ms", "MS", cell_ms, true},
	{"age_s", "AGO", cell_seconds, true},
	{"reason", "REASON", cell_text, false},
};

static const struct column result_columns[] = {
	{"age_s", "AGO", cell_seconds, true},
	{"code", "CODE", cell_text, false},
	{"ms", "MS", cell_ms, true},
	{"reason", "REASON", cell_text, false},
};

static const struct column member_columns[] = {
	{"backend", "BACKEND", cell_text, false},
	{"address", "ADDR", cell_text, false},
	{"health", "STATE", cell_health, false},
	{"weight", "WGHT", cell_integer, true},
	{"effective", "EFF", cell_integer, true},
	{"check", "CHECK", cell_check, false},
	{"since_s", "LAST", cell_seconds, true},
	{"reason", "REASON", cell_text, false},
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void print_backend(
	FILE *out, const json_t *data, const struct options *opts, char **operands)
{
	const json_t *checks = json_object_get(data, "checks"), *check;
	char since[CELL_LEN], state[CELL_LEN];
	size_t i;

	cell_health(data, "health", state);
	fprintf(out, "%s/%s %s: %s for %s, weight %.0f, effective %.0f, %.0f flows\n",
		cell_string(data, "pool", ""), cell_string(data, "backend", ""),
		cell_string(data, "address", ""), state,
		cell_duration(cell_number(data, "since_s"), since), cell_number(data, "weight"),
		cell_number(data, "effective"), cell_number(data, "flows"));
	if (json_object_get(data, "path_mtu"))
		fprintf(out, "path MTU lowered to %.0f by ICMP\n", cell_number(data, "path_mtu"));
	if (cell_number(data, "unreachable") > 0)
		fprintf(out, "said to be unreachable by %.0f ICMP errors\n",
			cell_number(data, "unreachable"));
	if (json_array_size(checks) == 0)
		fprintf(out, "no check: counts as up\n");
	else
		fprintf(out, "latency %.2f ms, flap penalty %.0f\n",
			cell_number(data, "latency_ms"), cell_number(data, "penalty"));
	fprintf(out, "errors %.1f %% of probes and new connections\n",
		cell_number(data, "error_pct"));
	json_array_foreach(checks, i, check)
	{
		fprintf(out, "\n");
		fprintf(out, "check %s: %s, %.0f good, %.0f failed, %.0f neutral\n",
			cell_string(check, "check", ""), cell_string(check, "state", ""),
			cell_number(check, "ok"), cell_number(check, "failed"),
			cell_number(check, "neutral"));
		rows_print(out, result_columns, COUNT(result_columns),
			json_object_get(check, "results"), opts->color);
	}
}

enum exit_code show_backend(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	return ask_patiently(command, opts, operands, n_operands, print_backend, out, err);
}

static void print_pool(FILE *out, const json_t *data, const struct options *opts, char **operands)
{
	const char *decision = cell_string(data, "decision", "");
	const bool bad = cell_decision_is_bad(decision) && opts->color;
	char since[CELL_LEN];

	fprintf(out, "pool %s: %s%s%s for %s: %s%s\n", cell_string(data, "pool", ""),
		bad ? RED : "", decision, bad ? PLAIN : "",
		cell_duration(cell_number(data, "since_s"), since), cell_string(data, "reason", ""),
		json_is_true(json_object_get(data, "frozen")) ? " (FROZEN: the table stays)" : "");
	fprintf(out, "healthy weight %.0f of %.0f, %.0f of %.0f backends up\n",
		cell_number(data, "weight_ok"), cell_number(data, "weight_all"),
		cell_number(data, "up"), cell_number(data, "backends"));
	if (*cell_string(data, "backup", ""))
		fprintf(out, "backup pool %s\n", cell_string(data, "backup", ""));
	fprintf(out, "table of %.0f slots, checksum %s; generation %.0f, in force for %s\n\n",
		cell_number(data, "table_size"), cell_string(data, "checksum", ""),
		cell_number(data, "generation"),
		cell_duration(cell_number(data, "generation_s"), since));
	rows_print(out, member_columns, COUNT(member_columns), json_object_get(data, "members"),
		opts->color);
}

enum exit_code show_pool(const struct command *command, const struct options *opts, char **operands,
	int n_operands, FILE *out, struct sl_err *err)
{
	return ask_patiently(command, opts, operands, n_operands, print_pool, out, err);
}

/* Not an answer like others: it says by its exit status, too, whether all probes passed. */
enum exit_code show_health_run(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request, .patient = true};
	enum exit_code code = ask_args(command, operands, n_operands, &q.args, err);
	struct ctl_reply reply;

	if (code == EXIT_OK)
		code = ask(opts, &q, &reply, err);
	if (code != EXIT_OK)
		return code;
	if (opts->json)
		ask_print_json(out, reply.data);
	else
		rows_print(out, check_columns, COUNT(check_columns),
			json_object_get(reply.data, "results"), opts->color);
	code = json_is_true(json_object_get(reply.data, "passed")) ? EXIT_OK : EXIT_FALSE;
	ctl_reply_clear(&reply);
	return code;
}

static void print_freeze(FILE *out, const json_t *data, const struct options *opts, char **operands)
{
	if (json_is_true(json_object_get(data, "frozen")))
		fprintf(out, "frozen for %.0f s: tables stay as they are, probes go on\n",
			cell_number(data, "seconds"));
	else
		fprintf(out, "not frozen any more\n");
}

enum exit_code show_freeze(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	return ask_patiently(command, opts, operands, n_operands, print_freeze, out, err);
}

/* -- wait ---------------------------------------------------------------------------------------
 */

static enum exit_code wait_args(
	char **operands, const struct options *opts, json_t **args, struct sl_err *err)
{
	const char *condition = operands[1], *equals = strchr(condition, '=');
	char *end;
	long n;

	errno = 0;
	n = equals ? strtol(equals + 1, &end, 10) : 0;
	if (!equals || end == equals + 1 || *end || errno || n < 0) {
		sl_err_add(err, "\"%s\" is no condition: up=N or down=N", condition);
		return EXIT_USAGE;
	}
	*args = json_pack("{s:s, s:s%, s:I, s:I}", "pool", operands[0], "condition", condition,
		(size_t)(equals - condition), "number", (json_int_t)n, "timeout_ms",
		(json_int_t)opts->timeout_ms);
	if (*args)
		return EXIT_OK;
	sl_err_add(err, "\"%s\" must be UTF-8 text", operands[0]);
	return EXIT_USAGE;
}

enum exit_code show_wait(const struct command *command, const struct options *opts, char **operands,
	int n_operands, FILE *out, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request, .patient = true};
	const enum exit_code code = wait_args(operands, opts, &q.args, err);

	return code == EXIT_OK ? ask_answer(opts, &q, operands, NULL, out, err) : code;
}

/* -- events -------------------------------------------------------------------------------------
 */

struct events {
	const struct options *opts;
	FILE *out;
};

/* 12:00:03.120 web/b7 UP->DOWN ..., in local time; JSON: one object a line. */
static int print_event(const json_t *item, void *arg)
{
	const struct events *e = arg;
	const double at = cell_number(item, "time");
	const time_t sec = (time_t)at;
	char object[CELL_LEN], what[4 * CELL_LEN], clock[16];
	struct tm tm;

	if (e->opts->json) {
		ask_print_json(e->out, item);
	} else {
		localtime_r(&sec, &tm);
		strftime(clock, sizeof clock, "%H:%M:%S", &tm);
		snprintf(what, sizeof what, "%s", cell_string(item, "event", ""));
		for (char *c = what; *c; c++)
			if ((unsigned char)*c < 0x20 || *c == 0x7f)
				*c = '?';
		cell_text(item, "object", object);
		fprintf(e->out, "%s.%03d %s %s\n", clock, (int)((at - (double)sec) * 1000), object,
			what);
	}
	fflush(e->out);
	return ferror(e->out) ? 1 : 0;
}

enum exit_code show_events(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	struct events e = {opts, out};
	struct ctl_question q = {.cmd = command->request,
		.args = json_object(),
		.patient = opts->follow,
		.on_item = print_event,
		.arg = &e};
	struct ctl_reply reply;
	enum exit_code code;

	if (opts->follow)
		json_object_set_new(q.args, "follow", json_true());
	if (opts->has_since)
		json_object_set_new(q.args, "since_s", json_integer(opts->since_s));
	code = ask(opts, &q, &reply, err);
	if (code == EXIT_OK)
		ctl_reply_clear(&reply);
	return code;
}
