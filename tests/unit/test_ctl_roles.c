/* SPDX-License-Identifier: BSD-3-Clause */

/* Who may do what: users and groups at the other end of the socket, and what is told of them. */

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>
#include <event2/event.h>

#include "ctl/client.h"
#include "ctl/who.h"
#include "ctl_world.h"

#define NOBODY    65534

/* Groups of every Debian, by /etc/group of base-passwd. */
#define OPERATORS "daemon"
#define ADMINS    "adm"
static gid_t operators, admins;

static struct told {
	unsigned n;
	struct ctl_caller caller;
	char command[32], args[128], msg[128];
	uint64_t rev;
	int code;
} told;

static void audit(const struct ctl_audit *what, void *arg)
{
	char *args = what->args ? json_dumps(what->args, JSON_COMPACT) : strdup("-");

	told.n++;
	told.caller = *what->caller;
	snprintf(told.command, sizeof told.command, "%s", what->command);
	snprintf(told.args, sizeof told.args, "%s", args);
	snprintf(told.msg, sizeof told.msg, "%s", what->msg);
	told.rev = what->rev;
	told.code = what->code;
	free(args);
}

static uint64_t rev(void *arg)
{
	return 5;
}

static struct ctl_call *pending;

static void forget(void *ctx)
{
	pending = NULL;
}

static int act(struct ctl_call *call, void *arg)
{
	const char *how = ctl_call_string(call, "how");

	if (how && strcmp(how, "later") == 0) {
		pending = call;
		return ctl_call_later(call, forget, NULL);
	}
	return how ? ctl_call_fail(call, ENOENT, NULL, "no \"%s\"", how) : 0;
}

static int begin(struct ctl_call *call, void *arg, void **draft)
{
	*draft = NULL;
	return 0;
}

static int finish(struct ctl_call *call, void *arg, void *draft)
{
	return 0;
}

static void drop(void *arg, void *draft)
{
}

static int change(struct ctl_call *call, void *arg, void *draft)
{
	return 0;
}

static const struct ctl_change_ops change_ops = {rev, begin, finish, drop};

static const struct ctl_arg how[] = {{"how", JSON_STRING, false}};

static const struct ctl_command rows[] = {
	{.name = "look", .handler = act},
	{.name = "drain", .role = CTL_ROLE_OPERATOR, .handler = act, .flags = CTL_MUTATES},
	{.name = "wipe",
		.role = CTL_ROLE_ADMIN,
		.handler = act,
		.args = how,
		.n_args = 1,
		.flags = CTL_MUTATES | CTL_DRY_RUN},
	{.name = "weigh", .role = CTL_ROLE_OPERATOR, .mutate = change},
	{.name = "del", .role = CTL_ROLE_ADMIN, .mutate = change},
	{.name = "batch", .mutate = ctl_batch, .args = ctl_batch_args, .n_args = 1},
};

static struct ctl_server_opts options(const struct world *w)
{
	return (struct ctl_server_opts){
		.path = w->place.path,
		.group = "nogroup",
		.operator_group = OPERATORS,
		.admin_group = ADMINS,
		.version = "0.1.0",
		.commands = rows,
		.n_commands = sizeof rows / sizeof *rows,
		.rev = rev,
		.change = &change_ops,
		.audit = audit,
	};
}

static void serve_again(struct world *w)
{
	const struct ctl_server_opts opts = options(w);

	assert_int_equal(ctl_server_new(w->base, &opts, &w->server, NULL), 0);
}

static void serve(struct world *w)
{
	memset(&told, 0, sizeof told);
	assert_int_equal(chmod(w->place.dir, 0755), 0);
	serve_again(w);
}

/* How many of look, drain and wipe are allowed, each only if the one before is; 0 = something else.
 */
static int count_allowed(struct ctl_client *client)
{
	static const char *const cmds[] = {"look", "drain", "wipe"};
	int allowed = 0;

	for (int i = 0; i < 3; i++) {
		struct ctl_reply reply;

		if (ctl_client_call(client, cmds[i], NULL, NULL, &reply, NULL))
			return 0;
		if (reply.ok != (allowed == i) && reply.ok)
			return 0; /* more after less */
		if (!reply.ok && strcmp(reply.code, "EPERM") != 0)
			return 0;
		allowed += reply.ok;
		ctl_reply_clear(&reply);
	}
	return allowed;
}

/* The process becomes somebody, connects, tries everything; its exit code is what it may do, 9 when
 * the greeting says otherwise. */
static void become_and_try(
	const struct world *w, uid_t uid, gid_t gid, const gid_t *groups, size_t n)
{
	static const char *const names[] = {"", "viewer", "operator", "admin"};
	struct ctl_client *client;
	int allowed;

	if (setgroups(n, groups) || setgid(gid) || setuid(uid))
		_exit(10);
	if (ctl_client_new(w->place.path, SOON_MS, &client, NULL))
		_exit(11);
	allowed = count_allowed(client);
	_exit(strcmp(json_string_value(json_object_get(ctl_client_hello(client), "role")),
		      names[allowed]) == 0
			? allowed
			: 9);
}

