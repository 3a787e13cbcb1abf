/* SPDX-License-Identifier: BSD-3-Clause */

/* The control server as clients see it. */

#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>
#include <event2/event.h>

#include "ctl/client.h"
#include "ctl/protocol.h"
#include "ctl_world.h"

static void greeting_and_replies(void **state)
{
	struct world *w = *state;

	world_serve(w, 0, 0, 0);
	raw_open(&w->a, w->base, w->place.path);
	expect_line(
		&w->a, getuid() ? "{\"hello\":{\"proto\":[1,1],\"version\":\"0.1.0\",\"rev\":1842,"
				  "\"role\":\"viewer\"}}"
				: "{\"hello\":{\"proto\":[1,1],\"version\":\"0.1.0\",\"rev\":1842,"
				  "\"role\":\"admin\"}}");
	raw_text(&w->a, STATUS);
	expect_status(&w->a);
	/* Two requests and a half in one write, the rest after that. */
	raw_text(&w->a,
		STATUS "{\"v\":1,\"id\":3,\"cmd\":\"count\",\"args\":{\"n\":\"1\"}}\n{\"v\":1,");
	expect_status(&w->a);
	expect_line(&w->a,
		"{\"id\":3,\"item\":{\"i\":0,\"text\":\"abcdefghijklmnopqrstuvwxyz0123456789\"}}");
	expect_line(&w->a, "{\"id\":3,\"ok\":true,\"rev\":1842,\"end\":true,\"count\":1}");
	raw_text(&w->a, "\"id\":9,\"cmd\":\"count\",\"args\":{\"n\":\"0\"}}\n");
	expect_line(&w->a, "{\"id\":9,\"ok\":true,\"rev\":1842,\"end\":true,\"count\":0}");
	raw_close(&w->a);
}

static void every_no_has_its_reason(void **state)
{
	static const struct {
		const char *line;
		int64_t id;
		const char *code, *msg;
	} rows[] = {
		{"nonsense\n", CTL_ID_NONE, "EINVAL", "not valid JSON"},
		{"\n", CTL_ID_NONE, "EINVAL", "not valid JSON"},
		{"{\"v\":1,\"id\":4,\"cmd\":\"stauts\"}\n", 4, "ENOENT",
			"unknown command \"stauts\""},
		{"{\"v\":1,\"id\":4,\"cmd\":\"config.reload\"}\n", 4, "ENOENT", "unknown command"},
		{"{\"v\":1,\"id\":5,\"cmd\":\"status\",\"args\":{\"a\":1}}\n", 5, "EINVAL",
			"\"status\" takes no argument \"a\""},
		{"{\"v\":1,\"id\":6,\"cmd\":\"count\"}\n", 6, "EINVAL",
			"argument \"n\" is missing"},
		{"{\"v\":1,\"id\":6,\"cmd\":\"count\",\"args\":{\"n\":3}}\n", 6, "EINVAL",
			"argument \"n\" must be a string"},
		{"{\"v\":1,\"id\":7,\"cmd\":\"broken\"}\n", 7, "EIO", "Input/output error"},
		{"{\"v\":1,\"id\":8,\"cmd\":\"backend.list\",\"args\":{\"pool\":\"wbe\"}}\n", 8,
			"ENOENT", "pool \"wbe\" not found"},
	};
	struct world *w = *state;
	json_t *line;

	world_serve(w, 0, 0, 0);
	world_greet(w, &w->a);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		raw_text(&w->a, rows[i].line);
		expect_failure(&w->a, rows[i].id, rows[i].code, rows[i].msg);
	}
	raw_text(&w->a, rows[2].line);
	line = raw_line(&w->a);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(line, "err"), "hint")),
		"did you mean status?");
	json_decref(line);
	raw_text(&w->a, STATUS); /* the connection lives on */
	expect_status(&w->a);
	raw_close(&w->a);
}

