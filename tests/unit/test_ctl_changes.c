/* SPDX-License-Identifier: BSD-3-Clause */

/* Changes, alone and in batches; arguments and their types. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <event2/event.h>

#include "ctl/protocol.h"
#include "ctl_world.h"

/* What the commands of this test act on. */
static struct state {
	uint64_t rev;
	int64_t value[2]; /* "a" and "b" */
	unsigned drafts;  /* that exist */
	unsigned begun, finished, aborted, parts;
	bool finish_later;
	bool busy;              /* somebody else changes something */
	bool overtaken;         /* the next change is, when it is finished */
	struct ctl_call *later; /* waiting */
} now;

static uint64_t get_rev(void *arg)
{
	return now.rev;
}

static void cancel(void *ctx)
{
	now.later = NULL;
}

static int begin(struct ctl_call *call, void *arg, void **draft)
{
	if (now.busy) {
		now.later = call;
		ctl_call_retry(call);
		return ctl_call_later(call, cancel, NULL);
	}
	*draft = malloc(sizeof now.value);
	memcpy(*draft, now.value, sizeof now.value);
	now.drafts++;
	now.begun++;
	return 0;
}

static void drop(void *draft)
{
	free(draft);
	now.drafts--;
}

static void abort_change(void *arg, void *draft)
{
	drop(draft);
	now.aborted++;
}

static int finish_change(struct ctl_call *call, void *arg, void *draft)
{
	const int64_t *v = draft;
	const int64_t a = v[0], b = v[1];

	now.finished++;
	drop(draft);
	if (now.overtaken) {
		now.overtaken = false;
		ctl_call_retry(call);
		ctl_call_later(call, cancel, NULL);
		ctl_call_finish(call);
		return CTL_LATER;
	}
	if (a + b > 100)
		return ctl_call_fail(call, EINVAL, "make one smaller", "a and b are above 100");
	json_object_set_new(ctl_call_data(call), "sum", json_integer(a + b));
	if (ctl_call_dry_run(call))
		return 0;
	now.value[0] = a;
	now.value[1] = b;
	now.rev++;
	if (!now.finish_later)
		return 0;
	ctl_call_set_rev(call, now.rev);
	now.later = call;
	return ctl_call_later(call, cancel, NULL);
}

static int set(struct ctl_call *call, void *arg, void *draft)
{
	const char *name = ctl_call_string(call, "name");

	if (strcmp(name, "a") != 0 && strcmp(name, "b") != 0)
		return ctl_call_fail(call, ENOENT, "there are a and b", "no \"%s\"", name);
	if (*name == 'b' && ctl_call_need(call, CTL_ROLE_ADMIN, "changing b"))
		return -EPERM;
	((int64_t *)draft)[*name - 'a'] = ctl_call_integer(call, "value", 0);
	json_object_set_new(ctl_call_data(call), "set", json_string(name));
	return 0;
}

/* As `set` of "a", in as many parts as the value says, each of them long. */
static int set_slowly(struct ctl_call *call, void *arg, void *draft)
{
	nanosleep(&(struct timespec){.tv_nsec = CTL_SLICE_MS * 1000000L}, NULL);
	now.parts++;
	if (++ctl_call_cursor(call)->outer < (uint64_t)ctl_call_integer(call, "value", 0))
		return CTL_MORE;
	return set(call, arg, draft);
}

/* Its whole answer is what its arguments are. */
static int action(struct ctl_call *call, void *arg)
{
	json_t *data = json_pack("{s:b,s:b,s:f,s:o}", "has", ctl_call_has(call, "flag"), "flag",
		ctl_call_boolean(call, "flag", true), "share", ctl_call_number(call, "share", -1),
		"any", json_deep_copy(ctl_call_json(call, "any")));

	json_object_update(ctl_call_data(call), data);
	json_decref(data);
	return 0;
}

static const struct ctl_arg set_args[] = {
	{"name", JSON_STRING, true}, {"value", JSON_INTEGER, true}};
static const struct ctl_arg action_args[] = {
	{"flag", JSON_TRUE, false}, {"share", JSON_REAL, false}, {"any", CTL_JSON_ANY, true}};

