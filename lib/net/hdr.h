/* SPDX-License-Identifier: BSD-3-Clause */

/* Numbers and offsets of the protocol headers, and loads and stores at any alignment. */

#ifndef SLUICE_NET_HDR_H
#define SLUICE_NET_HDR_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define HDR_INLINE     static inline __attribute__((always_inline))

/* Ethernet II, IEEE 802.1Q */
#define ETH_LEN        14
#define ETH_TYPE_OFF   12
#define VLAN_LEN       4
#define VLAN_MAX       2
#define ETH_TYPE_IPV4  0x0800
#define ETH_TYPE_IPV6  0x86dd
#define ETH_TYPE_VLAN  0x8100
#define ETH_TYPE_QINQ  0x88a8

/* RFC 791 */
#define IPV4_LEN       20
#define IPV4_DF        0x4000
#define IPV4_MF        0x2000
#define IPV4_OFF_MASK  0x1fff /* fragment offset, in 8 bytes */
#define IPV4_FRAG_MASK 0x3fff /* more-fragments bit and offset */

/* RFC 8200 */
#define IPV6_LEN       40
#define IPV6_EXT_MAX   8 /* extension headers walked before a chain counts as hostile */

/* IANA protocol numbers */
#define PROTO_HOPOPTS  0
#define PROTO_ICMP     1
#define PROTO_IPIP     4
#define PROTO_TCP      6
#define PROTO_UDP      17
#define PROTO_IPV6     41
#define PROTO_ROUTING  43
#define PROTO_FRAGMENT 44
#define PROTO_AH       51
#define PROTO_ICMPV6   58
#define PROTO_DSTOPTS  60

#define TCP_LEN        20 /* RFC 9293 */
#define UDP_LEN        8  /* RFC 768 */

#define TCP_FIN        0x01
#define TCP_SYN        0x02
#define TCP_RST        0x04
#define TCP_ACK        0x10

HDR_INLINE uint16_t hdr_load16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

HDR_INLINE uint32_t hdr_load32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

HDR_INLINE uint64_t hdr_load64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

HDR_INLINE void hdr_store16(void *p, uint16_t v)
{
	memcpy(p, &v, sizeof v);
}

HDR_INLINE void hdr_store32(void *p, uint32_t v)
{
	memcpy(p, &v, sizeof v);
}

HDR_INLINE void hdr_store64(void *p, uint64_t v)
{
	memcpy(p, &v, sizeof v);
}

HDR_INLINE uint16_t hdr_be16(const void *p)
{
	return be16toh(hdr_load16(p));
}

#endif
