/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/call.h"
#include "ctl/suggest.h"

const char *ctl_role_name(enum ctl_role role)
{
	static const char *const names[] = {
		[CTL_ROLE_VIEWER] = "viewer",
		[CTL_ROLE_OPERATOR] = "operator",
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

bool ctl_command_mutates(const struct ctl_command *command)
{
	return command->mutate || (command->flags & CTL_MUTATES);
}

/* "did you mean x?" into hint (256 bytes), or NULL. */
static const char *near(
	char *hint, const char *word, const char *const *names, size_t n, size_t stride)
{
	const char *name = n ? ctl_suggest(word, names, n, stride) : NULL;

	if (!name)
		return NULL;
	snprintf(hint, 256, "did you mean %s?", name);
	return hint;
}

const struct ctl_command *ctl_call_lookup(struct ctl_call *call, const char *name)
{
	const struct ctl_server_opts *opts = call->session->opts;
	const struct ctl_command *command =
		ctl_command_find(opts->commands, opts->n_commands, name);
	char quoted[CTL_QUOTE_LEN], hint[256];

	if (!command)
		ctl_call_fail(call, ENOENT,
			near(hint, name, &opts->commands->name, opts->n_commands,
				sizeof *opts->commands),
			"unknown command \"%s\"", ctl_quote(name, quoted));
	return command;
}

int ctl_role_check(struct ctl_call *call, const struct ctl_command *command)
{
	char what[80];

	snprintf(what, sizeof what, "\"%s\"", command->name);
	return ctl_call_need(call, command->role, what);
}

int ctl_call_need(struct ctl_call *call, enum ctl_role role, const char *what)
{
	const enum ctl_role have = call->session->caller.role;

	if (have >= role)
		return 0;
	return ctl_call_fail(call, EPERM, NULL, "%s needs the role %s; yours is %s", what,
		ctl_role_name(role), ctl_role_name(have));
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
		[JSON_REAL] = "a number",
		[JSON_TRUE] = "true or false",
		[JSON_FALSE] = "true or false",
		[JSON_NULL] = "null",
	};

	return names[type];
}

static bool has_type(const json_t *value, json_type type)
{
	if (type == CTL_JSON_ANY)
		return true;
	if (type == JSON_TRUE || type == JSON_FALSE)
		return json_is_boolean(value);
	return type == JSON_REAL ? json_is_number(value) : json_typeof(value) == type;
}

static int check_value(
	struct ctl_call *call, const struct ctl_command *command, const char *key, json_t *value)
{
	const struct ctl_arg *arg = find_arg(command, key);
	char quoted[CTL_QUOTE_LEN], hint[256];

	if (!arg && (command->flags & CTL_FREE_ARGS))
		return 0;
	if (!arg)
		return ctl_call_fail(call, EINVAL,
			near(hint, key, command->n_args ? &command->args->name : NULL,
				command->n_args, sizeof *command->args),
			"\"%s\" takes no argument \"%s\"", command->name, ctl_quote(key, quoted));
	if (!has_type(value, arg->type))
		return ctl_call_fail(call, EINVAL, NULL, "argument \"%s\" must be %s", arg->name,
			type_name(arg->type));
	return 0;
}

int ctl_args_check(struct ctl_call *call, const struct ctl_command *command)
{
	const char *key;
	json_t *value;
	int ret;

	json_object_foreach(call->args, key, value)
	{
		ret = check_value(call, command, key, value);
		if (ret)
			return ret;
	}
	for (size_t i = 0; i < command->n_args; i++) {
		const struct ctl_arg *arg = &command->args[i];

		if (arg->required && !json_object_get(call->args, arg->name))
			return ctl_call_fail(
				call, EINVAL, NULL, "argument \"%s\" is missing", arg->name);
	}
	return 0;
}

bool ctl_call_has(const struct ctl_call *call, const char *name)
{
	return json_object_get(call->args, name) != NULL;
}

const char *ctl_call_string(const struct ctl_call *call, const char *name)
{
	return json_string_value(json_object_get(call->args, name));
}

int64_t ctl_call_integer(const struct ctl_call *call, const char *name, int64_t otherwise)
{
	const json_t *value = json_object_get(call->args, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

double ctl_call_number(const struct ctl_call *call, const char *name, double otherwise)
{
	const json_t *value = json_object_get(call->args, name);

	return json_is_number(value) ? json_number_value(value) : otherwise;
}

bool ctl_call_boolean(const struct ctl_call *call, const char *name, bool otherwise)
{
	const json_t *value = json_object_get(call->args, name);

	return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

const json_t *ctl_call_json(const struct ctl_call *call, const char *name)
{
	return json_object_get(call->args, name);
}

const json_t *ctl_call_args(const struct ctl_call *call)
{
	return call->args;
}

bool ctl_call_dry_run(const struct ctl_call *call)
{
	return call->req.dry_run;
}

const struct ctl_caller *ctl_call_caller(const struct ctl_call *call)
{
	return &call->session->caller;
}
