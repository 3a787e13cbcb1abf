/* SPDX-License-Identifier: BSD-3-Clause */

/* The HTTP codec: verdicts, and that they do not depend on how the bytes arrive. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "health/http.h"
#include "health/probe.h"

struct row {
	const char *bytes;
	const char *body;
	bool head, end; /* the connection ends behind the bytes */
	enum health_code code;
	const char *why;
	bool whole;
};

#define H "HTTP/1.1 200 OK\r\n"

static const struct row rows[] = {
	{H "Content-Length: 2\r\n\r\nok", NULL, false, false, HEALTH_CODE_L7OK, "status 200 OK",
		true},
	{H "content-length:2 \r\n\r\nok", "k", false, false, HEALTH_CODE_L7OK, "status 200 OK",
		true},
	{H "Content-Length: 2\r\nConnection: close\r\n\r\nok", NULL, false, false, HEALTH_CODE_L7OK,
		"status 200 OK", false},
	{H "Content-Length: 2\r\n\r\nokX", NULL, false, false, HEALTH_CODE_L7OK, "status 200 OK",
		false},
	{H "Content-Length: 0\r\n\r\n", NULL, false, false, HEALTH_CODE_L7OK, "status 200 OK",
		true},
	{H "Content-Length: 0\r\n\r\n", "x", false, false, HEALTH_CODE_L7RSP,
		"status 200 OK: body without \"x\"", true},
	{"HTTP/1.0 200 OK\nContent-Length: 2\n\nok", NULL, false, false, HEALTH_CODE_L7OK,
		"status 200 OK", false},
	{"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok", NULL, false,
		false, HEALTH_CODE_L7OK, "status 200 OK", true},
	{"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", NULL, false, false, HEALTH_CODE_L7OK,
		"status 200", true},
	{H "\r\nall of it", "all of it", false, true, HEALTH_CODE_L7OK, "status 200 OK", false},
	{H "\r\nall of it", "other", false, true, HEALTH_CODE_L7RSP,
		"status 200 OK: body without \"other\"", false},
	{H "\r\n", NULL, false, true, HEALTH_CODE_L7OK, "status 200 OK", false},
	{H "Content-Length: 9999\r\n\r\n", NULL, true, false, HEALTH_CODE_L7OK, "status 200 OK",
		true},
	{"HTTP/1.1 204 No\r\n\r\n", NULL, false, false, HEALTH_CODE_L7OK, "status 204 No", true},
	{"HTTP/1.1 100 Continue\r\n\r\n" H "Content-Length: 1\r\n\r\nx", NULL, false, false,
		HEALTH_CODE_L7OK, "status 200 OK", true},
	{"HTTP/1.1 500 Oops\r\n\r\n", NULL, false, false, HEALTH_CODE_L7STS,
		"status 500 Oops, wanted 200-299", false},
	{"HTTP/1.1 200 \x1b[31mred\xff\r\nContent-Length: 0\r\n\r\n", NULL, false, false,
		HEALTH_CODE_L7OK, "status 200 ?[31mred?", true},
	{H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0a;x=y\r\ndefghijklm\r\n0\r\nT: "
	   "x\r\n\r\n",
		"cdefg", false, false, HEALTH_CODE_L7OK, "status 200 OK", true},
	{H "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n1\r\na\r\n0\r\n\r\n", NULL,
		false, false, HEALTH_CODE_L7OK, "status 200 OK", true},
	{H "Transfer-Encoding: chunked\r\n\r\n3\r\nab", NULL, false, true, HEALTH_CODE_L7RSP,
		"connection ended in the middle of the body", false},
	{H "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", NULL, false, false, HEALTH_CODE_L7RSP,
		"chunk size \"xyz\" is not a number", false},
	{H "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", NULL, false, false, HEALTH_CODE_L7RSP,
		"chunk longer than its size", false},
	{H "Transfer-Encoding: chunked\r\n\r\n6\r\naab\r\n0\r\n\r\n", "aab", false, false,
		HEALTH_CODE_L7OK, "status 200 OK", false},
	{H "Content-Length: 5\r\n\r\nabc", NULL, false, true, HEALTH_CODE_L7RSP,
		"connection ended after 3 of 5 bytes of the body", false},
	{H "Content-Length: -5\r\n\r\n", NULL, false, false, HEALTH_CODE_L7RSP,
		"Content-Length \"-5\" is not a number", false},
	{H "Content-Length: 5x\r\n\r\n", NULL, false, false, HEALTH_CODE_L7RSP,
		"Content-Length \"5x\" is not a number", false},
	{H "Content-Length: 99999999999999999999\r\n\r\n", NULL, false, false, HEALTH_CODE_L7RSP,
		"Content-Length \"99999999999999999999\" is not a number", false},
	{H "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", NULL, false, false, HEALTH_CODE_L7RSP,
		"two different Content-Length headers", false},
	{"", NULL, false, true, HEALTH_CODE_L7RSP, "connection ended without an answer", false},
	{"HTTP/1.1 200 O", NULL, false, true, HEALTH_CODE_L7RSP,
		"connection ended in the middle of the header", false},
	{"220 mail.example ESMTP\r\n", NULL, false, false, HEALTH_CODE_L7RSP,
		"not an HTTP answer: \"220 mail.example ESMTP\"", false},
	{"HTTP/2 200\r\n", NULL, false, false, HEALTH_CODE_L7RSP,
		"not an HTTP answer: \"HTTP/2 200\"", false},
	{"HTTP/1.1 2000 OK\r\n", NULL, false, false, HEALTH_CODE_L7RSP,
		"not an HTTP answer: \"HTTP/1.1 2000 OK\"", false},
	{"\r\n", NULL, false, false, HEALTH_CODE_L7RSP, "not an HTTP answer: \"\"", false},
};

