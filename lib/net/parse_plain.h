/* SPDX-License-Identifier: BSD-3-Clause */

/* parse_plain4 of several packets at once: the fields of their headers stand side by side in
 * vectors, so that a check costs the same for all as for one. What it says of each packet stands
 * for itself: one that is not plain leaves the others as they are.
 *
 * Four packets with SSE4.1, which every build with DPDK has, eight with AVX2. */

#ifndef SLUICE_NET_PARSE_PLAIN_H
#define SLUICE_NET_PARSE_PLAIN_H

#include "net/parse.h"

#ifdef __AVX2__
#define PARSE_GROUP 8
#define PARSE_ALL(v)                   \
	{                              \
		v, v, v, v, v, v, v, v \
	}
#define PARSE_ORDER(v)                                                                 \
	{                                                                              \
		v, v + 0x404, v + 0x808, v + 0xc0c, v, v + 0x404, v + 0x808, v + 0xc0c \
	}
#else
#define PARSE_GROUP 4
#define PARSE_ALL(v)       \
	{                  \
		v, v, v, v \
	}
#define PARSE_ORDER(v)                             \
	{                                          \
		v, v + 0x404, v + 0x808, v + 0xc0c \
	}
#endif

#define PARSE_GROUP_ALL ((1u << PARSE_GROUP) - 1)

#if defined __SSE4_1__ && !defined LEVEL_PLAIN
#include <immintrin.h>

#define PARSE_HAS_GROUP 1

static_assert(sizeof(struct parsed) == 8 && offsetof(struct parsed, l3_off) == 2 &&
		      offsetof(struct parsed, proto) == 3 && offsetof(struct parsed, tos) == 4 &&
		      offsetof(struct parsed, tcp_flags) == 5 &&
		      offsetof(struct parsed, opening) == 7,
	"parse_group_store writes two words a packet");

/* A word of each packet, or a row: 16 bytes of one packet, or of two. */
typedef uint32_t parse_words __attribute__((vector_size(4 * PARSE_GROUP), may_alias));
typedef int32_t parse_signed __attribute__((vector_size(4 * PARSE_GROUP), may_alias));

#define PARSE_ROWS 4 /* vectors of 16 bytes a packet that a group takes */

/* The parts that have other names for each width. A row holds packet i, or i and i + 4. */
#ifdef __AVX2__
#define PARSE_UNPACK(half, type, a, b) \
	(parse_words) _mm256_unpack##half##_##type((__m256i)(a), (__m256i)(b))

HDR_INLINE parse_words parse_row(const uint8_t *const at[PARSE_GROUP], int i, int off)
{
	const __m128i lo = _mm_loadu_si128((const __m128i *)(at[i] + off));
	const __m128i hi = _mm_loadu_si128((const __m128i *)(at[i + PARSE_ROWS] + off));

	return (parse_words)_mm256_inserti128_si256(_mm256_castsi128_si256(lo), hi, 1);
}

/* Rows of the 16 bytes at `off`, and of those behind them. */
HDR_INLINE void parse_two_rows(const uint8_t *const at[PARSE_GROUP], int i, int off,
	parse_words *first, parse_words *second)
{
	const __m256i lo = _mm256_loadu_si256((const __m256i *)(at[i] + off));
	const __m256i hi = _mm256_loadu_si256((const __m256i *)(at[i + PARSE_ROWS] + off));

	*first = (parse_words)_mm256_permute2x128_si256(lo, hi, 0x20);
	*second = (parse_words)_mm256_permute2x128_si256(lo, hi, 0x31);
}

HDR_INLINE parse_words parse_pick(parse_words v, parse_words order)
{
	return (parse_words)_mm256_shuffle_epi8((__m256i)v, (__m256i)order);
}

HDR_INLINE void parse_put16(uint8_t *lo, uint8_t *hi, parse_words v)
{
	_mm_storeu_si128((__m128i *)lo, _mm256_castsi256_si128((__m256i)v));
	_mm_storeu_si128((__m128i *)hi, _mm256_extracti128_si256((__m256i)v, 1));
}

