/* SPDX-License-Identifier: BSD-3-Clause */

/* "aes4": the keyed hash of flow keys and identities. Its bits are part of the agreement between
 * nodes: the same key and the same bytes give the same value on every CPU and in every version of
 * Sluice.
 *
 * R(s, k) is one full round of AES (FIPS 197, 5.1: SubBytes, ShiftRows, MixColumns, AddRoundKey),
 * k0..k10 are the round keys that AES-128 expands from the 16-byte secret (5.2), b0.. are the
 * 16-byte blocks.
 *
 *     16 bytes:  s = b0 ^ k0;   s = R(s, k1..k4)
 *     48 bytes:  s = b0 ^ k10;  s = R(s, k2..k3);
 *                s ^= b1;       s = R(s, k4..k5);
 *                s ^= b2;       s = R(s, k6..k9)
 *
 * The value is the first 8 bytes of s, read as a little-endian number. The first shape is therefore
 * half of the state that enters round 5 of AES-128. No round of one shape uses the key which the
 * same round of the other one uses, so an IPv4 key and an IPv6 key that begin alike do not walk
 * together.
 *
 * Not for use where an attacker sees the values: four rounds spread bits well, but are no cipher.
 */

#ifndef SLUICE_EAL_HASH_H
#define SLUICE_EAL_HASH_H

#include <stdalign.h>
#include <stdint.h>

#include "base/flow_key.h"

#define HASH_SECRET_BYTES 16
#define HASH_ROUND_KEYS   11

/* The expanded secret. Read-only after hash_key_init. */
struct hash_key {
	alignas(16) uint8_t rk[HASH_ROUND_KEYS][16];
};

void hash_key_init(struct hash_key *k, const uint8_t secret[HASH_SECRET_BYTES]);

/* One hash of 16 or of 48 bytes, by plain C, on any CPU. block and blocks need no alignment. */
uint64_t hash16(const struct hash_key *k, const void *block);
uint64_t hash48(const struct hash_key *k, const void *blocks);

/* Choose the fastest hash_burst for this CPU and return its name, "aes-ni" or "scalar". Once at
 * start, before the workers are launched; without it hash_burst works, by the scalar code. */
const char *hash_init(void);

/* The same, but the scalar code whatever the CPU. */
const char *hash_init_scalar(void);

/* Hash n keys: out[i] is hash48 of keys[i] where is6[i] is 1, hash16 of its first 16 bytes where
 * is6[i] is 0 (no other values). Any n, fastest for multiples of 8 of one family. Worker. */
void hash_burst(const struct hash_key *k, const struct flow_key *keys, const uint8_t *is6,
	uint32_t n, uint64_t *out);

#endif
