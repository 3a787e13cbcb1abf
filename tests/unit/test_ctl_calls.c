/* SPDX-License-Identifier: BSD-3-Clause */

/* Calls that are answered later, lists that wait. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <cmocka.h>
#include <event2/event.h>

#include "ctl/protocol.h"
#include "ctl_world.h"

#define LATERS  4

/* A client is asked for something before that on any machine. */
#define IDLE_MS 1000

/* What the commands of this test act on. */
static struct state {
	uint64_t rev;
	struct ctl_call *later[LATERS]; /* waiting, by their argument "n" */
	unsigned cancelled;
	uint64_t news; /* items "follow" has to tell */
	uint64_t asked;
	unsigned owned; /* things that exist */
	bool kick_within;
	struct ctl_server *server;
} now;

static uint64_t get_rev(void *arg)
{
	return now.rev;
}

static void cancel(void *ctx)
{
	now.later[(uintptr_t)ctx] = NULL;
	now.cancelled++;
}

static int later(struct ctl_call *call, void *arg)
{
	const uintptr_t n = (uintptr_t)ctl_call_integer(call, "n", 0);

	now.later[n] = call;
	return ctl_call_later(call, cancel, (void *)n);
}

static int at_once(struct ctl_call *call, void *arg)
{
	ctl_call_later(call, NULL, NULL);
	json_object_set_new(ctl_call_data(call), "at", json_string("once"));
	ctl_call_finish(call);
	return CTL_LATER;
}

static void finish(unsigned n, const char *failure)
{
	struct ctl_call *call = now.later[n];

	assert_non_null(call);
	now.later[n] = NULL;
	if (failure)
		ctl_call_fail(call, ENOENT, NULL, "%s", failure);
	else if (ctl_call_data(call))
		json_object_set_new(ctl_call_data(call), "n", json_integer(n));
	ctl_call_finish(call);
}

static void disown(void *thing)
{
	now.owned--;
	free(thing);
}

static int follow(struct ctl_call *call, void *arg)
{
	now.owned++;
	ctl_call_own(call, malloc(1), disown);
	return 0;
}

static int follow_next(struct ctl_call *call, void *arg, json_t **item)
{
	struct ctl_cursor *at = ctl_call_cursor(call);

	now.asked++;
	if (at->outer == now.news && now.kick_within) {
		now.kick_within = false;
		now.news++;
		ctl_server_kick(now.server);
		return CTL_WAIT;
	}
	if (at->outer == now.news)
		return CTL_WAIT;
	*item = json_integer((json_int_t)at->outer++);
	return at->outer > 100 ? 0 : 1;
}

static int three_next(struct ctl_call *call, void *arg, json_t **item)
{
	struct ctl_cursor *at = ctl_call_cursor(call);

	if (at->outer == 3)
		return 0;
	*item = json_integer((json_int_t)at->outer++);
	return 1;
}

static const struct ctl_arg n_args[] = {{"n", JSON_INTEGER, true}};

static const struct ctl_command rows[] = {
	{.name = "later", .handler = later, .args = n_args, .n_args = 1},
	{.name = "at_once", .handler = at_once},
	{.name = "later.list", .handler = later, .next = three_next, .args = n_args, .n_args = 1},
	{.name = "follow", .handler = follow, .next = follow_next, .flags = CTL_ANY_REV},
};

static void serve(struct world *w)
{
	struct ctl_server_opts opts = {
		.path = w->place.path,
		.version = "0.1.0",
		.commands = rows,
		.n_commands = sizeof rows / sizeof *rows,
		.rev = get_rev,
		.idle_ms = IDLE_MS,
	};

	now = (struct state){.rev = 7};
	assert_int_equal(ctl_server_new(w->base, &opts, &w->server, NULL), 0);
	now.server = w->server;
	world_greet(w, &w->a);
}

static bool is_later(const void *n)
{
	return now.later[*(const unsigned *)n];
}

static void wait_until_later(struct world *w, unsigned n)
{
	assert_true(raw_until(w->base, is_later, &n));
}

static void answer_comes_later(void **state)
{
	struct world *w = *state;

	serve(w);
	world_greet(w, &w->b);
	raw_ask(&w->a, "\"cmd\":\"later\",\"args\":{\"n\":1}");
	raw_ask(&w->a, "\"cmd\":\"later\",\"args\":{\"n\":2}");
	wait_until_later(w, 1);
	/* Longer than idle_ms: who waits is not idle. The second waits behind the first; another
	 * client does not. */
	raw_idle(w->base, IDLE_MS * 3 / 2);
	assert_null(now.later[2]);
	raw_close(&w->b);
	world_greet(w, &w->b);
	raw_ask(&w->b, "\"cmd\":\"later\",\"args\":{\"n\":3}");
	wait_until_later(w, 3);
	finish(3, NULL);
	expect_line(&w->b, "{\"id\":1,\"ok\":true,\"rev\":7,\"data\":{\"n\":3}}");
	now.rev = 8;
	finish(1, NULL);
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":8,\"data\":{\"n\":1}}");
	wait_until_later(w, 2);
	finish(2, "no such flow");
	expect_failure(&w->a, 1, "ENOENT", "no such flow");
	raw_ask(&w->a, "\"cmd\":\"at_once\"");
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":8,\"data\":{\"at\":\"once\"}}");
	assert_int_equal(now.cancelled, 0);
	raw_close(&w->a);
	raw_close(&w->b);
}

