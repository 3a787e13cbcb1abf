/* SPDX-License-Identifier: BSD-3-Clause */

/* What the transport header can have wrong. */

#include "drop_rows.h"

#define UDP4 .dst = VIP4, .dport = 53, .proto = IPPROTO_UDP
#define UDP6 .dst = VIP6, .dport = 53, .proto = IPPROTO_UDP

/* What leaves for the backends of POOL_GUE4 and POOL_GUE6. */
#define OWN_GUE4                                                              \
	.src = "10.2.0.1", .dst = "10.21.0.1", .sport = 50000, .dport = 6080, \
	.proto = IPPROTO_UDP, .payload = 60
#define OWN_GUE6                                                                \
	.src = "fd00:2::1", .dst = "fd00:21::1", .sport = 50000, .dport = 6080, \
	.proto = IPPROTO_UDP, .payload = 60
#define OWN_GUE6_CUT                                                            \
	.src = "fd00:2::1", .dst = "fd00:21::1", .sport = 50000, .dport = 6080, \
	.proto = IPPROTO_UDP, .payload = 3

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };

static const struct drop_row rows[] = {
	{"19 bytes of TCP", VERDICT_L4_TRUNCATED, {DROP_TO4}, {{'i', 2, 2, 39}},
		DROP_KEEP(14 + 39)},
	{"19 bytes of TCP and padding", VERDICT_L4_TRUNCATED, {DROP_TO4, .padding = 6},
		{{'i', 2, 2, 39}}},
	{"no TCP header", VERDICT_L4_TRUNCATED, {DROP_TO4}, {{'i', 2, 2, 20}}, DROP_KEEP(14 + 20)},
	{"19 bytes of TCP, IPv6", VERDICT_L4_TRUNCATED, {DROP_TO6}, {{'i', 4, 2, 19}},
		DROP_KEEP(14 + 59)},
	{"TCP options beyond the packet", VERDICT_L4_TRUNCATED, {DROP_TO4}, {{'t', 12, 1, 0x60}}},
	{"TCP options one byte short", VERDICT_L4_TRUNCATED, {DROP_TO6, .payload = 39},
		{{'t', 12, 1, 0xf0}}},
	{"7 bytes of UDP", VERDICT_L4_TRUNCATED, {UDP4}, {{'i', 2, 2, 27}}, DROP_KEEP(14 + 27)},
	{"7 bytes of UDP, IPv6", VERDICT_L4_TRUNCATED, {UDP6}, {{'i', 4, 2, 7}},
		DROP_KEEP(14 + 47)},
	{"UDP length 7", VERDICT_L4_TRUNCATED, {UDP4}, {{'t', 4, 2, 7}}},
	{"UDP length 0", VERDICT_L4_TRUNCATED, {UDP6}, {{'t', 4, 2, 0}}},
	{"UDP length beyond the packet", VERDICT_L4_TRUNCATED, {UDP4, .payload = 4},
		{{'t', 4, 2, 13}}},
	{"UDP length reaches into the padding", VERDICT_L4_TRUNCATED, {UDP4, .padding = 18},
		{{'t', 4, 2, 9}}},

	{"ICMPv6 in IPv4", VERDICT_L4_PROTO, {DROP_TO4, .proto = IPPROTO_ICMPV6}},
	{"ICMP in IPv6", VERDICT_L4_PROTO, {DROP_TO6, .proto = IPPROTO_ICMP}},
	{"ICMP with a wrong checksum", VERDICT_ICMP_QUOTE_BAD, {DROP_TO4, .proto = IPPROTO_ICMP}},
	{"ICMPv6 with a wrong checksum", VERDICT_ICMP_QUOTE_BAD,
		{DROP_TO6, .proto = IPPROTO_ICMPV6}},
	{"ICMP to nobody", VERDICT_NO_VIP, {.dst = "203.0.113.99", .proto = IPPROTO_ICMP}},
	{"ICMPv6 to nobody", VERDICT_NO_VIP, {.dst = "2001:db8::99", .proto = IPPROTO_ICMPV6}},
	{"GRE", VERDICT_L4_PROTO, {DROP_TO4, .proto = IPPROTO_GRE}},
	{"SCTP, IPv6", VERDICT_L4_PROTO, {DROP_TO6, .proto = IPPROTO_SCTP}},
	{"IP in IP", VERDICT_L4_PROTO, {DROP_TO4, .proto = IPPROTO_IPIP}},
	{"our own tunnelled packet", VERDICT_LOOP,
		{DROP_TO4, .src = "10.0.0.250", .proto = IPPROTO_IPIP}},
	{"our own tunnelled packet, to its backend", VERDICT_LOOP,
		{.dst = "10.1.0.1", .src = "10.0.0.250", .proto = IPPROTO_IPIP}},
	{"the same from our address on the way", VERDICT_LOOP,
		{.dst = "10.2.1.1", .src = "10.2.0.1", .proto = IPPROTO_IPV6}, .port = WORLD_LAN},
	{"our own tunnelled packet, IPv6", VERDICT_LOOP,
		{.dst = "fd00:1::1", .src = "fd00::250", .proto = IPPROTO_IPV6}},
	{"our own GUE packet", VERDICT_LOOP, {OWN_GUE4}, {{'t', 8, 4, 0x00040000}}},
	{"our own GUE packet, IPv6 inside", VERDICT_LOOP, {OWN_GUE4}, {{'t', 8, 4, 0x00290000}}},
	{"our own GUE packet, IPv6", VERDICT_LOOP, {OWN_GUE6}, {{'t', 8, 4, 0x00290000}}},
	{"our own GUE packet where the kernel looks too", VERDICT_LOOP, {OWN_GUE6},
		{{'t', 8, 4, 0x00040000}}, .port = WORLD_SHARED},
	{"GUE from somebody else", VERDICT_NO_VIP, {OWN_GUE4},
		{{'t', 8, 4, 0x00040000}, {'i', 15, 1, 9}}},
	{"GUE to nobody", VERDICT_NO_VIP, {OWN_GUE4}, {{'t', 8, 4, 0x00040000}, {'i', 19, 1, 9}}},
	{"UDP of the host", VERDICT_NO_VIP, {OWN_GUE6},
		{{'t', 8, 4, 0x00040000}, {'t', 0, 2, 5353}}},
	{"no GUE header", VERDICT_NO_VIP, {OWN_GUE4}, {{'t', 8, 4, 0x01040000}}},
	{"GUE about nothing that we carry", VERDICT_NO_VIP, {OWN_GUE4}, {{'t', 8, 4, 0x00060000}}},
	{"GUE header cut", VERDICT_NO_VIP, {OWN_GUE6_CUT}, {{'t', 8, 2, 0x0029}}},
	{"protocol 255", VERDICT_L4_PROTO, {DROP_TO4, .proto = 255}},
	{"no next header", VERDICT_L4_PROTO, {DROP_TO6, .proto = IPPROTO_NONE}},
	{"ESP behind options", VERDICT_L4_PROTO,
		{DROP_TO6, FRAME_CHAIN("\x3c"), .proto = IPPROTO_ESP}},
	{"extension header in IPv4", VERDICT_L4_PROTO, {DROP_TO4, .proto = IPPROTO_DSTOPTS}},

	{"no flag", VERDICT_TCP_FLAGS, {DROP_TO4}, {{'t', 13, 1, 0}}},
	{"PSH and URG alone", VERDICT_TCP_FLAGS, {DROP_TO4, .tcp_flags = PSH | URG}},
	{"SYN and FIN", VERDICT_TCP_FLAGS, {DROP_TO4, .tcp_flags = SYN | FIN}},
	{"SYN and RST", VERDICT_TCP_FLAGS, {DROP_TO6, .tcp_flags = SYN | RST}},
	{"FIN and RST", VERDICT_TCP_FLAGS, {DROP_TO4, .tcp_flags = FIN | RST | ACK}},
	{"all flags", VERDICT_TCP_FLAGS, {DROP_TO6, .tcp_flags = 0x3f}},
	{"TCP header of 16 bytes", VERDICT_TCP_FLAGS, {DROP_TO4}, {{'t', 12, 1, 0x40}}},
	{"TCP header of 0 bytes", VERDICT_TCP_FLAGS, {DROP_TO6}, {{'t', 12, 1, 0x00}}},
};

const struct drop_rows drop_rows_transport = DROP_ROWS(rows);
