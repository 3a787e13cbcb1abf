/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/call.h"

json_t *ctl_call_data(struct ctl_call *call)
{
	return call->data;
}

struct ctl_cursor *ctl_call_cursor(struct ctl_call *call)
{
	return &call->cursor;
}

void ctl_call_own(struct ctl_call *call, void *thing, void (*free_fn)(void *thing))
{
	if (call->owned)
		call->owned_free(call->owned);
	call->owned = thing;
	call->owned_free = free_fn;
}

void *ctl_call_owned(const struct ctl_call *call)
{
	return call->owned;
}

void ctl_call_set_rev(struct ctl_call *call, uint64_t rev)
{
	call->answer_rev = rev;
	call->has_answer_rev = true;
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

int ctl_call_later(struct ctl_call *call, void (*cancel)(void *ctx), void *ctx)
{
	call->later = LATER_PENDING;
	call->cancel = cancel;
	call->cancel_ctx = ctx;
	return CTL_LATER;
}

void ctl_call_finish(struct ctl_call *call)
{
	call->later = LATER_DONE;
	call->session->wake(call->session->wake_arg);
}

void ctl_call_retry(struct ctl_call *call)
{
	call->retry = true;
}

/* From the line to a command that the caller may run, with arguments that fit. */
static int resolve(struct ctl_call *call, const char *text, size_t len)
{
	int ret = ctl_request_parse(text, len, &call->req, &call->failure);

	if (ret)
		return ret;
	call->args = call->req.args;
	call->command = ctl_call_lookup(call, call->req.cmd);
	if (!call->command)
		return -call->failure.code;
	ret = ctl_role_check(call, call->command);
	if (!ret)
		ret = ctl_args_check(call, call->command);
	return ret ? ret : ctl_change_check(call);
}

static int run(struct ctl_call *call)
{
	const struct ctl_command *command = call->command;

	if (!command->next && !call->data) {
		call->data = json_object();
		if (!call->data)
			return -ENOMEM;
	}
	if (command->mutate)
		return ctl_change_run(call);
	return command->handler ? command->handler(call, call->session->opts->arg) : 0;
}

static uint64_t answer_rev(const struct ctl_call *call)
{
	const struct ctl_server_opts *opts = call->session->opts;

	if (call->has_answer_rev)
		return call->answer_rev;
	return ctl_command_mutates(call->command) ? ctl_change_rev(call) : opts->rev(opts->arg);
}

/* Who changes something, or tries to, is told of. */
static void audit(struct ctl_call *call, int ret)
{
	const struct ctl_server_opts *opts = call->session->opts;
	const struct ctl_audit what = {
		.caller = &call->session->caller,
		.command = call->command->name,
		.args = call->args,
		.rev = answer_rev(call),
		.code = -ret,
		.msg = ret ? call->failure.msg : "",
	};

	if (opts->audit && ctl_command_mutates(call->command) && !call->req.dry_run)
		opts->audit(&what, opts->arg);
}

/* The last line. A code without a message gets the system's words. */
static enum call_state over(struct ctl_call *call, int ret, json_t **line)
{
	json_t *data = call->data;

	call->data = NULL;
	if (ret < 0 && !call->failure.code)
		ctl_call_fail(call, ret, NULL, "%s", strerror(-ret));
	if (call->command)
		audit(call, ret);
	if (ret < 0)
		*line = ctl_line_failure(call->req.id, &call->failure);
	else if (call->command->next)
		*line = ctl_line_end(call->req.id, call->rev, call->count);
	else
		*line = ctl_line_data(call->req.id, answer_rev(call), json_incref(data));
	json_decref(data);
	ctl_call_clear(call);
	return CALL_OVER;
}

/* After the handler, at once or later: is that the end? */
static enum call_state handled(struct ctl_call *call, int ret, json_t **line)
{
	if (ret == CTL_MORE)
		return CALL_GOES_ON;
	if (ret == CTL_LATER && call->later == LATER_PENDING)
		return CALL_WAITING;
	if (ret == CTL_LATER && call->retry)
		return CALL_GOES_ON;
	if (ret == CTL_LATER) {
		call->later = LATER_NONE;
		ret = -call->failure.code;
	}
	return ret == 0 && call->command->next ? CALL_GOES_ON : over(call, ret, line);
}

enum call_state ctl_call_begin(struct ctl_call *call, const struct ctl_session *session,
	const char *text, size_t len, json_t **line)
{
	const struct ctl_server_opts *opts = session->opts;
	int ret;

	*line = NULL;
	*call = (struct ctl_call){.session = session, .rev = opts->rev(opts->arg)};
	ret = resolve(call, text, len);
	if (ret == 0)
		ret = run(call);
	return handled(call, ret, line);
}

/* ctl_call_finish() was called. */
static enum call_state go_on(struct ctl_call *call, json_t **line)
{
	int ret = -call->failure.code;

	call->later = LATER_NONE;
	if (call->retry && !ret) {
		call->retry = false;
		call->rev = call->session->opts->rev(call->session->opts->arg);
		json_object_clear(call->data);
		ret = ctl_change_check(call);
		if (ret == 0)
			ret = run(call);
	}
	return handled(call, ret, line);
}

static int next_item(struct ctl_call *call, json_t **item)
{
	const struct ctl_server_opts *opts = call->session->opts;

	if (!(call->command->flags & CTL_ANY_REV) && opts->rev(opts->arg) != call->rev)
		return ctl_call_fail(call, EAGAIN, "ask again",
			"the configuration changed while the list was being sent");
	return call->command->next(call, opts->arg, item);
}

enum call_state ctl_call_step(struct ctl_call *call, json_t **line)
{
	json_t *item = NULL;
	int ret;

	*line = NULL;
	if (call->later == LATER_PENDING)
		return CALL_WAITING;
	if (call->later == LATER_DONE)
		return go_on(call, line);
	if (call->draft)
		return handled(call, ctl_change_go_on(call), line);
	ret = next_item(call, &item);
	if (ret == CTL_WAIT)
		return CALL_WAITING;
	if (ret > 0 && !item)
		return CALL_GOES_ON;
	if (ret > 0) {
		call->count++;
		*line = ctl_line_item(call->req.id, item);
		if (*line)
			return CALL_GOES_ON;
		ret = -ENOMEM;
	} else {
		json_decref(item);
	}
	return over(call, ret, line);
}

void ctl_call_clear(struct ctl_call *call)
{
	const enum call_later was = call->later;
	const bool edited = call->draft;
	int ret = -call->failure.code;

	call->later = LATER_NONE;
	if (was == LATER_PENDING && call->cancel)
		call->cancel(call->cancel_ctx);
	if (edited)
		ctl_change_abort(call);
	if (edited || was == LATER_PENDING || (call->retry && !ret))
		ret = ctl_call_fail(call, ECANCELED, NULL, "the client went away");
	if (edited || was != LATER_NONE)
		audit(call, ret);
	ctl_call_own(call, NULL, NULL);
	ctl_request_clear(&call->req);
	json_decref(call->data);
	*call = (struct ctl_call){.req.id = CTL_ID_NONE};
}
