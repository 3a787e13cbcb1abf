/* SPDX-License-Identifier: BSD-3-Clause */

/* eal/hash.h with the AES instructions, to be inlined into a function that carries HASH_AESNI (or
 * is built for a CPU which has them). Only to be called where cpu_has_aes() is true. The bits are
 * those of hash16 and hash48. */

#ifndef SLUICE_EAL_HASH_AES_H
#define SLUICE_EAL_HASH_AES_H

#include "eal/hash.h"

#if defined(__x86_64__)

#include <immintrin.h>

/* For the function itself; the build's -march may lack AES. */
#define HASH_AESNI        __attribute__((target("aes,sse4.1")))
#define HASH_AESNI_INLINE static inline __attribute__((always_inline, target("aes,sse4.1")))

HASH_AESNI_INLINE __m128i hash_aesni_key(const struct hash_key *k, int i)
{
	return _mm_load_si128((const __m128i *)k->rk[i]);
}

HASH_AESNI_INLINE __m128i hash_aesni_block(const void *blocks, int i)
{
	return _mm_loadu_si128((const __m128i *)blocks + i);
}

/* Round i of w independent states: the latency of one AESENC hides behind the others. */
HASH_AESNI_INLINE void hash_aesni_round(const struct hash_key *k, int i, __m128i *s, int w)
{
	const __m128i rk = hash_aesni_key(k, i);

	for (int j = 0; j < w; j++)
		s[j] = _mm_aesenc_si128(s[j], rk);
}

/* hash16 of w keys that lie stride bytes apart; w and stride are literals. */
HASH_AESNI_INLINE void hash16_aesni_many(
	const struct hash_key *k, const void *keys, int stride, int w, uint64_t *out)
{
	const char *p = keys;
	__m128i s[8];

	for (int j = 0; j < w; j++)
		s[j] = _mm_xor_si128(hash_aesni_block(p + j * stride, 0), hash_aesni_key(k, 0));
	for (int i = 1; i <= 4; i++)
		hash_aesni_round(k, i, s, w);
	for (int j = 0; j < w; j++)
		out[j] = (uint64_t)_mm_cvtsi128_si64(s[j]);
}

/* hash48 of w keys that lie stride bytes apart; w and stride are literals. */
HASH_AESNI_INLINE void hash48_aesni_many(
	const struct hash_key *k, const void *keys, int stride, int w, uint64_t *out)
{
	const char *p = keys;
	__m128i s[8];

	for (int j = 0; j < w; j++)
		s[j] = _mm_xor_si128(hash_aesni_block(p + j * stride, 0), hash_aesni_key(k, 10));
	for (int b = 1; b <= 2; b++) {
		hash_aesni_round(k, 2 * b, s, w);
		hash_aesni_round(k, 2 * b + 1, s, w);
		for (int j = 0; j < w; j++)
			s[j] = _mm_xor_si128(s[j], hash_aesni_block(p + j * stride, b));
	}
	for (int i = 6; i <= 9; i++)
		hash_aesni_round(k, i, s, w);
	for (int j = 0; j < w; j++)
		out[j] = (uint64_t)_mm_cvtsi128_si64(s[j]);
}

HASH_AESNI_INLINE uint64_t hash16_aesni(const struct hash_key *k, const void *block)
{
	uint64_t h;

	hash16_aesni_many(k, block, 0, 1, &h);
	return h;
}

HASH_AESNI_INLINE uint64_t hash48_aesni(const struct hash_key *k, const void *blocks)
{
	uint64_t h;

	hash48_aesni_many(k, blocks, 0, 1, &h);
	return h;
}

#endif

#endif
