/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/call.h"
#include "ctl/suggest.h"

const char *ctl_role_name(enum ctl_role role)
{
	static const char *const names[] = {
		[CTL_ROLE_VIEWER] = "viewer",
		[CTL_ROLE_ADMIN] = "admin",
	};

	return names[role];
}

const struct ctl_command *ctl_command_find(
	const struct ctl_command *commands, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

const char *ctl_call_string(const struct ctl_call *call, const char *name)
{
	return json_string_value(json_object_get(call->req.args, name));
}

json_t *ctl_call_data(struct ctl_call *call)
{
	return call->data;
}

struct ctl_cursor *ctl_call_cursor(struct ctl_call *call)
{
	return &call->cursor;
}

int ctl_call_fail(struct ctl_call *call, int code, const char *hint, const char *fmt, ...)
{
	char msg[sizeof call->failure.msg];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	return ctl_failure_set(&call->failure, code, hint, "%s", msg);
}

/* "did you mean x?" into hint (256 bytes), or `otherwise`. */
static const char *near(char *hint, const char *word, const char *const *names, size_t n,
	size_t stride, const char *otherwise)
{
	const char *name = n ? ctl_suggest(word, names, n, stride) : NULL;

	if (!name)
		return otherwise;
	snprintf(hint, 256, "did you mean %s?", name);
	return hint;
}

static const struct ctl_arg *find_arg(const struct ctl_command *command, const char *name)
{
	for (size_t i = 0; i < command->n_args; i++) {
		if (strcmp(command->args[i].name, name) == 0)
			return &command->args[i];
	}
	return NULL;
}

static const char *type_name(json_type type)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "an integer",
		[JSON_REAL] = "a real number",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	return names[type];
}

static int check_args(struct ctl_call *call)
{
	const struct ctl_command *command = call->command;
	char quoted[CTL_QUOTE_LEN], hint[256];
	const char *key;
	json_t *value;

	json_object_foreach(call->req.args, key, value)
	{
		const struct ctl_arg *arg = find_arg(command, key);

		if (!arg)
			return ctl_call_fail(call, EINVAL,
				near(hint, key, command->n_args ? &command->args->name : NULL,
					command->n_args, sizeof *command->args, NULL),
				"\"%s\" takes no argument \"%s\"", command->name,
				ctl_quote(key, quoted));
		if (json_typeof(value) != arg->type)
			return ctl_call_fail(call, EINVAL, NULL, "argument \"%s\" must be %s",
				arg->name, type_name(arg->type));
	}
	for (size_t i = 0; i < command->n_args; i++) {
		const struct ctl_arg *arg = &command->args[i];

		if (arg->required && !json_object_get(call->req.args, arg->name))
			return ctl_call_fail(
				call, EINVAL, NULL, "argument \"%s\" is missing", arg->name);
	}
	return 0;
}

/* From the line to a command that the caller may run, with arguments that fit. */
static int resolve(struct ctl_call *call, const struct ctl_server_opts *opts, enum ctl_role role,
	const char *text, size_t len)
{
	char quoted[CTL_QUOTE_LEN], hint[256];
	int ret = ctl_request_parse(text, len, &call->req, &call->failure);

	if (ret)
		return ret;
	call->command = ctl_command_find(opts->commands, opts->n_commands, call->req.cmd);
	if (!call->command)
		return ctl_call_fail(call, ENOENT,
			near(hint, call->req.cmd, &opts->commands->name, opts->n_commands,
				sizeof *opts->commands, NULL),
			"unknown command \"%s\"", ctl_quote(call->req.cmd, quoted));
	if (role < call->command->role)
		return ctl_call_fail(call, EPERM, NULL, "\"%s\" needs the role %s; yours is %s",
			call->command->name, ctl_role_name(call->command->role),
			ctl_role_name(role));
	return check_args(call);
}

/* Run a handler's result through: a code without a message gets the system's words. */
static int answered(struct ctl_call *call, int ret)
{
	if (ret < 0 && call->failure.code == 0)
		ctl_call_fail(call, ret, NULL, "%s", strerror(-ret));
	return ret;
}

static int run(struct ctl_call *call, const struct ctl_server_opts *opts)
{
	if (!call->command->next) {
		call->data = json_object();
		if (!call->data)
			return answered(call, -ENOMEM);
	}
	return call->command->handler ? answered(call, call->command->handler(call, opts->arg)) : 0;
}

static json_t *take_data(struct ctl_call *call)
{
	json_t *data = call->data;

	call->data = NULL;
	return data;
}

bool ctl_call_begin(struct ctl_call *call, const struct ctl_server_opts *opts, enum ctl_role role,
	const char *text, size_t len, json_t **line)
{
	int ret;

	*line = NULL;
	*call = (struct ctl_call){.rev = opts->rev(opts->arg)};
	ret = resolve(call, opts, role, text, len);
	if (ret == 0)
		ret = run(call, opts);
	if (ret < 0)
		*line = ctl_line_failure(call->req.id, &call->failure);
	else if (call->command->next)
		return true;
	else
		*line = ctl_line_data(call->req.id, opts->rev(opts->arg), take_data(call));
	ctl_call_clear(call);
	return false;
}

bool ctl_call_step(struct ctl_call *call, const struct ctl_server_opts *opts, json_t **line)
{
	json_t *item = NULL;
	int ret;

	*line = NULL;
	if (opts->rev(opts->arg) != call->rev)
		ret = ctl_call_fail(call, EAGAIN, "ask again",
			"the configuration changed while the list was being sent");
	else
		ret = answered(call, call->command->next(call, opts->arg, &item));
	if (ret > 0 && !item)
		return true;
	if (ret <= 0)
		json_decref(item);
	if (ret > 0) {
		call->count++;
		*line = ctl_line_item(call->req.id, item);
		if (*line)
			return true;
	} else if (ret == 0) {
		*line = ctl_line_end(call->req.id, call->rev, call->count);
	} else {
		*line = ctl_line_failure(call->req.id, &call->failure);
	}
	ctl_call_clear(call);
	return false;
}

void ctl_call_clear(struct ctl_call *call)
{
	ctl_request_clear(&call->req);
	json_decref(call->data);
	*call = (struct ctl_call){.req.id = CTL_ID_NONE};
}
