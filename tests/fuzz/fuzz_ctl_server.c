/* SPDX-License-Identifier: BSD-3-Clause */

/* The control server under a script of its clients and of the daemon behind it: frames in pieces,
 * all kinds of commands, answers that come later, lists that wait, changes and batches, clients
 * that close at any time.
 *
 * What must hold: every line of the server is an object of the protocol; a call is finished or
 * cancelled, never both and never neither; drafts and owned things are given back; one request of a
 * client is in work at a time. */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <event2/event.h>

#include "ctl/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLIENTS 3
#define PENDING 8

static struct {
	uint64_t rev;
	int drafts, owned, news;
	struct ctl_call *pending[PENDING];
	unsigned audits;
} now;

static struct event_base *base;
static struct ctl_server *server;
static char path[108];
static int fds[CLIENTS] = {-1, -1, -1};
static char unread[CLIENTS][1 << 19];
static size_t n_unread[CLIENTS];

static void require(int truth)
{
	if (!truth)
		abort();
}

/* -- commands -- */

static uint64_t rev(void *arg)
{
	return now.rev;
}

static void cancel(void *ctx)
{
	struct ctl_call **slot = ctx;

	require(*slot != NULL);
	*slot = NULL;
}

static int wait_for_it(struct ctl_call *call)
{
	for (int i = 0; i < PENDING; i++) {
		require(now.pending[i] != call);
		if (!now.pending[i]) {
			now.pending[i] = call;
			return ctl_call_later(call, cancel, &now.pending[i]);
		}
	}
	abort(); /* more than one of a client */
}

static void disown(void *thing)
{
	free(thing);
	now.owned--;
}

static int ask(struct ctl_call *call, void *arg)
{
	const char *how = ctl_call_string(call, "how");

	ctl_call_own(call, malloc(1), disown);
	now.owned++;
	if (how && strcmp(how, "later") == 0)
		return wait_for_it(call);
	if (how && strcmp(how, "at_once") == 0) {
		ctl_call_later(call, NULL, NULL);
		ctl_call_finish(call);
		return CTL_LATER;
	}
	return how ? ctl_call_fail(call, ENOENT, how, "no \"%s\"", how) : 0;
}

static int next(struct ctl_call *call, void *arg, json_t **item)
{
	struct ctl_cursor *at = ctl_call_cursor(call);
	const int64_t n = ctl_call_integer(call, "n", 3);

	if (n < 0 || at->outer >= (uint64_t)n)
		return n < 0 ? -EIO : 0;
	if (at->outer % 5 != 4)
		*item = json_integer((json_int_t)at->outer);
	at->outer++;
	return 1;
}

static int follow(struct ctl_call *call, void *arg, json_t **item)
{
	struct ctl_cursor *at = ctl_call_cursor(call);

	if (at->outer >= (uint64_t)now.news)
		return CTL_WAIT;
	*item = json_integer((json_int_t)at->outer++);
	return 1;
}

static int begin(struct ctl_call *call, void *arg, void **draft)
{
	*draft = malloc(1);
	now.drafts++;
	return 0;
}

static void drop(void *arg, void *draft)
{
	free(draft);
	now.drafts--;
}

static int finish(struct ctl_call *call, void *arg, void *draft)
{
	drop(arg, draft);
	if (now.rev % 7 == 6)
		return ctl_call_fail(call, EBUSY, NULL, "not now");
	if (ctl_call_dry_run(call))
		return 0;
	now.rev++;
	ctl_call_set_rev(call, now.rev);
	return now.rev % 3 ? 0 : wait_for_it(call);
}

static int set(struct ctl_call *call, void *arg, void *draft)
{
	json_object_set_new(ctl_call_data(call), "x", json_integer(1));
	return ctl_call_integer(call, "n", 0) < 0 ? -EINVAL : 0;
}

static void audit(const struct ctl_audit *what, void *arg)
{
	require(what->command && what->caller && (what->code == 0) == (*what->msg == 0));
	now.audits++;
}

static const struct ctl_arg args[] = {{"how", JSON_STRING, false}, {"n", JSON_INTEGER, false}};

static const struct ctl_command rows[] = {
	{.name = "ask", .handler = ask, .args = args, .n_args = 2},
	{.name = "act", .handler = ask, .args = args, .n_args = 2, .flags = CTL_MUTATES},
	{.name = "list", .handler = ask, .next = next, .args = args, .n_args = 2},
	{.name = "follow", .handler = ask, .next = follow, .flags = CTL_ANY_REV | CTL_FREE_ARGS},
	{.name = "set", .mutate = set, .args = args, .n_args = 2},
	{.name = "batch", .mutate = ctl_batch, .args = ctl_batch_args, .n_args = 1},
};

static const struct ctl_change_ops change = {rev, begin, finish, drop};

/* -- clients -- */

static void client_open(int c)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	strcpy(at.sun_path, path);
	fds[c] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	require(fds[c] >= 0 && connect(fds[c], (struct sockaddr *)&at, sizeof at) == 0);
	n_unread[c] = 0;
}

static void client_close(int c)
{
	if (fds[c] >= 0)
		close(fds[c]);
	fds[c] = -1;
}

