/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/addr.h"
#include "base/array.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/ranges.h"
#include "base/verdict.h"
#include "base/vlan.h"

static void addr_text_round_trip(void **state)
{
	static const char *const texts[] = {"0.0.0.0", "203.0.113.10", "255.255.255.255",
		"::", "::1", "2001:db8::10", "fe80::1", "ff02::1"};
	char buf[SL_ADDR_STRLEN];
	struct sl_addr a;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(sl_addr_parse(texts[i], &a), 0);
		assert_string_equal(sl_addr_format(&a, buf), texts[i]);
	}
}

static void addr_bad_text_is_refused(void **state)
{
	static const char *const texts[] = {"", "1.2.3", "1.2.3.256", "1.2.3.4/32", "fe80::1%eth0",
		"::ffff:1.2.3.4", "2001:db8::g", " 1.2.3.4"};
	struct sl_addr a;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(sl_addr_parse(texts[i], &a), -EINVAL);
}

static void addr_host_rule(void **state)
{
	static const struct {
		const char *text;
		bool host;
	} rows[] = {
		{"10.0.0.1", true},
		{"2001:db8::1", true},
		{"fd00::1", true},
		{"0.1.2.3", false},
		{"127.0.0.1", false},
		{"224.0.0.1", false},
		{"255.255.255.255", false},
		{"::", false},
		{"::1", false},
		{"fe80::1", false},
		{"ff02::1", false},
	};
	struct sl_addr a;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(sl_addr_parse(rows[i].text, &a), 0);
		assert_int_equal(sl_addr_is_host(&a), rows[i].host);
	}
}

static void ether_text(void **state)
{
	static const char *const bad[] = {"", "02:00:00:00:00", "02:00:00:00:00:0g",
		"02:00:00:00:00:001", "02-00-00-00-00-01"};
	char buf[SL_ETHER_STRLEN];
	struct sl_ether e;

	assert_int_equal(sl_ether_parse("02:00:0A:ff:00:01", &e), 0);
	assert_string_equal(sl_ether_format(&e, buf), "02:00:0a:ff:00:01");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(sl_ether_parse(bad[i], &e), -EINVAL);
}

static void err_collects_and_counts(void **state)
{
	struct sl_err err = SL_ERR_INIT;

	assert_string_equal(sl_err_first(&err), "");
	assert_int_equal(sl_err_at(&err, "a.conf", 41, "weight %d", 5000), -EINVAL);
	assert_int_equal(sl_err_sys(&err, -ENOENT, "open x"), -ENOENT);
	assert_int_equal(sl_err_add(NULL, "nobody reads this"), -EINVAL);
	assert_int_equal(err.count, 2);
	assert_string_equal(sl_err_first(&err), "a.conf:41: weight 5000");
	assert_string_equal(err.text[1], "open x: No such file or directory");
	for (int i = 0; i < SL_ERR_MAX; i++)
		sl_err_add(&err, "more");
	assert_int_equal(err.count, SL_ERR_MAX);
	assert_int_equal(err.dropped, 2);
	sl_err_clear(&err);
	assert_int_equal(err.count, 0);
}

static void array_grows_zeroed(void **state)
{
	sl_array(int) numbers = {0};
	int sum = 0;

	for (int i = 0; i < 100; i++) {
		int *n = sl_array_add(&numbers);

		assert_non_null(n);
		assert_int_equal(*n, 0);
		*n = i;
	}
	sl_array_each (&numbers, n)
		sum += *n;
	assert_int_equal(sum, 4950);
	sl_array_free(&numbers);
	assert_int_equal(numbers.count, 0);
}

static void ranges_text(void **state)
{
	static const char *const bad[] = {"", ",", "1,", "-", "1-", "-1", "1-2-3", " 1", "1 ", "a",
		"99", "600", "300-299", "4294967496", "65736", "200-65836"};
	struct sl_ranges r;
	const char *why;

	assert_int_equal(sl_ranges_parse("200-299,301", 100, 599, &r, &why), 0);
	for (uint16_t n = 0; n < 700; n++)
		assert_int_equal(sl_ranges_has(&r, n), (n >= 200 && n <= 299) || n == 301);
	assert_int_equal(sl_ranges_parse("100-599", 100, 599, &r, NULL), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		why = NULL;
		assert_int_equal(sl_ranges_parse(bad[i], 100, 599, &r, &why), -EINVAL);
		assert_non_null(why);
	}
	assert_int_equal(sl_ranges_parse("1,2,3,4,5,6,7,8,9,1,1,1,1,1,1,1", 1, 9, &r, &why), 0);
	assert_int_equal(
		sl_ranges_parse("1,2,3,4,5,6,7,8,9,1,1,1,1,1,1,1,1", 1, 9, &r, &why), -EINVAL);
}

