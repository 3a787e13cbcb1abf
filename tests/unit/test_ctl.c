/* SPDX-License-Identifier: BSD-3-Clause */

/* The control protocol and the file side of the socket. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <fcntl.h>
#include <cmocka.h>

#include "ctl/listen.h"
#include "ctl/protocol.h"
#include "ctl/suggest.h"
#include "ctl_fixture.h"

static void request_is_read(void **state)
{
	static const char line[] =
		"{\"v\":1,\"id\":7,\"cmd\":\"backend.list\",\"args\":{\"pool\":\"web\"}}";
	static const char crlf[] = "{\"v\":1,\"id\":0,\"cmd\":\"x\"}\r";
	struct ctl_failure why = {0};
	struct ctl_request req;

	assert_int_equal(ctl_request_parse(line, strlen(line), &req, &why), 0);
	assert_int_equal(req.id, 7);
	assert_string_equal(req.cmd, "backend.list");
	assert_string_equal(json_string_value(json_object_get(req.args, "pool")), "web");
	ctl_request_clear(&req);

	assert_int_equal(ctl_request_parse(crlf, strlen(crlf), &req, &why), 0);
	assert_int_equal(req.id, 0);
	assert_null(req.args);
	ctl_request_clear(&req);
}

static void bad_request_is_refused(void **state)
{
	static const struct {
		const char *line;
		size_t len; /* 0 = strlen */
		int64_t id;
		const char *msg;
		const char *hint;
	} rows[] = {
		{"", 0, -1, "not valid JSON", "one JSON object"},
		{"hello", 0, -1, "not valid JSON", "one JSON object"},
		{"[1]", 0, -1, "not a JSON object", "one JSON object"},
		{"{\"v\":1,\"id\":1,\"cmd\":\"a\"} {}", 0, -1, "end of file expected", "one JSON"},
		{"{\"v\":1,\"id\":1,\"cmd\":\"a\",\"cmd\":\"b\"}", 0, -1, "duplicate object key",
			"one"},
		{"{\"v\":1,\"id\":1,\"cmd\":\"a\\u0000b\"}", 0, -1, "NUL", "one JSON object"},
		{"{\"v\":1,\"id\":1,\"cmd\":\"a\0b\"}", 26, -1, "NUL byte", "UTF-8"},
		{"{\"v\":1,\"id\":1,\"cmd\":\"\xff\"}", 0, -1, "decode byte 0x", "UTF-8"},
		{"{\"v\":1,\"id\":1,\"cmd\":\"\xed\xa0\x80\"}", 0, -1, "decode byte 0x", "UTF-8"},
		{"{\"v\":1,\"id\":4,\"cmd\":\"a\",\"force\":true}", 0, 4, "key \"force\"",
			"v, id, cmd"},
		{"{\"v\":1,\"id\":4,\"cmd\":\"a\",\"if_rev\":-1}", 0, 4, "\"if_rev\" must",
			"a revision"},
		{"{\"v\":1,\"id\":4,\"cmd\":\"a\",\"if_rev\":\"3\"}", 0, 4, "\"if_rev\" must",
			"a revision"},
		{"{\"v\":1,\"id\":4,\"cmd\":\"a\",\"dry_run\":1}", 0, 4, "\"dry_run\" must", ""},
		{"{\"v\":1,\"id\":4,\"cmd\":\"a\",\"arg\":{}}", 0, 4, "key \"arg\"",
			"did you mean args?"},
		{"{\"v\":1,\"id\":4,\"cmd\":\"a\",\"args\":[]}", 0, 4, "\"args\" must", "leave"},
		{"{\"id\":5,\"cmd\":\"a\"}", 0, 5, "\"v\" must be an integer", "a request is"},
		{"{\"v\":\"1\",\"id\":5,\"cmd\":\"a\"}", 0, 5, "\"v\" must be an integer",
			"a request"},
		{"{\"v\":2,\"id\":5,\"cmd\":\"a\"}", 0, 5, "version 2 is not spoken",
			"send \"v\":1"},
		{"{\"v\":1,\"cmd\":\"a\"}", 0, -1, "\"id\" must", "a request is"},
		{"{\"v\":1,\"id\":-1,\"cmd\":\"a\"}", 0, -1, "\"id\" must", "a request is"},
		{"{\"v\":1,\"id\":1.5,\"cmd\":\"a\"}", 0, -1, "\"id\" must", "a request is"},
		{"{\"v\":1,\"id\":9223372036854775808,\"cmd\":\"a\"}", 0, -1, "too big",
			"one JSON"},
		{"{\"v\":1,\"id\":6,\"cmd\":7}", 0, 6, "\"cmd\" must be a string", "a request is"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const size_t len = rows[i].len ? rows[i].len : strlen(rows[i].line);
		struct ctl_failure why = {0};
		struct ctl_request req;

		assert_int_equal(ctl_request_parse(rows[i].line, len, &req, &why), -EINVAL);
		if (req.id != rows[i].id || !strstr(why.msg, rows[i].msg) ||
			!strstr(why.hint, rows[i].hint))
			fail_msg(
				"row %zu: id %ld, \"%s\" (%s)", i, (long)req.id, why.msg, why.hint);
		assert_int_equal(why.code, EINVAL);
		ctl_request_clear(&req);
	}
}

