/* SPDX-License-Identifier: BSD-3-Clause */

/* The set of our own addresses and its filter. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "net/key.h"
#include "table/own.h"

#define MANY 5000

static struct sl_addr six(uint32_t i)
{
	const uint8_t b[16] = {
		0xfd, 1, [12] = (uint8_t)(i >> 16), 0, (uint8_t)(i >> 8), (uint8_t)i};

	return sl_addr_from16(b);
}

static struct sl_addr four(uint32_t i)
{
	const uint8_t b[4] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

	return sl_addr_from4(b);
}

static const uint64_t *words(const struct sl_addr *a)
{
	static uint64_t w[2];

	memcpy(w, a, sizeof w);
	return w;
}

static void finds_what_was_put_in(void **state)
{
	struct own_set s;

	assert_int_equal(own_new(&s, MANY, MANY), 0);
	for (uint32_t i = 0; i < MANY; i++) {
		const struct sl_addr a = i % 2 ? six(i) : four(i);

		own_add(&s, &a, i % 3 ? OWN_TUNNEL : OWN_BACKEND);
		if (i % 3)
			own_note(&s, &a);
	}
	for (uint32_t i = 0; i < 2 * MANY; i++) {
		const struct sl_addr a = i % 2 ? six(i) : four(i);
		const uint8_t want = i >= MANY ? 0 : i % 3 ? OWN_TUNNEL : OWN_BACKEND;

		assert_int_equal(own_find(&s, words(&a)), want);
		if (want == OWN_TUNNEL)
			assert_true(own_maybe(&s, words(&a)));
	}
	own_clear(&s);
}

static void an_address_may_be_both(void **state)
{
	const struct sl_addr a = four(7);
	struct own_set s;

	assert_int_equal(own_new(&s, 1, 1), 0);
	own_add(&s, &a, OWN_TUNNEL);
	own_add(&s, &a, OWN_BACKEND);
	assert_int_equal(own_find(&s, words(&a)), OWN_TUNNEL | OWN_BACKEND);
	own_clear(&s);
}

/* Addresses without an order, each i another one (the finalizer of MurmurHash3, a permutation). */
static struct sl_addr scattered(uint32_t i)
{
	i = (i ^ i >> 16) * 0x85ebca6b;
	i = (i ^ i >> 13) * 0xc2b2ae35;
	i ^= i >> 16;
	return sl_addr_from4((const uint8_t *)&i);
}

/* Notes the first n of them in a set for `noted`. Returns how many of MANY others pass. */
static uint32_t strangers_passed(struct own_set *s, uint32_t n, size_t noted)
{
	uint32_t passed = 0;

	assert_int_equal(own_new(s, 0, noted), 0);
	for (uint32_t i = 0; i < n; i++) {
		const struct sl_addr a = scattered(i);

		own_note(s, &a);
		assert_true(own_maybe(s, words(&a)));
		assert_int_equal(own_find(s, words(&a)), 0);
	}
	for (uint32_t i = n; i < n + MANY; i++) {
		const struct sl_addr a = scattered(i);

		passed += own_maybe(s, words(&a));
	}
	return passed;
}

/* Few others pass: with a few addresses in the filter, and with 4,096 in the largest one, where a
 * bit for each would let 3 % pass and two in a word are expected to let 0.6 %. */
static void filter_stops_most(void **state)
{
	const struct sl_addr a = six(99);
	struct own_set s;

	assert_in_range(strangers_passed(&s, 4096, 4096), 1, MANY / 75);
	own_clear(&s);
	assert_in_range(strangers_passed(&s, 16, 16), 0, MANY / 500);
	own_note_all(&s);
	assert_true(own_maybe(&s, words(&a)));
	own_clear(&s);
}

/* The 8 last bits of one source vary, and the 16 last of another. */
static void prefix_of_sources(void **state)
{
	static const struct {
		uint32_t host;
		bool is_tunnel;
	} rows[] = {{0x100, true}, {0x1ff, true}, {0x200, false}, {0xff, false}, {0x50000, true},
		{0x5ffff, true}, {0x60000, false}, {0x4ffff, false}};
	const struct sl_addr narrow = four(0x100), wide = four(0x50000);
	struct own_set s;

	assert_int_equal(own_new(&s, 2, 2), 0);
	own_add(&s, &narrow, OWN_TUNNEL);
	own_note(&s, &narrow);
	own_add(&s, &wide, OWN_TUNNEL);
	own_note(&s, &wide);
	s.varied = 1 << 8 | 1 << 16;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct sl_addr a = four(rows[i].host);

		assert_int_equal(own_is_tunnel(&s, words(&a)), rows[i].is_tunnel);
		assert_true(!rows[i].is_tunnel || own_maybe_varied(&s, words(&a)));
	}
	s.varied = 0;
	const struct sl_addr inside = four(0x1ff);

	assert_false(own_is_tunnel(&s, words(&inside)));
	assert_true(own_is_tunnel(&s, words(&narrow)));
	assert_false(own_maybe_varied(&s, words(&inside)));
	own_clear(&s);
}

/* Four bytes of a packet and struct sl_addr are one address. */
static void key_is_the_mapped_form(void **state)
{
	const uint8_t b4[4] = {192, 0, 2, 33};
	const struct sl_addr a4 = sl_addr_from4(b4), a6 = six(3);
	uint64_t w[2];

	key_address(w, b4, false);
	assert_memory_equal(w, &a4, sizeof w);
	key_address(w, &a6, true);
	assert_memory_equal(w, &a6, sizeof w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_put_in),
		cmocka_unit_test(an_address_may_be_both),
		cmocka_unit_test(filter_stops_most),
		cmocka_unit_test(prefix_of_sources),
		cmocka_unit_test(key_is_the_mapped_form),
	};

	return cmocka_run_group_tests_name("own", tests, NULL, NULL);
}
