/* SPDX-License-Identifier: BSD-3-Clause */

/* The file of states: what was written is read again, and nothing else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "saved.h"

#define NOW 5000000

static char dir[] = "/tmp/sluice-saved-XXXXXX", path[64], beside[80];

/* What came out of a file. */
struct seen {
	uint32_t pools, members, checks, freezes, helds;
	struct saved_pool pool;
	struct saved_member member;
	struct saved_check check;
	struct saved_freeze freeze;
	struct saved_member held;
	char pool_name[64], member_pool[64], key[64];
};

static void see_pool(void *ctx, const struct saved_pool *p)
{
	struct seen *s = ctx;

	s->pools++;
	s->pool = *p;
	snprintf(s->pool_name, sizeof s->pool_name, "%s", p->name);
}

static void see_member(void *ctx, const struct saved_member *m)
{
	struct seen *s = ctx;

	s->members++;
	s->member = *m;
	snprintf(s->member_pool, sizeof s->member_pool, "%s", m->pool);
}

static void see_check(void *ctx, const struct saved_check *c)
{
	struct seen *s = ctx;

	s->checks++;
	s->check = *c;
	snprintf(s->key, sizeof s->key, "%s", c->key);
}

static void see_freeze(void *ctx, const struct saved_freeze *f)
{
	struct seen *s = ctx;

	s->freezes++;
	s->freeze = *f;
}

static void see_held(void *ctx, const struct saved_member *m)
{
	struct seen *s = ctx;

	s->helds++;
	s->held = *m;
}

/* Read at a time; the first message goes to `said`. */
static int read_at(uint64_t now_ms, struct seen *seen, char *said, size_t size)
{
	const struct saved_reader r = {see_pool, see_member, see_check, see_freeze, see_held, seen};
	struct sl_err err = SL_ERR_INIT;
	uint64_t age_ms = 0;
	int rc;

	memset(seen, 0, sizeof *seen);
	rc = saved_read(path, now_ms, &r, &age_ms, &err);
	assert_int_equal(err.count, rc && rc != -ENOENT);
	snprintf(said, size, "%s", sl_err_first(&err));
	sl_err_clear(&err);
	if (!rc)
		assert_true(now_ms >= age_ms && age_ms < SAVED_MAX_AGE_MS);
	return rc;
}

/* Refused with a message that has `text`, and nothing of it was used. */
static void refused(uint64_t now_ms, int code, const char *text)
{
	struct seen seen;
	char said[300];

	assert_int_equal(read_at(now_ms, &seen, said, sizeof said), code);
	assert_int_equal(seen.pools + seen.members + seen.checks + seen.freezes + seen.helds, 0);
	if (!strstr(said, text) || strchr(said, '\n'))
		fail_msg("said \"%s\", not \"%s\"", said, text);
}

static struct saved_member a_member(void)
{
	struct saved_member s = {.pool = "web", .m = {.state = HEALTH_DOWN, .since_ms = 4000000}};

	assert_int_equal(sl_addr_parse("2001:db8::7", &s.address), 0);
	s.m.ramping = true;
	s.m.ramp_ms = 4000001;
	s.m.penalty = 2345.678901;
	s.m.penalty_ms = 4000002;
	s.m.suppressed = true;
	s.m.suppressed_ms = 4000003;
	s.m.measured = true;
	s.m.latency_us = 1234.5;
	s.m.error_permille = 999.25;
	s.m.ejected = true;
	s.outlier = (struct outlier){
		.ejected = true, .times = 3, .since_ms = 4000005, .out_ms = 120000};
	return s;
}

static const struct saved_pool a_pool = {"web", DECIDE_PANIC, 3999999, {true, true, true, 3999998}};
static const struct saved_check a_check = {"10.0.0.1\n80 \"\x7f\xc3\xa4\\", HEALTH_UP, 4000004};

static const struct saved_freeze a_freeze = {FREEZE_MANUAL, NOW + 1000000};

