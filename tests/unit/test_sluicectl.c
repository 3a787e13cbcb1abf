/* SPDX-License-Identifier: BSD-3-Clause */

/* The built sluicectl (path in $SLUICECTL) against a canned server. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
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
#include <sys/un.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "cell.h"
#include "ctl_fixture.h"

static char output[1 << 16];

/* Run through the shell, with standard error behind standard output. Returns the exit code. */
static int shell(const char *command)
{
	FILE *pipe = popen(command, "r");
	size_t n;
	int status;

	assert_non_null(pipe);
	n = fread(output, 1, sizeof output - 1, pipe);
	output[n] = 0;
	status = pclose(pipe);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int sluicectl(const struct canned_world *w, const char *args)
{
	char command[1024];

	snprintf(command, sizeof command, "%s -s %s %s 2>&1", getenv("SLUICECTL"), w->place.path,
		args);
	return shell(command);
}

static void expect(const struct canned_world *w, const char *args, int code, const char *text)
{
	const int have = sluicectl(w, args);

	assert_string_equal(output, text);
	assert_int_equal(have, code);
}

static void status_is_one_line(void **state)
{
	struct canned_world *w = *state;

	expect(w, "status", 0,
		"sluiced 0.1.0 up 3d04h revision 12: 2 VIPs, 2/3 pools ok (1 panic), 5 backends, 1 "
		"worker, "
		"2 lanes, 1.2 Mpps, 0.1% dropped\n");
	canned_kill(w->pid);
	w->canned.apply_failed = true;
	w->pid = canned_fork(&w->canned, &w->place);
	assert_int_equal(sluicectl(w, "status"), 0);
	assert_string_equal(strchr(output, '\n') + 1, "configuration /etc/sluice/sluice.conf was "
						      "not applied: sluice.conf:41: unknown key\n");
}

static void version_tells_both(void **state)
{
	expect(*state, "version", 0,
		getuid() ? "sluicectl 0.1.0\nsluiced 0.1.0 revision 12 role viewer\n"
			 : "sluicectl 0.1.0\nsluiced 0.1.0 revision 12 role admin\n");
	expect(*state, "--version", 0, "sluicectl 0.1.0\n");
}

static void tables_are_aligned(void **state)
{
	expect(*state, "vip list", 0,
		"VIP   SERVICE                 POOL  FORWARD  PKTS   PPS  BIT/S\n"
		"web4  203.0.113.10:443/tcp    web   ipip     1.2M  120k   812M\n"
		"any6  [2001:db8::10]:any/udp  dns   l2          0     0      0\n");
	expect(*state, "backend list", 0,
		"POOL  BACKEND  ADDR          ADMIN  STATE                WGHT  EFF  SLOT"
		"S   SHARE  CHECK               LAST  NEXT-HOP                      FLOWS  NEW/S  "
		"PKTS    PPS\n"
		"web   b1       10.0.0.11     ready  UP                    100  100  4369"
		"1   66.7%  L7OK 0.4ms         3d04h  02:00:00:00:00:11@wan          8.1k    412   "
		"999  12.3k\n"
		"web   b10      10.0.0.20     drain  DOWN 1/2 suppressed    50    0  2184"
		"6   33.3%  L4CON 1000.0ms  00:03:12  unresolved                      371      0  "
		"1.0k      0\n"
		"web   b2       10.0.0.12     maint  INIT                    0    0      "
		"0    0.0%  -               00:00:01  02:00:00:00:00:12@wan,static      0      0   "
		"  0    0.5\n"
		"dns   d1       2001:db8::d1  ready  UP                      1    1  6553"
		"7  100.0%  no check        00:00:05  no_route                          0      0   "
		"  7      0\n");
	expect(*state, "drops", 0,
		"REASON     PKTS  PPS  MEANING\n"
		"no_vip  1234567   90  no VIP at this address\n"
		"ttl           3    0  TTL or hop limit 0\n");
	expect(*state, "drops --all --filter reason=runt", 0,
		"REASON  PKTS  PPS  MEANING\n"
		"runt       0    0  frame too short\n");
	expect(*state, "drops --filter reason=runt", 0, "no drops\n");
}

/* The backends' names in the order they are printed. */
static void expect_order(const struct canned_world *w, const char *args, const char *names)
{
	char command[512], have[256] = "";

	snprintf(command, sizeof command, "-j backend list %s | jq -r '.[].backend'", args);
	assert_int_equal(sluicectl(w, command), 0);
	for (char *name = strtok(output, "\n"); name; name = strtok(NULL, "\n")) {
		strcat(have, *have ? " " : "");
		strcat(have, name);
	}
	assert_string_equal(have, names);
}

static void rows_are_sorted_and_filtered(void **state)
{
	const struct canned_world *w = *state;

	expect_order(w, "", "b1 b10 b2 d1");
	expect_order(w, "web", "b1 b10 b2");
	expect_order(w, "--sort backend", "b1 b2 b10 d1");
	expect_order(w, "--sort -PPS", "b1 b2 b10 d1");
	expect_order(w, "--sort pps", "b10 d1 b2 b1");
	expect_order(w, "--sort address web", "b1 b2 b10");
	expect_order(w, "--sort next_hop.mac", "b1 b2 b10 d1");
	expect_order(w, "--sort -next_hop.mac", "b2 b1 b10 d1");
	expect_order(w, "--filter pool=web --filter weight=50", "b10");
	expect_order(w, "--filter WGHT=100.0", "b1");
	expect_order(w, "--filter next_hop.state=no_route", "d1");
	expect_order(w, "--filter pool=w", "");
}

static void json_is_one_document(void **state)
{
	expect(*state, "-j vip list | jq -c '[type, length, .[0].pps, .[1].vip]'", 0,
		"[\"array\",2,120000,\"any6\"]\n");
	expect(*state, "-j drops | jq -c 'map(.packets)'", 0, "[0,1234567,3]\n");
	expect(*state, "-j status | jq -c '[.rx_pps, .dropped_pps, .hash, .config.last_apply]'", 0,
		"[1234567,1234.567,\"aes-ni\",\"ok\"]\n");
	expect(*state, "-j version | jq -c '[.sluicectl, .sluiced.rev, .sluiced.proto]'", 0,
		"[\"0.1.0\",12,[1,1]]\n");
	expect(*state, "--json --filter vip=none vip list", 0, "[]\n");
}

static void list_is_asked_again_when_the_revision_moves(void **state)
{
	struct canned_world *w = *state;

	canned_kill(w->pid);
	w->canned.vip_moves = 4;
	w->pid = canned_fork(&w->canned, &w->place);
	expect(w, "-j vip list | jq -c 'map(.vip)'", 0, "[\"web4\",\"any6\"]\n");
	canned_kill(w->pid);
	w->canned.vip_moves = 5;
	w->pid = canned_fork(&w->canned, &w->place);
	expect(w, "vip list", 1,
		"sluicectl: the configuration changed while the list was being sent (ask again)\n");
}

static void watch_repeats(void **state)
{
	const struct canned_world *w = *state;
	struct timespec begin, end;
	char command[512];
	int lines = 0;

	/* Four are three pauses apart, at least. */
	snprintf(command, sizeof command, "timeout 30 %s -s %s -j -w0.2 vip list | head -n 4",
		getenv("SLUICECTL"), w->place.path);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(shell(command), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	for (const char *c = output; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 4);
	assert_in_range(
		(end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000, 590,
		30000);
}

static void color_is_for_terminals(void **state)
{
	static const char pty[] = "script -qec '%s%s -s %s %sbackend list dns' /dev/null";
	const struct canned_world *w = *state;
	const char *ctl = getenv("SLUICECTL");
	char command[512];

	assert_int_equal(sluicectl(w, "backend list"), 0);
	assert_null(strchr(output, '\033'));
	if (shell("command -v script") != 0) {
		print_message("SKIP color on a terminal: script(1) is not installed\n");
		return;
	}
	snprintf(command, sizeof command, pty, "", ctl, w->place.path, "");
	assert_int_equal(shell(command), 0);
	assert_non_null(strstr(output, "\033[31mno_route\033[0m"));
	assert_non_null(strstr(output, "\033[1mPOOL\033[0m"));
	snprintf(command, sizeof command, pty, "NO_COLOR=1 ", ctl, w->place.path, "");
	assert_int_equal(shell(command), 0);
	assert_null(strchr(output, '\033'));
	snprintf(command, sizeof command, pty, "", ctl, w->place.path, "--no-color ");
	assert_int_equal(shell(command), 0);
	assert_null(strchr(output, '\033'));
}

static void errors_have_words_and_codes(void **state)
{
	struct canned_world *w = *state;
	char text[256];

	expect(w, "backend list wbe", 6, "sluicectl: pool \"wbe\" not found (did you mean web?)\n");
	expect(w, "vip lst", 2,
		"sluicectl: unknown command \"vip lst\": did you mean \"vip list\"?\n");
	expect(w, "backend", 2,
		"sluicectl: \"backend\" goes on with one of: list, show, add, set, del, weight, "
		"drain, "
		"maint, ready\n");
	expect(w, "frobnicate", 2,
		"sluicectl: unknown command \"frobnicate\"; see sluicectl --help\n");
	expect(w, "frobnicate x", 2,
		"sluicectl: unknown command \"frobnicate x\"; see sluicectl --help\n");
	expect(w, "--jsno status", 2, "sluicectl: unknown option --jsno: did you mean --json?\n");
	expect(w, "-Y status", 2, "sluicectl: unknown option -Y; see sluicectl --help\n");
	expect(w, "backend weight web/b1 -5", 2,
		"sluicectl: unknown option -5; a word that begins with - can stand behind --\n");
	expect(w, "backend set web/b1 weight", 2,
		"sluicectl: \"weight\" must be KEY=VALUE, each key once\n");
	expect(w, "pool replace web b1", 2,
		"sluicectl: \"b1\" must be NAME=ADDRESS or NAME=ADDRESS,WEIGHT\n");
	expect(w, "rule del web", 2,
		"sluicectl: VIP/RULE \"web\" must be two names with a slash between\n");
	expect(w, "-y status", 2, "sluicectl: option --yes makes no sense with \"status\"\n");
	expect(w, "-n drops", 2, "sluicectl: option --dry-run makes no sense with \"drops\"\n");
	expect(w, "--if-rev x drops", 2,
		"sluicectl: --if-rev \"x\": a revision is a whole number\n");
	expect(w, "status -t", 2, "sluicectl: option -t needs a value\n");
	expect(w, "status -t 0", 2, "sluicectl: \"0\": a time is 0.1 to 3600 seconds\n");
	expect(w, "status -t nan", 2, "sluicectl: \"nan\": a time is 0.1 to 3600 seconds\n");
	expect(w, "status --json=1", 2, "sluicectl: option --json takes no value\n");
	expect(w, "status now", 2, "sluicectl: too many words after \"status\": now\n");
	expect(w, "vip list --all", 2,
		"sluicectl: option --all makes no sense with \"vip list\"\n");
	expect(w, "drops --sort x", 2,
		"sluicectl: \"drops\" has no column \"x\"; columns are reason, packets, pps, "
		"help\n");
	expect(w, "drops --filter y=1", 2,
		"sluicectl: \"drops\" has no column \"y\"; columns are reason, packets, pps, "
		"help\n");
	expect(w, "drops --filter y", 2, "sluicectl: --filter \"y\": COLUMN=VALUE is needed\n");
	assert_int_equal(sluicectl(w, "vip list > /dev/full"), 1);
	canned_kill(w->pid);
	snprintf(text, sizeof text, "sluicectl: nobody answers on %s: is sluiced running?\n",
		w->place.path);
	expect(w, "status", 3, text);
	unlink(w->place.path);
	snprintf(text, sizeof text, "sluicectl: no control socket at %s: is sluiced running?\n",
		w->place.path);
	expect(w, "status", 3, text);
	w->pid = canned_fork(&w->canned, &w->place);
}

static void permission_has_its_code(void **state)
{
	struct canned_world *w = *state;
	char command[512];

	if (getuid() != 0 || shell("command -v setpriv") != 0) {
		print_message("SKIP sluicectl without permission: needs root and setpriv(1)\n");
		return;
	}
	assert_int_equal(chmod(w->place.dir, 0755), 0);
	/* As nobody, from a copy that nobody can reach. */
	snprintf(command, sizeof command,
		"cp %s %s/ctl && setpriv --reuid 65534 --regid 65534 --clear-groups %s/ctl -s %s "
		"status 2>&1; "
		"code=$?; rm %s/ctl; exit $code",
		getenv("SLUICECTL"), w->place.dir, w->place.dir, w->place.path, w->place.dir);
	assert_int_equal(shell(command), 4);
	assert_non_null(strstr(output, "no permission to use"));
}

static void help_comes_from_the_tables(void **state)
{
	assert_int_equal(sluicectl(*state, "--help"), 0);
	assert_non_null(strstr(output, "  backend list [POOL]         the backends with state"));
	assert_non_null(strstr(output, "  -w, --watch[=SEC]           repeat"));
	assert_int_equal(sluicectl(*state, "drops --help"), 0);
	assert_non_null(strstr(output, "      --all  "));
	assert_non_null(strstr(output, "\n  reason packets pps help\n"));
	assert_int_equal(sluicectl(*state, "vip list -h"), 0);
	assert_null(strstr(output, "--all"));
	assert_int_equal(sluicectl(*state, ""), 2);
	assert_non_null(strstr(output, "Usage: sluicectl"));
}

static void units_are_human(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{0, "0"},
		{0.5, "0.5"},
		{9, "9"},
		{12.7, "13"},
		{999, "999"},
		{999.4, "999"},
		{999.5, "1.0k"},
		{1000, "1.0k"},
		{12345, "12.3k"},
		{99949, "99.9k"},
		{99951, "100k"},
		{120000, "120k"},
		{999499, "999k"},
		{999500, "1.0M"},
		{1234567, "1.2M"},
		{812e6, "812M"},
		{1e11, "100G"},
		{1.5e15, "1.5P"},
		{2e18, "2000P"},
	};
	char buf[CELL_LEN];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(cell_human(rows[i].value, "", buf), rows[i].text);
	assert_string_equal(cell_human(1234567, "pps", buf), "1.2 Mpps");
	assert_string_equal(cell_human(90, "pps", buf), "90 pps");
	assert_string_equal(cell_duration(192, buf), "00:03:12");
	assert_string_equal(cell_duration(86399, buf), "23:59:59");
	assert_string_equal(cell_duration(86400, buf), "1d00h");
	assert_string_equal(cell_duration(273600, buf), "3d04h");
}

/* Answer one connection with a text, then hang up or stay. */
static pid_t impostor(const struct place *place, const char *text, bool stay)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t pid;

	strcpy(at.sun_path, place->path);
	unlink(place->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 1), 0);
	pid = fork();
	if (pid == 0) {
		const int client = accept(fd, NULL, NULL);

		if (write(client, text, strlen(text)) < 0)
			_exit(1);
		if (stay)
			pause();
		_exit(0);
	}
	close(fd);
	return pid;
}

