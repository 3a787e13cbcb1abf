/* SPDX-License-Identifier: BSD-3-Clause */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "eal/cpu.h"
#include "eal/hash.h"
#include "eal/hash_aes.h"
#include "random.h"

static struct random rnd;

static void random_bytes(void *out, size_t n)
{
	uint8_t *b = out;

	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)random_next(&rnd);
}

static int restart_random(void **state)
{
	rnd = random_start();
	return 0;
}

static void from_hex(const char *hex, uint8_t *out)
{
	for (unsigned int byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		*out++ = (uint8_t)byte;
}

static struct hash_key random_key(void)
{
	uint8_t secret[HASH_SECRET_BYTES];
	struct hash_key k;

	random_bytes(secret, sizeof secret);
	hash_key_init(&k, secret);
	return k;
}

static uint64_t hash_size(const struct hash_key *k, const void *data, size_t size)
{
	return size == 16 ? hash16(k, data) : hash48(k, data);
}

static void key_expansion_of_fips_197_a1(void **state)
{
	static const char *const expanded[HASH_ROUND_KEYS] = {
		"2b7e151628aed2a6abf7158809cf4f3c",
		"a0fafe1788542cb123a339392a6c7605",
		"f2c295f27a96b9435935807a7359f67f",
		"3d80477d4716fe3e1e237e446d7a883b",
		"ef44a541a8525b7fb671253bdb0bad00",
		"d4d1c6f87c839d87caf2b8bc11f915bc",
		"6d88a37a110b3efddbf98641ca0093fd",
		"4e54f70e5f5fc9f384a64fb24ea6dc4f",
		"ead27321b58dbad2312bf5607f8d292f",
		"ac7766f319fadc2128d12941575c006e",
		"d014f9a8c9ee2589e13f0cc8b6630ca6",
	};
	uint8_t bytes[16];
	struct hash_key k;

	from_hex(expanded[0], bytes);
	hash_key_init(&k, bytes);
	for (int i = 0; i < HASH_ROUND_KEYS; i++) {
		from_hex(expanded[i], bytes);
		assert_memory_equal(k.rk[i], bytes, 16);
	}
}

/* The state that enters round 5 in FIPS 197, appendix B, is e0927fe8 c86363c0 d9b13550 85b8be01. */
static void rounds_of_fips_197_b(void **state)
{
	uint8_t secret[16], block[16];
	struct hash_key k;

	from_hex("2b7e151628aed2a6abf7158809cf4f3c", secret);
	from_hex("3243f6a8885a308d313198a2e0370734", block);
	hash_key_init(&k, secret);
	assert_int_equal(hash16(&k, block), 0xc06363c8e87f92e0);
}

struct golden {
	const char *secret;
	const char *data;
	uint64_t value;
};

/* The first lines of hash_golden.py. These values never change. */
static const struct golden goldens[] = {
	{"2b7e151628aed2a6abf7158809cf4f3c", "3243f6a8885a308d313198a2e0370734",
		0xc06363c8e87f92e0},
	{"00000000000000000000000000000000", "00000000000000000000000000000000",
		0x49b55a37fecdd2ab},
	{"000102030405060708090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e0f",
		0x83a1352a4a06178e},
	{"ffffffffffffffffffffffffffffffff", "ffffffffffffffffffffffffffffffff",
		0x45e76aa3efe4da90},
	{"00000000000000000000000000000000",
		"00000000000000000000000000000000"
		"00000000000000000000000000000000"
		"00000000000000000000000000000000",
		0x852ea9b5b8e8fdb6},
	{"000102030405060708090a0b0c0d0e0f",
		"000102030405060708090a0b0c0d0e0f"
		"101112131415161718191a1b1c1d1e1f"
		"202122232425262728292a2b2c2d2e2f",
		0x64c584a5b3d3d85e},
	{"ffffffffffffffffffffffffffffffff",
		"ffffffffffffffffffffffffffffffff"
		"ffffffffffffffffffffffffffffffff"
		"ffffffffffffffffffffffffffffffff",
		0xbee15d5108a97925},
	{"2b7e151628aed2a6abf7158809cf4f3c", "c0000201cb00710a9c4001bb06000000",
		0xbdceeb0563780f7e},
	{"2b7e151628aed2a6abf7158809cf4f3c",
		"20010db8000000000000000000000001"
		"20010db8000000000000000000000002"
		"9c4001bb060000000000000000000000",
		0x9173408d291015df},
};

#define GOLDENS (sizeof goldens / sizeof *goldens)

static uint64_t hash_of_hex(const char *secret_hex, const char *data_hex)
{
	uint8_t secret[16], data[48];
	struct hash_key k;

	from_hex(secret_hex, secret);
	from_hex(data_hex, data);
	hash_key_init(&k, secret);
	return hash_size(&k, data, strlen(data_hex) / 2);
}

static void golden_vectors(void **state)
{
	for (size_t i = 0; i < GOLDENS; i++)
		assert_int_equal(hash_of_hex(goldens[i].secret, goldens[i].data), goldens[i].value);
}

static void golden_script_agrees(void **state)
{
	char secret[33], data[97];
	uint64_t value;
	size_t lines = 0;

	if (system("python3 -c '' 2>/dev/null")) {
		print_message("SKIP: no python3 to compute the vectors anew\n");
		skip();
	}
	FILE *script = popen("python3 '" TEST_DIR "/hash_golden.py'", "r");

	assert_non_null(script);
	while (fscanf(script, "%32s %96s %" SCNx64, secret, data, &value) == 3) {
		if (lines < GOLDENS) {
			assert_string_equal(secret, goldens[lines].secret);
			assert_string_equal(data, goldens[lines].data);
			assert_int_equal(value, goldens[lines].value);
		}
		assert_int_equal(hash_of_hex(secret, data), value);
		lines++;
	}
	assert_int_equal(pclose(script), 0);
	assert_int_equal(lines, GOLDENS + 200);
}

#if defined(__x86_64__)

/* Unaligned on purpose: keys inside packets are. */
HASH_AESNI static void check_aesni(void)
{
	uint8_t data[49];

	for (int i = 0; i < 100000; i++) {
		const struct hash_key k = random_key();

		random_bytes(data, sizeof data);
		assert_int_equal(hash16_aesni(&k, data + 1), hash16(&k, data + 1));
		assert_int_equal(hash48_aesni(&k, data + 1), hash48(&k, data + 1));
	}
}

#else

static void check_aesni(void)
{
	fail();
}

#endif

static void aesni_equals_scalar(void **state)
{
	if (!cpu_has_aes()) {
		print_message("SKIP: this CPU has no AES instructions\n");
		skip();
	}
	check_aesni();
}

#define BURST_MOST 70

/* Families: 0 all IPv4, 1 all IPv6, 2 each at random. */
static void check_burst(const struct hash_key *k, uint32_t n, int families)
{
	/* Exactly n of each, so that ASan sees a step too far. */
	struct flow_key *keys = malloc(n * sizeof *keys);
	uint8_t *is6 = malloc(n);
	uint64_t *out = malloc((n + 1) * sizeof *out);

	random_bytes(keys, n * sizeof *keys);
	for (uint32_t i = 0; i < n; i++)
		is6[i] = families == 2 ? random_next(&rnd) & 1 : (uint8_t)families;
	out[n] = 4711;
	hash_burst(k, keys, is6, n, out);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(out[i], is6[i] ? hash48(k, &keys[i]) : hash16(k, &keys[i]));
	assert_int_equal(out[n], 4711);
	free(keys);
	free(is6);
	free(out);
}

static void check_bursts(void)
{
	for (int i = 0; i < 30; i++) {
		const struct hash_key k = random_key();

		for (uint32_t n = 0; n <= BURST_MOST; n++)
			for (int families = 0; families <= 2; families++)
				check_burst(&k, n, families);
	}
}

static void burst_equals_single(void **state)
{
	const char *name = hash_init();

	print_message("hash_burst by %s\n", name);
	assert_string_equal(name, cpu_has_aes() ? "aes-ni" : "scalar");
	check_bursts();
	assert_string_equal(hash_init_scalar(), "scalar");
	check_bursts();
}

/* An IPv4 key is hashed by its first 16 bytes, whatever lies behind them. */
static void burst_ignores_rest_of_v4_key(void **state)
{
	struct flow_key keys[8];
	const struct hash_key k = random_key();
	const uint8_t is6[8] = {0};
	uint64_t before[8], after[8];

	hash_init();
	random_bytes(keys, sizeof keys);
	hash_burst(&k, keys, is6, 8, before);
	for (int i = 0; i < 8; i++)
		random_bytes(&keys[i].w[2], 32);
	hash_burst(&k, keys, is6, 8, after);
	assert_memory_equal(before, after, sizeof before);
}

static void every_bit_of_secret_matters(void **state)
{
	uint8_t secret[16], data[48];
	struct hash_key k, changed;

	random_bytes(secret, sizeof secret);
	random_bytes(data, sizeof data);
	hash_key_init(&k, secret);
	for (int bit = 0; bit < 128; bit++) {
		secret[bit / 8] ^= (uint8_t)(1 << bit % 8);
		hash_key_init(&changed, secret);
		secret[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(hash16(&k, data), hash16(&changed, data));
		assert_int_not_equal(hash48(&k, data), hash48(&changed, data));
	}
}

/* Strict avalanche: a flipped bit of the input flips each bit of the value half of the time. Of
 * 2048 trials that is 1024 with sigma 22.6; 7 sigma are passed once in 10^7 runs of all 32,768
 * counts. */
static void check_avalanche(size_t size)
{
	enum { TRIALS = 2048, MOST = 158 };
	const struct hash_key k = random_key();
	uint8_t data[48];

	for (size_t in = 0; in < size * 8; in++) {
		uint32_t flips[64] = {0};

		for (int t = 0; t < TRIALS; t++) {
			random_bytes(data, size);
			uint64_t diff = hash_size(&k, data, size);

			data[in / 8] ^= (uint8_t)(1 << in % 8);
			diff ^= hash_size(&k, data, size);
			assert_int_not_equal(diff, 0);
			for (int out = 0; out < 64; out++)
				flips[out] += diff >> out & 1;
		}
		for (int out = 0; out < 64; out++)
			assert_in_range(flips[out], TRIALS / 2 - MOST, TRIALS / 2 + MOST);
	}
}

static void avalanche(void **state)
{
	check_avalanche(16);
	check_avalanche(48);
}

/* Chi-square of n values over the buckets given by 10 bits from `shift` up. */
static double chi_square(const uint64_t *value, uint32_t n, int shift)
{
	enum { BUCKETS = 1024 };
	const double expected = (double)n / BUCKETS;
	static uint32_t count[BUCKETS];
	double chi = 0;

	memset(count, 0, sizeof count);
	for (uint32_t i = 0; i < n; i++)
		count[value[i] >> shift & (BUCKETS - 1)]++;
	for (int b = 0; b < BUCKETS; b++)
		chi += (count[b] - expected) * (count[b] - expected) / expected;
	return chi;
}

/* Tuples that count: the 32-bit word at `at` (in the byte order of the packet) goes up by `step`.
 * 1,023 degrees of freedom: mean 1,023, sigma 45.2. Both tails, as counting that comes out too even
 * is no hash either. */
static void check_counting(size_t size, size_t at, uint32_t step)
{
	enum { N = 200000 };
	static uint64_t value[N];
	const struct hash_key k = random_key();
	uint8_t data[48];

	random_bytes(data, sizeof data);
	for (uint32_t i = 0; i < N; i++) {
		const uint32_t word = i * step;

		for (int b = 0; b < 4; b++)
			data[at + b] = (uint8_t)(word >> (24 - 8 * b));
		value[i] = hash_size(&k, data, size);
	}
	for (int shift = 0; shift <= 54; shift += 18)
		assert_in_range(
			(uint64_t)chi_square(value, N, shift), 1023 - 6 * 46, 1023 + 6 * 46);
}

static void counting_tuples_are_uniform(void **state)
{
	for (size_t at = 0; at < 16; at += 4) {
		check_counting(16, at, 1);
		check_counting(16, at, 1 << 16 | 1);
	}
	for (size_t at = 0; at < 48; at += 4) {
		check_counting(48, at, 1);
		check_counting(48, at, 1 << 16 | 1);
	}
}

/* The shapes share the secret and begin alike; nothing may carry over from one to the other. */
static void shapes_are_apart(void **state)
{
	uint32_t equal_bits = 0;
	uint8_t data[48] = {0};

	for (int i = 0; i < 1000; i++) {
		const struct hash_key k = random_key();

		random_bytes(data, 16);
		equal_bits +=
			(uint32_t)__builtin_popcountll(~(hash16(&k, data) ^ hash48(&k, data)));
	}
	/* 64,000 bits, sigma 126.5 */
	assert_in_range(equal_bits, 32000 - 800, 32000 + 800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_expansion_of_fips_197_a1),
		cmocka_unit_test(rounds_of_fips_197_b),
		cmocka_unit_test(golden_vectors),
		cmocka_unit_test(golden_script_agrees),
		cmocka_unit_test(aesni_equals_scalar),
		cmocka_unit_test(burst_equals_single),
		cmocka_unit_test(burst_ignores_rest_of_v4_key),
		cmocka_unit_test(every_bit_of_secret_matters),
		cmocka_unit_test(avalanche),
		cmocka_unit_test(counting_tuples_are_uniform),
		cmocka_unit_test(shapes_are_apart),
	};

	return cmocka_run_group_tests(tests, restart_random, NULL);
}
