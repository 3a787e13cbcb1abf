/* SPDX-License-Identifier: BSD-3-Clause */

/* Every checksum of a frame, recomputed from nothing but its bytes. */

#include <netinet/in.h>

#include "frame.h"

static uint32_t word(const uint8_t *b)
{
	return (uint32_t)b[0] << 8 | b[1];
}

static uint64_t add_words(const uint8_t *b, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i + 1 < n; i += 2)
		sum += word(b + i);
	return n & 1 ? sum + ((uint32_t)b[n - 1] << 8) : sum;
}

/* Ones' complement arithmetic is arithmetic modulo 65535; a right sum is its zero, but not 0. */
static bool right(uint64_t sum)
{
	return sum != 0 && sum % 65535 == 0;
}

static int transport(
	const uint8_t *addresses, uint32_t alen, uint8_t proto, const uint8_t *l4, uint32_t n)
{
	const uint64_t pseudo = add_words(addresses, 2 * alen) + proto + n;

	if (proto == IPPROTO_ICMP && alen == 4)
		return n >= 8 && right(add_words(l4, n)) ? 1 : -1;
	if (proto == IPPROTO_ICMPV6 && alen == 16)
		return n >= 8 && right(pseudo + add_words(l4, n)) ? 1 : -1;
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return 0;
	if (n < (proto == IPPROTO_TCP ? 20u : 8u))
		return -1;
	if (proto == IPPROTO_UDP && word(l4 + 6) == 0)
		return alen == 4 ? 0 : -1; /* RFC 768: none; RFC 8200, 8.1: not over IPv6 */
	return right(pseudo + add_words(l4, n)) ? 1 : -1;
}

static int packet(const uint8_t *ip, uint32_t n);

/* What stands behind an IP header: another packet, or a transport header. */
static int behind(
	const uint8_t *addresses, uint32_t alen, uint8_t proto, const uint8_t *p, uint32_t n)
{
	return proto == IPPROTO_IPIP || proto == IPPROTO_IPV6
		       ? packet(p, n)
		       : transport(addresses, alen, proto, p, n);
}

static int packet4(const uint8_t *ip, uint32_t n)
{
	const uint32_t hdr = (ip[0] & 15) * 4u, total = word(ip + 2);

	if (hdr < 20 || hdr > total || total != n || !right(add_words(ip, hdr)))
		return -1;
	if (word(ip + 6) & 0x3fff)
		return 1; /* the rest is in other fragments */
	const int more = behind(ip + 12, 4, ip[9], ip + hdr, total - hdr);

	return more < 0 ? -1 : more + 1;
}

static int packet6(const uint8_t *ip, uint32_t n)
{
	uint8_t next = ip[6];
	uint32_t off = 40;

	if (n < 40 || word(ip + 4) + 40 != n)
		return -1;
	while (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_FRAGMENT ||
		next == IPPROTO_AH || next == IPPROTO_DSTOPTS) {
		if (off + 8 > n)
			return -1;
		const uint32_t size = next == IPPROTO_FRAGMENT ? 8
				      : next == IPPROTO_AH     ? (ip[off + 1] + 2) * 4u
							       : (ip[off + 1] + 1) * 8u;

		if (next == IPPROTO_FRAGMENT && (word(ip + off + 2) & 0xfff9))
			return 1; /* the rest is in other fragments */
		next = ip[off];
		off += size;
	}
	return off > n ? -1 : behind(ip + 8, 16, next, ip + off, n - off);
}

static int packet(const uint8_t *ip, uint32_t n)
{
	if (n < 20)
		return -1;
	return ip[0] >> 4 == 4 ? packet4(ip, n) : ip[0] >> 4 == 6 ? packet6(ip, n) : -1;
}

int frame_checksums(const uint8_t *frame, uint32_t len)
{
	return len < 14 ? -1 : packet(frame + 14, len - 14);
}
