/* SPDX-License-Identifier: BSD-3-Clause */

#include <endian.h>
#include <string.h>

#include "eal/cpu.h"
#include "eal/hash.h"
#include "eal/hash_aes.h"

/* The S-box of AES (FIPS 197, figure 7). Both tables below come from this one list. */
/* clang-format off */
#define SBOX(F) \
	F(0x63) F(0x7c) F(0x77) F(0x7b) F(0xf2) F(0x6b) F(0x6f) F(0xc5) \
	F(0x30) F(0x01) F(0x67) F(0x2b) F(0xfe) F(0xd7) F(0xab) F(0x76) \
	F(0xca) F(0x82) F(0xc9) F(0x7d) F(0xfa) F(0x59) F(0x47) F(0xf0) \
	F(0xad) F(0xd4) F(0xa2) F(0xaf) F(0x9c) F(0xa4) F(0x72) F(0xc0) \
	F(0xb7) F(0xfd) F(0x93) F(0x26) F(0x36) F(0x3f) F(0xf7) F(0xcc) \
	F(0x34) F(0xa5) F(0xe5) F(0xf1) F(0x71) F(0xd8) F(0x31) F(0x15) \
	F(0x04) F(0xc7) F(0x23) F(0xc3) F(0x18) F(0x96) F(0x05) F(0x9a) \
	F(0x07) F(0x12) F(0x80) F(0xe2) F(0xeb) F(0x27) F(0xb2) F(0x75) \
	F(0x09) F(0x83) F(0x2c) F(0x1a) F(0x1b) F(0x6e) F(0x5a) F(0xa0) \
	F(0x52) F(0x3b) F(0xd6) F(0xb3) F(0x29) F(0xe3) F(0x2f) F(0x84) \
	F(0x53) F(0xd1) F(0x00) F(0xed) F(0x20) F(0xfc) F(0xb1) F(0x5b) \
	F(0x6a) F(0xcb) F(0xbe) F(0x39) F(0x4a) F(0x4c) F(0x58) F(0xcf) \
	F(0xd0) F(0xef) F(0xaa) F(0xfb) F(0x43) F(0x4d) F(0x33) F(0x85) \
	F(0x45) F(0xf9) F(0x02) F(0x7f) F(0x50) F(0x3c) F(0x9f) F(0xa8) \
	F(0x51) F(0xa3) F(0x40) F(0x8f) F(0x92) F(0x9d) F(0x38) F(0xf5) \
	F(0xbc) F(0xb6) F(0xda) F(0x21) F(0x10) F(0xff) F(0xf3) F(0xd2) \
	F(0xcd) F(0x0c) F(0x13) F(0xec) F(0x5f) F(0x97) F(0x44) F(0x17) \
	F(0xc4) F(0xa7) F(0x7e) F(0x3d) F(0x64) F(0x5d) F(0x19) F(0x73) \
	F(0x60) F(0x81) F(0x4f) F(0xdc) F(0x22) F(0x2a) F(0x90) F(0x88) \
	F(0x46) F(0xee) F(0xb8) F(0x14) F(0xde) F(0x5e) F(0x0b) F(0xdb) \
	F(0xe0) F(0x32) F(0x3a) F(0x0a) F(0x49) F(0x06) F(0x24) F(0x5c) \
	F(0xc2) F(0xd3) F(0xac) F(0x62) F(0x91) F(0x95) F(0xe4) F(0x79) \
	F(0xe7) F(0xc8) F(0x37) F(0x6d) F(0x8d) F(0xd5) F(0x4e) F(0xa9) \
	F(0x6c) F(0x56) F(0xf4) F(0xea) F(0x65) F(0x7a) F(0xae) F(0x08) \
	F(0xba) F(0x78) F(0x25) F(0x2e) F(0x1c) F(0xa6) F(0xb4) F(0xc6) \
	F(0xe8) F(0xdd) F(0x74) F(0x1f) F(0x4b) F(0xbd) F(0x8b) F(0x8a) \
	F(0x70) F(0x3e) F(0xb5) F(0x66) F(0x48) F(0x03) F(0xf6) F(0x0e) \
	F(0x61) F(0x35) F(0x57) F(0xb9) F(0x86) F(0xc1) F(0x1d) F(0x9e) \
	F(0xe1) F(0xf8) F(0x98) F(0x11) F(0x69) F(0xd9) F(0x8e) F(0x94) \
	F(0x9b) F(0x1e) F(0x87) F(0xe9) F(0xce) F(0x55) F(0x28) F(0xdf) \
	F(0x8c) F(0xa1) F(0x89) F(0x0d) F(0xbf) F(0xe6) F(0x42) F(0x68) \
	F(0x41) F(0x99) F(0x2d) F(0x0f) F(0xb0) F(0x54) F(0xbb) F(0x16)
/* clang-format on */

/* Times x in GF(2^8) (FIPS 197, 4.2.1). */
#define XTIME(v)  ((uint32_t)((v) << 1 ^ ((v) >> 7) * 0x11b))

#define BYTE(v)   v,
#define COLUMN(v) (XTIME(v) | (v) << 8 | (v) << 16 | (XTIME(v) ^ (v)) << 24),

static const uint8_t sbox[256] = {SBOX(BYTE)};

/* SubBytes and MixColumns of a byte in row 0: what it adds to its column, row 0 in the low byte.
 * Rows 1 to 3 add the same, rotated by their number of bytes. */
static const uint32_t column[256] = {SBOX(COLUMN)};

/* A block as four columns, row 0 in the low byte, whatever the byte order of the CPU. */
struct state {
	uint32_t c[4];
};