static void check(const struct row *row, const struct http_answer *a, bool judged)
{
	assert_int_equal(judged, true);
	assert_string_equal(a->why, row->why);
	assert_int_equal(a->code, row->code);
}

/* In one piece, byte by byte, and cut in two at every place. */
static void verdicts(void **state)
{
	for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
		const size_t len = strlen(row->bytes);
		struct http_want want;

		assert_int_equal(http_want_set(&want, NULL, row->body, row->head), 0);
		for (size_t cut = 0; cut <= len + 1; cut++) {
			struct http_answer a = {0};
			bool judged = false;

			if (cut <= len) {
				judged = http_feed(&a, &want, row->bytes, cut);
				if (!judged)
					judged = http_feed(&a, &want, row->bytes + cut, len - cut);
			} else {
				for (size_t i = 0; i < len && !judged; i++)
					judged = http_feed(&a, &want, row->bytes + i, 1);
			}
			if (row->end && !judged) {
				http_end(&a, &want);
				judged = a.judged;
			}
			check(row, &a, judged);
			if (cut == 0 || cut == len)
				assert_int_equal(a.whole, row->whole);
		}
	}
}

/* Small pieces of a body do not make a header too long, and the text is found in all of its 16 KiB.
 */
static void many_small_chunks(void **state)
{
	struct http_want want;
	struct http_answer a = {0};

	assert_int_equal(http_want_set(&want, NULL, "end", false), 0);
	assert_false(http_feed(&a, &want, H "Transfer-Encoding: chunked\r\n\r\n", 47));
	for (int i = 0; i < PROBE_HTTP_MAX - 3; i++)
		assert_false(http_feed(&a, &want, "1\r\nx\r\n", 6));
	assert_true(http_feed(&a, &want, "3\r\nend\r\n", 8));
	assert_int_equal(a.code, HEALTH_CODE_L7OK);
	/* what stands between two of them is not without limit */
	a = (struct http_answer){0};
	assert_false(http_feed(&a, &want, H "Transfer-Encoding: chunked\r\n\r\n1;", 49));
	for (int i = 0; i < PROBE_HTTP_MAX && !a.judged; i++)
		http_feed(&a, &want, "y", 1);
	assert_int_equal(a.code, HEALTH_CODE_L7RSP);
}

