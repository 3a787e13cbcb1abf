/* SPDX-License-Identifier: BSD-3-Clause */

/* ICMP (RFC 792) and ICMPv6 (RFC 4443): messages told apart, and the few that we write. Pure. One
 * body for both; `v6` is a literal or comes from struct parsed. */

#ifndef SLUICE_NET_ICMP_H
#define SLUICE_NET_ICMP_H

#include "net/csum.h"
#include "net/hdr.h"
#include "net/parse.h"

#define ICMP_LEN            8

/* RFC 792 */
#define ICMP4_ECHO_REPLY    0
#define ICMP4_UNREACHABLE   3
#define ICMP4_PORT          3 /* codes of UNREACHABLE */
#define ICMP4_FRAG_NEEDED   4
#define ICMP4_ECHO          8
#define ICMP4_TIME_EXCEEDED 11
#define ICMP4_PARAMETER     12

/* RFC 4443 */
#define ICMP6_UNREACHABLE   1
#define ICMP6_PORT          4 /* code of UNREACHABLE */
#define ICMP6_TOO_BIG       2
#define ICMP6_TIME_EXCEEDED 3
#define ICMP6_PARAMETER     4
#define ICMP6_ECHO          128
#define ICMP6_ECHO_REPLY    129

/* Internetwork control (RFC 1812, 4.3.2.5). */
#define ICMP_TOS            0xc0
#define ICMP_TTL            64

/* Every IPv6 link carries this much (RFC 8200, 5). */
#define ICMP6_MTU_MIN       1280
/* Every IPv4 host takes this much (RFC 791, 3.1). */
#define ICMP4_MTU_MIN       576
/* An ICMP error is at most this long: RFC 1812, 4.3.2.3; RFC 4443, 2.4 (c). */
#define ICMP4_ERROR_MAX     576
#define ICMP6_ERROR_MAX     1280

HDR_INLINE uint8_t icmp_proto(bool v6)
{
	return v6 ? PROTO_ICMPV6 : PROTO_ICMP;
}

HDR_INLINE uint32_t icmp_ip_len(bool v6)
{
	return v6 ? IPV6_LEN : IPV4_LEN;
}

/* What any path is taken to carry, whoever says otherwise. */
HDR_INLINE uint32_t icmp_mtu_min(bool v6)
{
	return v6 ? ICMP6_MTU_MIN : ICMP4_MTU_MIN;
}

HDR_INLINE uint32_t icmp_addr_len(bool v6)
{
	return v6 ? 16 : 4;
}

/* Source and destination address of an IP header. */
HDR_INLINE const uint8_t *icmp_src(const uint8_t *ip, bool v6)
{
	return ip + (v6 ? 8 : 12);
}

HDR_INLINE const uint8_t *icmp_dst(const uint8_t *ip, bool v6)
{
	return icmp_src(ip, v6) + icmp_addr_len(v6);
}

/* Is a message of this type an error, which quotes the packet that it is about? Redirects are none:
 * nobody behind us may learn a route that way. */
HDR_INLINE bool icmp_is_error(uint8_t type, bool v6)
{
	if (v6)
		return type >= ICMP6_UNREACHABLE && type <= ICMP6_PARAMETER;
	return type == ICMP4_UNREACHABLE || type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAMETER;
}

HDR_INLINE bool icmp_is_echo(uint8_t type, bool v6)
{
	return type == (v6 ? ICMP6_ECHO : ICMP4_ECHO);
}

/* Bytes that go in front of the quoted packet, and the most of it that is quoted. */
HDR_INLINE uint32_t icmp_error_hdr(bool v6)
{
	return icmp_ip_len(v6) + ICMP_LEN;
}

HDR_INLINE uint32_t icmp_quote_max(bool v6)
{
	return (v6 ? ICMP6_ERROR_MAX : ICMP4_ERROR_MAX) - icmp_error_hdr(v6);
}

/* Sum over the pseudo header of an ICMPv6 message (RFC 8200, 8.1), not folded; ICMP has none. */
HDR_INLINE uint64_t icmp_pseudo(const uint8_t *src, const uint8_t *dst, uint32_t len, bool v6)
{
	if (!v6)
		return 0;
	return csum_words(src, 16) + csum_words(dst, 16) + htobe32(len) + htobe32(PROTO_ICMPV6);
}

/* An IP header without options for a message of `len` bytes. */
HDR_INLINE void icmp_write_ip(uint8_t *ip, const uint8_t *src, const uint8_t *dst, uint8_t tos,
	uint32_t len, uint16_t id, bool v6)
{
	memset(ip, 0, icmp_ip_len(v6));
	memcpy((uint8_t *)(uintptr_t)icmp_src(ip, v6), src, icmp_addr_len(v6));
	memcpy((uint8_t *)(uintptr_t)icmp_dst(ip, v6), dst, icmp_addr_len(v6));
	if (v6) {
		hdr_store32(ip, htobe32(0x60000000u | (uint32_t)tos << 20));
		hdr_store16(ip + 4, htobe16((uint16_t)len));
		ip[6] = PROTO_ICMPV6;
		ip[7] = ICMP_TTL;
		return;
	}
	ip[0] = 0x45;
	ip[1] = tos;
	hdr_store16(ip + 2, htobe16((uint16_t)(len + IPV4_LEN)));
	hdr_store16(ip + 4, id);
	ip[8] = ICMP_TTL;
	ip[9] = PROTO_ICMP;
	hdr_store16(ip + 10, (uint16_t)~csum_fold(csum_words(ip, IPV4_LEN)));
}