/* The process becomes an operator; its exit code is 0 when only what an operator may do can be in a
 * batch of his. */
static void become_and_batch(const struct world *w)
{
	static const char may[] = "{\"ops\":[{\"cmd\":\"weigh\"}]}";
	static const char may_not[] = "{\"ops\":[{\"cmd\":\"weigh\"},{\"cmd\":\"del\"}]}";
	struct ctl_client *client;
	struct ctl_reply yes, no;

	if (setgroups(1, &operators) || setgid(NOBODY) || setuid(NOBODY) ||
		ctl_client_new(w->place.path, SOON_MS, &client, NULL))
		_exit(10);
	if (ctl_client_call(client, "batch", json_loads(may, 0, NULL), NULL, &yes, NULL) ||
		ctl_client_call(client, "batch", json_loads(may_not, 0, NULL), NULL, &no, NULL))
		_exit(11);
	_exit(!yes.ok || no.ok || strcmp(no.code, "EPERM") != 0 ||
		!strstr(no.msg, "ops[1]: \"del\""));
}

static int exit_code_of(struct world *w, pid_t pid)
{
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0)
		raw_idle(w->base, 2);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void batch_needs_the_role_of_each(void **state)
{
	struct world *w = *state;
	pid_t pid;

	serve(w);
	pid = fork();
	if (pid == 0)
		become_and_batch(w);
	assert_int_equal(exit_code_of(w, pid), 0);
}

static int allowed(struct world *w, uid_t uid, gid_t gid, const gid_t *groups, size_t n)
{
	const unsigned before = told.n;
	const pid_t pid = fork();
	int code;

	if (pid == 0)
		become_and_try(w, uid, gid, groups, n);
	code = exit_code_of(w, pid);
	if (told.n != before)
		assert_int_equal(told.caller.pid, pid);
	return code;
}

static void groups_give_roles(void **state)
{
	struct world *w = *state;
	gid_t many[300];

	serve(w);
	assert_int_equal(allowed(w, 0, 0, NULL, 0), 3);
	assert_int_equal(allowed(w, NOBODY, NOBODY, NULL, 0), 1);
	assert_int_equal(allowed(w, NOBODY, NOBODY, &operators, 1), 2);
	assert_int_equal(allowed(w, NOBODY, NOBODY, &admins, 1), 3);
	assert_int_equal(allowed(w, NOBODY, NOBODY, (gid_t[]){admins, operators}, 2), 3);
	assert_int_equal(allowed(w, NOBODY, operators, (gid_t[]){NOBODY}, 1), 2);
	assert_int_equal(allowed(w, NOBODY, admins, (gid_t[]){NOBODY}, 1), 3);
	/* More groups than fit at first. */
	for (size_t i = 0; i < 300; i++)
		many[i] = (gid_t)(70000 + i);
	assert_int_equal(allowed(w, NOBODY, NOBODY, many, 300), 1);
	many[299] = admins;
	assert_int_equal(allowed(w, NOBODY, NOBODY, many, 300), 3);
	/* Root without any group is root; a role is no way in. */
	assert_int_equal(allowed(w, 0, NOBODY, NULL, 0), 3);
	assert_int_equal(allowed(w, NOBODY, admins, NULL, 0), 11);
}

static void without_groups_only_root_acts(void **state)
{
	struct world *w = *state;
	struct ctl_server_opts opts = options(w);

	memset(&told, 0, sizeof told);
	opts.operator_group = "";
	opts.admin_group = NULL;
	assert_int_equal(chmod(w->place.dir, 0755), 0);
	assert_int_equal(ctl_server_new(w->base, &opts, &w->server, NULL), 0);
	assert_int_equal(allowed(w, NOBODY, NOBODY, (gid_t[]){admins, operators}, 2), 1);
	assert_int_equal(allowed(w, 0, 0, NULL, 0), 3);
}

static void unknown_group_is_refused(void **state)
{
	struct world *w = *state;
	struct ctl_server_opts opts = options(w);
	struct sl_err err = SL_ERR_INIT;

	opts.admin_group = "no-such-group";
	assert_int_equal(ctl_server_new(w->base, &opts, &w->server, &err), -EINVAL);
	assert_non_null(strstr(sl_err_first(&err), "group \"no-such-group\" does not exist"));
	assert_int_equal(access(w->place.path, F_OK), -1);
	sl_err_clear(&err);
}

static void expect_told(
	unsigned n, const char *command, const char *args, int code, const char *msg)
{
	assert_int_equal(told.n, n);
	assert_string_equal(told.command, command);
	assert_string_equal(told.args, args);
	assert_int_equal(told.code, code);
	assert_string_equal(told.msg, msg);
	assert_int_equal(told.rev, 5);
}