/* More than 16 KiB are not looked at. */
static void limits(void **state)
{
	static char bytes[3 * PROBE_HTTP_MAX];
	const size_t head = (size_t)sprintf(bytes, H "Content-Length: 1000000\r\n\r\n");
	struct http_want want;
	struct http_answer a = {0};

	memset(bytes + head, 'x', PROBE_HTTP_MAX);
	assert_int_equal(http_want_set(&want, NULL, NULL, false), 0);
	assert_false(http_feed(&a, &want, bytes, head + PROBE_HTTP_MAX - 1));
	assert_true(http_feed(&a, &want, "x", 1));
	assert_int_equal(a.code, HEALTH_CODE_L7OK);
	assert_false(a.whole);
	/* The last byte that is looked at, and the first one that is not. */
	assert_int_equal(http_want_set(&want, NULL, "needle", false), 0);
	for (int i = 0; i < 2; i++) {
		memset(&a, 0, sizeof a);
		memset(bytes + head, 'x', sizeof bytes - head);
		memcpy(bytes + head + PROBE_HTTP_MAX - 6 + i, "needle", 6);
		assert_true(http_feed(&a, &want, bytes, sizeof bytes));
		assert_int_equal(a.code, i ? HEALTH_CODE_L7RSP : HEALTH_CODE_L7OK);
	}
	assert_string_equal(a.why, "status 200 OK: body without \"needle\" in its first 16 KiB");
	memset(&a, 0, sizeof a);
	memset(bytes, 'h', sizeof bytes);
	memcpy(bytes, H, strlen(H));
	assert_true(http_feed(&a, &want, bytes, sizeof bytes));
	assert_string_equal(a.why, "header above 16 KiB");
}

/* The search against strstr, over an alphabet where half matches are many. */
static void body_search(void **state)
{
	unsigned int seed = 7;

	print_message("seed %u\n", seed);
	for (int round = 0; round < 20000; round++) {
		char needle[9] = "", hay[40] = "", bytes[128];
		const int n = 1 + rand_r(&seed) % 8, h = rand_r(&seed) % 39;
		struct http_want want;
		struct http_answer a = {0};

		for (int i = 0; i < n; i++)
			needle[i] = (char)('a' + rand_r(&seed) % 2);
		for (int i = 0; i < h; i++)
			hay[i] = (char)('a' + rand_r(&seed) % 2);
		assert_int_equal(http_want_set(&want, NULL, needle, false), 0);
		const int len = sprintf(bytes, H "Content-Length: %d\r\n\r\n%s", h, hay);

		for (int i = 0, step; i < len && !a.judged; i += step) {
			step = 1 + rand_r(&seed) % 9;
			http_feed(&a, &want, bytes + i, (size_t)(step < len - i ? step : len - i));
		}
		assert_true(a.judged);
		assert_int_equal(a.code == HEALTH_CODE_L7OK, strstr(hay, needle) != NULL);
	}
}

/* Any bytes: no crash, and a verdict at the end. */
static void noise(void **state)
{
	static const char *const bits[] = {"HTTP/1.1 200 OK", "\r\n", "\n", "Content-Length: ", "5",
		"Transfer-Encoding: chunked", "\r\n\r\n", "a", "0", "\xff", ":",
		"Connection: close"};
	unsigned int seed = 11;
	struct http_want want;

	print_message("seed %u\n", seed);
	assert_int_equal(http_want_set(&want, "100-599", "a5", false), 0);
	for (int round = 0; round < 50000; round++) {
		struct http_answer a = {0};

		for (int i = rand_r(&seed) % 20; i > 0 && !a.judged; i--) {
			const char *bit =
				bits[(unsigned)rand_r(&seed) % (sizeof bits / sizeof *bits)];

			http_feed(&a, &want, bit, strlen(bit));
		}
		http_end(&a, &want);
		assert_true(a.judged);
		assert_true(strlen(a.why) > 0);
	}
}

static void wants(void **state)
{
	struct http_want want;
	char long_body[258];

	memset(long_body, 'x', 257);
	long_body[257] = '\0';
	assert_int_equal(http_want_set(&want, "abc", NULL, false), -EINVAL);
	assert_int_equal(http_want_set(&want, "99", NULL, false), -EINVAL);
	assert_int_equal(http_want_set(&want, NULL, "", false), -EINVAL);
	assert_int_equal(http_want_set(&want, NULL, "x", true), -EINVAL);
	assert_int_equal(http_want_set(&want, NULL, long_body, false), -EINVAL);
	assert_int_equal(http_want_set(&want, NULL, long_body + 2, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(many_small_chunks),
		cmocka_unit_test(limits),
		cmocka_unit_test(body_search),
		cmocka_unit_test(noise),
		cmocka_unit_test(wants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
