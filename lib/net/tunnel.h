/* SPDX-License-Identifier: BSD-3-Clause */

/* The header that goes in front of a packet on its way to a backend: Ethernet, and for a tunnel the
 * outer IP header, with GUE also UDP and GUE. Compiled once per backend; per packet it is copied
 * and its few variable fields are stored.
 *
 * IP in IP: RFC 2003 (4in4), RFC 2473 (4in6, 6in6), RFC 4213 (6in4).
 * GUE: draft-ietf-intarea-gue-09, version 0, a header of 4 bytes without extensions. */

#ifndef SLUICE_NET_TUNNEL_H
#define SLUICE_NET_TUNNEL_H

#include "base/addr.h"
#include "net/csum.h"
#include "net/hdr.h"

#define TUNNEL_TTL      64
#define GUE_LEN         4
#define TUNNEL_GUE_LEN  (UDP_LEN + GUE_LEN)
#define TUNNEL_HDR_MAX  (ETH_LEN + IPV6_LEN + TUNNEL_GUE_LEN)

/* Source ports are taken from the dynamic ones (RFC 6335, 6). */
#define TUNNEL_PORT_MIN 0xc000u

struct tunnel {
	uint32_t csum; /* outer IPv4: sum over the fields that do not vary, not folded */
	uint32_t vary; /* bits that each flow chooses in the last four bytes of the outer source, as
			  they lie in memory; zero in hdr */
	uint8_t hdr[TUNNEL_HDR_MAX]; /* variable fields zero */
	uint8_t len;                 /* bytes of hdr in use */
};

/* Layer 3 DSR has no header of its own; hdr holds what the packet is to have. */
#define TUNNEL_DSCP_TO ETH_LEN        /* destination, 4 or 16 bytes */
#define TUNNEL_DSCP    (ETH_LEN + 16) /* value of the field */

