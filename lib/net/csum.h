/* SPDX-License-Identifier: BSD-3-Clause */

/* The Internet checksum (RFC 1071). Sums are over 16-bit words in memory order, so no byte is
 * swapped. */

#ifndef SLUICE_NET_CSUM_H
#define SLUICE_NET_CSUM_H

#include "net/hdr.h"

/* Fold a 64-bit sum of words to 16 bits, end-around carry included. */
HDR_INLINE uint16_t csum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The same for a sum of 32 bits: its halves, added with their carry, stand in the upper half of the
 * sum of the number and itself rotated. */
HDR_INLINE uint16_t csum_fold32(uint32_t sum)
{
	return (uint16_t)((sum + (sum << 16 | sum >> 16)) >> 16);
}

/* Sum of `len` bytes, a multiple of 4, not folded. */
HDR_INLINE uint64_t csum_words(const void *data, uint32_t len)
{
	const uint8_t *p = data;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < len; i += 4)
		sum += hdr_load32(p + i);
	return sum;
}

/* Sum of any number of bytes, an odd last one filled up with zero; folded. */
HDR_INLINE uint16_t csum_bytes(const void *data, uint32_t len)
{
	const uint8_t *p = data;
	uint64_t sum = csum_words(p, len & ~3u);

	if (len & 2)
		sum += hdr_load16(p + (len & ~3u));
	if (len & 1)
		sum += p[len - 1];
	return csum_fold(sum);
}

/* True when an IPv4 header of `len` bytes (options included) carries the right checksum. */
HDR_INLINE bool csum_ipv4_ok(const void *hdr, uint32_t len)
{
	return csum_fold(csum_words(hdr, len)) == 0xffff;
}

/* The same for the usual header of 20 bytes: three loads, carries added as they come (RFC 1071, 2).
 */
HDR_INLINE bool csum_ipv4_plain_ok(const void *hdr)
{
	const uint8_t *p = hdr;
	const uint64_t a = hdr_load64(p);
	uint64_t sum = a + hdr_load64(p + 8);
	uint32_t half;

	sum += sum < a;
	sum = (sum >> 32) + (uint32_t)sum + hdr_load32(p + 16);
	half = (uint32_t)(sum >> 32) + (uint32_t)sum;
	half += half < (uint32_t)sum;
	return csum_fold32(half) == 0xffff;
}

#endif
