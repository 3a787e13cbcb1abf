/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"

/* A list ends early when the configuration changes under it. */
#define LIST_TRIES 5

/* What a code of the daemon means to a script; any other is EXIT_REFUSED. */
static const struct {
	const char *code;
	enum exit_code exit;
} refusals[] = {
	{"EPERM", EXIT_PERMISSION},
	{"EACCES", EXIT_PERMISSION},
	{"ESTALE", EXIT_PRECONDITION},
	{"EBUSY", EXIT_PRECONDITION},
	{"ENOTEMPTY", EXIT_PRECONDITION},
	{"ENOENT", EXIT_NOT_FOUND},
	{"ETIME", EXIT_FALSE},
};

enum exit_code ask_transport(int ret)
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

enum exit_code ask_refusal(const struct ctl_reply *reply, struct sl_err *err)
{
	sl_err_add(err, "%s%s%s%s", reply->msg, reply->hint ? " (" : "",
		reply->hint ? reply->hint : "", reply->hint ? ")" : "");
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		if (strcmp(reply->code, refusals[i].code) == 0)
			return refusals[i].exit;
	}
	return EXIT_REFUSED;
}

void ask_print_json(FILE *out, const json_t *json)
{
	json_dumpf(json, out, JSON_COMPACT | JSON_REAL_PRECISION(12));
	fputc('\n', out);
}

static json_t *operand_value(const struct operand *operand, const char *text)
{
	char *end;
	long long n;

	if (!operand->is_integer)
		return json_string(text);
	errno = 0;
	n = strtoll(text, &end, 10);
	return end == text || *end || errno ? NULL : json_integer(n);
}

/* `web/b1`, or `b1` where one pool alone has such a backend. */
static int put_owned(json_t *args, const struct operand *operand, const char *text)
{
	const char *slash = strchr(text, '/');

	if (!slash && !operand->owner_known)
		return -1;
	if (slash && json_object_set_new(
			     args, operand->owner, json_stringn(text, (size_t)(slash - text))))
		return -1;
	return json_object_set_new(args, operand->key, json_string(slash ? slash + 1 : text));
}

/* `weight=50`; nothing behind the sign: back to what holds by default. */
static int put_setting(json_t *args, const char *text)
{
	const char *equals = strchr(text, '=');
	char key[80];

	if (!equals || equals == text || (size_t)(equals - text) >= sizeof key)
		return -1;
	snprintf(key, sizeof key, "%.*s", (int)(equals - text), text);
	if (json_object_get(args, key))
		return -1;
	return json_object_set_new(args, key, equals[1] ? json_string(equals + 1) : json_null());
}

/* `b1=10.0.0.1`, `b2=10.0.0.2,50` */
static int put_member(json_t *args, const char *key, const char *text)
{
	const char *equals = strchr(text, '=');
	const char *comma = equals ? strchr(equals, ',') : NULL;
	const size_t len = comma ? (size_t)(comma - equals - 1) : equals ? strlen(equals + 1) : 0;
	json_t *list = json_object_get(args, key), *member;

	if (!equals || equals == text || !len || (comma && !comma[1]))
		return -1;
	if (!list && json_object_set_new(args, key, list = json_array()))
		return -1;
	member = json_pack(
		"{s:s%, s:s%}", "name", text, (size_t)(equals - text), "address", equals + 1, len);
	if (member && comma)
		json_object_set_new(member, "weight", json_string(comma + 1));
	return json_array_append_new(list, member);
}

static int put_operand(json_t *args, const struct operand *operand, const char *text)
{
	if (operand->is_members)
		return put_member(args, operand->key, text);
	if (operand->owner)
		return put_owned(args, operand, text);
	if (operand->is_settings)
		return put_setting(args, text);
	return json_object_set_new(args, operand->key, operand_value(operand, text));
}