/* A bit per packet from the words' upper bits. */
HDR_INLINE uint32_t parse_bits(parse_signed v)
{
	return (uint32_t)_mm256_movemask_ps((__m256)v);
}
#else
#define PARSE_UNPACK(half, type, a, b) \
	(parse_words) _mm_unpack##half##_##type((__m128i)(a), (__m128i)(b))

HDR_INLINE parse_words parse_row(const uint8_t *const at[PARSE_GROUP], int i, int off)
{
	return (parse_words)_mm_loadu_si128((const __m128i *)(at[i] + off));
}

HDR_INLINE void parse_two_rows(const uint8_t *const at[PARSE_GROUP], int i, int off,
	parse_words *first, parse_words *second)
{
	*first = parse_row(at, i, off);
	*second = parse_row(at, i, off + 16);
}

HDR_INLINE parse_words parse_pick(parse_words v, parse_words order)
{
	return (parse_words)_mm_shuffle_epi8((__m128i)v, (__m128i)order);
}

HDR_INLINE void parse_put16(uint8_t *lo, uint8_t *hi, parse_words v)
{
	_mm_storeu_si128((__m128i *)lo, (__m128i)v);
}

HDR_INLINE uint32_t parse_bits(parse_signed v)
{
	return (uint32_t)_mm_movemask_ps((__m128)v);
}
#endif

/* From rows, the words that stand in the same place. */
HDR_INLINE void parse_columns(const parse_words row[PARSE_ROWS], parse_words column[PARSE_ROWS])
{
	const parse_words lo01 = PARSE_UNPACK(lo, epi32, row[0], row[1]);
	const parse_words lo23 = PARSE_UNPACK(lo, epi32, row[2], row[3]);
	const parse_words hi01 = PARSE_UNPACK(hi, epi32, row[0], row[1]);
	const parse_words hi23 = PARSE_UNPACK(hi, epi32, row[2], row[3]);

	column[0] = PARSE_UNPACK(lo, epi64, lo01, lo23);
	column[1] = PARSE_UNPACK(hi, epi64, lo01, lo23);
	column[2] = PARSE_UNPACK(lo, epi64, hi01, hi23);
	column[3] = PARSE_UNPACK(hi, epi64, hi01, hi23);
}

HDR_INLINE parse_words parse_word(const uint8_t *const at[PARSE_GROUP], int off)
{
	parse_words v = {0};

	for (int i = 0; i < PARSE_GROUP; i++)
		v[i] = hdr_load32(at[i] + off);
	return v;
}

/* One field of each packet, in the byte order of the packet. */
struct parse_group {
	parse_words head; /* version, TOS, total length */
	parse_words frag; /* identification, fragment field */
	parse_words life; /* TTL, protocol, checksum */
	parse_words src, dst;
	parse_words ports;
	parse_words l4;      /* behind the ports: length of UDP */
	parse_words tcp;     /* data offset, flags, window */
	parse_signed l3_len; /* host order */
	parse_words opening; /* the upper byte of what struct parsed ends in, for UDP */
};

/* The numbers that the checks take, in each word. A function that works on groups asks for their
 * address once, by parse_numbers(); what a compiler knows of them it would make anew at each use,
 * in three instructions. */
struct parse_numbers {
	parse_words byte, second, half, upper;
	parse_words read6, ip6_len, version6, version_mask, one, is6;
	parse_words length6; /* the lower 16 bits, the same */
	parse_words length; /* the upper 16 bits from network to host order, as an order of bytes */
	parse_words least;  /* shortest frame */
	parse_words eth_len, ip_len; /* bytes */
	parse_words version, frag, loopback, unicast;
	parse_words tcp, tcp_offset, opening, flags;
	parse_words udp, udp_len;
	parse_words l3_off, opening_top, udp_top; /* of struct parsed */
};

