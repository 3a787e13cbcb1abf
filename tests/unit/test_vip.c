/* SPDX-License-Identifier: BSD-3-Clause */

/* VIP lookup against a list that is searched from end to end. */

#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "random.h"
#include "table/vip.h"

#define MOST 4096
#define TCP  6
#define UDP  17

static struct random rnd;
static struct vip_def defs[MOST + 1];
static struct vip_table table;

/* The key of a packet, put together byte by byte as base/flow_key.h has it. */
static struct flow_key key_of(const struct sl_addr *dst, uint16_t dport, uint8_t proto)
{
	struct flow_key k;
	uint8_t *b = (uint8_t *)k.w;
	const uint32_t len = sl_addr_is4(dst) ? 4 : 16;

	memset(&k, 0, sizeof k);
	for (uint32_t i = 0; i < len; i++) {
		b[i] = (uint8_t)random_next(&rnd);
		b[len + i] = dst->b[16 - len + i];
	}
	b[2 * len] = (uint8_t)random_next(&rnd);
	b[2 * len + 1] = (uint8_t)random_next(&rnd);
	b[2 * len + 2] = (uint8_t)(dport >> 8);
	b[2 * len + 3] = (uint8_t)dport;
	b[2 * len + 4] = proto;
	return k;
}

static uint16_t find(const struct sl_addr *dst, uint16_t dport, uint8_t proto)
{
	const struct flow_key k = key_of(dst, dport, proto);

	return sl_addr_is4(dst) ? vip_find4(&table, &k) : vip_find6(&table, &k);
}

static uint16_t model_find(size_t n, const struct sl_addr *dst, uint16_t dport, uint8_t proto)
{
	uint16_t any = VIP_NONE;

	for (size_t i = 0; i < n; i++) {
		if (memcmp(&defs[i].address, dst, sizeof *dst) != 0 || defs[i].proto != proto)
			continue;
		if (defs[i].port == dport)
			return defs[i].service;
		if (defs[i].port == 0)
			any = defs[i].service;
	}
	return any;
}

static bool model_has(size_t n, const struct sl_addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(&defs[i].address, a, sizeof *a) == 0)
			return true;
	return false;
}

static bool has_address(const struct sl_addr *a)
{
	const bool four = sl_addr_is4(a);

	return vip_has_address(&table, four ? a->b + 12 : a->b, !four);
}

/* One of few addresses, so that sets hold many rows of one, and absent keys are near present ones.
 */
static struct sl_addr random_address(uint32_t many)
{
	const uint32_t n = random_below(&rnd, many);
	uint8_t b[16] = {0x20, 0x01, 0x0d, 0xb8};

	b[13] = (uint8_t)(n >> 16);
	b[14] = (uint8_t)(n >> 8);
	b[15] = (uint8_t)n;
	if (random_below(&rnd, 2))
		return sl_addr_from16(b);
	b[12] = 203;
	return sl_addr_from4(b + 12);
}

static uint16_t random_port(uint32_t many)
{
	return (uint16_t)(random_below(&rnd, 4) ? random_below(&rnd, many) : 0);
}

/* n definitions, no two for the same thing, of services in no order. */
static void random_defs(size_t n, uint32_t addresses, uint32_t ports, bool any)
{
	for (size_t i = 0; i < n;) {
		struct vip_def d = {
			.address = random_address(addresses),
			.port = random_port(ports),
			.proto = random_below(&rnd, 2) ? TCP : UDP,
			.service = (uint16_t)(i * 7919 % MOST),
		};
		size_t k = 0;

		if (!any && d.port == 0)
			d.port = (uint16_t)(1 + random_below(&rnd, 65535));
		while (k < i && (memcmp(&defs[k].address, &d.address, 16) != 0 ||
					defs[k].port != d.port || defs[k].proto != d.proto))
			k++;
		if (k == i)
			defs[i++] = d;
	}
}

static void compare(size_t n, uint32_t addresses, uint32_t ports, int lookups)
{
	static const uint8_t protos[] = {TCP, UDP, 0, 1, 254};

	for (size_t i = 0; i < n; i++)
		if (defs[i].port)
			assert_int_equal(find(&defs[i].address, defs[i].port, defs[i].proto),
				defs[i].service);
	for (int i = 0; i < lookups; i++) {
		const struct sl_addr a = random_address(addresses + 4);
		const uint16_t port = random_port(ports + 4);
		const uint8_t proto = protos[random_below(&rnd, 8) % 5];

		assert_int_equal(find(&a, port, proto), model_find(n, &a, port, proto));
		assert_int_equal(has_address(&a), model_has(n, &a));
	}
}

