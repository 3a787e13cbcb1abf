/* SPDX-License-Identifier: BSD-3-Clause */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <event2/event.h>

#include "ctl/protocol.h"
#include "ctl_world.h"

void world_serve(struct world *w, unsigned line_ms, unsigned idle_ms, unsigned reader_ms)
{
	struct ctl_server_opts opts = canned_opts(&w->canned, &w->place);

	opts.line_ms = line_ms;
	opts.idle_ms = idle_ms;
	opts.reader_ms = reader_ms;
	assert_int_equal(ctl_server_new(w->base, &opts, &w->server, NULL), 0);
}

int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	place_make(&w->place);
	w->canned.rev = 1842;
	w->base = event_base_new();
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;

	ctl_server_free(w->server);
	event_base_free(w->base);
	place_remove(&w->place);
	free(w);
	return 0;
}

void world_greet(struct world *w, struct raw *raw)
{
	json_t *line;

	raw_open(raw, w->base, w->place.path);
	assert_true(raw->fd >= 0);
	line = raw_line(raw);
	assert_non_null(json_object_get(line, "hello"));
	json_decref(line);
}

void expect_line(struct raw *raw, const char *text)
{
	json_t *line = raw_line(raw);
	char *have = line ? json_dumps(line, JSON_COMPACT) : strdup("(nothing)");

	assert_string_equal(have, text);
	free(have);
	json_decref(line);
}

void expect_failure(struct raw *raw, int64_t id, const char *code, const char *msg)
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

void expect_status(struct raw *raw)
{
	json_t *line = raw_line(raw);

	assert_int_equal(json_integer_value(json_object_get(line, "rev")), 1842);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(line, "data"), "version")),
		"0.1.0");
	json_decref(line);
}
