/* SPDX-License-Identifier: BSD-3-Clause */

/* The client library against a canned server. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ctl/client.h"
#include "ctl_fixture.h"

static void client_takes_a_long_list(void **state)
{
	const struct canned_world *w = *state;
	json_t *items = json_array();
	struct ctl_client *client;
	struct ctl_reply reply;

	assert_int_equal(ctl_client_new(w->place.path, SOON_MS, &client, NULL), 0);
	for (int i = 0; i < 2; i++) {
		json_array_clear(items);
		assert_int_equal(ctl_client_call(client, "count", json_pack("{s:s}", "n", "20000"),
					 items, &reply, NULL),
			0);
		assert_true(reply.ok);
		assert_int_equal(reply.rev, 12);
		assert_int_equal(json_array_size(items), 20000);
		for (size_t k = 0; k < 20000; k++)
			assert_int_equal(
				json_integer_value(json_object_get(json_array_get(items, k), "i")),
				k);
		ctl_reply_clear(&reply);
	}
	assert_int_equal(ctl_client_call(client, "stat", NULL, NULL, &reply, NULL), 0);
	assert_false(reply.ok);
	assert_string_equal(reply.code, "ENOENT");
	assert_string_equal(reply.msg, "unknown command \"stat\"");
	ctl_reply_clear(&reply);
	ctl_client_free(client);
	json_decref(items);
}

static int stop_at(const json_t *item, void *arg)
{
	const json_int_t *last = arg;

	return json_integer_value(json_object_get(item, "i")) == *last ? 7 : 0;
}

static void client_asks_with_options(void **state)
{
	const struct canned_world *w = *state;
	struct ctl_question q = {.cmd = "note", .dry_run = true, .has_if_rev = true, .if_rev = 12};
	struct ctl_client *client;
	struct ctl_reply reply;
	json_int_t last = 300;

	assert_int_equal(ctl_client_new(w->place.path, SOON_MS, &client, NULL), 0);
	assert_int_equal(ctl_client_ask(client, &q, &reply, NULL), 0);
	assert_true(json_is_true(json_object_get(reply.data, "dry_run")));
	ctl_reply_clear(&reply);
	q.if_rev = 13;
	assert_int_equal(ctl_client_ask(client, &q, &reply, NULL), 0);
	assert_string_equal(reply.code, "ESTALE");
	ctl_reply_clear(&reply);
	/* A stream, with no limit on the wait, until the reader has had enough. */
	q = (struct ctl_question){.cmd = "count",
		.args = json_pack("{s:s}", "n", "1000"),
		.patient = true,
		.on_item = stop_at,
		.arg = &last};
	assert_int_equal(ctl_client_ask(client, &q, &reply, NULL), 7);
	ctl_client_free(client);
}

static void patient_client_waits(void **state)
{
	const struct canned_world *w = *state;
	struct ctl_question q = {.cmd = "nap", .patient = true};
	struct ctl_client *client;
	struct ctl_reply reply;

	int rc = -ETIMEDOUT;

	/* A busy machine may be late with the greeting. */
	for (int i = 0; i < 50 && rc == -ETIMEDOUT; i++)
		rc = ctl_client_new(w->place.path, 100, &client, NULL);
	assert_int_equal(rc, 0);
	assert_int_equal(ctl_client_ask(client, &q, &reply, NULL), 0);
	assert_true(reply.ok);
	ctl_reply_clear(&reply);
	/* For this question only. */
	assert_int_equal(ctl_client_call(client, "nap", NULL, NULL, &reply, NULL), -ETIMEDOUT);
	ctl_client_free(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			client_takes_a_long_list, canned_setup, canned_teardown),
		cmocka_unit_test_setup_teardown(
			client_asks_with_options, canned_setup, canned_teardown),
		cmocka_unit_test_setup_teardown(
			patient_client_waits, canned_setup, canned_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