/* {"v":1,...,"args":{"a":[[[...]]]}} with so many levels in all. */
static int parse_nested(int levels, struct ctl_failure *why)
{
	char line[4096] =
		"{\"v\":1,\"id\":1,\"cmd\":\"[[[[[[[[[[[[[[[[[[[[{{{{\\\"{{\",\"args\":{\"a\":";
	struct ctl_request req;
	int ret;

	for (int i = 2; i < levels; i++)
		strcat(line, "[");
	for (int i = 2; i < levels; i++)
		strcat(line, "]");
	strcat(line, "}}");
	ret = ctl_request_parse(line, strlen(line), &req, why);
	ctl_request_clear(&req);
	return ret;
}

static void depth_is_limited(void **state)
{
	struct ctl_failure why = {0};

	assert_int_equal(parse_nested(CTL_DEPTH_MAX, &why), 0);
	assert_int_equal(parse_nested(CTL_DEPTH_MAX + 1, &why), -EINVAL);
	assert_non_null(strstr(why.msg, "deeper than 16"));
}

static void length_is_limited(void **state)
{
	char *line = malloc(CTL_REQUEST_MAX + 1);
	struct ctl_failure why = {0};
	struct ctl_request req;
	const char start[] = "{\"v\":1,\"id\":1,\"cmd\":\"a\"}";

	memset(line, ' ', CTL_REQUEST_MAX + 1);
	memcpy(line, start, sizeof start - 1);
	assert_int_equal(ctl_request_parse(line, CTL_REQUEST_MAX, &req, &why), 0);
	ctl_request_clear(&req);
	assert_int_equal(ctl_request_parse(line, CTL_REQUEST_MAX + 1, &req, &why), -EINVAL);
	assert_non_null(strstr(why.msg, "longer than 65536"));
	ctl_request_clear(&req);
	free(line);
}

static void check_line(json_t *line, const char *expected)
{
	size_t len = 0;
	char *text = ctl_line_text(line, &len);

	assert_non_null(text);
	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
	free(text);
}