static inline uint32_t rotl32(uint32_t v, int bits)
{
	return v << bits | v >> (32 - bits);
}

static inline struct state state_xor(struct state s, const void *block)
{
	uint32_t c[4];

	memcpy(c, block, sizeof c);
	for (int i = 0; i < 4; i++)
		s.c[i] ^= le32toh(c[i]);
	return s;
}

/* One round. ShiftRows: row r of column i comes from column i + r. */
static inline struct state state_round(struct state s, const uint8_t rk[16])
{
	struct state t;

	for (int i = 0; i < 4; i++)
		t.c[i] = column[s.c[i] & 0xff] ^ rotl32(column[s.c[(i + 1) & 3] >> 8 & 0xff], 8) ^
			 rotl32(column[s.c[(i + 2) & 3] >> 16 & 0xff], 16) ^
			 rotl32(column[s.c[(i + 3) & 3] >> 24], 24);
	return state_xor(t, rk);
}

static inline uint64_t state_value(struct state s)
{
	return (uint64_t)s.c[1] << 32 | s.c[0];
}

void hash_key_init(struct hash_key *k, const uint8_t secret[HASH_SECRET_BYTES])
{
	uint32_t rcon = 1;

	memcpy(k->rk[0], secret, HASH_SECRET_BYTES);
	for (int i = 1; i < HASH_ROUND_KEYS; i++) {
		const uint8_t *prev = k->rk[i - 1];
		uint8_t *next = k->rk[i];

		for (int j = 0; j < 4; j++)
			next[j] = prev[j] ^ sbox[prev[12 + (j + 1) % 4]];
		next[0] ^= (uint8_t)rcon;
		for (int j = 4; j < 16; j++)
			next[j] = prev[j] ^ next[j - 4];
		rcon = XTIME(rcon);
	}
}

uint64_t hash16(const struct hash_key *k, const void *block)
{
	struct state s = state_xor((struct state){{0}}, block);

	s = state_xor(s, k->rk[0]);
	for (int i = 1; i <= 4; i++)
		s = state_round(s, k->rk[i]);
	return state_value(s);
}

uint64_t hash48(const struct hash_key *k, const void *blocks)
{
	const uint8_t *b = blocks;
	struct state s = state_xor((struct state){{0}}, b);

	s = state_xor(s, k->rk[10]);
	s = state_round(s, k->rk[2]);
	s = state_round(s, k->rk[3]);
	s = state_xor(s, b + 16);
	s = state_round(s, k->rk[4]);
	s = state_round(s, k->rk[5]);
	s = state_xor(s, b + 32);
	for (int i = 6; i <= 9; i++)
		s = state_round(s, k->rk[i]);
	return state_value(s);
}

typedef void hash_burst_fn(const struct hash_key *k, const struct flow_key *keys,
	const uint8_t *is6, uint32_t n, uint64_t *out);

static void burst_scalar(const struct hash_key *k, const struct flow_key *keys, const uint8_t *is6,
	uint32_t n, uint64_t *out)
{
	for (uint32_t i = 0; i < n; i++)
		out[i] = is6[i] ? hash48(k, &keys[i]) : hash16(k, &keys[i]);
}

#if defined(__x86_64__)

#define KEY_BYTES ((int)sizeof(struct flow_key))

HASH_AESNI_INLINE void burst_each(const struct hash_key *k, const struct flow_key *keys,
	const uint8_t *is6, uint32_t n, uint64_t *out)
{
	for (uint32_t i = 0; i < n; i++)
		out[i] = is6[i] ? hash48_aesni(k, &keys[i]) : hash16_aesni(k, &keys[i]);
}

/* Eight keys of both families, as both: a branch for each would be guessed wrong. */
HASH_AESNI static void mixed_aesni(const struct hash_key *k, const struct flow_key *keys,
	const uint8_t is6[8], uint64_t out[8])
{
	uint64_t as6[8];

	hash16_aesni_many(k, keys, KEY_BYTES, 8, out);
	hash48_aesni_many(k, keys, KEY_BYTES, 8, as6);
	for (int j = 0; j < 8; j++) {
		const uint64_t six = 0 - (uint64_t)is6[j];

		out[j] = (out[j] & ~six) | (as6[j] & six);
	}
}

HASH_AESNI static void burst_aesni(const struct hash_key *k, const struct flow_key *keys,
	const uint8_t *is6, uint32_t n, uint64_t *out)
{
	uint32_t i = 0;

	for (; n - i >= 8; i += 8) {
		uint64_t families;

		memcpy(&families, is6 + i, sizeof families);
		if (families == 0)
			hash16_aesni_many(k, &keys[i], KEY_BYTES, 8, &out[i]);
		else if (families == 0x0101010101010101)
			hash48_aesni_many(k, &keys[i], KEY_BYTES, 8, &out[i]);
		else
			mixed_aesni(k, &keys[i], is6 + i, &out[i]);
	}
	burst_each(k, &keys[i], is6 + i, n - i, &out[i]);
}

#endif

/* Written by hash_init before there are workers, then read only. */
static hash_burst_fn *burst = burst_scalar;

const char *hash_init_scalar(void)
{
	burst = burst_scalar;
	return "scalar";
}

const char *hash_init(void)
{
#if defined(__x86_64__)
	if (cpu_has_aes()) {
		burst = burst_aesni;
		return "aes-ni";
	}
#endif
	return hash_init_scalar();
}

void hash_burst(const struct hash_key *k, const struct flow_key *keys, const uint8_t *is6,
	uint32_t n, uint64_t *out)
{
	burst(k, keys, is6, n, out);
}