static const struct parse_numbers parse_numbers_all = {
	.byte = PARSE_ALL(0xff),
	.second = PARSE_ALL(0xff00),
	.half = PARSE_ALL(0xffff),
	.upper = PARSE_ALL(~0xffffu),
	.length = PARSE_ORDER(0x80800203),
	.least = PARSE_ALL(PARSE_PLAIN_MIN),
	.eth_len = PARSE_ALL(ETH_LEN),
	.read6 = PARSE_ALL(PARSE_PLAIN6_READ),
	.ip6_len = PARSE_ALL(IPV6_LEN),
	.version6 = PARSE_ALL(0x60),
	.version_mask = PARSE_ALL(0xf0),
	.one = PARSE_ALL(0x01000000), /* the last word of ::1 */
	.is6 = PARSE_ALL(true << 16),
	.length6 = PARSE_ORDER(0x80800001),
	.ip_len = PARSE_ALL(IPV4_LEN),
	.version = PARSE_ALL(0x45),
	.frag = PARSE_ALL(0xff3f0000), /* IPV4_FRAG_MASK as it lies in the packet */
	.loopback = PARSE_ALL(127),
	.unicast = PARSE_ALL(223),
	.tcp = PARSE_ALL(PROTO_TCP),
	.tcp_offset = PARSE_ALL(TCP_LEN / 4 << 4),
	.opening = PARSE_ALL(TCP_SYN | TCP_FIN | TCP_RST),
	.flags = PARSE_ALL(TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK),
	.udp = PARSE_ALL(PROTO_UDP),
	.udp_len = PARSE_ALL(UDP_LEN),
	.l3_off = PARSE_ALL(ETH_LEN << 16),
	.opening_top = PARSE_ALL((uint32_t)(TCP_FIN | TCP_SYN | TCP_RST) << 24),
	.udp_top = PARSE_ALL((uint32_t)PARSED_UDP << 24),
};

HDR_INLINE const struct parse_numbers *parse_numbers(void)
{
	const struct parse_numbers *k = &parse_numbers_all;

	__asm__("" : "+r"(k));
	return k;
}

HDR_INLINE void parse_group_load(const struct parse_numbers *k, struct parse_group *g,
	const uint8_t *const frame[PARSE_GROUP])
{
	parse_words first[PARSE_ROWS], second[PARSE_ROWS], a[PARSE_ROWS], b[PARSE_ROWS];

	for (int i = 0; i < PARSE_ROWS; i++)
		parse_two_rows(frame, i, ETH_LEN, &first[i], &second[i]);
	parse_columns(first, a);
	parse_columns(second, b);
	g->head = a[0];
	g->frag = a[1];
	g->life = a[2];
	g->src = a[3];
	g->dst = b[0];
	g->ports = b[1];
	g->l4 = b[2];
	g->tcp = parse_word(frame, ETH_LEN + 32);
	g->l3_len = (parse_signed)parse_pick(g->head, k->length);
}

/* The functions below return words that are not zero where a packet is not plain. */

HDR_INLINE parse_words parse_group_ip(
	const struct parse_numbers *k, const struct parse_group *g, parse_signed room)
{
	const parse_words net = g->src & k->byte;
	parse_words bad = (g->head & k->byte) ^ k->version;

	bad |= g->frag & k->frag;
	bad |= (parse_words)(g->l3_len > room);
	bad |= (parse_words)((g->life & k->byte) == 0);
	bad |= (parse_words)(net == 0) | (parse_words)(net == k->loopback);
	bad |= (parse_words)((parse_signed)net > (parse_signed)k->unicast);
	return bad | (parse_words)(g->src == g->dst);
}

/* `room`: bytes behind the IP header. */
HDR_INLINE parse_words parse_group_tcp(
	const struct parse_numbers *k, const struct parse_group *g, parse_signed room)
{
	const parse_signed offset = (parse_signed)(g->tcp & k->byte);
	const parse_words flags = g->tcp >> 8;
	const parse_words opening = flags & k->opening;
	parse_words bad = (parse_words)((parse_signed)k->tcp_offset > offset);

	bad |= (parse_words)(offset >> 2 > room);
	bad |= opening & (opening - 1);
	return bad | (parse_words)((flags & k->flags) == 0);
}