static void client_survives_impostors(void **state)
{
#define HELLO "{\"hello\":{\"proto\":[1,1],\"version\":\"9\",\"rev\":1,\"role\":\"viewer\"}}\n"
	static const struct {
		const char *text;
		bool stay;
		int code;
		const char *msg;
	} rows[] = {
		{"", false, 3, "closed the connection"},
		{"", true, 3, "no answer within 0.3 s"},
		{"HTTP/1.1 400 Bad Request\r\n", true, 3, "not an answer of the control protocol"},
		{"{\"hello\":{\"proto\":[2,3],\"version\":\"9\"}}\n", true, 3,
			"sluiced 9 speaks protocol 2 to 3, this program 1"},
		{HELLO, true, 3, "no answer within 0.3 s"},
		{HELLO "{\"id\":2,\"ok\":true}\n", true, 3, "not an answer"},
		{HELLO "{\"id\":1,\"item\":{}}\n", true, 3, "not an answer"},
		{HELLO "{\"id\":1,\"ok\":false}\n", true, 3, "not an answer"},
		{HELLO "{\"id\":null,\"ok\":false,\"err\":{\"code\":\"EINVAL\",\"msg\":\"bad\"}}\n",
			true, 1, "sluicectl: bad\n"},
		{HELLO "{\"id\":1,\"ok\":false,\"err\":{\"code\":\"EPERM\",\"msg\":\"no\"}}\n",
			true, 4, "sluicectl: no\n"},
		{HELLO "{\"id\":1,\"ok\":false,\"err\":{\"code\":\"ESTALE\",\"msg\":\"no\"}}\n",
			true, 5, "sluicectl: no\n"},
		{HELLO "{\"id\":1,\"ok\":false,\"err\":{\"code\":\"EBUSY\",\"msg\":\"no\"}}\n",
			true, 5, "sluicectl: no\n"},
		{HELLO "{\"id\":1,\"ok\":false,\"err\":{\"code\":\"ETIME\",\"msg\":\"no\"}}\n",
			true, 7, "sluicectl: no\n"},
		{HELLO "{\"id\":1,\"ok\":false,\"err\":{\"code\":\"EIO\",\"msg\":\"no\"}}\n", true,
			1, "sluicectl: no\n"},
	};
	struct canned_world *w = *state;

	canned_kill(w->pid);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const pid_t pid = impostor(&w->place, rows[i].text, rows[i].stay);
		const bool waits = strstr(rows[i].msg, "within 0.3 s");
		const int code = sluicectl(w, waits ? "-t 0.3 status" : "-t 20 status");

		canned_kill(pid);
		if (code != rows[i].code || !strstr(output, rows[i].msg))
			fail_msg("row %zu: exit %d, %s", i, code, output);
	}
	unlink(w->place.path);
	w->pid = canned_fork(&w->canned, &w->place);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, canned_setup, canned_teardown)

/* A directory opens like a file; what cannot be read must not pass for an empty one. */
static void unreadable_file_is_refused(void **state)
{
	const struct canned_world *w = *state;

	expect(w, "config check /", 1, "sluicectl: /: Is a directory\n");
	expect(w, "config check /nowhere", 1, "sluicectl: /nowhere: No such file or directory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(status_is_one_line),
		TEST(version_tells_both),
		TEST(tables_are_aligned),
		TEST(rows_are_sorted_and_filtered),
		TEST(json_is_one_document),
		TEST(list_is_asked_again_when_the_revision_moves),
		TEST(watch_repeats),
		TEST(color_is_for_terminals),
		TEST(errors_have_words_and_codes),
		TEST(permission_has_its_code),
		TEST(help_comes_from_the_tables),
		TEST(unreadable_file_is_refused),
		cmocka_unit_test(units_are_human),
		TEST(client_survives_impostors),
	};

	if (!getenv("SLUICECTL")) {
		fprintf(stderr, "SLUICECTL must name the program to test\n");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
