/* SPDX-License-Identifier: BSD-3-Clause */

/* RSS in software: the hash against published values and another implementation, and the queue that
 * it leads to. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <rte_thash.h>

#include "datapath/rss.h"

/* Key and values of Microsoft, "Verifying the RSS Hash Calculation", Windows driver documentation
 * (learn.microsoft.com/windows-hardware/drivers/network). */
static const uint8_t published[RSS_KEY_BYTES] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2,
	0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30,
	0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac,
	0x01, 0xfa};

static const struct row {
	const char *src, *dst;
	uint16_t sport, dport;
	uint32_t addresses, ports; /* hash without and with ports */
} rows[] = {
	{"66.9.149.187", "161.142.100.80", 2794, 1766, 0x323e8fc2, 0x51ccc178},
	{"199.92.111.2", "65.69.140.83", 14230, 4739, 0xd718262a, 0xc626b0ea},
	{"24.19.198.95", "12.22.207.184", 12898, 38024, 0xd2d0a5de, 0x5c2b394a},
	{"38.27.205.30", "209.142.163.6", 48228, 2217, 0x82989176, 0xafc7327f},
	{"153.39.163.191", "202.188.127.2", 44251, 1303, 0x5d1809c5, 0x10e828a2},
	{"3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766, 0x2cc18cd5, 0x40207d3d},
	{"3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739, 0x0f0c461c, 0xdde51bbf},
	{"3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 44251, 38024,
		0x4b61e985, 0x02d1feef},
};

enum { ROWS = sizeof rows / sizeof *rows };

static bool is6(const struct row *r)
{
	return strchr(r->src, ':') != NULL;
}

static void key_of(const struct row *r, uint8_t proto, struct flow_key *k)
{
	const int family = is6(r) ? AF_INET6 : AF_INET;
	const size_t len = is6(r) ? 16 : 4;
	const uint16_t ports[2] = {htons(r->sport), htons(r->dport)};
	uint8_t *at = (uint8_t *)k->w;

	memset(k, 0, sizeof *k);
	assert_int_equal(inet_pton(family, r->src, at), 1);
	assert_int_equal(inet_pton(family, r->dst, at + len), 1);
	memcpy(at + 2 * len, ports, sizeof ports);
	at[2 * len + 4] = proto;
}

static void hashes_are_the_published_ones(void **state)
{
	for (unsigned int i = 0; i < ROWS; i++) {
		struct flow_key k;

		key_of(&rows[i], IPPROTO_TCP, &k);
		assert_int_equal(rss_hash(published, &k, false, is6(&rows[i])), rows[i].addresses);
		assert_int_equal(rss_hash(published, &k, true, is6(&rows[i])), rows[i].ports);
	}
}

/* Bit by bit, as the definition has it: the key slides along under the input. */
static uint32_t by_definition(const uint8_t *key, const uint8_t *input, uint32_t bytes)
{
	uint32_t hash = 0;

	for (uint32_t bit = 0; bit < 8 * bytes; bit++) {
		uint32_t window = 0;

		for (uint32_t i = bit; i < bit + 32; i++)
			window = window << 1 | (key[i / 8] >> (7 - i % 8) & 1);
		if (input[bit / 8] >> (7 - bit % 8) & 1)
			hash ^= window;
	}
	return hash;
}

/* And DPDK's second implementation, which wants its key prepared. */
static uint32_t by_dpdk(const uint8_t *key, const uint8_t *input, uint32_t bytes)
{
	uint32_t prepared[RSS_KEY_BYTES / 4], words[9], original[RSS_KEY_BYTES / 4];

	memcpy(original, key, sizeof original);
	rte_convert_rss_key(original, prepared, RSS_KEY_BYTES);
	for (uint32_t i = 0; i < bytes / 4; i++) {
		memcpy(&words[i], input + 4 * i, 4);
		words[i] = ntohl(words[i]);
	}
	return rte_softrss_be(words, bytes / 4, (const uint8_t *)prepared);
}

static void hashes_agree_with_others(void **state)
{
	unsigned int seed = 1;

	printf("seed %u\n", seed);
	for (int round = 0; round < 2000; round++) {
		const bool v6 = rand_r(&seed) & 1, ports = rand_r(&seed) & 1;
		const uint32_t bytes = (v6 ? 32 : 8) + (ports ? 4 : 0);
		_Alignas(8) uint8_t key[RSS_KEY_BYTES];
		struct flow_key k;

		for (unsigned int i = 0; i < sizeof key; i++)
			key[i] = (uint8_t)rand_r(&seed);
		for (unsigned int i = 0; i < sizeof k; i++)
			((uint8_t *)k.w)[i] = (uint8_t)rand_r(&seed);
		const uint32_t hash = rss_hash(key, &k, ports, v6);

		assert_int_equal(hash, by_definition(key, (const uint8_t *)k.w, bytes));
		assert_int_equal(hash, by_dpdk(key, (const uint8_t *)k.w, bytes));
	}
}

static struct rss_map map_of(uint16_t queues, uint16_t size)
{
	struct rss_map m = {.n_queues = queues,
		.known = true,
		.table_size = size,
		.fields = {{RSS_PORTS, RSS_ADDRESSES}, {RSS_PORTS, RSS_ADDRESSES}}};

	memcpy(m.key, published, sizeof m.key);
	for (uint16_t i = 0; i < size; i++)
		m.table[i] = (uint8_t)(i * 7 % queues);
	return m;
}

static void table_says_the_queue(void **state)
{
	static const uint16_t sizes[] = {1, 64, 128, 512};

	for (unsigned int s = 0; s < 4; s++) {
		const struct rss_map m = map_of(5, sizes[s]);

		for (unsigned int i = 0; i < ROWS; i++) {
			struct flow_key tcp, udp;

			key_of(&rows[i], IPPROTO_TCP, &tcp);
			key_of(&rows[i], IPPROTO_UDP, &udp);
			assert_int_equal(rss_queue(&m, &tcp, is6(&rows[i])),
				m.table[rows[i].ports % sizes[s]]);
			assert_int_equal(rss_queue(&m, &udp, is6(&rows[i])),
				m.table[rows[i].addresses % sizes[s]]);
		}
	}
}

static void unknown_is_said(void **state)
{
	struct rss_map m = map_of(4, 128);
	struct flow_key four, six;

	key_of(&rows[0], IPPROTO_UDP, &four);
	key_of(&rows[5], IPPROTO_UDP, &six);
	m.fields[1][1] = RSS_NOTHING;
	assert_int_not_equal(rss_queue(&m, &four, false), RSS_UNKNOWN);
	assert_int_equal(rss_queue(&m, &six, true), RSS_UNKNOWN);
	m.known = false;
	assert_int_equal(rss_queue(&m, &four, false), RSS_UNKNOWN);
	m.n_queues = 1; /* there is no choice */
	assert_int_equal(rss_queue(&m, &four, false), 0);
	assert_int_equal(rss_queue(&m, &six, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_the_published_ones),
		cmocka_unit_test(hashes_agree_with_others),
		cmocka_unit_test(table_says_the_queue),
		cmocka_unit_test(unknown_is_said),
	};

	return cmocka_run_group_tests_name("rss", tests, NULL, NULL);
}
