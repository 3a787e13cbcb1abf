/* SPDX-License-Identifier: BSD-3-Clause */

/* The TCP RST that says no to a packet (RFC 9293, 3.5.2). Pure; one body for both families. */

#ifndef SLUICE_NET_REJECT_H
#define SLUICE_NET_REJECT_H

#include "net/icmp.h"

/* Turn the IP packet at `ip` with its TCP header at `tcp` into the RST that answers it: both
 * headers without options, from ip on. tcp_len: bytes of TCP header and data. Not for an RST.
 * Returns the length of the IP packet. */
HDR_INLINE uint32_t reject_write_reset(
	uint8_t *ip, const uint8_t *tcp, uint32_t tcp_len, uint16_t id, bool v6)
{
	const uint32_t ip_len = icmp_ip_len(v6);
	const uint32_t data = tcp_len - (tcp[12] >> 4) * 4u;
	const bool acks = tcp[13] & TCP_ACK;
	const uint32_t counted = data + !!(tcp[13] & TCP_SYN) + !!(tcp[13] & TCP_FIN);
	uint8_t head[IPV6_LEN], reset[TCP_LEN] = {0};

	memcpy(reset, tcp + 2, 2);
	memcpy(reset + 2, tcp, 2);
	if (acks)
		memcpy(reset + 4, tcp + 8, 4);
	else
		hdr_store32(reset + 8, htobe32(be32toh(hdr_load32(tcp + 4)) + counted));
	reset[12] = TCP_LEN / 4 << 4;
	reset[13] = acks ? TCP_RST : TCP_RST | TCP_ACK;
	icmp_write_ip(head, icmp_dst(ip, v6), icmp_src(ip, v6), 0, TCP_LEN, id, v6);
	if (v6) {
		head[6] = PROTO_TCP;
	} else {
		head[9] = PROTO_TCP;
		hdr_store16(head + 10, 0);
		hdr_store16(head + 10, (uint16_t)~csum_fold(csum_words(head, IPV4_LEN)));
	}
	const uint64_t sum = csum_words(reset, TCP_LEN) +
			     csum_words(icmp_src(head, v6), 2 * icmp_addr_len(v6)) +
			     htobe32(TCP_LEN) + htobe32(PROTO_TCP);

	hdr_store16(reset + 16, (uint16_t)~csum_fold(sum));
	memcpy(ip, head, ip_len);
	memcpy(ip + ip_len, reset, TCP_LEN);
	return ip_len + TCP_LEN;
}

#endif