static void hex_text(void **state)
{
	uint8_t bytes[4], mask[4];

	assert_int_equal(sl_hex_parse("", bytes, NULL, false), 0);
	assert_int_equal(sl_hex_parse("00fFa1", bytes, NULL, false), 3);
	assert_memory_equal(bytes, "\x00\xff\xa1", 3);
	assert_int_equal(sl_hex_parse("0", bytes, NULL, false), -EINVAL);
	assert_int_equal(sl_hex_parse("0X", bytes, NULL, false), -EINVAL);
	assert_int_equal(sl_hex_parse("0g", bytes, NULL, true), -EINVAL);
	assert_int_equal(sl_hex_parse("1X XX", NULL, NULL, true), -EINVAL);
	assert_int_equal(sl_hex_parse("1XxxX2", bytes, mask, true), 3);
	assert_true(sl_hex_match(bytes, mask, 3, "\x1f\x00\x22more", 7));
	assert_true(sl_hex_match(bytes, mask, 3, "\x10\xff\x02", 3));
	assert_false(sl_hex_match(bytes, mask, 3, "\x10\xff", 2));
	assert_false(sl_hex_match(bytes, mask, 3, "\x20\xff\x02", 3));
	assert_false(sl_hex_match(bytes, mask, 3, "\x10\xff\x03", 3));
}

static void vlans_text(void **state)
{
	static const struct {
		const char *text, *again;
		struct sl_vlans v;
	} rows[] = {
		{"1", "1", {1, {{0x8100, 1}}}},
		{"4094q", "4094", {1, {{0x8100, 4094}}}},
		{"100ad", "100ad", {1, {{0x88a8, 100}}}},
		{"200.100", "200.100", {2, {{0x88a8, 200}, {0x8100, 100}}}},
		{"200ad.100q", "200.100", {2, {{0x88a8, 200}, {0x8100, 100}}}},
		{"200q.100", "200q.100", {2, {{0x8100, 200}, {0x8100, 100}}}},
		{"4094q.4094ad", "4094q.4094ad", {2, {{0x8100, 4094}, {0x88a8, 4094}}}},
	};
	static const char *const bad[] = {"", "0", "4095", "65537", "4294967297", "-1", " 1", "1 ",
		"1.", ".1", "1..2", "1.2.3", "1.0", "a", "1x", "1qq", "1adq", "1Q", "1,2"};
	char text[SL_VLANS_STRLEN];
	struct sl_vlans v = {.n = 9};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(sl_vlans_parse(rows[i].text, &v), 0);
		assert_memory_equal(&v, &rows[i].v, sizeof v);
		assert_string_equal(sl_vlans_format(&v, text), rows[i].again);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(sl_vlans_parse(bad[i], &v), -EINVAL);
	assert_int_equal(v.n, 2); /* as it was */
	assert_string_equal(sl_vlans_format(&(struct sl_vlans){0}, text), "");
}

static void verdict_names_are_unique(void **state)
{
	for (int i = 0; i < VERDICT_COUNT; i++) {
		assert_true(strlen(verdict_help(i)) > 0);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(verdict_name(i), verdict_name(j));
	}
	assert_string_equal(verdict_name(VERDICT_COUNT), "?");
	assert_false(verdict_is_drop(VERDICT_FORWARDED));
	assert_false(verdict_is_drop(VERDICT_PUNTED));
	assert_true(verdict_is_drop(VERDICT_RUNT));
	assert_true(verdict_is_drop(VERDICT_TX_FULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addr_text_round_trip),
		cmocka_unit_test(addr_bad_text_is_refused),
		cmocka_unit_test(addr_host_rule),
		cmocka_unit_test(ether_text),
		cmocka_unit_test(err_collects_and_counts),
		cmocka_unit_test(array_grows_zeroed),
		cmocka_unit_test(ranges_text),
		cmocka_unit_test(hex_text),
		cmocka_unit_test(vlans_text),
		cmocka_unit_test(verdict_names_are_unique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