static void random_sets(void **state)
{
	for (int round = 0; round < 400; round++) {
		const uint32_t addresses = 1 + random_below(&rnd, 60),
			       ports = 2 + random_below(&rnd, 40);
		const size_t n = random_below(&rnd, addresses * ports / 2 + 1);

		random_defs(n, addresses, ports, round % 4 != 0);
		assert_int_equal(vip_compile(&table, defs, n), 0);
		compare(n, addresses, ports, 500);
		vip_clear(&table);
	}
}

/* As many as a configuration may hold: one address each, and all on one address. */
static void largest_set(void **state)
{
	random_defs(MOST, 1 << 20, 65536, true);
	assert_int_equal(vip_compile(&table, defs, MOST), 0);
	compare(MOST, 1 << 20, 65536, 5000);
	vip_clear(&table);

	random_defs(MOST, 1, 65536, true);
	assert_int_equal(vip_compile(&table, defs, MOST), 0);
	compare(MOST, 1, 65536, 5000);
	vip_clear(&table);
}

static void no_vip(void **state)
{
	const struct sl_addr zero = {{0}};

	assert_int_equal(vip_compile(&table, NULL, 0), 0);
	assert_int_equal(find(&zero, 0, 0), VIP_NONE);
	compare(0, 10, 10, 100);
	vip_clear(&table);
	vip_clear(&table);
}

/* Rows with the same answer are told apart by each single bit of the key. */
static void one_bit_off(void **state)
{
	for (int round = 0; round < 50; round++) {
		random_defs(1, 1 << 20, 65536, false);
		assert_int_equal(vip_compile(&table, defs, 1), 0);
		const struct vip_def d = defs[0];
		const int bits = sl_addr_is4(&d.address) ? 32 : 128;

		for (int bit = 0; bit < bits; bit++) {
			struct sl_addr a = d.address;

			a.b[15 - bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(find(&a, d.port, d.proto), VIP_NONE);
			assert_false(has_address(&a));
		}
		for (int bit = 0; bit < 16; bit++)
			assert_int_equal(find(&d.address, (uint16_t)(d.port ^ 1u << bit), d.proto),
				VIP_NONE);
		for (int bit = 0; bit < 8; bit++)
			assert_int_equal(
				find(&d.address, d.port, (uint8_t)(d.proto ^ 1u << bit)), VIP_NONE);
		assert_int_equal(find(&d.address, d.port, d.proto), d.service);
		vip_clear(&table);
	}
}

static void duplicates(void **state)
{
	for (int round = 0; round < 100; round++) {
		const size_t n = 1 + random_below(&rnd, 100);

		random_defs(n, 40, 40, true);
		defs[n] = defs[random_below(&rnd, (uint32_t)n)];
		defs[n].service = MOST;
		assert_int_equal(vip_compile(&table, defs, n + 1), -EEXIST);
		assert_null(table.v4);
		assert_null(table.v6);
		assert_int_equal(vip_compile(&table, defs, n), 0);
		vip_clear(&table);
	}
}

/* One port of an address is no leave to match another protocol, and "every port" is one of a
 * protocol. */
static void exact_before_any(void **state)
{
	const uint8_t b[4] = {203, 0, 113, 10};
	const struct sl_addr a = sl_addr_from4(b);

	defs[0] = (struct vip_def){.address = a, .port = 0, .proto = TCP, .service = 1};
	defs[1] = (struct vip_def){.address = a, .port = 443, .proto = TCP, .service = 2};
	defs[2] = (struct vip_def){.address = a, .port = 443, .proto = UDP, .service = 3};
	assert_int_equal(vip_compile(&table, defs, 3), 0);
	assert_true(table.any_port);
	assert_int_equal(find(&a, 443, TCP), 2);
	assert_int_equal(find(&a, 443, UDP), 3);
	assert_int_equal(find(&a, 444, TCP), 1);
	assert_int_equal(find(&a, 0, TCP), 1);
	assert_int_equal(find(&a, 444, UDP), VIP_NONE);
	vip_clear(&table);
	assert_int_equal(vip_compile(&table, defs + 1, 2), 0);
	assert_false(table.any_port);
	assert_int_equal(find(&a, 444, TCP), VIP_NONE);
	vip_clear(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_vip),
		cmocka_unit_test(exact_before_any),
		cmocka_unit_test(one_bit_off),
		cmocka_unit_test(random_sets),
		cmocka_unit_test(largest_set),
		cmocka_unit_test(duplicates),
	};

	rnd = random_start();
	return cmocka_run_group_tests_name("vip", tests, NULL, NULL);
}
