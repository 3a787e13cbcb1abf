/* SPDX-License-Identifier: BSD-3-Clause */

/* What the IP header and its extensions can have wrong. */

#include <rte_mbuf.h>

#include "drop_rows.h"

#define HOP  "\x00"
#define RT   "\x2b"
#define FRAG "\x2c"
#define AH   "\x33"
#define DST  "\x3c"

static const struct drop_row rows[] = {
	{"IPv6 under the EtherType of IPv4", VERDICT_IP_VERSION, {DROP_TO4}, {{'i', 0, 1, 0x65}}},
	{"version 0", VERDICT_IP_VERSION, {DROP_TO4}, {{'i', 0, 1, 0x05}}, .raw = true},
	{"IPv4 under the EtherType of IPv6", VERDICT_IP_VERSION, {DROP_TO6}, {{'i', 0, 1, 0x45}},
		.raw = true},
	{"header of 16 bytes", VERDICT_IP_HDR_LEN, {DROP_TO4}, {{'i', 0, 1, 0x44}}, .raw = true},
	{"header of 0 bytes", VERDICT_IP_HDR_LEN, {DROP_TO4}, {{'i', 0, 1, 0x40}}, .raw = true},
	{"header of 60 bytes in 40", VERDICT_IP_HDR_LEN, {DROP_TO4}, {{'i', 0, 1, 0x4f}},
		.raw = true},
	{"options cut", VERDICT_IP_HDR_LEN, {DROP_TO4, .options = 10}, DROP_KEEP(14 + 59)},

	{"total length 19", VERDICT_IP_TOTAL_LEN, {DROP_TO4}, {{'i', 2, 2, 19}}},
	{"total length 0", VERDICT_IP_TOTAL_LEN, {DROP_TO4}, {{'i', 2, 2, 0}}},
	{"total length inside the options", VERDICT_IP_TOTAL_LEN, {DROP_TO4, .options = 2},
		{{'i', 2, 2, 27}}},
	{"frame one byte short", VERDICT_IP_TOTAL_LEN, {DROP_TO4, .payload = 10}, .cut = 1},
	{"QinQ frame one byte short", VERDICT_IP_TOTAL_LEN, {DROP_TO4, .vlans = 2}, .cut = 1},
	{"total length 65535", VERDICT_IP_TOTAL_LEN, {DROP_TO4}, {{'i', 2, 2, 65535}}},
	{"IPv6 frame one byte short", VERDICT_IP_TOTAL_LEN, {DROP_TO6}, .cut = 1},
	{"payload length 0", VERDICT_IP_TOTAL_LEN, {DROP_TO6}, {{'i', 4, 2, 0}}},
	{"payload length 65535", VERDICT_IP_TOTAL_LEN, {DROP_TO6}, {{'i', 4, 2, 65535}}},

	{"checksum off by one", VERDICT_IP_CHECKSUM, {DROP_TO4}, {{'i', 8, 1, 58}}, .raw = true},
	{"checksum 0", VERDICT_IP_CHECKSUM, {DROP_TO4}, {{'i', 10, 2, 0}}, .raw = true},
	{"bad byte in the last option", VERDICT_IP_CHECKSUM, {DROP_TO4, .options = 10},
		{{'i', 59, 1, 0}}, .raw = true},
	{"bad by the NIC", VERDICT_IP_CHECKSUM, {DROP_TO4}, .ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD},
	{"checksum 0, NIC does not know", VERDICT_IP_CHECKSUM, {DROP_TO4}, {{'i', 10, 2, 0}},
		.raw = true, .ol_flags = RTE_MBUF_F_RX_IP_CKSUM_NONE},

	{"TTL 0", VERDICT_TTL, {DROP_TO4}, {{'i', 8, 1, 0}}},
	{"hop limit 0", VERDICT_TTL, {DROP_TO6}, {{'i', 7, 1, 0}}},

	{"first fragment, nobody wants it", VERDICT_FRAG,
		{.dst = VIP4, .dport = PORT_OF(POOL_STRICT), .payload = 4}, {{'i', 6, 2, 0x2000}}},
	{"first fragment, nobody wants it, IPv6", VERDICT_FRAG,
		{.dst = VIP6, .dport = PORT_OF(POOL_STRICT), .payload = 4, FRAME_CHAIN(FRAG)},
		{{'i', 43, 1, 1}}},
	{"fragment to nobody", VERDICT_NO_VIP, {.dst = "203.0.113.99", .payload = 4},
		{{'i', 6, 2, 0x2000}}},
	{"first fragment of an odd length", VERDICT_FRAG_TINY, {DROP_TO4, .payload = 5},
		{{'i', 6, 2, 0x2000}}},
	{"fragment in a fragment", VERDICT_EXT_HDR, {DROP_TO6, FRAME_CHAIN(FRAG FRAG)},
		{{'i', 43, 1, 1}, {'i', 51, 1, 1}}},

	{"nine extension headers", VERDICT_EXT_HDR,
		{DROP_TO6, FRAME_CHAIN(HOP DST DST DST DST DST DST DST DST)}},
	{"nine, the last an atomic fragment", VERDICT_EXT_HDR,
		{DROP_TO6, FRAME_CHAIN(HOP DST DST DST DST DST DST DST FRAG)}},
	{"hop-by-hop not first", VERDICT_EXT_HDR, {DROP_TO6, FRAME_CHAIN(DST HOP)}},
	{"hop-by-hop twice", VERDICT_EXT_HDR, {DROP_TO6, FRAME_CHAIN(HOP HOP)}},
	{"routing header type 0", VERDICT_EXT_HDR, {DROP_TO6, FRAME_CHAIN(RT)}, {{'i', 42, 1, 0}}},
	{"options beyond the packet", VERDICT_EXT_HDR, {DROP_TO6, FRAME_CHAIN(DST)},
		{{'i', 41, 1, 255}}},
	{"options one word beyond the packet", VERDICT_EXT_HDR, {DROP_TO6, FRAME_CHAIN(DST)},
		{{'i', 41, 1, 3}}},
	{"AH beyond the packet", VERDICT_EXT_HDR, {DROP_TO6, FRAME_CHAIN(AH)}, {{'i', 41, 1, 10}}},
	{"chain leads behind the packet", VERDICT_EXT_HDR, {DROP_TO6, FRAME_CHAIN(DST)},
		{{'i', 4, 2, 8}, {'i', 40, 1, 60}}},
	{"7 bytes of an extension header", VERDICT_EXT_HDR, {DROP_TO6, FRAME_CHAIN(DST)},
		{{'i', 4, 2, 7}}, DROP_KEEP(14 + 47)},
	{"chain fills the packet", VERDICT_L4_TRUNCATED, {DROP_TO6, FRAME_CHAIN(DST)},
		{{'i', 4, 2, 8}}, DROP_KEEP(14 + 48)},

	{"source is destination", VERDICT_LAND, {DROP_TO4, .src = VIP4}},
	{"source is destination, IPv6", VERDICT_LAND, {DROP_TO6, .src = VIP6}},
	{"source 0.0.0.1", VERDICT_MARTIAN_SRC, {DROP_TO4, .src = "0.0.0.1"}},
	{"source 127.255.255.254", VERDICT_MARTIAN_SRC, {DROP_TO4, .src = "127.255.255.254"}},
	{"source multicast", VERDICT_MARTIAN_SRC, {DROP_TO4, .src = "224.0.0.1"}},
	{"source class E", VERDICT_MARTIAN_SRC, {DROP_TO4, .src = "240.0.0.1"}},
	{"source broadcast", VERDICT_MARTIAN_SRC, {DROP_TO4, .src = "255.255.255.255"}},
	{"source ::", VERDICT_MARTIAN_SRC, {DROP_TO6, .src = "::"}},
	{"source ::1", VERDICT_MARTIAN_SRC, {DROP_TO6, .src = "::1"}},
	{"source multicast, IPv6", VERDICT_MARTIAN_SRC, {DROP_TO6, .src = "ff02::1"}},
	{"source another VIP", VERDICT_MARTIAN_SRC, {DROP_TO4, .src = VIP4_TWIN}},
	{"source another VIP, SYN", VERDICT_MARTIAN_SRC,
		{DROP_TO4, .src = VIP4_ANY, .tcp_flags = 2}},
	{"source another VIP, IPv6", VERDICT_MARTIAN_SRC, {DROP_TO6, .src = VIP6_TWIN}},
	{"source in a VIP's prefix", VERDICT_MARTIAN_SRC, {DROP_TO4, .src = NET4_IN}},
	{"source in a VIP's prefix, IPv6", VERDICT_MARTIAN_SRC, {DROP_TO6, .src = NET6_AT}},
	{"source of a tunnel", VERDICT_MARTIAN_SRC, {DROP_TO4, .src = "10.0.0.250"}},
	{"source of a tunnel, ours on the way", VERDICT_MARTIAN_SRC, {DROP_TO4, .src = "10.2.0.1"}},
	{"source of a tunnel, IPv6", VERDICT_MARTIAN_SRC, {DROP_TO6, .src = "fd00::250"}},
	{"source of probes", VERDICT_OWN_PROBE, {DROP_TO4, .src = PROBE_SOURCE4}},
	{"source of probes, SYN", VERDICT_OWN_PROBE,
		{DROP_TO4, .src = PROBE_SOURCE4, .tcp_flags = 2}},
	{"source of probes, IPv6", VERDICT_OWN_PROBE, {DROP_TO6, .src = PROBE_SOURCE6}},
	{"source in a tunnel's prefix", VERDICT_MARTIAN_SRC,
		{DROP_TO4, .src = VARY_PREFIX4 ".7.9"}},
	{"source in a tunnel's prefix, IPv6", VERDICT_MARTIAN_SRC,
		{DROP_TO6, .src = VARY_PREFIX6 ":77:9"}},
};

const struct drop_rows drop_rows_ip = DROP_ROWS(rows);
