/* SPDX-License-Identifier: BSD-3-Clause */

/* The header that goes in front of a packet on its way to a backend: Ethernet, and for a tunnel the
 * outer IP header. Compiled once per backend; per packet it is copied and its few variable fields
 * are stored.
 *
 * IP in IP: RFC 2003 (4in4), RFC 2473 (4in6, 6in6), RFC 4213 (6in4). */

#ifndef SLUICE_NET_TUNNEL_H
#define SLUICE_NET_TUNNEL_H

#include "base/addr.h"
#include "net/csum.h"
#include "net/hdr.h"

#define TUNNEL_TTL     64
#define TUNNEL_HDR_MAX (ETH_LEN + IPV6_LEN)

struct tunnel {
	uint8_t len;   /* bytes of hdr in use: 14, 34 or 54 */
	uint32_t csum; /* outer IPv4: sum over the fields that do not vary, not folded */
	uint8_t hdr[TUNNEL_HDR_MAX]; /* variable fields zero */
};

/* What varies per packet. */
struct tunnel_packet {
	uint16_t inner_len; /* bytes of the inner IP packet */
	uint16_t
		id; /* identification of an outer IPv4 header; any value, as DF is set (RFC 6864) */
	uint32_t label; /* 20 bits, flow label of an outer IPv6 header (RFC 6438) */
	uint8_t tos;    /* of the inner packet, copied to the outer one (RFC 2983, uniform model) */
	bool inner_v6;
};

/* Compile the Ethernet header alone: direct server return on the same link. */
HDR_INLINE void tunnel_compile_l2(
	struct tunnel *t, const struct sl_ether *dst, const struct sl_ether *src)
{
	memset(t, 0, sizeof *t);
	memcpy(t->hdr, dst->b, 6);
	memcpy(t->hdr + 6, src->b, 6);
	t->len = ETH_LEN;
}

/* Compile Ethernet and outer IP header. src and dst are of one family, which becomes the outer one.
 */
HDR_INLINE void tunnel_compile_ip(struct tunnel *t, const struct sl_ether *eth_dst,
	const struct sl_ether *eth_src, const struct sl_addr *src, const struct sl_addr *dst)
{
	uint8_t *ip = t->hdr + ETH_LEN;

	tunnel_compile_l2(t, eth_dst, eth_src);
	if (sl_addr_is4(dst)) {
		t->len = ETH_LEN + IPV4_LEN;
		hdr_store16(t->hdr + ETH_TYPE_OFF, htobe16(ETH_TYPE_IPV4));
		ip[0] = 0x45;
		hdr_store16(ip + 6, htobe16(IPV4_DF));
		ip[8] = TUNNEL_TTL;
		memcpy(ip + 12, sl_addr_bytes(src), 4);
		memcpy(ip + 16, sl_addr_bytes(dst), 4);
		t->csum = (uint32_t)csum_fold(csum_words(ip, IPV4_LEN));
	} else {
		t->len = ETH_LEN + IPV6_LEN;
		hdr_store16(t->hdr + ETH_TYPE_OFF, htobe16(ETH_TYPE_IPV6));
		ip[7] = TUNNEL_TTL;
		memcpy(ip + 8, src->b, 16);
		memcpy(ip + 24, dst->b, 16);
	}
}

/* Bytes of the outer IP header towards this address. */
HDR_INLINE uint32_t tunnel_overhead(const struct sl_addr *dst)
{
	return sl_addr_is4(dst) ? IPV4_LEN : IPV6_LEN;
}

/* Both ends of a compiled tunnel. False for an Ethernet header alone. */
HDR_INLINE bool tunnel_addresses(const struct tunnel *t, struct sl_addr *from, struct sl_addr *to)
{
	const uint8_t *ip = t->hdr + ETH_LEN;

	if (t->len < ETH_LEN + IPV4_LEN)
		return false;
	if (hdr_be16(t->hdr + ETH_TYPE_OFF) == ETH_TYPE_IPV4) {
		*from = sl_addr_from4(ip + 12);
		*to = sl_addr_from4(ip + 16);
	} else {
		*from = sl_addr_from16(ip + 8);
		*to = sl_addr_from16(ip + 24);
	}
	return true;
}

/* True when tunnel_compile_ip made an outer IPv6 header. */
HDR_INLINE bool tunnel_outer_v6(const struct tunnel *t)
{
	return t->len == ETH_LEN + IPV6_LEN;
}

/* Write the Ethernet header of `t` at `at` (14 bytes). */
HDR_INLINE void tunnel_write_l2(uint8_t *at, const struct tunnel *t, bool v6)
{
	memcpy(at, t->hdr, ETH_TYPE_OFF);
	hdr_store16(at + ETH_TYPE_OFF, v6 ? htobe16(ETH_TYPE_IPV6) : htobe16(ETH_TYPE_IPV4));
}

/* Write Ethernet and outer IPv4 header at `at` (34 bytes): in five stores, as each one counts. */
HDR_INLINE void tunnel_write_ip4(uint8_t *at, const struct tunnel *t, const struct tunnel_packet *p)
{
	const uint16_t total_be = htobe16((uint16_t)(p->inner_len + IPV4_LEN));
	const uint8_t proto = p->inner_v6 ? PROTO_IPV6 : PROTO_IPIP;
	const uint8_t *hdr = t->hdr;

	memcpy(at, hdr, ETH_LEN + 2);
	at[ETH_LEN + 1] = p->tos;
	/* total length, identification, fragment field, TTL, protocol */
	hdr_store64(at + ETH_LEN + 2, hdr_load64(hdr + ETH_LEN + 2) | total_be |
					      (uint64_t)p->id << 16 | (uint64_t)proto << 56);
	/* tos and proto are the second byte of their word in memory */
	hdr_store16(at + ETH_LEN + 10,
		(uint16_t)~csum_fold32(t->csum + ((uint32_t)p->tos << 8) + total_be + p->id +
				       ((uint32_t)proto << 8)));
	memcpy(at + ETH_LEN + 12, hdr + ETH_LEN + 12, 8);
}

/* Write Ethernet and outer IPv6 header at `at` (54 bytes). */
HDR_INLINE void tunnel_write_ip6(uint8_t *at, const struct tunnel *t, const struct tunnel_packet *p)
{
	uint8_t *ip = at + ETH_LEN;

	memcpy(at, t->hdr, ETH_LEN + IPV6_LEN);
	hdr_store32(ip, htobe32(0x60000000u | (uint32_t)p->tos << 20 | (p->label & 0xfffff)));
	hdr_store16(ip + 4, htobe16(p->inner_len));
	ip[6] = p->inner_v6 ? PROTO_IPV6 : PROTO_IPIP;
}

#endif