static int question(struct ctl_call *call, void *arg)
{
	return 0;
}

static const struct ctl_command rows[] = {
	{.name = "question", .handler = question},
	{.name = "schema", .next = ctl_schema_next, .flags = CTL_ANY_REV},
	{.name = "set", .mutate = set, .args = set_args, .n_args = 2, .role = CTL_ROLE_OPERATOR},
	{.name = "batch", .mutate = ctl_batch, .args = ctl_batch_args, .n_args = 1},
	{.name = "action",
		.handler = action,
		.args = action_args,
		.n_args = 3,
		.flags = CTL_MUTATES | CTL_FREE_ARGS},
	{.name = "slow", .mutate = set_slowly, .args = set_args, .n_args = 2},
};

static const struct ctl_change_ops change_ops = {get_rev, begin, finish_change, abort_change};

static void serve(struct world *w)
{
	struct ctl_server_opts opts = {
		.path = w->place.path,
		.version = "0.1.0",
		.commands = rows,
		.n_commands = sizeof rows / sizeof *rows,
		.rev = get_rev,
		.change = &change_ops,
		.idle_ms = 100,
	};

	now = (struct state){.rev = 7};
	assert_int_equal(ctl_server_new(w->base, &opts, &w->server, NULL), 0);
	world_greet(w, &w->a);
}

#define SET(name, value) "\"cmd\":\"set\",\"args\":{\"name\":\"" name "\",\"value\":" value "}"

static void change_makes_a_revision(void **state)
{
	struct world *w = *state;

	serve(w);
	raw_ask(&w->a, SET("a", "5"));
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":8,\"data\":{\"set\":\"a\",\"sum\":5}}");
	raw_ask(&w->a, SET("a", "6") ",\"if_rev\":8");
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":9,\"data\":{\"set\":\"a\",\"sum\":6}}");
	raw_ask(&w->a, SET("a", "7") ",\"if_rev\":8");
	expect_line(&w->a, "{\"id\":1,\"ok\":false,\"err\":{\"code\":\"ESTALE\",\"msg\":\"the "
			   "configuration is at revision 9, not 8\",\"hint\":\"look at it anew, "
			   "then ask with revision 9\"}}");
	raw_ask(&w->a, SET("a", "95") ",\"dry_run\":true,\"if_rev\":9");
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":9,\"data\":{\"set\":\"a\",\"sum\":95}}");
	raw_ask(&w->a, SET("a", "101"));
	expect_failure(&w->a, 1, "EINVAL", "above 100");
	raw_ask(&w->a, SET("c", "1"));
	expect_failure(&w->a, 1, "ENOENT", "no \"c\"");
	assert_int_equal(now.value[0], 6);
	assert_int_equal(now.rev, 9);
	assert_int_equal(now.begun, 5);
	assert_int_equal(now.finished, 4);
	assert_int_equal(now.aborted, 1);
	assert_int_equal(now.drafts, 0);
	raw_close(&w->a);
}

static void change_is_answered_later(void **state)
{
	struct world *w = *state;

	serve(w);
	now.finish_later = true;
	raw_ask(&w->a, SET("a", "5"));
	for (int i = 0; i < 1000 && !now.later; i++)
		raw_idle(w->base, 1);
	assert_non_null(now.later);
	now.rev = 20; /* others go on */
	json_object_set_new(ctl_call_data(now.later), "more", json_true());
	ctl_call_finish(now.later);
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":8,\"data\":{\"set\":\"a\",\"sum\":5,"
			   "\"more\":true}}");
	raw_close(&w->a);
}

#define OP(name, value) "{\"cmd\":\"set\",\"args\":{\"name\":\"" name "\",\"value\":" value "}}"
#define BATCH(ops)      "\"cmd\":\"batch\",\"args\":{\"ops\":[" ops "]}"

