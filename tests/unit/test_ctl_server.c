/* SPDX-License-Identifier: BSD-3-Clause */

/* The control server against clients of every kind. */

#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>
#include <event2/event.h>

#include "ctl/client.h"
#include "ctl/protocol.h"
#include "ctl_fixture.h"

#define STATUS        "{\"v\":1,\"id\":1,\"cmd\":\"status\"}\n"
#define COUNT_20000   "{\"v\":1,\"id\":2,\"cmd\":\"count\",\"args\":{\"n\":\"20000\"}}\n"
#define COUNT_ENDLESS "{\"v\":1,\"id\":2,\"cmd\":\"count\",\"args\":{\"n\":\"999999999\"}}\n"

struct world {
	struct place place;
	struct canned canned;
	struct event_base *base;
	struct ctl_server *server;
	struct raw a, b;
};

static void serve(struct world *w, unsigned line_ms, unsigned idle_ms, unsigned reader_ms)
{
	struct ctl_server_opts opts = canned_opts(&w->canned, &w->place);

	opts.line_ms = line_ms;
	opts.idle_ms = idle_ms;
	opts.reader_ms = reader_ms;
	assert_int_equal(ctl_server_new(w->base, &opts, &w->server, NULL), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	place_make(&w->place);
	w->canned.rev = 1842;
	w->base = event_base_new();
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	ctl_server_free(w->server);
	event_base_free(w->base);
	place_remove(&w->place);
	free(w);
	return 0;
}

/* Connect and take the greeting. */
static void greet(struct world *w, struct raw *raw)
{
	json_t *line;

	raw_open(raw, w->base, w->place.path);
	assert_true(raw->fd >= 0);
	line = raw_line(raw);
	assert_non_null(json_object_get(line, "hello"));
	json_decref(line);
}

static void expect(struct raw *raw, const char *text)
{
	json_t *line = raw_line(raw);
	char *have = line ? json_dumps(line, JSON_COMPACT) : strdup("(nothing)");

	assert_string_equal(have, text);
	free(have);
	json_decref(line);
}

static void expect_failure(struct raw *raw, int64_t id, const char *code, const char *msg)
{
	json_t *line = raw_line(raw);
	const char *have_code = "", *have_msg = "";
	json_t *have_id;

	assert_non_null(line);
	assert_int_equal(json_unpack(line, "{s:o,s:{s:s,s:s}}", "id", &have_id, "err", "code",
				 &have_code, "msg", &have_msg),
		0);
	assert_string_equal(have_code, code);
	if (!strstr(have_msg, msg))
		fail_msg("\"%s\" is not in \"%s\"", msg, have_msg);
	if (id == CTL_ID_NONE)
		assert_true(json_is_null(have_id));
	else
		assert_int_equal(json_integer_value(have_id), id);
	json_decref(line);
}

static void expect_status(struct raw *raw)
{
	json_t *line = raw_line(raw);

	assert_int_equal(json_integer_value(json_object_get(line, "rev")), 1842);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(line, "data"), "version")),
		"0.1.0");
	json_decref(line);
}

