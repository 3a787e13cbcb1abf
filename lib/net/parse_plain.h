/* SPDX-License-Identifier: BSD-3-Clause */

/* parse_plain4 of four packets at once: the fields of the four headers stand side by side in
 * vectors, so that a check costs the same for four as for one. All or nothing: one packet that is
 * not plain, and each of them goes the usual way.
 *
 * SSE4.1, which every build with DPDK has. */

#ifndef SLUICE_NET_PARSE_PLAIN_H
#define SLUICE_NET_PARSE_PLAIN_H

#include "net/parse.h"

#define PARSE_GROUP 4

#ifdef __SSE4_1__
#include <smmintrin.h>

#define PARSE_HAS_GROUP 1

static_assert(sizeof(struct parsed) == 8 && offsetof(struct parsed, l3_off) == 2 &&
		      offsetof(struct parsed, proto) == 3 && offsetof(struct parsed, tos) == 4 &&
		      offsetof(struct parsed, tcp_flags) == 5 &&
		      offsetof(struct parsed, opening) == 7,
	"parse_group_store writes two words a packet");

/* One field of four packets, a 32-bit word each, in the byte order of the packet. */
struct parse_group {
	__m128i head; /* version, TOS, total length */
	__m128i frag; /* identification, fragment field */
	__m128i life; /* TTL, protocol, checksum */
	__m128i src, dst;
	__m128i ports;
	__m128i l4;     /* behind the ports: length of UDP */
	__m128i tcp;    /* data offset, flags, window */
	__m128i l3_len; /* host order */
};

HDR_INLINE __m128i parse_set1(uint32_t v)
{
	return _mm_set1_epi32((int)v);
}

/* The low 16 bits of each word, bytes swapped; what stands above is dropped. */
HDR_INLINE __m128i parse_be16(__m128i v)
{
	return _mm_or_si128(_mm_and_si128(_mm_slli_epi32(v, 8), parse_set1(0xff00)),
		_mm_and_si128(_mm_srli_epi32(v, 8), parse_set1(0xff)));
}

HDR_INLINE void parse_group_load(struct parse_group *g, const uint8_t *const frame[PARSE_GROUP])
{
	__m128i a[PARSE_GROUP], b[PARSE_GROUP];

	for (int i = 0; i < PARSE_GROUP; i++) {
		a[i] = _mm_loadu_si128((const __m128i *)(frame[i] + ETH_LEN));
		b[i] = _mm_loadu_si128((const __m128i *)(frame[i] + ETH_LEN + 16));
	}
	const __m128i a01 = _mm_unpacklo_epi32(a[0], a[1]), a23 = _mm_unpacklo_epi32(a[2], a[3]);
	const __m128i c01 = _mm_unpackhi_epi32(a[0], a[1]), c23 = _mm_unpackhi_epi32(a[2], a[3]);
	const __m128i b01 = _mm_unpacklo_epi32(b[0], b[1]), b23 = _mm_unpacklo_epi32(b[2], b[3]);
	const __m128i d01 = _mm_unpackhi_epi32(b[0], b[1]), d23 = _mm_unpackhi_epi32(b[2], b[3]);

	g->head = _mm_unpacklo_epi64(a01, a23);
	g->frag = _mm_unpackhi_epi64(a01, a23);
	g->life = _mm_unpacklo_epi64(c01, c23);
	g->src = _mm_unpackhi_epi64(c01, c23);
	g->dst = _mm_unpacklo_epi64(b01, b23);
	g->ports = _mm_unpackhi_epi64(b01, b23);
	g->l4 = _mm_unpacklo_epi64(d01, d23);
	g->tcp = _mm_set_epi32((int)hdr_load32(frame[3] + ETH_LEN + 32),
		(int)hdr_load32(frame[2] + ETH_LEN + 32), (int)hdr_load32(frame[1] + ETH_LEN + 32),
		(int)hdr_load32(frame[0] + ETH_LEN + 32));
	g->l3_len = parse_be16(_mm_srli_epi32(g->head, 16));
}

/* The functions below return words that are zero where the packet is plain. */

HDR_INLINE __m128i parse_group_ip(const struct parse_group *g, __m128i room)
{
	const __m128i zero = _mm_setzero_si128();
	const __m128i low = parse_set1(0xff);
	const __m128i net = _mm_and_si128(g->src, low);
	__m128i bad = _mm_xor_si128(_mm_and_si128(g->head, low), parse_set1(0x45));

	bad = _mm_or_si128(bad, _mm_cmpgt_epi32(g->l3_len, room));
	bad = _mm_or_si128(
		bad, _mm_and_si128(g->frag, parse_set1((uint32_t)htobe16(IPV4_FRAG_MASK) << 16)));
	bad = _mm_or_si128(bad, _mm_cmpeq_epi32(_mm_and_si128(g->life, low), zero));
	bad = _mm_or_si128(bad, _mm_cmpeq_epi32(net, zero));
	bad = _mm_or_si128(bad, _mm_cmpeq_epi32(net, parse_set1(127)));
	bad = _mm_or_si128(bad, _mm_cmpgt_epi32(net, parse_set1(223)));
	return _mm_or_si128(bad, _mm_cmpeq_epi32(g->src, g->dst));
}

/* `room`: bytes behind the IP header. */
HDR_INLINE __m128i parse_group_tcp(const struct parse_group *g, __m128i room)
{
	const __m128i offset = _mm_and_si128(g->tcp, parse_set1(0xff));
	const __m128i flags = _mm_srli_epi32(g->tcp, 8);
	const __m128i opening = _mm_and_si128(flags, parse_set1(TCP_SYN | TCP_FIN | TCP_RST));
	const __m128i some =
		_mm_and_si128(flags, parse_set1(TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK));
	__m128i bad = _mm_cmpgt_epi32(parse_set1((TCP_LEN / 4) << 4), offset);

	bad = _mm_or_si128(bad, _mm_cmpgt_epi32(_mm_srli_epi32(offset, 2), room));
	bad = _mm_or_si128(bad, _mm_and_si128(opening, _mm_sub_epi32(opening, parse_set1(1))));
	return _mm_or_si128(bad, _mm_cmpeq_epi32(some, _mm_setzero_si128()));
}