/* One row of each kind, written at NOW. Who is held was up and without blame. */
static void write_one(void)
{
	const struct saved_member m = a_member();
	struct saved_member held = {.pool = "web", .address = m.address, .m.state = HEALTH_UP};
	struct saved_writer w;

	assert_int_equal(saved_begin(&w, path, NOW), 0);
	saved_add_pool(&w, &a_pool);
	saved_add_member(&w, &m);
	saved_add_check(&w, &a_check);
	saved_add_freeze(&w, &a_freeze);
	held.m.since_ms = 4000006;
	saved_add_held(&w, &held);
	assert_int_equal(saved_end(&w), 0);
	assert_int_not_equal(access(beside, F_OK), 0);
}

static size_t load(char *to, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(to, 1, size - 1, f);
	fclose(f);
	to[n] = '\0';
	return n;
}

static void put(const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	fclose(f);
}

static void is_one(const struct seen *s)
{
	const struct saved_member m = a_member();

	assert_int_equal(s->pools, 1);
	assert_int_equal(s->members, 1);
	assert_int_equal(s->checks, 1);
	assert_string_equal(s->pool_name, a_pool.name);
	assert_int_equal(s->pool.reason, a_pool.reason);
	assert_int_equal(s->pool.since_ms, a_pool.since_ms);
	assert_memory_equal(&s->pool.memory, &a_pool.memory, sizeof a_pool.memory);
	assert_string_equal(s->member_pool, m.pool);
	assert_memory_equal(&s->member.address, &m.address, sizeof m.address);
	assert_int_equal(s->member.m.state, m.m.state);
	assert_int_equal(s->member.m.since_ms, m.m.since_ms);
	assert_int_equal(s->member.m.ramping, m.m.ramping);
	assert_int_equal(s->member.m.ramp_ms, m.m.ramp_ms);
	assert_true(s->member.m.penalty == m.m.penalty);
	assert_int_equal(s->member.m.penalty_ms, m.m.penalty_ms);
	assert_int_equal(s->member.m.suppressed, m.m.suppressed);
	assert_int_equal(s->member.m.suppressed_ms, m.m.suppressed_ms);
	assert_int_equal(s->member.m.measured, m.m.measured);
	assert_true(s->member.m.latency_us == m.m.latency_us);
	assert_true(s->member.m.error_permille == m.m.error_permille);
	assert_int_equal(s->member.m.ejected, m.m.ejected);
	assert_int_equal(s->member.outlier.ejected, m.outlier.ejected);
	assert_int_equal(s->member.outlier.times, m.outlier.times);
	assert_int_equal(s->member.outlier.since_ms, m.outlier.since_ms);
	assert_int_equal(s->member.outlier.out_ms, m.outlier.out_ms);
	assert_string_equal(s->key, a_check.key);
	assert_int_equal(s->check.state, a_check.state);
	assert_int_equal(s->check.since_ms, a_check.since_ms);
	assert_int_equal(s->freezes, 1);
	assert_int_equal(s->freeze.why, a_freeze.why);
	assert_int_equal(s->freeze.until_ms, a_freeze.until_ms);
	assert_int_equal(s->helds, 1);
	assert_memory_equal(&s->held.address, &m.address, sizeof m.address);
	assert_int_equal(s->held.m.state, HEALTH_UP);
	assert_int_equal(s->held.m.since_ms, 4000006);
	assert_false(s->held.m.suppressed);
}

static void what_was_written_is_read(void **state)
{
	struct seen seen;
	char said[300];

	unlink(path);
	assert_int_equal(read_at(NOW, &seen, said, sizeof said), -ENOENT);
	assert_string_equal(said, "");
	write_one();
	assert_int_equal(read_at(NOW, &seen, said, sizeof said), 0);
	is_one(&seen);
}