static void lines_are_as_documented(void **state)
{
	struct ctl_failure why = {0};

	check_line(ctl_line_hello("0.1.0", 1842, "admin"),
		"{\"hello\":{\"proto\":[1,1],\"version\":\"0.1.0\",\"rev\":1842,\"role\":\"admin\"}"
		"}\n");
	check_line(ctl_line_data(7, 3, json_pack("{s:f}", "x", 0.1)),
		"{\"id\":7,\"ok\":true,\"rev\":3,\"data\":{\"x\":0.1}}\n");
	check_line(ctl_line_item(9, json_integer(1)), "{\"id\":9,\"item\":1}\n");
	check_line(ctl_line_end(9, 3, 42),
		"{\"id\":9,\"ok\":true,\"rev\":3,\"end\":true,\"count\":42}\n");
	ctl_failure_set(&why, -ENOENT, "did you mean web?", "pool \"%s\" not found", "wbe");
	check_line(ctl_line_failure(8, &why), "{\"id\":8,\"ok\":false,\"err\":{\"code\":\"ENOENT\","
					      "\"msg\":\"pool \\\"wbe\\\" not "
					      "found\",\"hint\":\"did you mean web?\"}}\n");
	ctl_failure_set(&why, EBUSY, NULL, "name \"\xe2\x82\" is cut\xc3");
	check_line(ctl_line_failure(CTL_ID_NONE, &why),
		"{\"id\":null,\"ok\":false,\"err\":{\"code\":\"EBUSY\",\"msg\":\"name \\\"??\\\" "
		"is cut?\"}}\n");
	check_line(ctl_line_refusal(&why), "{\"ok\":false,\"err\":{\"code\":\"EBUSY\",\"msg\":"
					   "\"name \\\"??\\\" is cut?\"}}\n");
	assert_null(ctl_line_text(NULL, &(size_t){0}));
}

static void foreign_text_is_quoted(void **state)
{
	char buf[CTL_QUOTE_LEN], text[100];

	assert_string_equal(ctl_quote("a\033[1mb\n", buf), "a?[1mb?");
	memset(text, 'x', 47);
	strcpy(text + 47, "\xc3\xa9tail"); /* the two bytes stand across the limit */
	ctl_quote(text, buf);
	assert_int_equal(strlen(buf), 50);
	assert_string_equal(buf + 46, "x...");
}

static void nearest_name_is_suggested(void **state)
{
	static const char *const names[] = {"status", "vip.list", "backend.list", "drops"};
	static const struct {
		const char *word, *name;
	} rows[] = {
		{"statsu", "status"},
		{"vip.lst", "vip.list"},
		{"backends.list", "backend.list"},
		{"drop", "drops"},
		{"dorps", "drops"},
		{"s", NULL},
		{"", NULL},
		{"something", NULL},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *found = ctl_suggest(rows[i].word, names, 4, sizeof *names);

		if (rows[i].name)
			assert_string_equal(found, rows[i].name);
		else
			assert_null(found);
	}
}

static int setup(void **state)
{
	struct place *place = malloc(sizeof *place);

	place_make(place);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	place_remove(*state);
	free(*state);
	return 0;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : st.st_mode & 07777;
}

static void socket_file_has_its_modes(void **state)
{
	const struct place *place = *state;
	struct sl_err err = SL_ERR_INIT;
	struct ctl_listen l;
	char dir[96];
	const mode_t mask = umask(077);

	snprintf(dir, sizeof dir, "%s/s", place->dir);
	assert_int_equal(ctl_listen_open(place->path, NULL, &l, &err), 0);
	umask(mask);
	assert_int_equal(mode_of(dir), 0750);
	assert_int_equal(mode_of(place->path), 0660);
	ctl_listen_close(&l);
	assert_int_equal(access(place->path, F_OK), -1);
}