HDR_INLINE parse_words parse_group_udp(
	const struct parse_numbers *k, const struct parse_group *g, parse_signed room)
{
	const parse_signed len = (parse_signed)parse_pick(g->l4 << 16, k->length);

	return (parse_words)((parse_signed)k->udp_len > len) | (parse_words)(len > room);
}

/* Sum of the ten 16-bit words of each header (RFC 1071). The lower halves of the words are what is
 * left of their sum without the upper ones. Folded once, a sum of ten that is right can be nothing
 * but all ones. */
HDR_INLINE parse_words parse_group_csum(const struct parse_numbers *k, const struct parse_group *g)
{
	const parse_words sum = g->head + g->frag + g->life + g->src + g->dst;
	const parse_words upper = (g->head >> 16) + (g->frag >> 16) + (g->life >> 16) +
				  (g->src >> 16) + (g->dst >> 16);
	const parse_words both = sum - (upper << 16) + upper;

	return ((both & k->half) + (both >> 16)) ^ k->half;
}

#define PARSE_UP           (PARSE_GROUP - PARSE_ROWS) /* from a row's lower packet to its upper one */
#define PARSE_AT(array, i) (uint8_t *)&array[i], (uint8_t *)&array[(i) + PARSE_UP]

/* `tos`: with the mark for IPv6 above it. */
HDR_INLINE void parse_group_store(const struct parse_numbers *k, const struct parse_group *g,
	parse_words proto, parse_words tos, struct parsed *out)
{
	const parse_words first = (parse_words)g->l3_len | k->l3_off | proto << 24;
	const parse_words second =
		tos | (g->tcp & k->second) | (g->tcp << 16 & k->opening_top) | g->opening;

	parse_put16(PARSE_AT(out, 0), PARSE_UNPACK(lo, epi32, first, second));
	parse_put16(PARSE_AT(out, 2), PARSE_UNPACK(hi, epi32, first, second));
}

HDR_INLINE void parse_group_key4(
	const struct parse_group *g, parse_words proto, struct flow_key *key)
{
	const parse_words addr_lo = PARSE_UNPACK(lo, epi32, g->src, g->dst);
	const parse_words addr_hi = PARSE_UNPACK(hi, epi32, g->src, g->dst);
	const parse_words l4_lo = PARSE_UNPACK(lo, epi32, g->ports, proto);
	const parse_words l4_hi = PARSE_UNPACK(hi, epi32, g->ports, proto);

	parse_put16(PARSE_AT(key, 0), PARSE_UNPACK(lo, epi64, addr_lo, l4_lo));
	parse_put16(PARSE_AT(key, 1), PARSE_UNPACK(hi, epi64, addr_lo, l4_lo));
	parse_put16(PARSE_AT(key, 2), PARSE_UNPACK(lo, epi64, addr_hi, l4_hi));
	parse_put16(PARSE_AT(key, 3), PARSE_UNPACK(hi, epi64, addr_hi, l4_hi));
}

/* Addresses as they stand in the packets, and behind them ports, protocol and zeros. */
HDR_INLINE void parse_group_key6(const uint8_t *const frame[PARSE_GROUP],
	const struct parse_group *g, parse_words proto, struct flow_key *key)
{
	const parse_words zero = {0};
	const parse_words l4_lo = PARSE_UNPACK(lo, epi32, g->ports, proto);
	const parse_words l4_hi = PARSE_UNPACK(hi, epi32, g->ports, proto);

	for (int i = 0; i < PARSE_GROUP; i++)
		memcpy(key[i].w, frame[i] + ETH_LEN + 8, 32);
#define PARSE_AT_L4(i) (uint8_t *)&key[i].w[4], (uint8_t *)&key[(i) + PARSE_UP].w[4]
	parse_put16(PARSE_AT_L4(0), PARSE_UNPACK(lo, epi64, l4_lo, zero));
	parse_put16(PARSE_AT_L4(1), PARSE_UNPACK(hi, epi64, l4_lo, zero));
	parse_put16(PARSE_AT_L4(2), PARSE_UNPACK(lo, epi64, l4_hi, zero));
	parse_put16(PARSE_AT_L4(3), PARSE_UNPACK(hi, epi64, l4_hi, zero));
#undef PARSE_AT_L4
}