/* Make the echo request of `len` bytes at `icmp` its answer, with an IP header in front of it that
 * takes the place of what stood there; `ip` is the header that it came with. rest_sum: sum over
 * what follows the first four bytes. */
HDR_INLINE void icmp_write_echo_reply(
	uint8_t *icmp, const uint8_t *ip, uint32_t len, uint64_t rest_sum, uint16_t id, bool v6)
{
	uint8_t from[16], to[16];
	const uint8_t tos = v6 ? (uint8_t)(hdr_be16(ip) >> 4) : ip[1];

	memcpy(from, icmp_src(ip, v6), icmp_addr_len(v6));
	memcpy(to, icmp_dst(ip, v6), icmp_addr_len(v6));
	hdr_store32(icmp, 0);
	icmp[0] = v6 ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY;
	icmp_write_ip(icmp - icmp_ip_len(v6), to, from, tos, len, id, v6);
	hdr_store16(icmp + 2,
		(uint16_t)~csum_fold(hdr_load16(icmp) + rest_sum + icmp_pseudo(from, to, len, v6)));
}

/* The MTU to tell the sender of a packet of `len` bytes of which `max` would fit. 0: nothing that
 * it could follow, since no IPv6 host makes its packets smaller than 1280 (RFC 8200, 5). */
HDR_INLINE uint32_t icmp_mtu(uint32_t max, uint32_t len, bool v6)
{
	if (!v6 || max >= ICMP6_MTU_MIN)
		return max;
	return len > ICMP6_MTU_MIN ? ICMP6_MTU_MIN : 0;
}

/* An error message, but for its checksum: what says which, and what. */
struct icmp_error {
	uint8_t type, code;
	uint32_t rest_be; /* the four bytes behind the checksum */
};

/* "Fragmentation needed" (RFC 1191, 4) or "packet too big" (RFC 4443, 3.2). */
HDR_INLINE struct icmp_error icmp_too_big(uint32_t mtu, bool v6)
{
	return (struct icmp_error){
		.type = v6 ? ICMP6_TOO_BIG : ICMP4_UNREACHABLE,
		.code = v6 ? 0 : ICMP4_FRAG_NEEDED,
		.rest_be = htobe32(mtu),
	};
}

/* "Time to live exceeded in transit" (RFC 792) or "hop limit exceeded" (RFC 4443, 3.3). */
HDR_INLINE struct icmp_error icmp_expired(bool v6)
{
	return (struct icmp_error){.type = v6 ? ICMP6_TIME_EXCEEDED : ICMP4_TIME_EXCEEDED};
}

/* "Port unreachable" (RFC 792; RFC 4443, 3.1). */
HDR_INLINE struct icmp_error icmp_port_unreachable(bool v6)
{
	return (struct icmp_error){
		.type = v6 ? ICMP6_UNREACHABLE : ICMP4_UNREACHABLE,
		.code = v6 ? ICMP6_PORT : ICMP4_PORT,
	};
}

/* The message: IP and ICMP header in front of the packet at `ip`, of which `quote` bytes with the
 * sum `quote_sum` follow. Source is that packet's destination. icmp_error_hdr() bytes before `ip`
 * are written. */
HDR_INLINE void icmp_write_error(uint8_t *ip, uint32_t quote, uint64_t quote_sum,
	const struct icmp_error *e, uint16_t id, bool v6)
{
	uint8_t *icmp = ip - ICMP_LEN, *head = ip - icmp_error_hdr(v6);
	const uint32_t len = ICMP_LEN + quote;

	hdr_store32(icmp, 0);
	hdr_store32(icmp + 4, e->rest_be);
	icmp[0] = e->type;
	icmp[1] = e->code;
	icmp_write_ip(head, icmp_dst(ip, v6), icmp_src(ip, v6), ICMP_TOS, len, id, v6);
	const uint64_t sum = csum_words(icmp, ICMP_LEN) + quote_sum +
			     icmp_pseudo(icmp_src(head, v6), icmp_dst(head, v6), len, v6);

	hdr_store16(icmp + 2, (uint16_t)~csum_fold(sum));
}

/* A later fragment, about which no ICMP error may be sent (RFC 1122, 3.2.2). */
HDR_INLINE bool icmp_later_fragment(const uint8_t *ip, bool v6)
{
	return !v6 && (hdr_be16(ip + 6) & IPV4_OFF_MASK);
}

/* May nobody on the way cut this packet? */
HDR_INLINE bool icmp_dont_fragment(const uint8_t *ip, bool v6)
{
	return v6 || (hdr_be16(ip + 6) & IPV4_DF);
}

#endif