static void age_has_a_limit(void **state)
{
	struct seen seen;
	char said[300];

	write_one();
	assert_int_equal(read_at(NOW + SAVED_MAX_AGE_MS - 1, &seen, said, sizeof said), 0);
	is_one(&seen);
	refused(NOW + SAVED_MAX_AGE_MS, -ESTALE, "is 60 s old, more than 60 s");
	refused(NOW - 1, -EINVAL, "is from the future");
}

static void another_boot_is_refused(void **state)
{
	char text[4096], *boot;
	size_t n;

	write_one();
	n = load(text, sizeof text);
	boot = strstr(text, "\"boot\":\"");
	assert_non_null(boot);
	boot[8] = boot[8] == '0' ? '1' : '0';
	put(text, n);
	refused(NOW, -ESTALE, "is of another boot");
}

static void a_cut_file_is_refused(void **state)
{
	char text[4096];
	size_t n;

	write_one();
	n = load(text, sizeof text);
	for (size_t i = 0; i < n - 1; i++) {
		put(text, i);
		refused(NOW, -EINVAL, "is cut or no JSON");
	}
}

/* One field of the file made another: refused as a whole. */
static void with(const char *was, const char *is, const char *said)
{
	char text[4096], *at, out[8192];
	int n;

	write_one();
	load(text, sizeof text);
	at = strstr(text, was);
	if (!at)
		fail_msg("no %s in %s", was, text);
	n = snprintf(out, sizeof out, "%.*s%s%s", (int)(at - text), text, is, at + strlen(was));
	put(out, (size_t)n);
	refused(NOW, -EINVAL, said);
}

static void foreign_files_are_refused(void **state)
{
	static const char *const no_json[] = {"", "junk", "\n", "{\"version\":2,}", "[1,2"};
	static const char *const not_ours[] = {"[]", "{}", "{\"pools\":[]}", "{\"version\":\"2\"}",
		"{\"version\":2}", "{\"version\":2,\"boot\":\"x\",\"at_ms\":1,\"rows\":7}"};
	char deep[9000];

	for (size_t i = 0; i < sizeof no_json / sizeof *no_json; i++) {
		put(no_json[i], strlen(no_json[i]));
		refused(NOW, -EINVAL, "is cut or no JSON");
	}
	put("{}\0{}", 5);
	refused(NOW, -EINVAL, "is cut or no JSON");
	memset(deep, '[', sizeof deep);
	put(deep, sizeof deep);
	refused(NOW, -EINVAL, "is cut or no JSON");
	for (size_t i = 0; i < sizeof not_ours / sizeof *not_ours; i++) {
		put(not_ours[i], strlen(not_ours[i]));
		refused(NOW, -EINVAL, "is not a file of states");
	}
	with("\"version\":2", "\"version\":1", "of another version, 1");
	with("\"at_ms\":5000000", "\"at_ms\":-1", "future");
	with("\"state\":\"DOWN\"", "\"state\":\"SIDEWAYS\"", "row 2 is not understood");
	with("\"state\":\"UP\"", "\"state\":7", "row 3 is not understood");
	with("\"reason\":\"panic\"", "\"reason\":\"fear\"", "row 1 is not understood");
	with("2001:db8::7", "2001:db8::g", "row 2 is not understood");
	with("\"penalty\":2345.6", "\"penalty\":-2345.6", "row 2 is not understood");
	with("\"penalty\":2345.6", "\"penalty\":\"2345.6\",\"x\":0.6", "row 2 is not understood");
	with("\"error_permille\":999.25", "\"error_permille\":1000.5", "row 2 is not understood");
	with("\"since_ms\":4000000", "\"since_ms\":5000001", "row 2 is not understood");
	with("\"out_ms\":120000", "\"out_ms\":-1", "row 2 is not understood");
	with("\"times\":3", "\"times\":-3", "row 2 is not understood");
	with("\"suppressed\":true", "\"suppressed\":1", "row 2 is not understood");
	with("\"suppressed\":true,", "", "row 2 is not understood");
	with("\"calm_ms\":3999998", "\"calm_ms\":3999998,\"more\":1", "row 1 is not understood");
	with("\"operator\"", "\"no\"", "row 4 is not understood");
	with("\"until_ms\":6000000", "\"until_ms\":-1", "row 4 is not understood");
	with("\"until_ms\":6000000", "\"until_ms\":8600001", "row 4 is not understood");
	with("\"held\":\"web\"", "\"held\":7", "row 5 is not understood");
	with("\"rows\":[\n", "\"rows\":[\n7,", "row 1 is not understood");
}