static void batch_is_one_revision(void **state)
{
	struct world *w = *state;

	serve(w);
	/* Above 100 in between, not at the end. */
	raw_ask(&w->a, BATCH(OP("a", "90") "," OP("b", "30") "," OP("a", "10")) ",\"if_rev\":7");
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":8,\"data\":{\"results\":[{\"set\":\"a\"},"
			   "{\"set\":\"b\"},{\"set\":\"a\"}],\"sum\":40}}");
	assert_int_equal(now.value[0], 10);
	assert_int_equal(now.value[1], 30);
	assert_int_equal(now.begun, 1);
	raw_ask(&w->a, BATCH(OP("a", "1")) ",\"if_rev\":7");
	expect_failure(&w->a, 1, "ESTALE", "at revision 8, not 7");
	raw_ask(&w->a, BATCH(OP("a", "1")) ",\"dry_run\":true");
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":8,\"data\":{\"results\":[{\"set\":\"a\"}]"
			   ",\"sum\":31}}");
	assert_int_equal(now.rev, 8);
	assert_int_equal(now.value[0], 10);
	assert_int_equal(now.drafts, 0);
	raw_close(&w->a);
}

static void batch_is_all_or_nothing(void **state)
{
	static const struct {
		const char *text, *code, *msg;
	} bad[] = {
		{BATCH(""), "EINVAL", "\"ops\" is empty"},
		{"\"cmd\":\"batch\",\"args\":{\"ops\":{}}", "EINVAL", "must be an array"},
		{"\"cmd\":\"batch\"", "EINVAL", "argument \"ops\" is missing"},
		{BATCH(OP("a", "1") "," OP("c", "2")), "ENOENT", "ops[1]: no \"c\""},
		{BATCH(OP("a", "1") ",{\"cmd\":\"sett\"}"), "ENOENT", "ops[1]: unknown command"},
		{BATCH(OP("a", "1") ",{\"cmd\":\"set\"}"), "EINVAL",
			"ops[1]: argument \"name\" is missing"},
		{BATCH(OP("a", "\"1\"")), "EINVAL",
			"ops[0]: argument \"value\" must be an integer"},
		{BATCH(OP("a", "1") ",{\"cmd\":\"set\",\"args\":[]}"), "EINVAL",
			"ops[1]: \"args\""},
		{BATCH(OP("a", "1") ",{}"), "EINVAL", "ops[1]: "},
		{BATCH(OP("a", "1") ",7"), "EINVAL", "ops[1]: "},
		{BATCH(OP("a", "1") ",{\"cmd\":\"set\",\"id\":2}"), "EINVAL", "ops[1]: "},
		{BATCH(OP("a", "1") ",{\"cmd\":\"question\"}"), "EINVAL",
			"ops[1]: \"question\" cannot be part of a batch"},
		{BATCH("{\"cmd\":\"batch\",\"args\":{\"ops\":[" OP("a", "1") "]}}"), "EINVAL",
			"ops[0]: \"batch\" cannot be"},
		{BATCH(OP("a", "99") "," OP("b", "2")), "EINVAL", "above 100"},
	};
	struct world *w = *state;

	serve(w);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		raw_ask(&w->a, bad[i].text);
		expect_failure(&w->a, 1, bad[i].code, bad[i].msg);
		assert_int_equal(now.drafts, 0);
	}
	assert_int_equal(now.rev, 7);
	assert_int_equal(now.value[0], 0);
	raw_close(&w->a);
}

static void options_fit_the_command(void **state)
{
	struct world *w = *state;

	serve(w);
	raw_ask(&w->a, "\"cmd\":\"question\",\"if_rev\":7");
	expect_failure(&w->a, 1, "EINVAL", "\"question\" changes nothing: no \"if_rev\"");
	raw_ask(&w->a, "\"cmd\":\"question\",\"dry_run\":true");
	expect_failure(&w->a, 1, "EINVAL", "\"question\" changes nothing: no \"dry_run\"");
	raw_ask(&w->a, "\"cmd\":\"action\",\"dry_run\":true,\"args\":{\"any\":1}");
	expect_failure(&w->a, 1, "EINVAL", "cannot be tried");
	raw_ask(&w->a, "\"cmd\":\"action\",\"if_rev\":8,\"args\":{\"any\":1}");
	expect_failure(&w->a, 1, "ESTALE", "at revision 7, not 8");
	raw_close(&w->a);
}

