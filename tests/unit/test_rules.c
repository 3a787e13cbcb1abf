/* SPDX-License-Identifier: BSD-3-Clause */

/* Which rule a flow falls under: the flattened table against a plain search. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "random.h"
#include "table/generation.h"
#include "table/rules.h"

#define MOST 200

static struct random rnd;

static struct spans_prefix prefix(const char *text, uint16_t target)
{
	struct spans_prefix p = {.target = target};

	assert_int_equal(sl_prefix_parse(text, &p.prefix), 0);
	return p;
}

static uint16_t find(const struct rules *r, const struct sl_addr *a, uint8_t dscp)
{
	uint64_t n[2] = {0, 0};

	for (int i = 0; i < 16; i++)
		n[i / 8] = n[i / 8] << 8 | a->b[i];
	return rules_find(r, n, dscp);
}

static uint16_t find_text(const struct rules *r, const char *address)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(address, &a), 0);
	return find(r, &a, 0);
}

static void longest_wins(void **state)
{
	const struct spans_prefix p[] = {
		prefix("10.0.0.0/8", 0),
		prefix("10.1.0.0/16", 1),
		prefix("10.1.2.0/24", 2),
		prefix("10.1.2.3", 3),
		prefix("2001:db8::/32", 4),
		prefix("2001:db8:1::/48", 5),
		prefix("255.255.255.255", 6),
	};
	static const struct {
		const char *address;
		uint16_t target;
	} rows[] = {
		{"9.255.255.255", RULES_NONE},
		{"10.0.0.0", 0},
		{"10.0.255.255", 0},
		{"10.1.0.0", 1},
		{"10.1.2.0", 2},
		{"10.1.2.2", 2},
		{"10.1.2.3", 3},
		{"10.1.2.4", 2},
		{"10.1.2.255", 2},
		{"10.1.3.0", 1},
		{"10.1.255.255", 1},
		{"10.2.0.0", 0},
		{"10.255.255.255", 0},
		{"11.0.0.0", RULES_NONE},
		{"255.255.255.254", RULES_NONE},
		{"255.255.255.255", 6},
		{"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", RULES_NONE},
		{"2001:db8::1", 4},
		{"2001:db8:1::1", 5},
		{"2001:db8:2::1", 4},
		{"2001:db9::", RULES_NONE},
		{"::1", RULES_NONE},
	};
	struct rules *r = rules_new(p, 7, 7);

	assert_non_null(r);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (find_text(r, rows[i].address) != rows[i].target)
			fail_msg("%s: %u", rows[i].address, find_text(r, rows[i].address));
	rules_free(r);
}

/* A default of one family says nothing of the other. */
static void families_are_apart(void **state)
{
	const struct spans_prefix six[] = {prefix("::/0", 1)}, four[] = {prefix("0.0.0.0/0", 2)},
				  both[] = {six[0], four[0]};
	struct rules *r6 = rules_new(six, 1, 3), *r4 = rules_new(four, 1, 3),
		     *r = rules_new(both, 2, 3);

	assert_int_equal(find_text(r6, "192.0.2.1"), RULES_NONE);
	assert_int_equal(find_text(r6, "2001:db8::1"), 1);
	assert_int_equal(find_text(r6, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 1);
	assert_int_equal(find_text(r4, "192.0.2.1"), 2);
	assert_int_equal(find_text(r4, "0.0.0.0"), 2);
	assert_int_equal(find_text(r4, "255.255.255.255"), 2);
	assert_int_equal(find_text(r4, "2001:db8::1"), RULES_NONE);
	assert_int_equal(find_text(r, "192.0.2.1"), 2);
	assert_int_equal(find_text(r, "2001:db8::1"), 1);
	rules_free(r);
	rules_free(r4);
	rules_free(r6);
}

static void dscp_after_source(void **state)
{
	const struct spans_prefix p[] = {prefix("10.0.0.0/8", 0)};
	struct rules *r = rules_new(p, 1, 3);
	struct sl_addr in, out;

	assert_int_equal(sl_addr_parse("10.9.9.9", &in) | sl_addr_parse("11.9.9.9", &out), 0);
	r->dscp[46] = 1;
	r->dscp[0] = 2;
	assert_int_equal(find(r, &in, 46), 0);
	assert_int_equal(find(r, &out, 46), 1);
	assert_int_equal(find(r, &out, 45), RULES_NONE);
	assert_int_equal(find(r, &out, 0), 2);
	rules_free(r);
}

static bool holds(const struct sl_prefix *p, const struct sl_addr *a)
{
	for (int bit = 0; bit < p->len; bit++)
		if ((p->address.b[bit / 8] ^ a->b[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return sl_addr_is4(&p->address) == sl_addr_is4(a);
}

static uint16_t plain(const struct spans_prefix *p, size_t n, const struct sl_addr *a)
{
	uint16_t target = RULES_NONE;
	int len = -1;

	for (size_t i = 0; i < n; i++)
		if (holds(&p[i].prefix, a) && p[i].prefix.len > len) {
			len = p[i].prefix.len;
			target = p[i].target;
		}
	return target;
}

/* Few different bytes, so that prefixes lie in each other and side by side. */
static struct sl_addr some_address(void)
{
	uint8_t b[16];
	const bool four = random_below(&rnd, 2);

	for (int i = 0; i < 16; i++)
		b[i] = (uint8_t[]){0, 0xff, 0x80, 1}[random_below(&rnd, 4)];
	b[0] = four ? b[0] : 0x20;
	return four ? sl_addr_from4(b) : sl_addr_from16(b);
}

static struct spans_prefix some_prefix(uint16_t target)
{
	struct spans_prefix p = {.prefix.address = some_address(), .target = target};
	const uint32_t above = sl_addr_is4(&p.prefix.address) ? 96 : 0;

	p.prefix.len = (uint8_t)(above + random_below(&rnd, 129 - above));
	for (int bit = p.prefix.len; bit < 128; bit++)
		p.prefix.address.b[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return p;
}

static void as_a_plain_search(void **state)
{
	struct spans_prefix p[MOST];

	for (int round = 0; round < 500; round++) {
		const size_t want = random_below(&rnd, round % 10 ? 12 : MOST);
		size_t n = 0;

		while (n < want) {
			bool twice = false;

			p[n] = some_prefix((uint16_t)random_below(&rnd, 64));
			for (size_t i = 0; i < n; i++)
				twice |= sl_prefix_eq(&p[i].prefix, &p[n].prefix);
			n += !twice;
		}
		struct rules *r = rules_new(p, n, 64);

		assert_non_null(r);
		for (int k = 0; k < 500; k++) {
			struct sl_addr a = some_address();

			if (k % 3 == 0 && n)
				a = p[random_below(&rnd, (uint32_t)n)].prefix.address;
			assert_int_equal(find(r, &a, 0), plain(p, n, &a));
		}
		rules_free(r);
	}
}

static void prefixes_in_text(void **state)
{
	static const char *const bad[] = {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8",
		"2001:db8::/129", "2001:db8::1/32", "10.0.0.0/8x", "10.0.0.0/-1", "10.0.0.0/ 8",
		"10.0.0.0/+8", "ten", "::ffff:10.0.0.0/104",
		"2001:db8:1111:2222:3333:4444:5555:6666:7777:8888:9999/32"};
	static const struct {
		const char *text, *back;
		uint8_t len;
	} good[] = {
		{"10.0.0.0/8", "10.0.0.0/8", 104},
		{"0.0.0.0/0", "0.0.0.0/0", 96},
		{"::/0", "::/0", 0},
		{"192.0.2.1", "192.0.2.1/32", 128},
		{"2001:DB8::/32", "2001:db8::/32", 32},
		{"2001:db8::1", "2001:db8::1/128", 128},
	};
	char buf[SL_PREFIX_STRLEN];
	struct sl_prefix p;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (sl_prefix_parse(bad[i], &p) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(sl_prefix_parse(good[i].text, &p), 0);
		assert_int_equal(p.len, good[i].len);
		assert_string_equal(sl_prefix_format(&p, buf), good[i].back);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longest_wins),
		cmocka_unit_test(families_are_apart),
		cmocka_unit_test(dscp_after_source),
		cmocka_unit_test(as_a_plain_search),
		cmocka_unit_test(prefixes_in_text),
	};

	rnd = random_start();
	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