static void what_is_no_file_is_refused(void **state)
{
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(NOW, -EINVAL, "is not a file of states"); /* and does not wait for a writer */
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	refused(NOW, -EINVAL, "is not a file of states");
	rmdir(path);
	assert_int_equal(symlink(path, path), 0);
	refused(NOW, -ELOOP, "cannot read");
	unlink(path);
}

/* Bytes changed at random: either refused, or every value is one that a board may have. */
static void noise_does_no_harm(void **state)
{
	uint32_t accepted = 0, seed = (uint32_t)time(NULL);
	char text[4096], said[300];
	struct seen seen;
	size_t n;

	print_message("seed %u\n", seed);
	write_one();
	n = load(text, sizeof text);
	for (int i = 0; i < 3000; i++) {
		char noisy[4096];

		memcpy(noisy, text, n);
		for (uint32_t k = 1 + (uint32_t)rand_r(&seed) % 3; k; k--)
			noisy[(size_t)rand_r(&seed) % n] = (char)rand_r(&seed);
		put(noisy, n);
		if (read_at(NOW, &seen, said, sizeof said) != 0) {
			assert_int_equal(seen.pools + seen.members + seen.checks, 0);
			continue;
		}
		accepted++;
		assert_true((unsigned int)seen.member.m.state <= HEALTH_DOWN);
		assert_true(
			seen.member.m.error_permille >= 0 && seen.member.m.error_permille <= 1000);
		assert_true(seen.member.m.since_ms <= NOW && seen.member.m.penalty >= 0);
	}
	assert_true(accepted > 0 && accepted < 3000);
}

static void the_old_file_stays_until_the_new_one_is_whole(void **state)
{
	const struct rlimit little = {100, RLIM_INFINITY}, any = {RLIM_INFINITY, RLIM_INFINITY};
	const struct saved_member m = a_member();
	char before[4096], after[4096];
	struct saved_writer w;

	write_one();
	load(before, sizeof before);
	assert_int_equal(saved_begin(&w, path, NOW + 1), 0);
	saved_add_member(&w, &m);
	saved_abort(&w);
	saved_abort(&w);
	assert_int_not_equal(access(beside, F_OK), 0);
	load(after, sizeof after);
	assert_string_equal(after, before);

	/* a disk that is full */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	assert_int_equal(saved_begin(&w, path, NOW + 1), 0);
	for (int i = 0; i < 100; i++)
		saved_add_member(&w, &m);
	const int rc = saved_end(&w);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &any), 0);
	assert_true(rc < 0);
	assert_int_not_equal(access(beside, F_OK), 0);
	load(after, sizeof after);
	assert_string_equal(after, before);
	assert_true(saved_begin(&w, "/proc/nosuch/health.json", NOW) < 0);
	assert_null(w.f);
}

static int begin(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/health.json", dir);
	snprintf(beside, sizeof beside, "%s.new", path);
	return 0;
}

static int end(void **state)
{
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(age_has_a_limit),
		cmocka_unit_test(another_boot_is_refused),
		cmocka_unit_test(a_cut_file_is_refused),
		cmocka_unit_test(foreign_files_are_refused),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(noise_does_no_harm),
		cmocka_unit_test(the_old_file_stays_until_the_new_one_is_whole),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