static const char *form_of(const struct operand *operand)
{
	if (operand->is_settings)
		return "KEY=VALUE, each key once";
	if (operand->is_members)
		return "NAME=ADDRESS or NAME=ADDRESS,WEIGHT";
	if (operand->owner && !operand->owner_known)
		return "two names with a slash between";
	return operand->is_integer ? "a whole number" : "UTF-8 text";
}

enum exit_code ask_args(const struct command *command, char **operands, int n_operands,
	json_t **args, struct sl_err *err)
{
	*args = n_operands ? json_object() : NULL;
	for (int i = 0; i < n_operands; i++) {
		const int last = (int)command->n_operands - 1;
		const struct operand *operand = &command->operands[i < last ? i : last];

		if (put_operand(*args, operand, operands[i]) == 0)
			continue;
		json_decref(*args);
		*args = NULL;
		/* Of some the name is their form. */
		if (operand->is_settings || operand->is_members)
			sl_err_add(err, "\"%.80s\" must be %s", operands[i], form_of(operand));
		else
			sl_err_add(err, "%s \"%.80s\" must be %s", operand->name, operands[i],
				form_of(operand));
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

/* Again while the configuration moves under a list. */
static int ask_until(struct ctl_client *client, const struct ctl_question *q,
	struct ctl_reply *reply, struct sl_err *err)
{
	for (int i = 1;; i++) {
		int ret;

		json_array_clear(q->items);
		json_incref(q->args);
		ret = ctl_client_ask(client, q, reply, err);
		if (ret || reply->ok || !q->items || i == LIST_TRIES ||
			strcmp(reply->code, "EAGAIN") != 0)
			return ret;
		ctl_reply_clear(reply);
	}
}

enum exit_code ask(const struct options *opts, struct ctl_question *q, struct ctl_reply *reply,
	struct sl_err *err)
{
	enum exit_code code = EXIT_OK;
	struct ctl_client *client;
	int ret = ctl_client_new(opts->socket, opts->timeout_ms, &client, err);

	q->dry_run = opts->dry_run;
	q->has_if_rev = opts->has_if_rev;
	q->if_rev = opts->if_rev;
	if (!ret)
		ret = ask_until(client, q, reply, err);
	if (ret > 0) {
		code = EXIT_REFUSED;
	} else if (ret < 0) {
		code = ask_transport(ret);
	} else if (!reply->ok) {
		code = ask_refusal(reply, err);
		ctl_reply_clear(reply);
	}
	json_decref(q->args);
	q->args = NULL;
	ctl_client_free(client);
	return code;
}

enum exit_code ask_assent(const struct options *opts, const char *what, struct sl_err *err)
{
	char answer[16];

	if (opts->yes || opts->dry_run)
		return EXIT_OK;
	if (!isatty(STDIN_FILENO)) {
		sl_err_add(err, "%s: without a terminal to ask, -y is needed", what);
		return EXIT_USAGE;
	}
	fprintf(stderr, "%s? [y/N] ", what);
	if (fgets(answer, sizeof answer, stdin) && (*answer == 'y' || *answer == 'Y'))
		return EXIT_OK;
	sl_err_add(err, "nothing was done");
	return EXIT_REFUSED;
}

enum exit_code ask_answer(const struct options *opts, struct ctl_question *q, char **operands,
	ask_print print, FILE *out, struct sl_err *err)
{
	struct ctl_reply reply;
	const enum exit_code code = ask(opts, q, &reply, err);

	if (code != EXIT_OK)
		return code;
	if (opts->json)
		ask_print_json(out, reply.data);
	else if (print)
		print(out, reply.data, opts, operands);
	ctl_reply_clear(&reply);
	return EXIT_OK;
}

enum exit_code ask_show(const struct command *command, const struct options *opts, char **operands,
	int n_operands, ask_print print, FILE *out, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request};
	const enum exit_code code = ask_args(command, operands, n_operands, &q.args, err);

	return code == EXIT_OK ? ask_answer(opts, &q, operands, print, out, err) : code;
}