/* retry: its turn had come, but it was not taken up. */
static void went_at_the_end(struct world *w, bool retry)
{
	struct raw raw;

	world_greet(w, &raw);
	raw_text(&raw, "{\"v\":1,\"id\":1,\"cmd\":\"wipe\",\"args\":{\"how\":\"later\"}}\n");
	for (int i = 0; i < 1000 && !pending; i++)
		raw_idle(w->base, 1);
	assert_non_null(pending);
	if (retry)
		ctl_call_retry(pending);
	ctl_call_finish(pending);
	pending = NULL;
	ctl_server_free(w->server);
	w->server = NULL;
	raw_close(&raw);
	serve_again(w);
}

static void changes_are_told(void **state)
{
	struct world *w = *state;

	serve(w);
	world_greet(w, &w->a);
	raw_text(&w->a, "{\"v\":1,\"id\":1,\"cmd\":\"look\"}\n");
	raw_text(&w->a, "{\"v\":1,\"id\":1,\"cmd\":\"wipe\",\"dry_run\":true}\n");
	json_decref(raw_line(&w->a));
	json_decref(raw_line(&w->a));
	assert_int_equal(told.n, 0);
	raw_text(&w->a, "{\"v\":1,\"id\":1,\"cmd\":\"drain\"}\n");
	json_decref(raw_line(&w->a));
	expect_told(1, "drain", "-", 0, "");
	assert_int_equal(told.caller.uid, 0);
	assert_int_equal(told.caller.pid, getpid());
	raw_text(&w->a, "{\"v\":1,\"id\":1,\"cmd\":\"wipe\",\"args\":{\"how\":\"dry\"}}\n");
	json_decref(raw_line(&w->a));
	expect_told(2, "wipe", "{\"how\":\"dry\"}", ENOENT, "no \"dry\"");
	raw_text(&w->a, "{\"v\":1,\"id\":1,\"cmd\":\"wipe\",\"if_rev\":4}\n");
	json_decref(raw_line(&w->a));
	expect_told(3, "wipe", "-", ESTALE, "the configuration is at revision 5, not 4");
	/* Somebody who may not. */
	assert_int_equal(allowed(w, NOBODY, NOBODY, NULL, 0), 1);
	expect_told(5, "wipe", "-", EPERM, "\"wipe\" needs the role admin; yours is viewer");
	assert_int_equal(told.caller.uid, NOBODY);
	/* Somebody who does not stay to hear of it. */
	raw_text(&w->a, "{\"v\":1,\"id\":1,\"cmd\":\"wipe\",\"args\":{\"how\":\"later\"}}\n");
	for (int i = 0; i < 1000 && !pending; i++)
		raw_idle(w->base, 1);
	assert_int_equal(told.n, 5);
	raw_close(&w->a);
	for (int i = 0; i < 1000 && pending; i++)
		raw_idle(w->base, 1);
	expect_told(6, "wipe", "{\"how\":\"later\"}", ECANCELED, "the client went away");
	/* Or goes when it is done, before the answer: that is told as what it was. */
	went_at_the_end(w, false);
	expect_told(7, "wipe", "{\"how\":\"later\"}", 0, "");
	went_at_the_end(w, true);
	expect_told(8, "wipe", "{\"how\":\"later\"}", ECANCELED, "the client went away");
}

/* In a mount namespace of its own, with another /etc/group. */
static int group_of_many(const char *path)
{
	FILE *f = fopen(path, "w");
	struct sl_err err = SL_ERR_INIT;
	gid_t gid = 0;

	if (!f)
		return 2;
	fputs("few:x:4241:root\nmany:x:4242:root", f);
	for (int i = 0; i < 20000; i++)
		fprintf(f, ",member%d", i);
	fputs("\n", f);
	if (fclose(f) || unshare(CLONE_NEWNS) ||
		mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) ||
		mount(path, "/etc/group", NULL, MS_BIND, NULL))
		return 2;
	if (who_group("many", &gid, &err))
		fprintf(stderr, "%s\n", sl_err_first(&err));
	sl_err_clear(&err);
	return gid != 4242;
}

static void group_may_have_many_members(void **state)
{
	const struct world *w = *state;
	char path[sizeof w->place.dir + 8];
	int status;

	snprintf(path, sizeof path, "%s/group", w->place.dir);
	const pid_t pid = fork();

	if (pid == 0)
		_exit(group_of_many(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(path);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(groups_give_roles),
		WORLD_TEST(without_groups_only_root_acts),
		WORLD_TEST(batch_needs_the_role_of_each),
		WORLD_TEST(unknown_group_is_refused),
		WORLD_TEST(group_may_have_many_members),
		WORLD_TEST(changes_are_told),
	};

	if (getuid() != 0 || who_group(OPERATORS, &operators, NULL) ||
		who_group(ADMINS, &admins, NULL)) {
		fprintf(stderr, "SKIP: needs root, and the groups " OPERATORS " and " ADMINS "\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