static void too_long_line_is_skipped(void **state)
{
	struct world *w = *state;
	char *bytes = malloc(3 * CTL_REQUEST_MAX);

	world_serve(w, 0, 0, 0);
	world_greet(w, &w->a);
	/* The longest line there may be is read ... */
	memset(bytes, ' ', 3 * CTL_REQUEST_MAX);
	memcpy(bytes, STATUS, strlen(STATUS) - 1);
	bytes[CTL_REQUEST_MAX] = '\n';
	raw_send(&w->a, bytes, CTL_REQUEST_MAX + 1);
	expect_status(&w->a);
	/* ... one byte more is not, nor is anything up to its newline. */
	bytes[CTL_REQUEST_MAX] = ' ';
	raw_send(&w->a, bytes, CTL_REQUEST_MAX + 1);
	expect_failure(&w->a, CTL_ID_NONE, "EINVAL", "longer than 65536 bytes");
	raw_send(&w->a, bytes, 3 * CTL_REQUEST_MAX);
	raw_text(&w->a, "\n" STATUS);
	expect_status(&w->a);
	raw_close(&w->a);
	free(bytes);
}

/* A child that is nobody: -1 = not let in, 0 = greeted. */
static int greeted_as_nobody(struct world *w)
{
	const pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct sl_err err = SL_ERR_INIT;
		struct ctl_client *client;

		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			_exit(3);
		if (ctl_client_new(w->place.path, SOON_MS, &client, &err))
			_exit(strstr(sl_err_first(&err), "32 control clients at once") ? 1 : 2);
		_exit(strcmp(json_string_value(json_object_get(ctl_client_hello(client), "role")),
			      "viewer") != 0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		raw_idle(w->base, 2);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) < 2);
	return -WEXITSTATUS(status);
}

static void clients_are_counted(void **state)
{
	static struct raw clients[CTL_CLIENTS_MAX];
	struct world *w = *state;
	struct ctl_server_opts opts = canned_opts(&w->canned, &w->place);
	unsigned n = 0;

	if (getuid() != 0) {
		print_message("SKIP the places kept for root: needs root\n");
		return;
	}
	opts.group = "nogroup";
	assert_int_equal(chmod(w->place.dir, 0755), 0);
	assert_int_equal(ctl_server_new(w->base, &opts, &w->server, NULL), 0);
	while (n < CTL_CLIENTS_MAX - CTL_CLIENTS_ROOT - 1)
		world_greet(w, &clients[n++]);
	assert_int_equal(greeted_as_nobody(w), 0);
	raw_idle(w->base, 10);
	world_greet(w, &clients[n++]);
	assert_int_equal(greeted_as_nobody(w), -1);
	while (n < CTL_CLIENTS_MAX)
		world_greet(w, &clients[n++]);
	raw_open(&w->a, w->base, w->place.path);
	expect_line(&w->a,
		"{\"ok\":false,\"err\":{\"code\":\"EBUSY\",\"msg\":\"the daemon serves 32 control "
		"clients at once, the last 2 only for root\",\"hint\":\"end another control "
		"client, or try as root\"}}");
	assert_true(raw_is_closed(&w->a, SOON_MS, true));
	raw_close(&w->a);
	raw_close(&clients[0]);
	raw_idle(w->base, 10);
	world_greet(w, &w->a);
	raw_close(&w->a);
	for (unsigned i = 1; i < n; i++)
		raw_close(&clients[i]);
}

static void role_is_respected(void **state)
{
	struct world *w = *state;

	world_serve(w, 0, 0, 0);
	world_greet(w, &w->a);
	raw_text(&w->a, "{\"v\":1,\"id\":1,\"cmd\":\"admin\"}\n");
	if (getuid() == 0)
		expect_status(&w->a);
	else
		expect_failure(&w->a, 1, "EPERM", "needs the role admin; yours is viewer");
	raw_close(&w->a);
}

