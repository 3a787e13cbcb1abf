/* SPDX-License-Identifier: BSD-3-Clause */

/* Checksums against the definition, word by word. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "net/tunnel.h"
#include "random.h"

static struct random rnd;

/* RFC 1071, 4.1, in the order of the network. */
static uint16_t naive_sum(const uint8_t *b, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i += 2) {
		sum += (uint32_t)b[i] << 8 | b[i + 1];
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return (uint16_t)sum;
}

static void checksums(void **state)
{
	uint8_t b[64];

	for (int i = 0; i < 100000; i++) {
		const uint32_t len = 4 * random_below(&rnd, 16);
		const int kind = i % 4;

		for (uint32_t k = 0; k < sizeof b; k++)
			b[k] = kind == 0 ? 0xff : kind == 1 ? 0 : (uint8_t)random_next(&rnd);
		b[random_below(&rnd, 64)] ^= (uint8_t)random_next(&rnd);
		const uint16_t got = be16toh(csum_fold(csum_words(b, len))),
			       wanted = naive_sum(b, len);

		assert_int_equal(got % 0xffff, wanted % 0xffff);
		assert_int_equal(got == 0, wanted == 0); /* the two zeros are not mixed up */
		if (len >= 20)
			assert_int_equal(csum_ipv4_ok(b, len), wanted == 0xffff);
	}
	assert_int_equal(csum_fold(UINT64_MAX), 0xffff);
	assert_int_equal(csum_fold(0), 0);
	assert_int_equal(csum_fold(0xffff0000ffff0000), 0xffff);
	assert_int_equal(csum_fold(0x1ffff), 1);
}

static struct tunnel_packet random_packet(void)
{
	const uint64_t r = random_next(&rnd);

	return (struct tunnel_packet){
		.inner_len = (uint16_t)(r % 65500),
		.id = (uint16_t)(r >> 16),
		.tos = (uint8_t)(r >> 32),
		.inner_v6 = r >> 40 & 1,
		.entropy = (uint32_t)random_next(&rnd),
	};
}

/* Outer IPv4 headers of any content have the right sum. */
static void outer_checksum(void **state)
{
	const struct sl_ether mac = {{2, 0, 0, 0, 0, 1}};
	uint8_t out[ETH_LEN + IPV4_LEN + TUNNEL_GUE_LEN], a[8];
	struct tunnel t;

	for (int i = 0; i < 100000; i++) {
		const uint64_t q = random_next(&rnd);
		const struct tunnel_packet p = random_packet();

		memcpy(a, &q, sizeof a);
		const struct sl_addr src = sl_addr_from4(a), dst = sl_addr_from4(a + 4);

		tunnel_compile_ip(&t, &mac, &mac, &src, &dst);
		memset(out, 0xff, sizeof out);
		tunnel_write_ip4(out, &t, &p, false);
		assert_int_equal(naive_sum(out + ETH_LEN, IPV4_LEN), 0xffff);
		tunnel_vary_source(&t, 1 + random_below(&rnd, 24));
		tunnel_write_ip4(out, &t, &p, true);
		assert_int_equal(naive_sum(out + ETH_LEN, IPV4_LEN), 0xffff);
		tunnel_compile_gue(&t, &mac, &mac, &src, &dst, 6080);
		tunnel_write_gue4(out, &t, &p);
		assert_int_equal(naive_sum(out + ETH_LEN, IPV4_LEN), 0xffff);
	}
}

/* The prefix stays, the rest is what the flow says. */
static void varied_source(void **state)
{
	const struct sl_ether mac = {{2, 0, 0, 0, 0, 1}};
	const struct tunnel_packet p = {.inner_len = 40, .entropy = 0x12345678};
	uint8_t out[ETH_LEN + IPV6_LEN];
	struct sl_addr src, dst, wanted;
	struct tunnel t;

	sl_addr_parse("10.9.0.0", &src);
	sl_addr_parse("10.0.0.1", &dst);
	tunnel_compile_ip(&t, &mac, &mac, &src, &dst);
	tunnel_vary_source(&t, 16);
	tunnel_write_ip4(out, &t, &p, true);
	assert_memory_equal(out + ETH_LEN + 12, "\x0a\x09", 2);
	assert_memory_equal(out + ETH_LEN + 14, (uint8_t *)&p.entropy + 2, 2);
	sl_addr_parse("fd00::", &src);
	sl_addr_parse("fd00::1", &dst);
	tunnel_compile_ip(&t, &mac, &mac, &src, &dst);
	tunnel_vary_source(&t, 64);
	tunnel_write_ip6(out, &t, &p, true);
	sl_addr_parse("fd00::", &wanted);
	memcpy(wanted.b + 12, &p.entropy, 4);
	assert_memory_equal(out + ETH_LEN + 8, wanted.b, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums),
		cmocka_unit_test(outer_checksum),
		cmocka_unit_test(varied_source),
	};

	rnd = random_start();
	return cmocka_run_group_tests_name("csum", tests, NULL, NULL);
}