static void arguments_have_types(void **state)
{
	struct world *w = *state;

	serve(w);
	raw_ask(&w->a, "\"cmd\":\"action\",\"args\":{\"any\":[1,{}],\"flag\":false,\"share\":2}");
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":7,\"data\":{\"has\":true,\"flag\":false,"
			   "\"share\":2.0,\"any\":[1,{}]}}");
	raw_ask(&w->a, "\"cmd\":\"action\",\"args\":{\"any\":null,\"more\":1}");
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":7,\"data\":{\"has\":false,\"flag\":true,"
			   "\"share\":-1.0,\"any\":null}}");
	raw_ask(&w->a, "\"cmd\":\"action\",\"args\":{\"any\":1,\"flag\":1}");
	expect_failure(&w->a, 1, "EINVAL", "argument \"flag\" must be true or false");
	raw_ask(&w->a, "\"cmd\":\"action\",\"args\":{\"any\":1,\"share\":\"1\"}");
	expect_failure(&w->a, 1, "EINVAL", "argument \"share\" must be a number");
	raw_close(&w->a);
}

static void schema_lists_the_rows(void **state)
{
	struct world *w = *state;

	serve(w);
	raw_ask(&w->a, "\"cmd\":\"schema\"");
	expect_line(&w->a, "{\"id\":1,\"item\":{\"command\":\"question\",\"role\":\"viewer\","
			   "\"kind\":\"question\",\"dry_run\":false,\"free_args\":false,"
			   "\"args\":[]}}");
	expect_line(&w->a, "{\"id\":1,\"item\":{\"command\":\"schema\",\"role\":\"viewer\","
			   "\"kind\":\"list\",\"dry_run\":false,\"free_args\":false,"
			   "\"args\":[]}}");
	expect_line(&w->a, "{\"id\":1,\"item\":{\"command\":\"set\",\"role\":\"operator\","
			   "\"kind\":\"change\",\"dry_run\":true,\"free_args\":false,\"args\":"
			   "[{\"name\":\"name\",\"type\":\"string\",\"required\":true},"
			   "{\"name\":\"value\",\"type\":\"integer\",\"required\":true}]}}");
	json_decref(raw_line(&w->a));
	expect_line(&w->a, "{\"id\":1,\"item\":{\"command\":\"action\",\"role\":\"viewer\","
			   "\"kind\":\"action\",\"dry_run\":false,\"free_args\":true,\"args\":"
			   "[{\"name\":\"flag\",\"type\":\"boolean\",\"required\":false},"
			   "{\"name\":\"share\",\"type\":\"number\",\"required\":false},"
			   "{\"name\":\"any\",\"type\":\"any\",\"required\":true}]}}");
	json_decref(raw_line(&w->a));
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":7,\"end\":true,\"count\":6}");
	raw_close(&w->a);
}

static void wait_until_busy(struct world *w)
{
	for (int i = 0; i < 1000 && !now.later; i++)
		raw_idle(w->base, 1);
	assert_non_null(now.later);
}

static void wake(void)
{
	struct ctl_call *call = now.later;

	now.later = NULL;
	ctl_call_finish(call);
}

/* What cannot be begun is begun later, with the proof of if_rev that holds then. */
static void change_is_taken_up_anew(void **state)
{
	struct world *w = *state;

	serve(w);
	now.busy = true;
	raw_ask(&w->a, SET("a", "5") ",\"if_rev\":7");
	wait_until_busy(w);
	wake(); /* still busy */
	wait_until_busy(w);
	assert_int_equal(now.begun, 0);
	now.busy = false;
	wake();
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":8,\"data\":{\"set\":\"a\",\"sum\":5}}");
	assert_int_equal(now.begun, 1);
	/* The revision moved while it waited. */
	now.busy = true;
	raw_ask(&w->a, SET("a", "6") ",\"if_rev\":8");
	wait_until_busy(w);
	now.rev++;
	now.busy = false;
	wake();
	expect_failure(&w->a, 1, "ESTALE", "at revision 9, not 8");
	assert_int_equal(now.value[0], 5);
	/* A batch, and one whose client leaves. */
	now.busy = true;
	raw_ask(&w->a, "\"cmd\":\"batch\",\"args\":{\"ops\":[{" SET("b", "2") "}]}");
	wait_until_busy(w);
	now.busy = false;
	wake();
	expect_line(&w->a,
		"{\"id\":1,\"ok\":true,\"rev\":10,\"data\":{\"results\":[{\"set\":\"b\"}],"
		"\"sum\":7}}");
	now.busy = true;
	raw_ask(&w->a, SET("a", "9"));
	wait_until_busy(w);
	raw_close(&w->a);
	for (int i = 0; i < 1000 && now.later; i++)
		raw_idle(w->base, 1);
	assert_null(now.later);
	assert_int_equal(now.value[0], 5);
	assert_int_equal(now.drafts, 0);
}

