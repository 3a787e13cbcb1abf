/* SPDX-License-Identifier: BSD-3-Clause */

/* ICMP errors about packets that we put into a tunnel: what they quote begins with our outer
 * header. Pure. */

#ifndef SLUICE_NET_TUNNEL_QUOTE_H
#define SLUICE_NET_TUNNEL_QUOTE_H

#include "net/icmp.h"
#include "net/locate.h"
#include "net/tunnel.h"

struct tunnel_quote {
	const uint8_t *src, *dst; /* of the outer header */
	const uint8_t *inner;     /* NULL: its IP header is not quoted whole */
	bool inner_v6;            /* of inner */
	uint32_t total;           /* bytes of the packet that was quoted */
	uint16_t port;            /* GUE: destination port; else 0 */
};

/* Bytes of the outer packet behind its IP header, as the header in it says. */
HDR_INLINE uint32_t tunnel_quote_behind(const uint8_t *at, uint8_t proto)
{
	if (proto == PROTO_UDP)
		return hdr_be16(at + 4);
	return proto == PROTO_IPIP ? hdr_be16(at + 2) : IPV6_LEN + hdr_be16(at + 4);
}

/* GUE of ours, as far as it is quoted: source port, and version, type and length zero. */
HDR_INLINE bool tunnel_quote_is_gue(const uint8_t *udp, uint32_t len)
{
	return hdr_be16(udp) >= TUNNEL_PORT_MIN && (len <= UDP_LEN || udp[UDP_LEN] == 0);
}

/* Where the tunnelled packet begins at `at`, of which `len` bytes are there, if its IP header is.
 */
HDR_INLINE void tunnel_quote_inner(
	struct tunnel_quote *out, const uint8_t *at, uint32_t len, uint8_t proto)
{
	const uint32_t off = proto == PROTO_UDP ? TUNNEL_GUE_LEN : 0;

	if (len <= off)
		return;
	out->inner_v6 = proto == PROTO_UDP ? at[off] >> 4 == 6 : proto == PROTO_IPV6;
	if (len >= off + icmp_ip_len(out->inner_v6))
		out->inner = at + off;
}

/* Judge the packet quoted at `q`, of which `len` bytes are there: at least 8 of them behind an
 * outer header without options, whose length and checksum fit. QUOTE_FLOW: it is tunnelled as ours
 * are. */
HDR_INLINE enum quote tunnel_quote_read(
	const uint8_t *q, uint32_t len, bool v6, struct tunnel_quote *out)
{
	const uint32_t hdr = icmp_ip_len(v6);

	if (len < hdr + 8 || q[0] >> 4 != (v6 ? 6 : 4) ||
		(!v6 && ((q[0] & 15) != 5 || !csum_ipv4_ok(q, IPV4_LEN))))
		return QUOTE_BAD;
	const uint8_t proto = q[v6 ? 6 : 9], *at = q + hdr;

	*out = (struct tunnel_quote){
		.src = icmp_src(q, v6),
		.dst = icmp_dst(q, v6),
		.total = v6 ? (uint32_t)IPV6_LEN + hdr_be16(q + 4) : hdr_be16(q + 2),
	};
	if ((!v6 && (hdr_be16(q + 6) & IPV4_FRAG_MASK)) ||
		(proto != PROTO_IPIP && proto != PROTO_IPV6 && proto != PROTO_UDP))
		return QUOTE_OTHER;
	if (proto == PROTO_UDP && !tunnel_quote_is_gue(at, len - hdr))
		return QUOTE_OTHER;
	if ((proto != PROTO_UDP && at[0] >> 4 != (proto == PROTO_IPV6 ? 6 : 4)) ||
		tunnel_quote_behind(at, proto) + hdr != out->total)
		return QUOTE_BAD;
	if (proto == PROTO_UDP)
		out->port = hdr_be16(at + 2);
	tunnel_quote_inner(out, at, len - hdr, proto);
	return QUOTE_FLOW;
}

/* MTU that an error speaks of, 0 for none. A router of old says 0 where it cut nothing: then the
 * next smaller MTU that was usual (RFC 1191, 7.1). */
HDR_INLINE uint32_t tunnel_quote_mtu(const uint8_t *icmp, uint32_t total, bool v6)
{
	static const uint16_t usual[] = {8166, 4352, 2002, 1492, 1006, 576};

	if (v6)
		return icmp[0] == ICMP6_TOO_BIG ? be32toh(hdr_load32(icmp + 4)) : 0;
	if (icmp[0] != ICMP4_UNREACHABLE || icmp[1] != ICMP4_FRAG_NEEDED)
		return 0;
	if (hdr_be16(icmp + 6))
		return hdr_be16(icmp + 6);
	for (uint32_t i = 0; i < sizeof usual / sizeof *usual; i++)
		if (usual[i] < total)
			return usual[i];
	return 0;
}

/* Is it about the size of the packet? */
HDR_INLINE bool tunnel_quote_is_size(const uint8_t *icmp, bool v6)
{
	return v6 ? icmp[0] == ICMP6_TOO_BIG
		  : icmp[0] == ICMP4_UNREACHABLE && icmp[1] == ICMP4_FRAG_NEEDED;
}

/* Would the steering program take this frame for an error about a tunnel (bpf/steer_classify.h)?
 * What its destination is, at `dst`, is not looked at. `len`: bytes that can be read. */
HDR_INLINE bool tunnel_quote_steered(
	const uint8_t *frame, uint32_t len, const uint8_t *dst, bool v6)
{
	const uint32_t hdr = icmp_ip_len(v6), at = hdr + ICMP_LEN;
	const uint8_t *ip = dst - (v6 ? 24 : 16);

	if (len < (uint32_t)(ip - frame) + at + hdr || ip[v6 ? 6 : 9] != icmp_proto(v6) ||
		(!v6 && (ip[0] != 0x45 || (hdr_be16(ip + 6) & IPV4_FRAG_MASK))) ||
		!icmp_is_error(ip[hdr], v6))
		return false;
	const uint8_t proto = ip[at + (v6 ? 6 : 9)];

	return proto == PROTO_IPIP || proto == PROTO_IPV6 || proto == PROTO_UDP;
}

#endif