/* What all packets of several groups have in common: the Ethernet header that they must have, and
 * what a VIP goes by, which they may. */
struct parse_common {
	parse_words ether4, ether6, ether_mask; /* bytes 0 to 15 of a frame, in each row */
	parse_words dst, port_proto;            /* of some packet */
	parse_words differs;                    /* nowhere zero: some packet goes elsewhere */
};

/* `dst`: destination MAC address of every frame, `first`: one of the frames. */
HDR_INLINE void parse_common_start(
	struct parse_common *c, const uint8_t dst[6], const uint8_t *first)
{
	const parse_words zero = {0};
	const uint8_t *ip = first + ETH_LEN;
	uint8_t ether4[16] = {0}, ether6[16] = {0}, mask[16] = {0};

	memcpy(ether4, dst, 6);
	memcpy(ether6, dst, 6);
	hdr_store16(ether4 + ETH_TYPE_OFF, htobe16(ETH_TYPE_IPV4));
	hdr_store16(ether6 + ETH_TYPE_OFF, htobe16(ETH_TYPE_IPV6));
	memset(mask, 0xff, 6);
	hdr_store16(mask + ETH_TYPE_OFF, 0xffff);
	c->ether4 = c->ether6 = c->ether_mask = zero;
	for (int i = 0; i < PARSE_GROUP; i++) {
		c->ether4[i] = hdr_load32(ether4 + i % 4 * 4);
		c->ether6[i] = hdr_load32(ether6 + i % 4 * 4);
		c->ether_mask[i] = hdr_load32(mask + i % 4 * 4);
	}
	c->dst = zero + hdr_load32(ip + 16);
	c->port_proto = zero + ((hdr_load32(ip + IPV4_LEN) & ~0xffffu) | ip[9]);
	c->differs = zero;
}

/* Are all frames to our MAC address, and of IPv4, or of IPv6? */
HDR_INLINE bool parse_group_ether(
	const struct parse_common *c, const uint8_t *const frame[PARSE_GROUP], bool v6)
{
	const parse_words wanted = v6 ? c->ether6 : c->ether4;
	parse_words differs = parse_row(frame, 0, 0) ^ wanted;

	for (int i = 1; i < PARSE_ROWS; i++)
		differs |= parse_row(frame, i, 0) ^ wanted;
	return !parse_bits((differs & c->ether_mask) != 0);
}

/* The transport headers: what parse_group_store wants of them, and words that are not zero where a
 * packet is not plain. */
HDR_INLINE parse_words parse_group_l4(
	const struct parse_numbers *k, struct parse_group *g, parse_words proto, parse_signed room)
{
	const parse_words is_tcp = (parse_words)(proto == k->tcp);
	const parse_words is_udp = (parse_words)(proto == k->udp);
	const parse_words none = {0};
	parse_words bad;

	g->opening = none;
	if (parse_bits((parse_signed)is_tcp) == PARSE_GROUP_ALL)
		return parse_group_tcp(k, g, room);
	bad = (is_tcp & parse_group_tcp(k, g, room)) | (is_udp & parse_group_udp(k, g, room)) |
	      ~(is_tcp | is_udp);
	g->tcp &= is_tcp;
	g->opening = k->udp_top & ~is_tcp;
	return bad;
}

