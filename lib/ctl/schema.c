/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>

#include "ctl/call.h"

static const char *type_of(json_type type)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "object",
		[JSON_ARRAY] = "array",
		[JSON_STRING] = "string",
		[JSON_INTEGER] = "integer",
		[JSON_REAL] = "number",
		[JSON_TRUE] = "boolean",
		[JSON_FALSE] = "boolean",
		[JSON_NULL] = "null",
	};

	return type == CTL_JSON_ANY ? "any" : names[type];
}

static const char *kind_of(const struct ctl_command *command)
{
	if (command->mutate)
		return "change";
	if (command->next)
		return "list";
	return command->flags & CTL_MUTATES ? "action" : "question";
}

static json_t *args_of(const struct ctl_command *command)
{
	json_t *args = json_array();

	for (size_t i = 0; i < command->n_args; i++) {
		const struct ctl_arg *arg = &command->args[i];

		json_array_append_new(args, json_pack("{s:s,s:s,s:b}", "name", arg->name, "type",
						    type_of(arg->type), "required", arg->required));
	}
	return args;
}

int ctl_schema_next(struct ctl_call *call, void *arg, json_t **item)
{
	const struct ctl_server_opts *opts = call->session->opts;
	struct ctl_cursor *at = ctl_call_cursor(call);

	if (at->outer == opts->n_commands)
		return 0;
	const struct ctl_command *command = &opts->commands[at->outer++];

	*item = json_pack("{s:s,s:s,s:s,s:b,s:b,s:o}", "command", command->name, "role",
		ctl_role_name(command->role), "kind", kind_of(command), "dry_run",
		command->mutate || (command->flags & CTL_DRY_RUN), "free_args",
		(command->flags & CTL_FREE_ARGS) != 0, "args", args_of(command));
	return *item ? 1 : -ENOMEM;
}
