/* SPDX-License-Identifier: BSD-3-Clause */

/* Fragments of IP packets: how to cut an IPv4 packet (RFC 791, 3.2). Pure. */

#ifndef SLUICE_NET_FRAG_H
#define SLUICE_NET_FRAG_H

#include "net/csum.h"
#include "net/hdr.h"

/* Options of IPv4 */
#define FRAG_OPT_END    0
#define FRAG_OPT_NOP    1
#define FRAG_OPT_COPIED 0x80

/* Bytes of payload in each fragment but the last when an IP packet may have `max` bytes; 0 when
 * none fits. A multiple of 8. */
HDR_INLINE uint32_t frag_step(uint32_t hdr_len, uint32_t max)
{
	return max < hdr_len + 8 ? 0 : (max - hdr_len) & ~7u;
}

/* The header of a later fragment: what it is without the options that are not to be copied (RFC
 * 791, 3.1), filled up to a multiple of 4. Returns its length. `to` has room for 60 bytes. */
HDR_INLINE uint32_t frag_copy_header(uint8_t *to, const uint8_t *ip, uint32_t hdr_len)
{
	uint32_t out = IPV4_LEN, len;

	memcpy(to, ip, IPV4_LEN);
	for (uint32_t i = IPV4_LEN; i < hdr_len && ip[i] != FRAG_OPT_END; i += len) {
		len = ip[i] == FRAG_OPT_NOP ? 1 : i + 1 < hdr_len ? ip[i + 1] : 0;
		if (len == 0 || i + len > hdr_len || (len == 1 && ip[i] != FRAG_OPT_NOP))
			break; /* no option goes on from here */
		if (!(ip[i] & FRAG_OPT_COPIED))
			continue;
		memcpy(to + out, ip + i, len);
		out += len;
	}
	while (out & 3)
		to[out++] = FRAG_OPT_END;
	to[0] = (uint8_t)(0x40 | out / 4);
	return out;
}

/* Make the header at `ip` that of the fragment with `len` bytes of payload at `offset` (a multiple
 * of 8) of what the packet had; `field`: fragment field of that packet, host order; more: others
 * follow. The identification stays. */
HDR_INLINE void frag_write_header(
	uint8_t *ip, uint32_t hdr_len, uint32_t len, uint16_t field, uint32_t offset, bool more)
{
	const uint32_t at = (field & IPV4_OFF_MASK) + offset / 8;

	hdr_store16(ip + 2, htobe16((uint16_t)(hdr_len + len)));
	hdr_store16(ip + 6, htobe16((uint16_t)((field & ~IPV4_FRAG_MASK) | at |
					       (more || (field & IPV4_MF) ? IPV4_MF : 0))));
	hdr_store16(ip + 10, 0);
	hdr_store16(ip + 10, (uint16_t)~csum_fold(csum_words(ip, hdr_len)));
}

#endif