/* A bit for each packet that parse_plain4 does not take; of the others, out[] and key[] are what it
 * gives. len: bytes of each frame, at least PARSE_PLAIN_MIN, all readable. The Ethernet header is
 * not looked at. What packets that are not plain say of their VIP means nothing. */
HDR_INLINE uint32_t parse_group4(const struct parse_numbers *k, struct parse_common *c,
	const uint8_t *const frame[PARSE_GROUP], parse_signed len, bool check_csum,
	struct parsed *out, struct flow_key *key)
{
	struct parse_group g;

	parse_group_load(k, &g, frame);
	const parse_words proto = g.life >> 8 & k->byte;
	parse_words bad = parse_group_ip(k, &g, len - (parse_signed)k->eth_len);

	bad |= parse_group_l4(k, &g, proto, g.l3_len - (parse_signed)k->ip_len);
	if (check_csum)
		bad |= parse_group_csum(k, &g);
	c->differs |= (g.dst ^ c->dst) | (((g.ports & k->upper) | proto) ^ c->port_proto);
	parse_group_store(k, &g, proto, g.head >> 8 & k->byte, out);
	parse_group_key4(&g, proto, key);
	return parse_bits(bad == 0) ^ PARSE_GROUP_ALL;
}

/* The IP headers of a group of IPv6. */
HDR_INLINE parse_words parse_group_ip6(const struct parse_numbers *k, struct parse_group *g,
	const uint8_t *const frame[PARSE_GROUP], parse_signed len, parse_words *proto)
{
	parse_words row[3][PARSE_ROWS], a[PARSE_ROWS], b[PARSE_ROWS], c[PARSE_ROWS];

	for (int i = 0; i < PARSE_ROWS; i++) {
		parse_two_rows(frame, i, ETH_LEN, &row[0][i], &row[1][i]);
		row[2][i] = parse_row(frame, i, ETH_LEN + 32);
	}
	parse_columns(row[0], a); /* version to flow label, length to hop limit, source */
	parse_columns(row[1], b); /* source, destination */
	parse_columns(row[2], c); /* destination, ports, what follows */
	const parse_signed room = (parse_signed)parse_pick(a[1], k->length6);
	parse_words bad = (a[0] & k->version_mask) ^ k->version6;

	g->head = a[0];
	g->ports = c[2];
	g->l4 = c[3];
	g->tcp = parse_word(frame, ETH_LEN + IPV6_LEN + 12);
	g->l3_len = room + (parse_signed)k->ip6_len;
	*proto = a[1] >> 16 & k->byte;
	bad |= (parse_words)(room == 0) | (parse_words)(a[1] >> 24 == 0);
	bad |= (parse_words)(g->l3_len > len - (parse_signed)k->eth_len);
	bad |= (parse_words)((a[2] & k->byte) == k->byte);
	bad |= (parse_words)((a[2] | a[3] | b[0] | (b[1] & ~k->one)) == 0);
	return bad |
	       (parse_words)(((a[2] ^ b[2]) | (a[3] ^ b[3]) | (b[0] ^ c[0]) | (b[1] ^ c[1])) == 0);
}

/* As parse_group4, of parse_plain6; PARSE_PLAIN6_READ bytes of each frame can be read. */
HDR_INLINE uint32_t parse_group6(const struct parse_numbers *k,
	const uint8_t *const frame[PARSE_GROUP], parse_signed len, struct parsed *out,
	struct flow_key *key)
{
	struct parse_group g;
	parse_words proto;
	parse_words bad = parse_group_ip6(k, &g, frame, len, &proto);

	bad |= parse_group_l4(k, &g, proto, g.l3_len - (parse_signed)k->ip6_len);
	const parse_words tos = (parse_pick(g.head, k->length6) >> 4 & k->byte) | k->is6;

	parse_group_store(k, &g, proto, tos, out);
	parse_group_key6(frame, &g, proto, key);
	return parse_bits(bad == 0) ^ PARSE_GROUP_ALL;
}

#else
#define PARSE_HAS_GROUP 0
#endif

#endif
