/* SPDX-License-Identifier: BSD-3-Clause */

/* Frames for the packet tests: built from a short description, wrapped as the backend must see
 * them, and their checksums proven. Shares no line with lib/net, which it is there to judge. */

#ifndef SLUICE_TESTS_FRAME_H
#define SLUICE_TESTS_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define FRAME_MAX 10240

struct frame {
	uint32_t len;
	uint32_t l3;     /* offset of the IP header */
	uint32_t l4;     /* offset of the transport header */
	uint32_t ip_len; /* bytes of the IP packet */
	uint8_t b[FRAME_MAX];
};

/* What is not set takes a usual value. */
struct frame_spec {
	const char *eth_dst, *eth_src; /* NULL: zero bytes, and 02:cc:00:00:00:01 */
	const char *src, *dst; /* src NULL: 198.51.100.7 or 2001:db8:c::7; dst has the family */
	uint16_t sport, dport; /* sport 0: 40000 */
	uint8_t proto;         /* 0: TCP */
	uint8_t tcp_flags;     /* 0: ACK */
	uint8_t tos;
	uint8_t vlans;
	uint8_t options;   /* words of IPv4 options */
	const char *chain; /* types of IPv6 extension headers */
	uint8_t n_chain;
	bool no_udp_csum;
	uint16_t payload; /* bytes behind the transport header; */
	uint16_t ip_len;  /* or, when not 0, those of the whole IP packet */
	uint16_t padding; /* bytes behind the IP packet */
};

#define FRAME_CHAIN(types) .chain = (types), .n_chain = sizeof(types) - 1

void frame_build(struct frame *f, const struct frame_spec *s);

/* Write the IPv4 header checksum anew after a change. */
void frame_fix_ipv4(struct frame *f);

/* The same for an ICMP message that follows the IP header at once and is wholly there. */
void frame_fix_icmp(struct frame *f);

/* What stands in front of the inner packet. dst NULL: Ethernet alone. */
struct frame_outer {
	const char *eth_dst, *eth_src;
	const char *src, *dst;
	uint8_t tos;
	uint16_t id;    /* of an outer IPv4 header */
	uint32_t label; /* of an outer IPv6 header */
};

/* out = the IP packet of `in` behind that header, nothing else. */
void frame_wrap(struct frame *out, const struct frame *in, const struct frame_outer *o);

/* An ICMP or ICMPv6 message; the address family of dst says which. What is not set is 0, and the
 * MAC addresses as in frame_spec. */
struct frame_icmp {
	const char *eth_dst, *eth_src;
	const char *src, *dst;
	uint8_t vlans, tos, ttl, type, code;
	uint16_t id;      /* of an IPv4 header */
	uint32_t rest;    /* the second word: MTU, or identifier and sequence number */
	const void *data; /* what follows */
	uint32_t len;
};

/* As if it had come from a host; ip_len and l3 are set, so that it can be wrapped. */
void frame_message(struct frame *out, const struct frame_icmp *s);

/* out = bytes [from, to) of what is behind the first `hdr` bytes of the IP packet of `in`, as a
 * fragment of it, and whether more follow. An IPv6 packet has a fragment header from byte 40 on. */
void frame_cut(struct frame *out, const struct frame *in, uint32_t hdr, uint32_t from, uint32_t to,
	bool more);

/* Recompute every IPv4, TCP, UDP and ICMP checksum of a frame, also those inside IP in IP. Returns
 * how many there are, or -1 when one is wrong or a header is cut short. */
int frame_checksums(const uint8_t *frame, uint32_t len);

/* Address in text to 4 or 16 bytes; returns their number. */
uint32_t frame_address(const char *text, uint8_t out[16]);

void frame_mac(const char *text, uint8_t out[6]);

#endif