static void control_group_is_given(void **state)
{
	const struct place *place = *state;
	struct sl_err err = SL_ERR_INIT;
	struct ctl_listen l;
	struct stat st;
	char dir[96];

	assert_int_equal(ctl_listen_open(place->path, "no-such-group", &l, &err), -EINVAL);
	assert_non_null(strstr(sl_err_first(&err), "group \"no-such-group\" does not exist"));
	sl_err_clear(&err);
	if (getuid() != 0) {
		print_message("SKIP giving a socket to a group: needs root\n");
		return;
	}
	assert_int_equal(ctl_listen_open(place->path, "nogroup", &l, &err), 0);
	assert_int_equal(lstat(place->path, &st), 0);
	assert_int_equal(st.st_gid, 65534);
	snprintf(dir, sizeof dir, "%s/s", place->dir);
	assert_int_equal(lstat(dir, &st), 0);
	assert_int_equal(st.st_gid, 65534);
	ctl_listen_close(&l);
	/* The directory stays; another group could not pass it. */
	assert_int_equal(ctl_listen_open(place->path, "daemon", &l, &err), -EACCES);
	assert_non_null(strstr(sl_err_first(&err), "cannot enter this directory: chgrp"));
	sl_err_clear(&err);
}

static void stale_socket_is_replaced_and_live_one_kept(void **state)
{
	const struct place *place = *state;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const int stale = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sl_err err = SL_ERR_INIT;
	struct ctl_listen first, second;
	char dir[96];

	snprintf(dir, sizeof dir, "%s/s", place->dir);
	assert_int_equal(mkdir(dir, 0750), 0);
	strcpy(at.sun_path, place->path);
	assert_int_equal(bind(stale, (struct sockaddr *)&at, sizeof at), 0);
	close(stale);
	assert_int_equal(ctl_listen_open(place->path, NULL, &first, &err), 0);
	assert_int_equal(ctl_listen_open(place->path, NULL, &second, &err), -EADDRINUSE);
	assert_non_null(strstr(sl_err_first(&err), "another program answers on this socket"));
	sl_err_clear(&err);
	assert_int_equal(mode_of(place->path), 0660);
	/* Somebody else's file at our path is not ours to remove. */
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(ctl_listen_open(place->path, NULL, &second, &err), 0);
	ctl_listen_close(&first);
	assert_int_equal(mode_of(place->path), 0660);
	ctl_listen_close(&second);
	assert_int_equal(access(place->path, F_OK), -1);
}

static void wrong_paths_are_refused(void **state)
{
	const struct place *place = *state;
	struct sl_err err = SL_ERR_INIT;
	struct ctl_listen l;
	char longer[200];
	char dir[96];
	int fd;

	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = 0;
	assert_int_equal(ctl_listen_open(longer, NULL, &l, &err), -ENAMETOOLONG);
	assert_int_equal(ctl_listen_open("", NULL, &l, &err), -ENAMETOOLONG);
	assert_int_equal(ctl_listen_open("/nonexistent/a/b", NULL, &l, &err), -ENOENT);
	snprintf(dir, sizeof dir, "%s/s", place->dir);
	mkdir(dir, 0750);
	fd = open(place->path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(ctl_listen_open(place->path, NULL, &l, &err), -EEXIST);
	assert_non_null(strstr(err.text[err.count - 1], "is not a socket"));
	assert_int_equal(access(place->path, F_OK), 0);
	sl_err_clear(&err);
}

static void directory_lock_is_respected(void **state)
{
	const struct place *place = *state;
	struct sl_err err = SL_ERR_INIT;
	struct ctl_listen l;
	char dir[96];
	int fd;

	snprintf(dir, sizeof dir, "%s/s", place->dir);
	mkdir(dir, 0750);
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(ctl_listen_open(place->path, NULL, &l, &err), -EBUSY);
	assert_non_null(strstr(sl_err_first(&err), "is locked by another program"));
	close(fd);
	sl_err_clear(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_is_read),
		cmocka_unit_test(bad_request_is_refused),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(length_is_limited),
		cmocka_unit_test(lines_are_as_documented),
		cmocka_unit_test(foreign_text_is_quoted),
		cmocka_unit_test(nearest_name_is_suggested),
		cmocka_unit_test_setup_teardown(socket_file_has_its_modes, setup, teardown),
		cmocka_unit_test_setup_teardown(control_group_is_given, setup, teardown),
		cmocka_unit_test_setup_teardown(
			stale_socket_is_replaced_and_live_one_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_paths_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(directory_lock_is_respected, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