static void list_begins_later(void **state)
{
	struct world *w = *state;

	serve(w);
	raw_ask(&w->a, "\"cmd\":\"later.list\",\"args\":{\"n\":1}");
	wait_until_later(w, 1);
	finish(1, NULL);
	for (int i = 0; i < 3; i++) {
		char text[64];

		snprintf(text, sizeof text, "{\"id\":1,\"item\":%d}", i);
		expect_line(&w->a, text);
	}
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":7,\"end\":true,\"count\":3}");
	raw_ask(&w->a, "\"cmd\":\"later.list\",\"args\":{\"n\":1}");
	wait_until_later(w, 1);
	finish(1, "nothing there");
	expect_failure(&w->a, 1, "ENOENT", "nothing there");
	raw_close(&w->a);
}

static bool is_cancelled(const void *n)
{
	return now.cancelled >= *(const unsigned *)n;
}

static void wait_until_cancelled(struct world *w, unsigned n)
{
	raw_until(w->base, is_cancelled, &n);
	raw_idle(w->base, 20);
	assert_int_equal(now.cancelled, n);
}

static bool owns(const void *n)
{
	return now.owned == *(const unsigned *)n;
}

static void client_that_leaves_cancels(void **state)
{
	struct world *w = *state;

	serve(w);
	raw_ask(&w->a, "\"cmd\":\"later\",\"args\":{\"n\":1}");
	wait_until_later(w, 1);
	raw_close(&w->a);
	wait_until_cancelled(w, 1);
	/* With the daemon's input full of more requests. */
	world_greet(w, &w->a);
	raw_ask(&w->a, "\"cmd\":\"later\",\"args\":{\"n\":2}");
	for (int i = 0; i < 9000; i++)
		send(w->a.fd, STATUS, strlen(STATUS), MSG_NOSIGNAL | MSG_DONTWAIT);
	wait_until_later(w, 2);
	raw_close(&w->a);
	wait_until_cancelled(w, 2);
	/* A list that has not begun, and one that follows. */
	world_greet(w, &w->a);
	raw_ask(&w->a, "\"cmd\":\"later.list\",\"args\":{\"n\":1}");
	wait_until_later(w, 1);
	raw_close(&w->a);
	wait_until_cancelled(w, 3);
	world_greet(w, &w->a);
	raw_ask(&w->a, "\"cmd\":\"follow\"");
	assert_true(raw_until(w->base, owns, &(unsigned){1}));
	raw_close(&w->a);
	assert_true(raw_until(w->base, owns, &(unsigned){0}));
	/* The server's end. */
	world_greet(w, &w->a);
	raw_ask(&w->a, "\"cmd\":\"later\",\"args\":{\"n\":2}");
	wait_until_later(w, 2);
	ctl_server_free(w->server);
	w->server = NULL;
	assert_int_equal(now.cancelled, 4);
	raw_close(&w->a);
}

/* "echo ... | socat": no more to send, but still listening. */
static void half_close_waits_on(void **state)
{
	struct world *w = *state;

	serve(w);
	raw_ask(&w->a, "\"cmd\":\"later\",\"args\":{\"n\":1}");
	wait_until_later(w, 1);
	shutdown(w->a.fd, SHUT_WR);
	raw_idle(w->base, 50);
	assert_int_equal(now.cancelled, 0);
	finish(1, NULL);
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":7,\"data\":{\"n\":1}}");
	assert_true(raw_is_closed(&w->a, SOON_MS, true));
	raw_close(&w->a);
	/* First the half, then the whole. */
	world_greet(w, &w->a);
	raw_ask(&w->a, "\"cmd\":\"later\",\"args\":{\"n\":1}");
	shutdown(w->a.fd, SHUT_WR);
	wait_until_later(w, 1);
	raw_idle(w->base, 50);
	assert_int_equal(now.cancelled, 0);
	raw_close(&w->a);
	wait_until_cancelled(w, 1);
}

static void list_follows(void **state)
{
	struct world *w = *state;
	uint64_t asked;

	serve(w);
	raw_ask(&w->a, "\"cmd\":\"follow\"");
	assert_true(raw_until(w->base, owns, &(unsigned){1}));
	raw_idle(w->base, IDLE_MS * 3 / 2);
	assert_in_range(now.asked, 1, 2);
	now.news = 1;
	now.rev++; /* CTL_ANY_REV */
	ctl_server_kick(w->server);
	expect_line(&w->a, "{\"id\":1,\"item\":0}");
	asked = now.asked;
	raw_idle(w->base, 50);
	assert_in_range(now.asked, asked, asked + 2);
	/* News that come while it is being asked are not missed. */
	now.kick_within = true;
	ctl_server_kick(w->server);
	expect_line(&w->a, "{\"id\":1,\"item\":1}");
	now.news = 101;
	ctl_server_kick(w->server);
	for (int i = 2; i < 100; i++)
		json_decref(raw_line(&w->a));
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":7,\"end\":true,\"count\":100}");
	assert_int_equal(now.owned, 0);
	raw_close(&w->a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(answer_comes_later),
		WORLD_TEST(list_begins_later),
		WORLD_TEST(client_that_leaves_cancels),
		WORLD_TEST(half_close_waits_on),
		WORLD_TEST(list_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
