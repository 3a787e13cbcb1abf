/* SPDX-License-Identifier: BSD-3-Clause */

/* A server that is short of memory. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include <event2/event.h>

#include "ctl/protocol.h"
#include "ctl_world.h"

/* Allocations of JSON until one fails; 0: none does. */
static unsigned left;

static void *scarce(size_t size)
{
	return left && --left == 0 ? NULL : malloc(size);
}

/* What the changes of this test work on. */
static struct state {
	uint64_t rev;
	unsigned drafts;  /* that exist */
	unsigned fail_at; /* allocation that fails while a draft is edited; 0: none */
} now;

static uint64_t get_rev(void *arg)
{
	return now.rev;
}

static int begin(struct ctl_call *call, void *arg, void **draft)
{
	*draft = &now;
	now.drafts++;
	left = now.fail_at;
	return 0;
}

static void end(void *arg, void *draft)
{
	left = 0;
	now.drafts--;
}

static int finish(struct ctl_call *call, void *arg, void *draft)
{
	end(arg, draft);
	now.rev++;
	return 0;
}

static int change(struct ctl_call *call, void *arg, void *draft)
{
	json_object_set_new(ctl_call_data(call), "done", json_true());
	return 0;
}

static const struct ctl_command rows[] = {
	{.name = "change", .mutate = change},
	{.name = "batch", .mutate = ctl_batch, .args = ctl_batch_args, .n_args = 1},
};

static const struct ctl_change_ops change_ops = {get_rev, begin, finish, end};

static int results(const json_t *line)
{
	return (int)json_array_size(json_object_get(json_object_get(line, "data"), "results"));
}

/* Whatever allocation fails: a no, or a result of each operation. */
static void batch_is_refused_or_whole(void **state)
{
	struct world *w = *state;
	const struct ctl_server_opts opts = {.path = w->place.path,
		.version = "0.1.0",
		.commands = rows,
		.n_commands = sizeof rows / sizeof *rows,
		.rev = get_rev,
		.change = &change_ops};
	unsigned refused = 0;
	bool ok = false;

	assert_int_equal(ctl_server_new(w->base, &opts, &w->server, NULL), 0);
	world_greet(w, &w->a);
	for (now.fail_at = 1; now.fail_at < 100; now.fail_at++) {
		const uint64_t rev = now.rev;
		json_t *line;

		raw_ask(&w->a, "\"cmd\":\"batch\",\"args\":{\"ops\":[{\"cmd\":\"change\"},"
			       "{\"cmd\":\"change\"}]}");
		line = raw_line(&w->a);
		assert_non_null(line);
		ok = json_is_true(json_object_get(line, "ok"));
		assert_int_equal(results(line), ok ? 2 : 0);
		assert_int_equal(now.rev, rev + ok);
		assert_int_equal(now.drafts, 0);
		refused += !ok;
		json_decref(line);
	}
	assert_true(ok); /* there are no more than 100 */
	assert_true(refused >= 2);
	raw_close(&w->a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(batch_is_refused_or_whole),
	};

	if (getuid() != 0) {
		fprintf(stderr, "SKIP: changes need a role, which root has here\n");
		return 77;
	}
	json_set_alloc_funcs(scarce, free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