HDR_INLINE __m128i parse_group_udp(const struct parse_group *g, __m128i room)
{
	const __m128i len = parse_be16(g->l4);

	return _mm_or_si128(_mm_cmpgt_epi32(parse_set1(UDP_LEN), len), _mm_cmpgt_epi32(len, room));
}

/* Sum of the ten 16-bit words of each header (RFC 1071). */
HDR_INLINE __m128i parse_group_csum(const struct parse_group *g)
{
	const __m128i half = parse_set1(0xffff);
	const __m128i words[] = {g->head, g->frag, g->life, g->src, g->dst};
	__m128i sum = _mm_setzero_si128();

	for (int i = 0; i < 5; i++)
		sum = _mm_add_epi32(sum,
			_mm_add_epi32(_mm_and_si128(words[i], half), _mm_srli_epi32(words[i], 16)));
	sum = _mm_add_epi32(_mm_and_si128(sum, half), _mm_srli_epi32(sum, 16));
	sum = _mm_add_epi32(_mm_and_si128(sum, half), _mm_srli_epi32(sum, 16));
	return _mm_xor_si128(sum, half);
}

HDR_INLINE void parse_group_store(const struct parse_group *g, __m128i proto, __m128i tcp,
	struct parsed *out, struct flow_key *key)
{
	const __m128i low = parse_set1(0xff);
	const __m128i tos = _mm_and_si128(_mm_srli_epi32(g->head, 8), low);
	const __m128i flags = _mm_and_si128(_mm_and_si128(g->tcp, parse_set1(0xff00)), tcp);
	const __m128i first = _mm_or_si128(
		_mm_or_si128(g->l3_len, parse_set1(ETH_LEN << 16)), _mm_slli_epi32(proto, 24));
	const __m128i opening = _mm_blendv_epi8(parse_set1(PARSED_UDP << 24),
		_mm_and_si128(_mm_slli_epi32(g->tcp, 16),
			parse_set1((uint32_t)(TCP_FIN | TCP_SYN | TCP_RST) << 24)),
		tcp);
	const __m128i second = _mm_or_si128(_mm_or_si128(tos, flags), opening);
	const __m128i addr01 = _mm_unpacklo_epi32(g->src, g->dst);
	const __m128i addr23 = _mm_unpackhi_epi32(g->src, g->dst);
	const __m128i l4_01 = _mm_unpacklo_epi32(g->ports, proto);
	const __m128i l4_23 = _mm_unpackhi_epi32(g->ports, proto);

	_mm_storeu_si128((__m128i *)&out[0], _mm_unpacklo_epi32(first, second));
	_mm_storeu_si128((__m128i *)&out[2], _mm_unpackhi_epi32(first, second));
	_mm_storeu_si128((__m128i *)key[0].w, _mm_unpacklo_epi64(addr01, l4_01));
	_mm_storeu_si128((__m128i *)key[1].w, _mm_unpackhi_epi64(addr01, l4_01));
	_mm_storeu_si128((__m128i *)key[2].w, _mm_unpacklo_epi64(addr23, l4_23));
	_mm_storeu_si128((__m128i *)key[3].w, _mm_unpackhi_epi64(addr23, l4_23));
}

/* True: all four are what parse_plain4 takes, and out[0..3] and key[0..3] what it gives. False:
 * what they are is not known, and nothing is written. len: bytes of each frame, at least
 * PARSE_PLAIN_MIN, all readable. */
HDR_INLINE bool parse_group4(const uint8_t *const frame[PARSE_GROUP], __m128i len, bool check_csum,
	struct parsed *out, struct flow_key *key)
{
	struct parse_group g;
	uint32_t type = 0;

	for (int i = 0; i < PARSE_GROUP; i++)
		type |= hdr_load16(frame[i] + ETH_TYPE_OFF) ^ htobe16(ETH_TYPE_IPV4);
	parse_group_load(&g, frame);
	const __m128i proto = _mm_and_si128(_mm_srli_epi32(g.life, 8), parse_set1(0xff));
	const __m128i tcp = _mm_cmpeq_epi32(proto, parse_set1(PROTO_TCP));
	const __m128i room = _mm_sub_epi32(g.l3_len, parse_set1(IPV4_LEN));
	__m128i bad = parse_group_ip(&g, _mm_sub_epi32(len, parse_set1(ETH_LEN)));

	bad = _mm_or_si128(bad, _mm_and_si128(tcp, parse_group_tcp(&g, room)));
	if (__builtin_expect(_mm_movemask_epi8(tcp) != 0xffff, 0)) {
		const __m128i udp = _mm_cmpeq_epi32(proto, parse_set1(PROTO_UDP));

		bad = _mm_or_si128(bad, _mm_andnot_si128(tcp, parse_group_udp(&g, room)));
		bad = _mm_or_si128(bad, _mm_andnot_si128(_mm_or_si128(tcp, udp), parse_set1(1)));
	}
	if (check_csum)
		bad = _mm_or_si128(bad, parse_group_csum(&g));
	if (__builtin_expect(type || !_mm_testz_si128(bad, bad), 0))
		return false;
	parse_group_store(&g, proto, tcp, out, key);
	return true;
}

#else
#define PARSE_HAS_GROUP 0
#endif

#endif