static void greeting_and_replies(void **state)
{
	struct world *w = *state;

	serve(w, 0, 0, 0);
	raw_open(&w->a, w->base, w->place.path);
	expect(&w->a, getuid() ? "{\"hello\":{\"proto\":[1,1],\"version\":\"0.1.0\",\"rev\":1842,"
				 "\"role\":\"viewer\"}}"
			       : "{\"hello\":{\"proto\":[1,1],\"version\":\"0.1.0\",\"rev\":1842,"
				 "\"role\":\"admin\"}}");
	raw_text(&w->a, STATUS);
	expect_status(&w->a);
	/* Two requests and a half in one write, the rest after that. */
	raw_text(&w->a,
		STATUS "{\"v\":1,\"id\":3,\"cmd\":\"count\",\"args\":{\"n\":\"1\"}}\n{\"v\":1,");
	expect_status(&w->a);
	expect(&w->a,
		"{\"id\":3,\"item\":{\"i\":0,\"text\":\"abcdefghijklmnopqrstuvwxyz0123456789\"}}");
	expect(&w->a, "{\"id\":3,\"ok\":true,\"rev\":1842,\"end\":true,\"count\":1}");
	raw_text(&w->a, "\"id\":9,\"cmd\":\"count\",\"args\":{\"n\":\"0\"}}\n");
	expect(&w->a, "{\"id\":9,\"ok\":true,\"rev\":1842,\"end\":true,\"count\":0}");
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

	serve(w, 0, 0, 0);
	greet(w, &w->a);
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

	serve(w, 0, 0, 0);
	greet(w, &w->a);
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

static void half_line_times_out(void **state)
{
	struct world *w = *state;

	serve(w, 100, 5000, 5000);
	greet(w, &w->a);
	greet(w, &w->b);
	for (int i = 0; i < 15; i++) { /* a byte now and then does not help */
		raw_text(&w->a, "{");
		raw_idle(w->base, 20);
	}
	assert_true(raw_is_closed(&w->a, 1, true));
	assert_false(raw_is_closed(&w->b, 100, true));
	/* A line that was too long is no way around. */
	char *bytes = calloc(1, CTL_REQUEST_MAX + 1);
	raw_send(&w->b, bytes, CTL_REQUEST_MAX + 1);
	free(bytes);
	assert_true(raw_is_closed(&w->b, 300, true));
	raw_close(&w->a);
	raw_close(&w->b);
}

static void idle_client_times_out(void **state)
{
	struct world *w = *state;

	serve(w, 5000, 400, 5000);
	greet(w, &w->a);
	greet(w, &w->b);
	for (int i = 0; i < 5; i++) {
		raw_idle(w->base, 100);
		raw_text(&w->b, STATUS);
		expect_status(&w->b);
	}
	assert_true(raw_is_closed(&w->a, 1, true));
	assert_false(raw_is_closed(&w->b, 100, true));
	assert_true(raw_is_closed(&w->b, 800, true));
	raw_close(&w->a);
	raw_close(&w->b);
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
		if (ctl_client_new(w->place.path, 2000, &client, &err))
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
		greet(w, &clients[n++]);
	assert_int_equal(greeted_as_nobody(w), 0);
	raw_idle(w->base, 10);
	greet(w, &clients[n++]);
	assert_int_equal(greeted_as_nobody(w), -1);
	while (n < CTL_CLIENTS_MAX)
		greet(w, &clients[n++]);
	raw_open(&w->a, w->base, w->place.path);
	expect(&w->a,
		"{\"ok\":false,\"err\":{\"code\":\"EBUSY\",\"msg\":\"the daemon serves 32 control "
		"clients at once, the last 2 only for root\",\"hint\":\"end another control "
		"client, or try as root\"}}");
	assert_true(raw_is_closed(&w->a, 100, true));
	raw_close(&w->a);
	raw_close(&clients[0]);
	raw_idle(w->base, 10);
	greet(w, &w->a);
	raw_close(&w->a);
	for (unsigned i = 1; i < n; i++)
		raw_close(&clients[i]);
}

static void role_is_respected(void **state)
{
	struct world *w = *state;

	serve(w, 0, 0, 0);
	greet(w, &w->a);
	raw_text(&w->a, "{\"v\":1,\"id\":1,\"cmd\":\"admin\"}\n");
	if (getuid() == 0)
		expect_status(&w->a);
	else
		expect_failure(&w->a, 1, "EPERM", "needs the role admin; yours is viewer");
	raw_close(&w->a);
}

static void list_waits_for_a_slow_reader(void **state)
{
	struct world *w = *state;
	json_t *line;

	serve(w, 0, 0, 5000);
	greet(w, &w->a);
	raw_text(&w->a, COUNT_20000);
	raw_idle(w->base, 200);
	/* 70 bytes an item: what the kernel's buffer holds (208 KiB) and half of our queue. */
	const uint64_t waiting = w->canned.made;
	assert_in_range(waiting, 1000, 7000);
	raw_idle(w->base, 200);
	assert_int_equal(w->canned.made, waiting);
	for (int i = 0; i < 20000; i++) {
		line = raw_line(&w->a);
		assert_int_equal(
			json_integer_value(json_object_get(json_object_get(line, "item"), "i")), i);
		json_decref(line);
		if (i % 1000 == 0)
			raw_idle(w->base, 5);
	}
	expect(&w->a, "{\"id\":2,\"ok\":true,\"rev\":1842,\"end\":true,\"count\":20000}");
	raw_close(&w->a);
}

static void reader_that_stops_is_dropped(void **state)
{
	struct world *w = *state;

	serve(w, 0, 0, 200);
	greet(w, &w->a);
	greet(w, &w->b);
	raw_text(&w->a, COUNT_ENDLESS);
	raw_idle(w->base, 100);
	raw_text(&w->b, STATUS); /* the other is served all the time */
	expect_status(&w->b);
	assert_true(raw_is_closed(&w->a, 400, false));
	raw_text(&w->b, STATUS);
	expect_status(&w->b);
	raw_close(&w->a);
	/* Without a list: requests are taken up only as replies are taken away. */
	greet(w, &w->a);
	for (int i = 0; i < 3000 && !raw_is_closed(&w->a, 1, false); i++)
		send(w->a.fd, STATUS, strlen(STATUS), MSG_NOSIGNAL);
	assert_true(raw_is_closed(&w->a, 400, false));
	raw_text(&w->b, STATUS);
	expect_status(&w->b);
	raw_close(&w->a);
	raw_close(&w->b);
}

static uint64_t cpu_ms(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

/* Whoever is waited for costs nothing. */
static void expect_idle(struct world *w)
{
	const struct timeval third = {.tv_usec = 300000};
	uint64_t before;

	raw_idle(w->base, 50);
	before = cpu_ms();
	event_base_loopexit(w->base, &third);
	event_base_dispatch(w->base);
	assert_in_range(cpu_ms() - before, 0, 50);
	assert_false(raw_is_closed(&w->a, 1, false));
}

static void waiting_is_idle(void **state)
{
	static const char *const starts[] = {COUNT_ENDLESS, STATUS, "{\"v\":1"};
	struct world *w = *state;

	serve(w, 0, 0, 0);
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		greet(w, &w->a);
		raw_text(&w->a, starts[i]);
		for (int n = 0; n < 8000; n++) { /* until both directions are full */
			send(w->a.fd, STATUS, strlen(STATUS), MSG_NOSIGNAL);
			event_base_loop(w->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		}
		expect_idle(w);
		raw_close(&w->a);
	}
	/* Nothing more to come and nothing more to make, but a rest to be taken away: more than the
	 * kernel holds, less than what blocks. */
	greet(w, &w->a);
	raw_text(&w->a, "{\"v\":1,\"id\":2,\"cmd\":\"count\",\"args\":{\"n\":\"3500\"}}\n");
	shutdown(w->a.fd, SHUT_WR);
	expect_idle(w);
	raw_close(&w->a);
}

static void trickling_reader_is_dropped(void **state)
{
	struct world *w = *state;
	char bytes[1024];

	serve(w, 0, 0, 200);
	greet(w, &w->a);
	raw_text(&w->a, COUNT_ENDLESS);
	for (int i = 0; i < 60; i++) { /* taking and asking a little does not help */
		raw_idle(w->base, 10);
		if (recv(w->a.fd, bytes, sizeof bytes, 0) <= 0)
			break;
		raw_text(&w->a, "\n");
	}
	assert_true(raw_is_closed(&w->a, 1, false));
	raw_close(&w->a);
}

static void reply_beyond_the_queue_drops(void **state)
{
	struct world *w = *state;

	serve(w, 0, 0, 0);
	greet(w, &w->a);
	raw_text(&w->a, "{\"v\":1,\"id\":1,\"cmd\":\"big\"}\n");
	assert_true(raw_is_closed(&w->a, 200, true));
	raw_close(&w->a);
}

static void slow_list_holds_nobody_up(void **state)
{
	struct world *w = *state;

	serve(w, 0, 100, 0); /* the list takes longer, but is not idle */
	greet(w, &w->a);
	greet(w, &w->b);
	raw_text(&w->a, "{\"v\":1,\"id\":1,\"cmd\":\"slow\"}\n");
	raw_idle(w->base, 10);
	raw_text(&w->b, STATUS);
	expect_status(&w->b);
	/* 100 items of one slice each: most are still to come. */
	assert_in_range(w->canned.made, 1, 50);
	for (int i = 0; i < 100; i++)
		json_decref(raw_line(&w->a));
	expect(&w->a, "{\"id\":1,\"ok\":true,\"rev\":1842,\"end\":true,\"count\":100}");
	raw_close(&w->a);
	raw_close(&w->b);
}

static void revision_that_moves_ends_a_list(void **state)
{
	struct world *w = *state;
	json_t *line;

	serve(w, 0, 0, 0);
	greet(w, &w->a);
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

	serve(w, 0, 0, 0);
	greet(w, &w->a);
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

	serve(w, 0, 0, 0);
	for (int i = 0; i < 100; i++) {
		greet(w, &w->a);
		raw_text(&w->a, i % 2 ? COUNT_ENDLESS : "{\"v\":");
		raw_close(&w->a);
	}
	raw_idle(w->base, 50);
	const uint64_t made = w->canned.made;
	raw_idle(w->base, 50);
	assert_int_equal(w->canned.made, made);
	greet(w, &w->a);
	raw_close(&w->a);
}

static void server_ends_in_the_middle(void **state)
{
	struct world *w = *state;

	serve(w, 0, 0, 0);
	greet(w, &w->a);
	greet(w, &w->b);
	raw_text(&w->a, COUNT_ENDLESS);
	raw_text(&w->b, "{\"v\":");
	raw_idle(w->base, 5);
	ctl_server_free(w->server);
	w->server = NULL;
	assert_int_equal(access(w->place.path, F_OK), -1);
	assert_true(raw_is_closed(&w->a, 200, true));
	assert_true(raw_is_closed(&w->b, 200, true));
	raw_close(&w->a);
	raw_close(&w->b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(greeting_and_replies),
		TEST(every_no_has_its_reason),
		TEST(too_long_line_is_skipped),
		TEST(half_line_times_out),
		TEST(idle_client_times_out),
		TEST(clients_are_counted),
		TEST(role_is_respected),
		TEST(list_waits_for_a_slow_reader),
		TEST(reader_that_stops_is_dropped),
		TEST(waiting_is_idle),
		TEST(trickling_reader_is_dropped),
		TEST(reply_beyond_the_queue_drops),
		TEST(slow_list_holds_nobody_up),
		TEST(revision_that_moves_ends_a_list),
		TEST(half_close_still_gets_its_answers),
		TEST(client_that_vanishes_is_forgotten),
		TEST(server_ends_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
