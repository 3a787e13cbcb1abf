/* SPDX-License-Identifier: BSD-3-Clause */

/* From the bytes of a frame to its flow key: Ethernet, up to two VLAN tags, IPv4 with options, IPv6
 * with extension headers, TCP, UDP. Pure: reads the frame, writes only what it is given.
 *
 * Every read is behind a check against `len`; nothing past it is touched. */

#ifndef SLUICE_NET_PARSE_H
#define SLUICE_NET_PARSE_H

#include "base/flow_key.h"
#include "base/verdict.h"
#include "net/csum.h"
#include "net/hdr.h"

/* What the later stages need to know about a packet. Offsets and lengths in bytes. */
struct parsed {
	uint16_t l3_len;   /* whole IP packet, header included, link padding not */
	uint8_t l3_off;    /* IP header from the start of the frame: 14, 18 or 22 */
	uint8_t proto;     /* PROTO_TCP or PROTO_UDP */
	uint8_t tos;       /* IPv4 TOS or IPv6 traffic class */
	uint8_t tcp_flags; /* 0 for UDP */
	bool v6;
	uint8_t opening; /* the flags FIN, SYN and RST of TCP, or PARSED_UDP */
};

#define PARSED_UDP 8

/* VERDICT_FORWARDED from the functions below means: nothing wrong so far. */
#define PARSE_OK   VERDICT_FORWARDED

/* Walk the Ethernet header. *l3_off and *type (host order) are set on PARSE_OK. */
HDR_INLINE enum verdict parse_link(
	const uint8_t *frame, uint32_t len, uint8_t *l3_off, uint16_t *type)
{
	uint32_t off = ETH_LEN;
	uint16_t t;

	if (len < ETH_LEN)
		return VERDICT_RUNT;
	t = hdr_be16(frame + ETH_TYPE_OFF);
	while (__builtin_expect(t == ETH_TYPE_VLAN || t == ETH_TYPE_QINQ, 0)) {
		if (off == ETH_LEN + VLAN_MAX * VLAN_LEN)
			return VERDICT_VLAN;
		if (len < off + VLAN_LEN)
			return VERDICT_RUNT;
		t = hdr_be16(frame + off + 2);
		off += VLAN_LEN;
	}
	*l3_off = (uint8_t)off;
	*type = t;
	return PARSE_OK;
}

