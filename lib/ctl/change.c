/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/call.h"
#include "ctl/peer.h"

/* A batch is edited for so long at one go; others are served between two. */
#define SLICE_NS UINT64_C(1000000)

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
	snprintf(hint, sizeof hint, "look at it anew, then ask with revision %" PRIu64, rev);
	return ctl_call_fail(call, ESTALE, hint,
		"the configuration is at revision %" PRIu64 ", not %" PRId64, rev,
		call->req.if_rev);
}

int ctl_change_run(struct ctl_call *call)
{
	const struct ctl_server_opts *opts = call->session->opts;
	int ret;

	if (!opts->change)
		return ctl_call_fail(
			call, EOPNOTSUPP, NULL, "this server's configuration does not change");
	call->cursor = (struct ctl_cursor){0};
	call->operation = 0;
	call->of_operation = NULL;
	ret = opts->change->begin(call, opts->arg, &call->draft);
	return ret ? ret : ctl_change_go_on(call);
}

void ctl_change_abort(struct ctl_call *call)
{
	const struct ctl_server_opts *opts = call->session->opts;
	void *draft = call->draft;

	call->draft = NULL;
	opts->change->abort(opts->arg, draft);
}

int ctl_change_go_on(struct ctl_call *call)
{
	const struct ctl_server_opts *opts = call->session->opts;
	const int ret = call->command->mutate(call, opts->arg, call->draft);
	void *draft = call->draft;

	if (ret == CTL_MORE)
		return ret;
	if (ret) {
		ctl_change_abort(call);
		return ret;
	}
	call->draft = NULL;
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

/* The operation that a batch is at, or a part of it. */
static int run_operation(
	struct ctl_call *call, void *arg, void *draft, json_t *ops, json_t *results)
{
	int ret;

	if (!call->of_operation) {
		json_t *result = json_object();

		if (json_array_append_new(results, result))
			return ctl_call_fail(call, ENOMEM, NULL, "no memory for a batch");
		call->cursor = (struct ctl_cursor){0};
		call->of_operation = result;
	}
	call->data = call->of_operation;
	ret = operation(call, arg, draft, json_array_get(ops, call->operation));
	if (ret == CTL_MORE)
		return ret;
	call->of_operation = NULL;
	return ret ? fail_operation(call, ret, call->operation) : 0;
}

int ctl_batch(struct ctl_call *call, void *arg, void *draft)
{
	const uint64_t until = peer_now_ns() + SLICE_NS;
	json_t *ops = json_object_get(call->args, "ops"), *data = call->data, *args = call->args;
	json_t *results = json_object_get(data, "results");
	int ret = 0;

	if (json_array_size(ops) == 0)
		return ctl_call_fail(call, EINVAL, NULL, "\"ops\" is empty");
	if (!results) {
		results = json_array();
		if (json_object_set_new(data, "results", results))
			return ctl_call_fail(call, ENOMEM, NULL, "no memory for a batch");
	}
	while (!ret && call->operation < json_array_size(ops)) {
		ret = run_operation(call, arg, draft, ops, results);
		if (!ret && ++call->operation < json_array_size(ops) && peer_now_ns() >= until)
			ret = CTL_MORE;
	}
	call->data = data;
	call->args = args;
	return ret;
}
