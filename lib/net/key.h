/* SPDX-License-Identifier: BSD-3-Clause */

/* Parts of a flow key. */

#ifndef SLUICE_NET_KEY_H
#define SLUICE_NET_KEY_H

#include "base/flow_key.h"
#include "net/hdr.h"

/* Keep source and destination address: ports and protocol become zero. */
HDR_INLINE void key_keep_addresses(struct flow_key *k, bool v6)
{
	k->w[v6 ? 4 : 1] = 0;
}

/* Keep the source address alone. The first word of an IPv4 key is source and destination. */
HDR_INLINE void key_keep_source(struct flow_key *k, bool v6)
{
	key_keep_addresses(k, v6);
	if (v6)
		k->w[2] = k->w[3] = 0;
	else
		k->w[0] &= 0xffffffff;
}

/* An address of 4 or 16 bytes as two words of struct sl_addr: IPv4 in mapped form. */
HDR_INLINE void key_address(uint64_t out[2], const void *addr, bool v6)
{
	if (v6) {
		memcpy(out, addr, 16);
		return;
	}
	out[0] = 0;
	out[1] = (uint64_t)hdr_load32(addr) << 32 | 0xffff0000u;
}

/* Key from the two addresses that follow each other in an IP header, without ports. */
HDR_INLINE void key_of_addresses(struct flow_key *k, const void *addresses, uint8_t proto, bool v6)
{
	memset(k, 0, sizeof *k);
	memcpy(k->w, addresses, v6 ? 32 : 8);
	k->w[v6 ? 4 : 1] = (uint64_t)proto << 32;
}

/* The network that an address counts for: its first 24 or 64 bits, in 16 bytes. */
HDR_INLINE void key_prefix(uint64_t out[2], const void *addr, bool v6)
{
	out[0] = v6 ? hdr_load64(addr) : hdr_load32(addr) & htobe32(0xffffff00);
	out[1] = v6;
}

/* Ports in host order, and the protocol: the word behind the addresses. */
HDR_INLINE void key_transport(
	const struct flow_key *k, bool v6, uint16_t *sport, uint16_t *dport, uint8_t *protocol)
{
	const uint64_t w = k->w[v6 ? 4 : 1];

	*sport = __builtin_bswap16((uint16_t)w);
	*dport = __builtin_bswap16((uint16_t)(w >> 16));
	*protocol = (uint8_t)(w >> 32);
}

/* The source address as a number, upper and lower half; IPv4 as IPv4-mapped IPv6. */
HDR_INLINE void key_source_number(const struct flow_key *k, bool v6, uint64_t out[2])
{
	out[0] = v6 ? __builtin_bswap64(k->w[0]) : 0;
	out[1] = v6 ? __builtin_bswap64(k->w[1])
		    : UINT64_C(0xffff00000000) | __builtin_bswap32((uint32_t)k->w[0]);
}

/* The source address alone, as two words that hold either family. */
HDR_INLINE void key_source(const struct flow_key *k, bool v6, uint64_t source[2])
{
	source[0] = v6 ? k->w[0] : k->w[0] & 0xffffffff;
	source[1] = v6 ? k->w[1] : 0;
}

/* Words of 32 bits, from the first on, that RSS hashes: the addresses, and the ports if `ports`. */
HDR_INLINE uint32_t key_rss_words(bool ports, bool v6)
{
	return (v6 ? 8 : 2) + ports;
}

/* The 4 or 16 bytes of the destination address. */
HDR_INLINE const void *key_destination(const struct flow_key *k, bool v6)
{
	return (const uint8_t *)k->w + (v6 ? 16 : 4);
}

#endif
