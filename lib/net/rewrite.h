/* SPDX-License-Identifier: BSD-3-Clause */

/* Changes of a packet's own headers that keep its checksums right: each is corrected by what
 * changed, never computed anew (RFC 1624, equation 3), so that a packet that was broken stays
 * broken. Pure; one body for both families. */

#ifndef SLUICE_NET_REWRITE_H
#define SLUICE_NET_REWRITE_H

#include "net/csum.h"
#include "net/hdr.h"
#include "net/parse.h"

#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_MSS 2
#define TCP_MSS_LEN    4

/* Correct a checksum for words whose sum was `from` and is `to`; neither folded. */
HDR_INLINE void rewrite_csum(void *csum, uint64_t from, uint64_t to)
{
	const uint16_t was = (uint16_t)~csum_fold(from);

	hdr_store16(csum, (uint16_t)~csum_fold((uint64_t)(uint16_t)~hdr_load16(csum) + was + to));
}

/* The transport header of an IP packet of which `len` bytes can be read, and its protocol. NULL
 * where none is: a later fragment, or a chain of extension headers that does not end in sight. */
HDR_INLINE uint8_t *rewrite_l4(uint8_t *ip, uint32_t len, uint8_t *proto, bool v6)
{
	uint32_t off = v6 ? IPV6_LEN : (ip[0] & 15) * 4u, used = 0;

	*proto = v6 ? ip[6] : ip[9];
	if (!v6)
		return hdr_be16(ip + 6) & IPV4_OFF_MASK || off > len ? NULL : ip + off;
	if (!parse_is_ext(*proto))
		return ip + off;
	enum verdict v = parse_ext_chain(ip + off, len - off, proto, &used);

	off += used;
	if (v == VERDICT_FRAG && !(hdr_be16(ip + off + 2) & 0xfff8)) { /* the first one has it */
		*proto = ip[off];
		off += 8;
		v = parse_ext_chain(ip + off, len - off, proto, &used);
		off += used;
	}
	return v == PARSE_OK ? ip + off : NULL;
}

/* Where the checksum of a transport header is, that the addresses go into; NULL: it has none. */
HDR_INLINE uint8_t *rewrite_l4_csum(uint8_t *l4, uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP:
		return l4 + 16;
	case PROTO_UDP:
		return hdr_load16(l4 + 6) ? l4 + 6 : NULL; /* zero: not used (RFC 768) */
	case PROTO_ICMPV6:
		return l4 + 2;
	default:
		return NULL;
	}
}

/* Bytes of a transport header up to the end of its checksum. */
HDR_INLINE uint32_t rewrite_l4_need(uint8_t proto)
{
	return proto == PROTO_TCP ? 18 : proto == PROTO_UDP ? 8 : 4;
}

HDR_INLINE void rewrite_l4_address(uint8_t *ip, uint32_t len, uint64_t from, uint64_t to, bool v6)
{
	uint8_t proto, *l4 = rewrite_l4(ip, len, &proto, v6), *csum;

	if (!l4 || (uint32_t)(l4 - ip) + rewrite_l4_need(proto) > len)
		return;
	csum = rewrite_l4_csum(l4, proto);
	if (!csum)
		return;
	rewrite_csum(csum, from, to);
	if (proto == PROTO_UDP && !hdr_load16(csum))
		hdr_store16(csum, 0xffff);
}

/* Send the packet to another address of its family, with this DSCP (RFC 2474, 3), for layer 3 DSR:
 * the backend knows by it which VIP the packet was for. `len`: readable bytes. */
HDR_INLINE void rewrite_destination(
	uint8_t *ip, uint32_t len, const uint8_t *dst, uint8_t dscp, bool v6)
{
	const uint32_t n = v6 ? 16 : 4;
	uint8_t *to = ip + (v6 ? 24 : 16);
	const uint64_t from_sum = csum_words(to, n), to_sum = csum_words(dst, n);
	const uint16_t head = hdr_load16(ip);

	if (v6) {
		hdr_store16(ip, htobe16((uint16_t)((be16toh(head) & 0xf03f) | dscp << 6)));
	} else {
		ip[1] = (uint8_t)(dscp << 2 | (ip[1] & 3));
		rewrite_csum(ip + 10, from_sum + head, to_sum + hdr_load16(ip));
	}
	memcpy(to, dst, n);
	rewrite_l4_address(ip, len, from_sum, to_sum, v6);
}

/* Hops that an IP packet has left. */
HDR_INLINE uint8_t rewrite_hops(const uint8_t *ip, bool v6)
{
	return ip[v6 ? 7 : 8];
}

/* One hop less to live; above 1 before. */
HDR_INLINE void rewrite_ttl(uint8_t *ip, bool v6)
{
	uint8_t *ttl = ip + (v6 ? 7 : 8);
	const uint16_t was = hdr_load16(ip + 8);

	(*ttl)--;
	if (!v6)
		rewrite_csum(ip + 10, was, hdr_load16(ip + 8));
}

/* The value of the MSS option of a TCP header of which `len` bytes can be read (RFC 9293, 3.2), or
 * NULL. */
HDR_INLINE uint8_t *rewrite_find_mss(uint8_t *tcp, uint32_t len)
{
	const uint32_t end = (tcp[12] >> 4) * 4u;

	for (uint32_t at = TCP_LEN; at + TCP_MSS_LEN <= end && at + TCP_MSS_LEN <= len;) {
		if (tcp[at] == TCP_OPTION_END)
			return NULL;
		if (tcp[at] == TCP_OPTION_NOP) {
			at++;
			continue;
		}
		if (tcp[at] == TCP_OPTION_MSS)
			return tcp[at + 1] == TCP_MSS_LEN ? tcp + at + 2 : NULL;
		if (tcp[at + 1] < 2)
			return NULL;
		at += tcp[at + 1];
	}
	return NULL;
}

/* Payload of TCP that an IP packet of `max` bytes has room for. */
HDR_INLINE uint16_t rewrite_mss_of(uint32_t max, bool v6)
{
	const uint32_t headers = (v6 ? IPV6_LEN : IPV4_LEN) + TCP_LEN;

	return (uint16_t)(max > headers ? max - headers : 0);
}

/* Lower the MSS that a SYN announces to at most `most`. */
HDR_INLINE void rewrite_mss(uint8_t *tcp, uint32_t len, uint16_t most)
{
	uint8_t *mss = rewrite_find_mss(tcp, len);

	if (!mss || hdr_be16(mss) <= most)
		return;
	/* the option may begin at an odd byte: its checksum words are not its own then */
	const uint32_t odd = (mss - tcp) & 1, n = 2 + 2 * odd;
	uint8_t *word = mss - odd;
	uint64_t from = 0, to = 0;

	if (word + n > tcp + len)
		return;
	for (uint32_t i = 0; i < n; i += 2)
		from += hdr_load16(word + i);
	hdr_store16(mss, htobe16(most));
	for (uint32_t i = 0; i < n; i += 2)
		to += hdr_load16(word + i);
	rewrite_csum(tcp + 16, from, to);
}

#endif
