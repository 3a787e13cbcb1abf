/* SPDX-License-Identifier: BSD-3-Clause */

/* Where the parts of a packet are that is no plain TCP or UDP packet. The parser has found nothing
 * wrong with it so far; here it is walked again, for those that left the line. Pure. */

#ifndef SLUICE_NET_LOCATE_H
#define SLUICE_NET_LOCATE_H

#include "net/icmp.h"
#include "net/key.h"
#include "net/parse.h"

struct located {
	uint16_t l3_len;   /* whole IP packet */
	uint16_t l4_off;   /* of what no IP or extension header is, from the IP header on */
	uint16_t frag_off; /* of this fragment's payload in the datagram's, bytes */
	uint16_t frag_len; /* bytes of that payload */
	uint32_t frag_id;  /* as it stands in the packet */
	uint8_t proto;     /* of what is at l4_off */
	uint8_t tos;
	bool fragment; /* part of a datagram */
	bool more;     /* others follow */
};

HDR_INLINE enum verdict locate4(const uint8_t *ip, struct located *out)
{
	const uint16_t field = hdr_be16(ip + 6);

	*out = (struct located){
		.l3_len = hdr_be16(ip + 2),
		.l4_off = (uint16_t)((ip[0] & 15) * 4),
		.frag_len = (uint16_t)(hdr_be16(ip + 2) - (ip[0] & 15) * 4),
		.frag_off = (uint16_t)((field & IPV4_OFF_MASK) * 8),
		.frag_id = hdr_load16(ip + 4),
		.proto = ip[9],
		.tos = ip[1],
		.fragment = (field & IPV4_FRAG_MASK) != 0,
		.more = (field & IPV4_MF) != 0,
	};
	return PARSE_OK;
}

/* `here`: bytes of the packet that can be read. The chain may go on behind the fragment header of a
 * first fragment. */
HDR_INLINE enum verdict locate6(const uint8_t *ip, uint32_t here, struct located *out)
{
	uint32_t used;
	uint8_t proto = ip[6];
	enum verdict v = parse_ext_chain(ip + IPV6_LEN, here - IPV6_LEN, &proto, &used);

	*out = (struct located){
		.l3_len = (uint16_t)(IPV6_LEN + hdr_be16(ip + 4)),
		.tos = (uint8_t)(hdr_be16(ip) >> 4),
		.fragment = v == VERDICT_FRAG,
	};
	used += IPV6_LEN;
	if (v == VERDICT_FRAG) {
		const uint8_t *h = ip + used;
		const uint16_t field = hdr_be16(h + 2);

		out->frag_off = field & 0xfff8;
		out->frag_id = hdr_load32(h + 4);
		out->more = field & 1;
		proto = h[0];
		used += 8;
		out->frag_len = (uint16_t)(out->l3_len - used);
		v = PARSE_OK;
		if (!out->frag_off) {
			uint32_t rest;

			v = parse_ext_chain(ip + used, here - used, &proto, &rest);
			used += rest;
		}
	}
	out->proto = proto;
	out->l4_off = (uint16_t)used;
	return v == VERDICT_FRAG ? VERDICT_EXT_HDR : v; /* one in another */
}

/* PARSE_OK, or what is wrong behind the fragment header of an IPv6 packet. */
HDR_INLINE enum verdict locate(const uint8_t *ip, uint32_t here, bool v6, struct located *out)
{
	return v6 ? locate6(ip, here, out) : locate4(ip, out);
}

/* Fragments that no sender makes: without payload, of a length that only a last one may have, that
 * end beyond the longest datagram, or with a transport header that is not whole in the first one
 * (RFC 1858, RFC 3128, RFC 7112). `here`: bytes that can be read at l4. */
HDR_INLINE bool locate_frag_bad(const struct located *at, const uint8_t *l4, uint32_t here, bool v6)
{
	const uint32_t need = at->proto == PROTO_TCP ? TCP_LEN : 8;

	if (!at->frag_len || (at->more && at->frag_len % 8) ||
		at->frag_off + (uint32_t)at->frag_len > UINT16_MAX - (v6 ? 0 : IPV4_LEN))
		return true;
	if (at->frag_off)
		return at->proto == PROTO_TCP && at->frag_off < TCP_LEN;
	return here < need || (at->proto == PROTO_TCP && (l4[12] >> 4) * 4u > here);
}

/* What tells datagrams of one protocol and one of another apart: IPv6 has one identification for
 * all (RFC 8200, 4.5), and says the protocol in the first fragment alone. */
HDR_INLINE uint8_t locate_frag_proto(const struct located *at, bool v6)
{
	return v6 ? 0 : at->proto;
}

/* Key of the flow that a packet with a whole transport header belongs to. */
HDR_INLINE void locate_key(
	const uint8_t *ip, const uint8_t *l4, uint8_t proto, bool v6, struct flow_key *key)
{
	key_of_addresses(key, icmp_src(ip, v6), proto, v6);
	key->w[v6 ? 4 : 1] |= hdr_load32(l4);
}

/* What an ICMP error quotes. */
enum quote {
	QUOTE_FLOW,  /* a packet from a service to a client */
	QUOTE_OTHER, /* a whole packet, but of no flow: another protocol, a later fragment */
	QUOTE_BAD,   /* cut or made up */
};

/* The key of the flow whose answer is quoted: as its own packets have it, so the other way round
 * (RFC 5508, 4.2). */
HDR_INLINE void quote_key(
	const uint8_t *ip, const uint8_t *l4, uint8_t proto, bool v6, struct flow_key *key)
{
	const uint64_t ports = hdr_load16(l4 + 2) | (uint32_t)hdr_load16(l4) << 16;
	const uint64_t last = ports | (uint64_t)proto << 32;

	memset(key, 0, sizeof *key);
	memcpy(key->w, icmp_dst(ip, v6), icmp_addr_len(v6));
	memcpy((uint8_t *)key->w + icmp_addr_len(v6), icmp_src(ip, v6), icmp_addr_len(v6));
	key->w[v6 ? 4 : 1] = last;
}

/* Judge the quoted packet at `q`, of which `len` bytes are there: its lengths, its IPv4 checksum,
 * and that it came from the address to which the error went. At least 8 bytes of its transport
 * header are quoted (RFC 792; RFC 1812, 4.3.2.3; RFC 4443, 2.4). key is valid for QUOTE_FLOW. */
HDR_INLINE enum quote quote_read(
	const uint8_t *q, uint32_t len, const uint8_t *from, bool v6, struct flow_key *key)
{
	struct located at;

	if (len < icmp_ip_len(v6) || q[0] >> 4 != (v6 ? 6 : 4) ||
		memcmp(icmp_src(q, v6), from, icmp_addr_len(v6)) != 0)
		return QUOTE_BAD;
	if (!v6 &&
		((q[0] & 15) < 5 || (q[0] & 15) * 4u > len || !csum_ipv4_ok(q, (q[0] & 15) * 4u)))
		return QUOTE_BAD;
	if (locate(q, len, v6, &at) != PARSE_OK)
		return QUOTE_BAD;
	if (at.frag_off)
		return QUOTE_OTHER;
	if (at.l4_off + 8u > len || at.l4_off + 8u > at.l3_len)
		return QUOTE_BAD;
	if (at.proto != PROTO_TCP && at.proto != PROTO_UDP)
		return QUOTE_OTHER;
	quote_key(q, q + at.l4_off, at.proto, v6, key);
	return QUOTE_FLOW;
}

#endif