/* SYN with FIN or RST, FIN with RST, or none of the flags that any segment carries. */
HDR_INLINE bool parse_tcp_flags_bad(uint8_t f)
{
	const uint8_t opening = f & (TCP_SYN | TCP_FIN | TCP_RST);

	return (opening & (opening - 1)) != 0 || (f & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == 0;
}

/* The transport header. `l4` points at `left` bytes of the packet, of which `here` can be read. */
HDR_INLINE enum verdict parse_l4(
	const uint8_t *l4, uint32_t left, uint32_t here, struct parsed *out)
{
	const uint32_t room = left < here ? left : here;

	if (__builtin_expect(out->proto == PROTO_TCP, 1)) {
		if (room < TCP_LEN)
			return VERDICT_L4_TRUNCATED;
		const uint32_t hdr_len = (l4[12] >> 4) * 4u;

		if (hdr_len < TCP_LEN || parse_tcp_flags_bad(l4[13]))
			return VERDICT_TCP_FLAGS;
		if (hdr_len > left)
			return VERDICT_L4_TRUNCATED;
		out->tcp_flags = l4[13];
		out->opening = l4[13] & (TCP_FIN | TCP_SYN | TCP_RST);
		return PARSE_OK;
	}
	if (out->proto != PROTO_UDP)
		return VERDICT_L4_PROTO;
	if (room < UDP_LEN)
		return VERDICT_L4_TRUNCATED;
	const uint32_t udp_len = hdr_be16(l4 + 4);

	if (udp_len < UDP_LEN || udp_len > left)
		return VERDICT_L4_TRUNCATED;
	out->tcp_flags = 0;
	out->opening = PARSED_UDP;
	return PARSE_OK;
}

/* 0/8, 127/8 and 224/3 never are a source (RFC 1122, 3.2.1.3; RFC 5771; RFC 6890). */
HDR_INLINE bool parse_martian4(const uint8_t *src)
{
	return src[0] == 0 || src[0] == 127 || src[0] >= 224;
}

/* ::, ::1 and ff00::/8 (RFC 4291, 2.5.2, 2.5.3, 2.7). */
HDR_INLINE bool parse_martian6(const uint8_t *src)
{
	return src[0] == 0xff || (hdr_load64(src) == 0 && (be64toh(hdr_load64(src + 8)) <= 1));
}

/* An IPv4 packet (RFC 791). `len`: readable bytes from `ip`; `total`: bytes of the frame from `ip`,
 * larger when the frame goes on in another segment. check_csum: false where the NIC has done it. */
HDR_INLINE enum verdict parse_ipv4(const uint8_t *ip, uint32_t len, uint32_t total, bool check_csum,
	struct parsed *out, struct flow_key *key)
{
	if (len < IPV4_LEN)
		return VERDICT_RUNT;
	if ((ip[0] >> 4) != 4)
		return VERDICT_IP_VERSION;
	const uint32_t hdr_len = (ip[0] & 15) * 4u;
	const uint32_t l3_len = hdr_be16(ip + 2);

	if (hdr_len < IPV4_LEN || hdr_len > len)
		return VERDICT_IP_HDR_LEN;
	if (l3_len < hdr_len || l3_len > total)
		return VERDICT_IP_TOTAL_LEN;
	if (check_csum && !csum_ipv4_ok(ip, hdr_len))
		return VERDICT_IP_CHECKSUM;
	if (ip[8] == 0)
		return VERDICT_TTL;
	if (parse_martian4(ip + 12))
		return VERDICT_MARTIAN_SRC;
	if (hdr_load32(ip + 12) == hdr_load32(ip + 16))
		return VERDICT_LAND;
	if (hdr_load16(ip + 6) & htobe16(IPV4_FRAG_MASK))
		return VERDICT_FRAG;
	out->l3_len = (uint16_t)l3_len;
	out->proto = ip[9];
	out->tos = ip[1];
	out->v6 = false;
	const enum verdict v = parse_l4(ip + hdr_len, l3_len - hdr_len, len - hdr_len, out);

	if (v != PARSE_OK)
		return v;
	key->w[0] = hdr_load64(ip + 12);
	key->w[1] = hdr_load32(ip + hdr_len) | (uint64_t)out->proto << 32;
	return PARSE_OK;
}

/* One extension header at `ext` with `room` readable bytes. Its length in *size and the type of the
 * next in *next. A fragment header that holds a whole packet (RFC 6946) is walked like the others.
 */
HDR_INLINE enum verdict parse_ext(const uint8_t *ext, uint32_t room, uint8_t *next, uint32_t *size)
{
	const uint8_t type = *next;

	if (room < 8)
		return VERDICT_EXT_HDR;
	*next = ext[0];
	*size = 8;
	if (type == PROTO_FRAGMENT)
		return (hdr_be16(ext + 2) & ~6) == 0 ? PARSE_OK : VERDICT_FRAG;
	if (type == PROTO_ROUTING && ext[2] == 0) /* RFC 5095 */
		return VERDICT_EXT_HDR;
	*size = type == PROTO_AH ? (ext[1] + 2) * 4u : (ext[1] + 1) * 8u;
	return *size <= room ? PARSE_OK : VERDICT_EXT_HDR;
}

HDR_INLINE bool parse_is_ext(uint8_t proto)
{
	return proto == PROTO_HOPOPTS || proto == PROTO_ROUTING || proto == PROTO_FRAGMENT ||
	       proto == PROTO_AH || proto == PROTO_DSTOPTS;
}

/* Walk the extension headers behind an IPv6 header (RFC 8200, 4.1), at most IPV6_EXT_MAX of them.
 * `room`: readable bytes of the packet behind `p`. *proto: in the first, out the last next-header.
 * *used: bytes walked; with VERDICT_FRAG the fragment header begins there. */
static __attribute__((noinline, unused)) enum verdict parse_ext_chain(
	const uint8_t *p, uint32_t room, uint8_t *proto, uint32_t *used)
{
	uint32_t off = 0, size;

	*used = 0;
	for (int i = 0; parse_is_ext(*proto); i++) {
		if (i == IPV6_EXT_MAX || (*proto == PROTO_HOPOPTS && i > 0))
			return VERDICT_EXT_HDR;
		const enum verdict v = parse_ext(p + off, room - off, proto, &size);

		if (v != PARSE_OK)
			return v;
		off += size;
		*used = off;
	}
	return PARSE_OK;
}

/* An IPv6 packet (RFC 8200). Arguments as parse_ipv4. */
HDR_INLINE enum verdict parse_ipv6(
	const uint8_t *ip, uint32_t len, uint32_t total, struct parsed *out, struct flow_key *key)
{
	uint32_t hdr_len = IPV6_LEN;

	if (len < IPV6_LEN)
		return VERDICT_RUNT;
	if ((ip[0] >> 4) != 6)
		return VERDICT_IP_VERSION;
	const uint32_t l3_len = IPV6_LEN + (uint32_t)hdr_be16(ip + 4);

	if (l3_len == IPV6_LEN || l3_len > total || l3_len > UINT16_MAX)
		return VERDICT_IP_TOTAL_LEN;
	if (ip[7] == 0)
		return VERDICT_TTL;
	if (parse_martian6(ip + 8))
		return VERDICT_MARTIAN_SRC;
	if (hdr_load64(ip + 8) == hdr_load64(ip + 24) && hdr_load64(ip + 16) == hdr_load64(ip + 32))
		return VERDICT_LAND;
	out->l3_len = (uint16_t)l3_len;
	out->proto = ip[6];
	out->tos = (uint8_t)(hdr_be16(ip) >> 4);
	out->v6 = true;
	if (__builtin_expect(parse_is_ext(out->proto), 0)) {
		uint32_t used;
		const uint32_t room = (l3_len < len ? l3_len : len) - IPV6_LEN;
		const enum verdict v = parse_ext_chain(ip + IPV6_LEN, room, &out->proto, &used);

		if (v != PARSE_OK)
			return v;
		hdr_len += used;
	}
	const enum verdict v = parse_l4(ip + hdr_len, l3_len - hdr_len, len - hdr_len, out);

	if (v != PARSE_OK)
		return v;
	memcpy(key->w, ip + 8, 32);
	key->w[4] = hdr_load32(ip + hdr_len) | (uint64_t)out->proto << 32;
	key->w[5] = 0;
	return PARSE_OK;
}

/* EtherType, version and header length of an IPv4 packet without tag and options, and the bits that
 * say so in the word that begins with the EtherType. */
#define PARSE_PLAIN4       0x450008u
#define PARSE_PLAIN4_MASK  0xffffffu

/* Bit f is set where parse_tcp_flags_bad takes the flags whose lowest five bits are f. */
#define PARSE_TCP_FLAGS_OK 0x17171616u

/* Shortest frame that is plain. */
#define PARSE_PLAIN_MIN    (ETH_LEN + IPV4_LEN + TCP_LEN)

/* The transport header of a plain packet; what parse_l4 refuses is refused. `room`: bytes of the
 * packet from l4, negative where even the IP header does not fit; TCP_LEN of them can be read. */
HDR_INLINE bool parse_plain_l4(const uint8_t *l4, int32_t room, uint8_t proto, uint8_t *flags)
{
	if (__builtin_expect(proto == PROTO_TCP, 1)) {
		*flags = l4[13];
		/* l4[12] >> 2 is the header's length, or a little more where reserved bits are set
		 */
		return l4[12] >= (TCP_LEN / 4) << 4 && l4[12] >> 2 <= room &&
		       (1u << (*flags & 31) & PARSE_TCP_FLAGS_OK);
	}
	*flags = 0;
	return proto == PROTO_UDP && hdr_be16(l4 + 4) >= UDP_LEN && hdr_be16(l4 + 4) <= room;
}

/* What nearly all frames are: IPv4 without VLAN tag and options, whole, nothing wrong. True: out
 * and key are what parse_frame gives. False says nothing: parse_frame decides. `len`: bytes of the
 * frame, at least PARSE_PLAIN_MIN, all readable. */
HDR_INLINE bool parse_plain4(const uint8_t *frame, uint32_t len, bool check_csum,
	struct parsed *out, struct flow_key *key)
{
	const uint8_t *ip = frame + ETH_LEN;
	const uint32_t head = hdr_load32(frame + ETH_TYPE_OFF);
	const int32_t l3_len = hdr_be16(ip + 2);
	const uint8_t proto = ip[9];
	uint8_t flags;

	if ((head & PARSE_PLAIN4_MASK) != PARSE_PLAIN4 || l3_len > (int32_t)len - ETH_LEN ||
		ip[8] == 0 || (hdr_load16(ip + 6) & htobe16(IPV4_FRAG_MASK)) ||
		parse_martian4(ip + 12) || hdr_load32(ip + 12) == hdr_load32(ip + 16))
		return false;
	if (!parse_plain_l4(ip + IPV4_LEN, l3_len - IPV4_LEN, proto, &flags) ||
		(check_csum && !csum_ipv4_plain_ok(ip)))
		return false;
	key->w[0] = hdr_load64(ip + 12);
	key->w[1] = hdr_load32(ip + IPV4_LEN) | (uint64_t)proto << 32;
	out->l3_len = (uint16_t)l3_len;
	out->l3_off = ETH_LEN;
	out->proto = proto;
	out->tos = (uint8_t)(head >> 24);
	out->tcp_flags = flags;
	out->v6 = false;
	out->opening = proto == PROTO_TCP ? flags & (TCP_FIN | TCP_SYN | TCP_RST) : PARSED_UDP;
	return true;
}

/* Bytes from the start of a frame that parse_plain6 may read, however short the frame is. */
#define PARSE_PLAIN6_READ (ETH_LEN + IPV6_LEN + TCP_LEN)

/* The same for IPv6 without VLAN tag and extension headers. */
HDR_INLINE bool parse_plain6(
	const uint8_t *frame, uint32_t len, struct parsed *out, struct flow_key *key)
{
	const uint8_t *ip = frame + ETH_LEN;
	const int32_t room = hdr_be16(ip + 4);
	const uint8_t proto = ip[6];
	uint8_t flags;

	if (hdr_load16(frame + ETH_TYPE_OFF) != htobe16(ETH_TYPE_IPV6) || ip[0] >> 4 != 6 ||
		!room || IPV6_LEN + room > (int32_t)len - ETH_LEN || ip[7] == 0 ||
		parse_martian6(ip + 8) || memcmp(ip + 8, ip + 24, 16) == 0 ||
		!parse_plain_l4(ip + IPV6_LEN, room, proto, &flags))
		return false;
	memcpy(key->w, ip + 8, 32);
	key->w[4] = hdr_load32(ip + IPV6_LEN) | (uint64_t)proto << 32;
	key->w[5] = 0;
	*out = (struct parsed){
		.l3_len = (uint16_t)(IPV6_LEN + room),
		.l3_off = ETH_LEN,
		.proto = proto,
		.tos = (uint8_t)(hdr_be16(ip) >> 4),
		.tcp_flags = flags,
		.v6 = true,
		.opening = proto == PROTO_TCP ? flags & (TCP_FIN | TCP_SYN | TCP_RST) : PARSED_UDP,
	};
	return true;
}

/* A whole frame. `len`: readable bytes (the first segment); `frame_len`: all bytes of the frame.
 * PARSE_OK, or the reason to drop it; out and key are valid only on PARSE_OK. */
HDR_INLINE enum verdict parse_frame(const uint8_t *frame, uint32_t len, uint32_t frame_len,
	bool check_csum, struct parsed *out, struct flow_key *key)
{
	uint16_t type;
	const enum verdict v = parse_link(frame, len, &out->l3_off, &type);

	if (v != PARSE_OK)
		return v;
	const uint32_t off = out->l3_off;

	if (__builtin_expect(type == ETH_TYPE_IPV4, 1))
		return parse_ipv4(frame + off, len - off, frame_len - off, check_csum, out, key);
	if (type == ETH_TYPE_IPV6)
		return parse_ipv6(frame + off, len - off, frame_len - off, out, key);
	return VERDICT_ETH_TYPE;
}

/* ICMPv6 types of neighbour discovery: router and neighbour messages, redirect. */
HDR_INLINE bool parse_is_nd(uint8_t type)
{
	return type >= 133 && type <= 137;
}

/* Where a frame wants to go, however broken the rest of it is. Slow path.
 * True for IPv4 and IPv6 frames long enough to say: *dst points at 4 or 16 bytes, *v6 says which,
 * and *nd whether neighbour discovery (RFC 4861), or ICMPv6 too short to say, follows the header.
 */
static __attribute__((noinline, unused)) bool parse_destination(
	const uint8_t *frame, uint32_t len, const uint8_t **dst, bool *v6, bool *nd)
{
	uint8_t off;
	uint16_t type;

	if (parse_link(frame, len, &off, &type) != PARSE_OK)
		return false;
	*v6 = type == ETH_TYPE_IPV6;
	if (*v6 ? len < off + (uint32_t)IPV6_LEN
		: type != ETH_TYPE_IPV4 || len < off + (uint32_t)IPV4_LEN)
		return false;
	*dst = frame + off + (*v6 ? 24 : 16);
	*nd = *v6 && frame[off + 6] == PROTO_ICMPV6 &&
	      (len == off + (uint32_t)IPV6_LEN || parse_is_nd(frame[off + IPV6_LEN]));
	return true;
}

#endif
