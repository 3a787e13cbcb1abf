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

static int width(const struct vip_def *d)
{
	return d->ports.last - d->ports.first;
}

/* Byte by byte, and the last bits alone. */
static bool holds(const struct sl_prefix *p, const struct sl_addr *a)
{
	const int bytes = p->len / 8;

	if (sl_addr_is4(&p->address) != sl_addr_is4(a))
		return false;
	for (int i = 15; i >= 0; i--) /* most differ at the end */
		if (i < bytes && p->address.b[i] != a->b[i])
			return false;
	for (int bit = bytes * 8; bit < p->len; bit++)
		if ((p->address.b[bit / 8] ^ a->b[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

/* The best of all that match. */
static uint16_t model_find(size_t n, const struct sl_addr *dst, uint16_t dport, uint8_t proto)
{
	const struct vip_def *best = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct vip_def *d = &defs[i];

		if (!holds(&d->prefix, dst) || d->proto != proto || dport < d->ports.first ||
			dport > d->ports.last)
			continue;
		if (!best || d->prefix.len > best->prefix.len ||
			(d->prefix.len == best->prefix.len && width(d) < width(best)))
			best = d;
	}
	return best ? best->service : VIP_NONE;
}

static uint16_t model_find_address(size_t n, const struct sl_addr *a)
{
	const struct vip_def *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (holds(&defs[i].prefix, a) && (!best || defs[i].prefix.len > best->prefix.len))
			best = &defs[i];
	return best ? best->service : VIP_NONE;
}

static uint16_t find_address(const struct sl_addr *a)
{
	const bool four = sl_addr_is4(a);

	return vip_find_address(&table, four ? a->b + 12 : a->b, !four);
}

static bool has_address(const struct sl_addr *a)
{
	return find_address(a) != VIP_NONE;
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

/* What a set is made of, by chance: always a few of every kind that it has. */
struct kinds {
	uint32_t addresses, ports;
	bool any, ranges, prefixes;
};

static struct sl_ports random_ports(const struct kinds *k)
{
	const uint16_t port = random_port(k->ports);

	if (k->ranges && random_below(&rnd, 2)) {
		const uint16_t first = (uint16_t)(1 + port);
		const uint32_t last = first + random_below(&rnd, k->ports);

		return (struct sl_ports){first, (uint16_t)(last > 65535 ? 65535 : last)};
	}
	if (port)
		return sl_ports_one(port);
	return k->any ? SL_PORTS_EVERY : sl_ports_one((uint16_t)(1 + random_below(&rnd, 65535)));
}

static struct sl_prefix random_prefix(const struct kinds *k)
{
	struct sl_prefix p = sl_prefix_of(&(struct sl_addr){{0}});

	p.address = random_address(k->addresses);
	if (k->prefixes && random_below(&rnd, 2)) {
		p.len = (uint8_t)(random_below(&rnd, 4) ? 116 + random_below(&rnd, 12)
							: 97 + random_below(&rnd, 31));
		for (int bit = p.len; bit < 128; bit++)
			p.address.b[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	}
	return p;
}

/* Two that vip_compile refuses beside each other. */
static bool clash(const struct vip_def *a, const struct vip_def *b)
{
	return sl_prefix_eq(&a->prefix, &b->prefix) && a->proto == b->proto &&
	       width(a) == width(b) && a->ports.first <= b->ports.last &&
	       b->ports.first <= a->ports.last;
}

/* n definitions, no two for the same thing, of services in no order. */
static void random_defs(size_t n, const struct kinds *kinds)
{
	for (size_t i = 0; i < n;) {
		struct vip_def d = {
			.prefix = random_prefix(kinds),
			.ports = random_ports(kinds),
			.proto = random_below(&rnd, 2) ? TCP : UDP,
			.service = (uint16_t)(i * 7919 % MOST),
		};
		size_t k = 0;

		while (k < i && !clash(&defs[k], &d))
			k++;
		if (k == i)
			defs[i++] = d;
	}
}

static void compare(size_t n, const struct kinds *k, int lookups)
{
	/* 255 and port 0: nothing that a packet says is the row of an address */
	static const uint8_t protos[] = {TCP, UDP, 0, 1, 255};

	for (size_t i = 0; i < n; i++)
		if (sl_ports_is_one(&defs[i].ports) && defs[i].prefix.len == 128)
			assert_int_equal(
				find(&defs[i].prefix.address, defs[i].ports.first, defs[i].proto),
				defs[i].service);
	for (int i = 0; i < lookups; i++) {
		const struct sl_addr a = random_address(k->addresses + 4);
		const uint16_t port = random_port(k->ports * 2 + 4);
		const uint8_t proto = protos[random_below(&rnd, 8) % 5];

		assert_int_equal(find(&a, port, proto), model_find(n, &a, port, proto));
		assert_int_equal(find_address(&a), model_find_address(n, &a));
	}
}

/* Does a hash table do for all of them? */
static bool model_plain(size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (defs[i].prefix.len != 128 || (width(&defs[i]) && defs[i].ports.first))
			return false;
	return true;
}

static void random_sets(void **state)
{
	for (int round = 0; round < 800; round++) {
		const struct kinds k = {1 + random_below(&rnd, 60), 2 + random_below(&rnd, 40),
			.any = round % 4 != 0, .ranges = round % 8 >= 4,
			.prefixes = round % 16 >= 8};
		const size_t n = random_below(&rnd, k.addresses * k.ports / 2 + 1);

		random_defs(n, &k);
		assert_int_equal(vip_compile(&table, defs, n), 0);
		assert_int_equal(!table.wide, model_plain(n));
		compare(n, &k, 500);
		vip_clear(&table);
	}
}

static void largest(const struct kinds *k)
{
	random_defs(MOST, k);
	assert_int_equal(vip_compile(&table, defs, MOST), 0);
	compare(MOST, k, 2000);
	vip_clear(&table);
}

/* As many as a configuration may hold: one address each, all on one address, and everything. */
static void largest_set(void **state)
{
	largest(&(struct kinds){1 << 20, 65536, .any = true});
	largest(&(struct kinds){1, 65536, .any = true});
	largest(&(struct kinds){1, 65536, .ranges = true});
	largest(&(struct kinds){1 << 20, 65536, true, true, true});
	largest(&(struct kinds){1 << 12, 400, true, true, true});
}

static struct vip_def def_of(const char *prefix, uint16_t first, uint16_t last, uint16_t service)
{
	struct vip_def d = {.ports = {first, last}, .proto = TCP, .service = service};

	assert_int_equal(sl_prefix_parse(prefix, &d.prefix), 0);
	return d;
}

static uint16_t find_text(const char *address, uint16_t port)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(address, &a), 0);
	return find(&a, port, TCP);
}

/* The prefix says more than the ports, and a VIP without the port does not hide those around it. */
static void prefix_before_ports(void **state)
{
	const struct vip_def d[] = {
		def_of("203.0.113.0/24", 80, 80, 1),
		def_of("203.0.113.16/28", 1, 1000, 2),
		def_of("203.0.113.20", 0, 65535, 3),
		def_of("203.0.113.20", 8000, 8100, 4),
		def_of("203.0.113.20", 8050, 8060, 5),
		def_of("203.0.113.20", 8055, 8055, 6),
		def_of("203.0.113.21", 443, 443, 7),
		def_of("2001:db8::/64", 80, 90, 8),
		def_of("2001:db8::1:0/112", 85, 85, 9),
	};

	assert_int_equal(vip_compile(&table, d, sizeof d / sizeof *d), 0);
	assert_int_equal(find_text("203.0.113.1", 80), 1);
	assert_int_equal(find_text("203.0.113.1", 81), VIP_NONE);
	assert_int_equal(find_text("203.0.114.1", 80), VIP_NONE);
	assert_int_equal(find_text("203.0.113.16", 80), 2);
	assert_int_equal(find_text("203.0.113.31", 80), 2);
	assert_int_equal(find_text("203.0.113.32", 80), 1);
	assert_int_equal(find_text("203.0.113.20", 80), 3);
	assert_int_equal(find_text("203.0.113.20", 0), 3);
	assert_int_equal(find_text("203.0.113.20", 7999), 3);
	assert_int_equal(find_text("203.0.113.20", 8000), 4);
	assert_int_equal(find_text("203.0.113.20", 8100), 4);
	assert_int_equal(find_text("203.0.113.20", 8101), 3);
	assert_int_equal(find_text("203.0.113.20", 8050), 5);
	assert_int_equal(find_text("203.0.113.20", 8055), 6);
	assert_int_equal(find_text("203.0.113.21", 443), 7);
	assert_int_equal(find_text("203.0.113.21", 80), 2);
	assert_int_equal(find_text("203.0.113.21", 1001), VIP_NONE);
	assert_int_equal(find_text("2001:db8::1:2", 85), 9);
	assert_int_equal(find_text("2001:db8::1:2", 86), 8);
	assert_int_equal(find_text("2001:db8:0:1::1", 86), VIP_NONE);
	vip_clear(&table);
}

/* The row of an address is no packet's: of none that says protocol 255 and port 0. */
static void address_row(void **state)
{
	const struct vip_def d[] = {
		def_of("203.0.113.20", 0, 65535, 1), def_of("2001:db8::1", 0, 65535, 2)};
	struct sl_addr a4, a6;

	sl_addr_parse("203.0.113.20", &a4);
	sl_addr_parse("2001:db8::1", &a6);
	assert_int_equal(vip_compile(&table, d, 2), 0);
	for (uint32_t port = 0; port < 2; port++) {
		assert_int_equal(find(&a4, (uint16_t)port, 255), VIP_NONE);
		assert_int_equal(find(&a6, (uint16_t)port, 255), VIP_NONE);
	}
	assert_true(has_address(&a4));
	assert_true(has_address(&a6));
	vip_clear(&table);
}

static void no_vip(void **state)
{
	const struct sl_addr zero = {{0}};

	assert_int_equal(vip_compile(&table, NULL, 0), 0);
	assert_int_equal(find(&zero, 0, 0), VIP_NONE);
	compare(0, &(struct kinds){10, 10}, 100);
	vip_clear(&table);
	vip_clear(&table);
}

/* Rows with the same answer are told apart by each single bit of the key. */
static void one_bit_off(void **state)
{
	for (int round = 0; round < 50; round++) {
		random_defs(1, &(struct kinds){1 << 20, 65536});
		assert_int_equal(vip_compile(&table, defs, 1), 0);
		const struct vip_def d = defs[0];
		const int bits = sl_addr_is4(&d.prefix.address) ? 32 : 128;

		for (int bit = 0; bit < bits; bit++) {
			struct sl_addr a = d.prefix.address;

			a.b[15 - bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(find(&a, d.ports.first, d.proto), VIP_NONE);
			assert_false(has_address(&a));
		}
		for (int bit = 0; bit < 16; bit++)
			assert_int_equal(find(&d.prefix.address,
						 (uint16_t)(d.ports.first ^ 1u << bit), d.proto),
				VIP_NONE);
		for (int bit = 0; bit < 8; bit++)
			assert_int_equal(find(&d.prefix.address, d.ports.first,
						 (uint8_t)(d.proto ^ 1u << bit)),
				VIP_NONE);
		assert_int_equal(find(&d.prefix.address, d.ports.first, d.proto), d.service);
		vip_clear(&table);
	}
}

static void duplicates(void **state)
{
	for (int round = 0; round < 100; round++) {
		const size_t n = 1 + random_below(&rnd, 100);

		random_defs(n, &(struct kinds){40, 40, true, round % 2, round % 4 >= 2});
		defs[n] = defs[random_below(&rnd, (uint32_t)n)];
		defs[n].service = MOST;
		if (width(&defs[n]) > 0 && defs[n].ports.first && defs[n].ports.last < 65535) {
			defs[n].ports.first++; /* neither is the narrower one */
			defs[n].ports.last++;
		}
		assert_int_equal(vip_compile(&table, defs, n + 1), -EEXIST);
		assert_null(table.v4);
		assert_null(table.v6);
		assert_null(table.wide);
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

	defs[0] = (struct vip_def){
		.prefix = sl_prefix_of(&a), .ports = SL_PORTS_EVERY, .proto = TCP, .service = 1};
	defs[1] = (struct vip_def){
		.prefix = sl_prefix_of(&a), .ports = sl_ports_one(443), .proto = TCP, .service = 2};
	defs[2] = (struct vip_def){
		.prefix = sl_prefix_of(&a), .ports = sl_ports_one(443), .proto = UDP, .service = 3};
	assert_int_equal(vip_compile(&table, defs, 3), 0);
	assert_true(table.more);
	assert_int_equal(find(&a, 443, TCP), 2);
	assert_int_equal(find(&a, 443, UDP), 3);
	assert_int_equal(find(&a, 444, TCP), 1);
	assert_int_equal(find(&a, 0, TCP), 1);
	assert_int_equal(find(&a, 444, UDP), VIP_NONE);
	vip_clear(&table);
	assert_int_equal(vip_compile(&table, defs + 1, 2), 0);
	assert_false(table.more);
	assert_int_equal(find(&a, 444, TCP), VIP_NONE);
	vip_clear(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_vip),
		cmocka_unit_test(exact_before_any),
		cmocka_unit_test(prefix_before_ports),
		cmocka_unit_test(address_row),
		cmocka_unit_test(one_bit_off),
		cmocka_unit_test(random_sets),
		cmocka_unit_test(largest_set),
		cmocka_unit_test(duplicates),
	};

	rnd = random_start();
	return cmocka_run_group_tests_name("vip", tests, NULL, NULL);
}