static void slow_list_holds_nobody_up(void **state)
{
	struct world *w = *state;

	world_serve(w, 0, SLOW_ITEMS * CTL_SLICE_MS / 2,
		0); /* the list takes longer, but is not idle */
	world_greet(w, &w->a);
	world_greet(w, &w->b);
	raw_text(&w->a, "{\"v\":1,\"id\":1,\"cmd\":\"slow\"}\n");
	raw_idle(w->base, 10);
	raw_text(&w->b, STATUS);
	expect_status(&w->b);
	/* Most are still to come. */
	assert_in_range(w->canned.made, 1, SLOW_ITEMS / 2);
	for (int i = 0; i < SLOW_ITEMS; i++)
		json_decref(raw_line(&w->a));
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":1842,\"end\":true,\"count\":1000}");
	raw_close(&w->a);
	raw_close(&w->b);
}

static void revision_that_moves_ends_a_list(void **state)
{
	struct world *w = *state;
	json_t *line;

	world_serve(w, 0, 0, 0);
	world_greet(w, &w->a);
	w->canned.rev_at_item = 2;
	raw_text(&w->a, COUNT_20000);
	json_decref(raw_line(&w->a));
	json_decref(raw_line(&w->a));
	expect_failure(&w->a, 2, "EAGAIN", "the configuration changed");
	raw_text(&w->a, "{\"v\":1,\"id\":3,\"cmd\":\"count\",\"args\":{\"n\":\"0\"}}\n");
	line = raw_line(&w->a);
	assert_int_equal(json_integer_value(json_object_get(line, "rev")), 1843);
	json_decref(line);
	raw_close(&w->a);
}

static void half_close_still_gets_its_answers(void **state)
{
	struct world *w = *state;
	int n = 0;

	world_serve(w, 0, 0, 0);
	world_greet(w, &w->a);
	raw_text(&w->a, COUNT_20000 STATUS "{\"v\":1,");
	shutdown(w->a.fd, SHUT_WR);
	raw_idle(w->base, 50);
	for (json_t *line; (line = raw_line(&w->a)); n++)
		json_decref(line);
	assert_int_equal(n, 20002);
	assert_true(raw_is_closed(&w->a, 1, true));
	raw_close(&w->a);
}

static void client_that_vanishes_is_forgotten(void **state)
{
	struct world *w = *state;

	world_serve(w, 0, 0, 0);
	for (int i = 0; i < 100; i++) {
		world_greet(w, &w->a);
		raw_text(&w->a, i % 2 ? COUNT_ENDLESS : "{\"v\":");
		raw_close(&w->a);
	}
	raw_settle(w->base, &w->canned.made);
	const uint64_t made = w->canned.made;
	raw_idle(w->base, 50);
	assert_int_equal(w->canned.made, made);
	world_greet(w, &w->a);
	raw_close(&w->a);
}

static void server_ends_in_the_middle(void **state)
{
	struct world *w = *state;

	world_serve(w, 0, 0, 0);
	world_greet(w, &w->a);
	world_greet(w, &w->b);
	raw_text(&w->a, COUNT_ENDLESS);
	raw_text(&w->b, "{\"v\":");
	raw_idle(w->base, 5);
	ctl_server_free(w->server);
	w->server = NULL;
	assert_int_equal(access(w->place.path, F_OK), -1);
	assert_true(raw_is_closed(&w->a, SOON_MS, true));
	assert_true(raw_is_closed(&w->b, SOON_MS, true));
	raw_close(&w->a);
	raw_close(&w->b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(greeting_and_replies),
		WORLD_TEST(every_no_has_its_reason),
		WORLD_TEST(too_long_line_is_skipped),
		WORLD_TEST(clients_are_counted),
		WORLD_TEST(role_is_respected),
		WORLD_TEST(slow_list_holds_nobody_up),
		WORLD_TEST(revision_that_moves_ends_a_list),
		WORLD_TEST(half_close_still_gets_its_answers),
		WORLD_TEST(client_that_vanishes_is_forgotten),
		WORLD_TEST(server_ends_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