#define SLOW(value) "\"cmd\":\"slow\",\"args\":{\"name\":\"a\",\"value\":" value "}"

/* Between two parts others are served, and nothing is decided before the last one. */
static void change_is_edited_in_parts(void **state)
{
	struct world *w = *state;

	serve(w);
	world_greet(w, &w->b);
	raw_ask(&w->a, SLOW("50"));
	raw_ask(&w->b, "\"cmd\":\"question\"");
	expect_line(&w->b, "{\"id\":1,\"ok\":true,\"rev\":7,\"data\":{}}");
	assert_int_equal(now.drafts, 1);
	assert_int_equal(now.finished, 0);
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":8,\"data\":{\"set\":\"a\",\"sum\":50}}");
	assert_int_equal(now.parts, 50);
	/* Each operation of a batch begins with its first part. */
	raw_ask(&w->a, "\"cmd\":\"batch\",\"args\":{\"ops\":[{" SLOW("5") "},{" SET(
			       "b", "9") "},{" SLOW("7") "}]}");
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":9,\"data\":{\"results\":[{\"set\":\"a\"},"
			   "{\"set\":\"b\"},"
			   "{\"set\":\"a\"}],\"sum\":16}}");
	assert_int_equal(now.parts, 62);
	/* Begun anew as a whole. */
	now.overtaken = true;
	raw_ask(&w->a, "\"cmd\":\"batch\",\"args\":{\"ops\":[{" SLOW("5") "},{" SLOW("6") "}]}");
	expect_line(&w->a, "{\"id\":1,\"ok\":true,\"rev\":10,\"data\":{\"results\":[{\"set\":\"a\"}"
			   ",{\"set\":\"a\"}],"
			   "\"sum\":15}}");
	assert_int_equal(now.parts, 84);
	assert_int_equal(now.drafts, 0);
}

/* What fails in a later part, and whose client leaves in one, changes nothing. */
static void change_ends_between_parts(void **state)
{
	struct world *w = *state;

	serve(w);
	world_greet(w, &w->b);
	raw_ask(&w->a,
		"\"cmd\":\"batch\",\"args\":{\"ops\":[{" SLOW("5") "},{" SET("c", "1") "}]}");
	expect_failure(&w->a, 1, "ENOENT", "ops[1]: no \"c\"");
	assert_int_equal(now.aborted, 1);
	raw_ask(&w->a,
		"\"cmd\":\"batch\",\"args\":{\"ops\":[{" SLOW("5") "},{" SLOW("1000000") "}]}");
	while (now.parts < 12)
		raw_idle(w->base, 1);
	ctl_server_free(w->server);
	w->server = NULL;
	assert_int_equal(now.aborted, 2);
	assert_int_equal(now.drafts, 0);
	assert_int_equal(now.finished, 0);
	assert_int_equal(now.value[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(change_makes_a_revision),
		WORLD_TEST(change_is_answered_later),
		WORLD_TEST(change_is_taken_up_anew),
		WORLD_TEST(change_is_edited_in_parts),
		WORLD_TEST(change_ends_between_parts),
		WORLD_TEST(batch_is_one_revision),
		WORLD_TEST(batch_is_all_or_nothing),
		WORLD_TEST(options_fit_the_command),
		WORLD_TEST(arguments_have_types),
		WORLD_TEST(schema_lists_the_rows),
	};

	if (getuid() != 0) {
		fprintf(stderr, "SKIP: changes need the role admin, which is root here\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