static void turn(void)
{
	for (int i = 0; i < 4; i++)
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void check_line(const char *text, size_t len)
{
	json_t *line = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	json_t *ok = json_object_get(line, "ok");

	require(json_is_object(line));
	require(!!json_object_get(line, "hello") + !!json_object_get(line, "item") + !!ok == 1);
	if (json_is_false(ok))
		require(json_is_string(json_object_get(json_object_get(line, "err"), "code")) &&
			json_is_string(json_object_get(json_object_get(line, "err"), "msg")));
	json_decref(line);
}

static void client_read(int c)
{
	char *end;
	ssize_t n;

	if (fds[c] < 0)
		return;
	n = recv(fds[c], unread[c] + n_unread[c], sizeof unread[c] - n_unread[c], 0);
	if (n <= 0)
		return;
	n_unread[c] += (size_t)n;
	while ((end = memchr(unread[c], '\n', n_unread[c]))) {
		const size_t len = (size_t)(end - unread[c]) + 1;

		check_line(unread[c], len - 1);
		n_unread[c] -= len;
		memmove(unread[c], unread[c] + len, n_unread[c]);
	}
}

static void client_send(int c, const void *bytes, size_t len)
{
	if (fds[c] < 0)
		client_open(c);
	if (send(fds[c], bytes, len, MSG_NOSIGNAL) < 0)
		return; /* full, or closed by the server */
}

/* -- the script -- */

static const char *const requests[] = {
	"{\"v\":1,\"id\":1,\"cmd\":\"ask\"}\n",
	"{\"v\":1,\"id\":2,\"cmd\":\"ask\",\"args\":{\"how\":\"later\"}}\n",
	"{\"v\":1,\"id\":2,\"cmd\":\"act\",\"args\":{\"how\":\"later\"}}\n",
	"{\"v\":1,\"id\":3,\"cmd\":\"ask\",\"args\":{\"how\":\"at_once\"}}\n",
	"{\"v\":1,\"id\":4,\"cmd\":\"list\",\"args\":{\"n\":40}}\n",
	"{\"v\":1,\"id\":5,\"cmd\":\"list\",\"args\":{\"n\":20,\"how\":\"later\"}}\n",
	"{\"v\":1,\"id\":6,\"cmd\":\"follow\"}\n",
	"{\"v\":1,\"id\":7,\"cmd\":\"set\"}\n",
	"{\"v\":1,\"id\":7,\"cmd\":\"set\",\"dry_run\":true,\"if_rev\":1}\n",
	"{\"v\":1,\"id\":8,\"cmd\":\"batch\",\"args\":{\"ops\":[{\"cmd\":\"set\"},{\"cmd\":\"set\","
	"\"args\":{\"n\":1}}]}}\n",
	"{\"v\":1,\"id\":9,\"cmd\":\"batch\",\"args\":{\"ops\":[{\"cmd\":\"set\"},{\"cmd\":\"ask\"}"
	"]}}\n",
	"{\"v\":1,\"id\":9,\"cmd\":\"batch\",\"args\":{\"ops\":[",
	"{\"cmd\":\"set\",\"args\":{\"n\":-1}}",
	",",
	"]}}\n",
	"{\"v\":1,\"id\":",
	"\n",
};
#define N_REQUESTS (sizeof requests / sizeof *requests)

static void end_pending(unsigned which, int fail)
{
	struct ctl_call *call = now.pending[which % PENDING];

	if (!call)
		return;
	now.pending[which % PENDING] = NULL;
	if (fail)
		ctl_call_fail(call, EIO, NULL, "it broke");
	ctl_call_finish(call);
}

/* One step: a byte of what, a byte of how; returns how many more bytes were used. */
static size_t step(uint8_t what, uint8_t how, const uint8_t *rest, size_t n_rest)
{
	const int c = (what >> 4) % CLIENTS;
	const size_t len = how < n_rest ? how : n_rest;

	switch (what & 15) {
	case 0:
	case 1:
	case 2:
		client_send(c, requests[how % N_REQUESTS], strlen(requests[how % N_REQUESTS]));
		return 0;
	case 3: /* raw bytes */
		client_send(c, rest, len);
		return len;
	case 4:
		end_pending(how, 0);
		return 0;
	case 5:
		end_pending(how, 1);
		return 0;
	case 6:
		now.news += how % 8;
		ctl_server_kick(server);
		return 0;
	case 7:
		client_close(c);
		return 0;
	case 8:
		if (fds[c] >= 0)
			shutdown(fds[c], SHUT_WR);
		return 0;
	case 9:
		now.rev++;
		return 0;
	case 10: /* a frame in two pieces */
		client_send(c, requests[how % 11], 9);
		turn();
		client_send(c, requests[how % 11] + 9, strlen(requests[how % 11]) - 9);
		return 0;
	case 11:
		for (int i = 0; i < 200; i++)
			client_send(
				c, requests[how % N_REQUESTS], strlen(requests[how % N_REQUESTS]));
		return 0;
	default:
		client_read(c);
		turn();
		return 0;
	}
}

static void start(void)
{
	struct ctl_server_opts opts = {
		.path = path,
		.version = "1",
		.commands = rows,
		.n_commands = sizeof rows / sizeof *rows,
		.rev = rev,
		.change = &change,
		.audit = audit,
	};

	snprintf(path, sizeof path, "/tmp/sluice-fuzz-%d.sock", (int)getpid());
	unlink(path);
	base = event_base_new();
	require(base && ctl_server_new(base, &opts, &server, NULL) == 0);
}

static int any_pending(void)
{
	for (int i = 0; i < PENDING; i++)
		if (now.pending[i])
			return 1;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!server)
		start();
	now.rev = 1;
	now.news = 0;
	for (size_t at = 0; at + 2 <= size;) {
		at += 2;
		at += step(data[at - 2], data[at - 1], data + at, size - at);
		turn();
	}
	for (int c = 0; c < CLIENTS; c++) {
		client_read(c);
		client_close(c);
	}
	/* What is asked for already may be answered first, and a batch is edited in slices. */
	for (int i = 0; i < 10000 && (any_pending() || now.owned || now.drafts); i++)
		turn();
	require(!any_pending() && now.owned == 0 && now.drafts == 0);
	return 0;
}
