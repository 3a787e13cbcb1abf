/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/call.h"

const struct ctl_arg ctl_batch_args[1] = {{"ops", JSON_ARRAY, true}};

uint64_t ctl_change_rev(const struct ctl_call *call)
{
	const struct ctl_server_opts *opts = call->session->opts;

	return opts->change ? opts->change->rev(opts->arg) : opts->rev(opts->arg);
}

int ctl_change_check(struct ctl_call *call)
{
	const struct ctl_command *command = call->command;
	const uint64_t rev = ctl_change_rev(call);
	char hint[80];

	if (!ctl_command_mutates(command) && (call->req.dry_run || call->req.if_rev != CTL_REV_ANY))
		return ctl_call_fail(call, EINVAL, "leave the key out",
			"\"%s\" changes nothing: no \"%s\" with it", command->name,
			call->req.dry_run ? "dry_run" : "if_rev");
	if (call->req.dry_run && !command->mutate && !(command->flags & CTL_DRY_RUN))
		return ctl_call_fail(call, EINVAL, NULL, "\"%s\" cannot be tried without doing it",
			command->name);
	if (call->req.if_rev == CTL_REV_ANY || (uint64_t)call->req.if_rev == rev)
		return 0;
	snprintf(hint, sizeof hint, "look at it anew, then ask with \"if_rev\":%" PRIu64, rev);
	return ctl_call_fail(call, ESTALE, hint,
		"the configuration is at revision %" PRIu64 ", not %" PRId64, rev,
		call->req.if_rev);
}

int ctl_change_run(struct ctl_call *call)
{
	const struct ctl_server_opts *opts = call->session->opts;
	void *draft = NULL;
	int ret;

	if (!opts->change)
		return ctl_call_fail(
			call, EOPNOTSUPP, NULL, "this server's configuration does not change");
	ret = opts->change->begin(call, opts->arg, &draft);
	if (ret)
		return ret;
	ret = call->command->mutate(call, opts->arg, draft);
	if (ret) {
		opts->change->abort(opts->arg, draft);
		return ret;
	}
	return opts->change->finish(call, opts->arg, draft);
}

/* Which operation it was, before what was wrong with it. */
static int fail_operation(struct ctl_call *call, int ret, size_t i)
{
	struct ctl_failure *why = &call->failure;
	char msg[sizeof why->msg];

	if (!why->code)
		ctl_failure_set(why, ret, NULL, "%s", strerror(-ret));
	memcpy(msg, why->msg, sizeof msg);
	snprintf(why->msg, sizeof why->msg, "ops[%zu]: %.*s", i, (int)sizeof msg - 32, msg);
	return -why->code;
}

static int operation(struct ctl_call *call, void *arg, void *draft, json_t *op)
{
	const char *cmd = NULL;
	const struct ctl_command *command;
	json_t *args = NULL;
	json_error_t error;
	int ret;

	if (json_unpack_ex(op, &error, JSON_STRICT, "{s:s,s?o}", "cmd", &cmd, "args", &args))
		return ctl_call_fail(call, EINVAL,
			"an operation is {\"cmd\":\"...\",\"args\":{...}}", "%s", error.text);
	if (args && !json_is_object(args))
		return ctl_call_fail(call, EINVAL, NULL, "\"args\" must be an object");
	command = ctl_call_lookup(call, cmd);
	if (!command)
		return -call->failure.code;
	if (!command->mutate || command->mutate == ctl_batch)
		return ctl_call_fail(call, EINVAL, "send it as a request of its own",
			"\"%s\" cannot be part of a batch", command->name);
	call->args = args;
	ret = ctl_role_check(call, command);
	if (!ret)
		ret = ctl_args_check(call, command);
	return ret ? ret : command->mutate(call, arg, draft);
}

int ctl_batch(struct ctl_call *call, void *arg, void *draft)
{
	json_t *ops = json_object_get(call->args, "ops"), *op;
	json_t *results = json_array(), *data = call->data, *batch_args = call->args;
	size_t i;
	int ret = 0;

	if (json_array_size(ops) == 0)
		ret = ctl_call_fail(call, EINVAL, NULL, "\"ops\" is empty");
	json_array_foreach(ops, i, op)
	{
		if (ret)
			break;
		call->data = json_object();
		ret = operation(call, arg, draft, op);
		json_array_append_new(results, call->data);
		if (ret)
			ret = fail_operation(call, ret, i);
	}
	call->data = data;
	call->args = batch_args;
	json_object_set_new(data, "results", results);
	return ret;
}