/* What varies per packet. */
struct tunnel_packet {
	uint16_t inner_len; /* bytes of the inner IP packet */
	/* identification of an outer IPv4 header; any value, as DF is set (RFC 6864) */
	uint16_t id;
	/* the same for all packets of a flow: flow label of an outer IPv6 header (RFC 6438), source
	 * port of GUE, source address where that varies */
	uint32_t entropy;
	uint8_t tos; /* of the inner packet, copied to the outer one (RFC 2983, uniform model) */
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

/* Compile Ethernet, outer IP, UDP and GUE header. port: of the backend's decapsulator. */
HDR_INLINE void tunnel_compile_gue(struct tunnel *t, const struct sl_ether *eth_dst,
	const struct sl_ether *eth_src, const struct sl_addr *src, const struct sl_addr *dst,
	uint16_t port)
{
	uint8_t *ip = t->hdr + ETH_LEN;

	tunnel_compile_ip(t, eth_dst, eth_src, src, dst);
	if (sl_addr_is4(dst)) {
		ip[9] = PROTO_UDP;
		t->csum = (uint32_t)csum_fold(csum_words(ip, IPV4_LEN));
	} else {
		ip[6] = PROTO_UDP;
	}
	hdr_store16(t->hdr + t->len + 2, htobe16(port));
	t->len = (uint8_t)(t->len + TUNNEL_GUE_LEN);
}

/* Compile Ethernet header, destination and DSCP for layer 3 DSR: tunnel_write_dscp. */
HDR_INLINE void tunnel_compile_dscp(struct tunnel *t, const struct sl_ether *eth_dst,
	const struct sl_ether *eth_src, const struct sl_addr *dst, uint8_t dscp)
{
	tunnel_compile_l2(t, eth_dst, eth_src);
	memcpy(t->hdr + TUNNEL_DSCP_TO, sl_addr_bytes(dst), sl_addr_is4(dst) ? 4 : 16);
	t->hdr[TUNNEL_DSCP] = dscp;
}

/* True when the compiled header has an outer IPv6 header. */
HDR_INLINE bool tunnel_outer_v6(const struct tunnel *t)
{
	return hdr_be16(t->hdr + ETH_TYPE_OFF) == ETH_TYPE_IPV6;
}

/* Let flows choose the last `bits` bits of the outer source, at most 32. What the address has there
 * goes. */
HDR_INLINE void tunnel_vary_source(struct tunnel *t, uint32_t bits)
{
	const bool v6 = tunnel_outer_v6(t);
	uint8_t *ip = t->hdr + ETH_LEN, *last = ip + (v6 ? 20 : 12);

	t->vary = htobe32(bits >= 32 ? UINT32_MAX : (1u << bits) - 1);
	hdr_store32(last, hdr_load32(last) & ~t->vary);
	if (!v6)
		t->csum = (uint32_t)csum_fold(csum_words(ip, IPV4_LEN));
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
	if (!tunnel_outer_v6(t)) {
		*from = sl_addr_from4(ip + 12);
		*to = sl_addr_from4(ip + 16);
	} else {
		*from = sl_addr_from16(ip + 8);
		*to = sl_addr_from16(ip + 24);
	}
	return true;
}

/* Write the Ethernet header of `t` at `at` (14 bytes). */
HDR_INLINE void tunnel_write_l2(uint8_t *at, const struct tunnel *t, bool v6)
{
	memcpy(at, t->hdr, ETH_TYPE_OFF);
	hdr_store16(at + ETH_TYPE_OFF, v6 ? htobe16(ETH_TYPE_IPV6) : htobe16(ETH_TYPE_IPV4));
}

HDR_INLINE uint32_t tunnel_proto(bool inner_v6)
{
	return PROTO_IPIP + (PROTO_IPV6 - PROTO_IPIP) * (uint32_t)inner_v6;
}

/* Ethernet and outer IPv4 header for a packet of `total` bytes, in five stores, as each one counts.
 * What the caller knows at compile time costs nothing: `proto` 0 = compiled already, vary false. */
HDR_INLINE void tunnel_write_v4(uint8_t *at, const struct tunnel *t, const struct tunnel_packet *p,
	uint32_t total, uint32_t proto, bool vary)
{
	const uint16_t total_be = htobe16((uint16_t)total);
	const uint32_t source = vary ? p->entropy & t->vary : 0;
	const uint8_t *hdr = t->hdr;

	memcpy(at, hdr, ETH_LEN + 2);
	at[ETH_LEN + 1] = p->tos;
	/* total length, identification, fragment field, TTL, protocol */
	hdr_store64(at + ETH_LEN + 2, hdr_load64(hdr + ETH_LEN + 2) | total_be |
					      (uint64_t)p->id << 16 | (uint64_t)proto << 56);
	/* tos and proto are the second byte of their word in memory */
	uint32_t sum = t->csum + ((uint32_t)p->tos << 8) + total_be + p->id + (proto << 8);

	if (vary)
		sum += (source & 0xffff) + (source >> 16);
	hdr_store16(at + ETH_LEN + 10, (uint16_t)~csum_fold32(sum));
	hdr_store64(at + ETH_LEN + 12, hdr_load64(hdr + ETH_LEN + 12) | source);
}

/* The same for IPv6; `len`: bytes behind the outer header, `copy`: bytes of hdr. */
HDR_INLINE void tunnel_write_v6(uint8_t *at, const struct tunnel *t, const struct tunnel_packet *p,
	uint32_t len, uint32_t copy, bool vary)
{
	uint8_t *ip = at + ETH_LEN;

	memcpy(at, t->hdr, copy);
	hdr_store32(ip, htobe32(0x60000000u | (uint32_t)p->tos << 20 | (p->entropy & 0xfffff)));
	hdr_store16(ip + 4, htobe16((uint16_t)len));
	if (vary)
		hdr_store32(ip + 20, hdr_load32(t->hdr + ETH_LEN + 20) | (p->entropy & t->vary));
}

/* UDP and GUE header at `udp`; the UDP checksum is zero (RFC 6935, RFC 6936). */
HDR_INLINE void tunnel_write_udp(uint8_t *udp, const uint8_t *hdr, const struct tunnel_packet *p)
{
	memcpy(udp, hdr, TUNNEL_GUE_LEN);
	hdr_store16(udp, htobe16((uint16_t)(TUNNEL_PORT_MIN | (p->entropy >> 18))));
	hdr_store16(udp + 4, htobe16((uint16_t)(p->inner_len + TUNNEL_GUE_LEN)));
	udp[UDP_LEN + 1] = (uint8_t)tunnel_proto(p->inner_v6);
}

/* Are the `len` bytes at a UDP header the begin of GUE as tunnel_write_udp writes it? */
HDR_INLINE bool tunnel_is_gue(const uint8_t *udp, uint32_t len)
{
	const uint8_t *gue = udp + UDP_LEN;

	return len >= TUNNEL_GUE_LEN && hdr_be16(udp) >= TUNNEL_PORT_MIN && !gue[0] &&
	       (gue[1] == PROTO_IPIP || gue[1] == PROTO_IPV6) && !gue[2] && !gue[3];
}

/* Write Ethernet and outer IPv4 header at `at` (34 bytes). */
HDR_INLINE void tunnel_write_ip4(
	uint8_t *at, const struct tunnel *t, const struct tunnel_packet *p, bool vary)
{
	tunnel_write_v4(at, t, p, p->inner_len + IPV4_LEN, tunnel_proto(p->inner_v6), vary);
}

/* Write Ethernet and outer IPv6 header at `at` (54 bytes). */
HDR_INLINE void tunnel_write_ip6(
	uint8_t *at, const struct tunnel *t, const struct tunnel_packet *p, bool vary)
{
	tunnel_write_v6(at, t, p, p->inner_len, ETH_LEN + IPV6_LEN, vary);
	at[ETH_LEN + 6] = (uint8_t)tunnel_proto(p->inner_v6);
}

/* Write Ethernet, outer IPv4, UDP and GUE header at `at` (46 bytes). */
HDR_INLINE void tunnel_write_gue4(
	uint8_t *at, const struct tunnel *t, const struct tunnel_packet *p)
{
	tunnel_write_v4(at, t, p, p->inner_len + IPV4_LEN + TUNNEL_GUE_LEN, 0, false);
	tunnel_write_udp(at + ETH_LEN + IPV4_LEN, t->hdr + ETH_LEN + IPV4_LEN, p);
}

/* Write Ethernet, outer IPv6, UDP and GUE header at `at` (66 bytes). */
HDR_INLINE void tunnel_write_gue6(
	uint8_t *at, const struct tunnel *t, const struct tunnel_packet *p)
{
	tunnel_write_v6(at, t, p, p->inner_len + TUNNEL_GUE_LEN, ETH_LEN + IPV6_LEN, false);
	tunnel_write_udp(at + ETH_LEN + IPV6_LEN, t->hdr + ETH_LEN + IPV6_LEN, p);
}

/* Bytes in front of the UDP header of a GUE packet. */
HDR_INLINE uint32_t tunnel_udp_off(bool outer_v6)
{
	return ETH_LEN + (outer_v6 ? IPV6_LEN : IPV4_LEN);
}

/* Sum over the pseudo header of a GUE packet with `len` bytes from the UDP header on, not folded.
 */
HDR_INLINE uint64_t tunnel_udp_pseudo(const uint8_t *frame, uint32_t len, bool outer_v6)
{
	const uint8_t *ip = frame + ETH_LEN;
	const uint64_t addresses = outer_v6 ? csum_words(ip + 8, 32) : csum_words(ip + 12, 8);

	return addresses + htobe16(PROTO_UDP) + htobe32(len);
}

/* What a device wants that completes the checksum: the sum over the pseudo header in its place. */
HDR_INLINE void tunnel_write_udp_pseudo(uint8_t *frame, uint32_t len, bool outer_v6)
{
	hdr_store16(frame + tunnel_udp_off(outer_v6) + 6,
		csum_fold(tunnel_udp_pseudo(frame, len, outer_v6)));
}

/* Store the UDP checksum of a GUE packet in full: `sum` over its `len` bytes from the UDP header
 * on, checksum zero, not complemented (RFC 768; RFC 8200, 8.1). Zero is sent as its other form. */
HDR_INLINE void tunnel_write_udp_csum(uint8_t *frame, uint64_t sum, uint32_t len, bool outer_v6)
{
	const uint16_t csum = (uint16_t)~csum_fold(tunnel_udp_pseudo(frame, len, outer_v6) + sum);

	hdr_store16(frame + tunnel_udp_off(outer_v6) + 6, csum ? csum : 0xffff);
}

#endif
