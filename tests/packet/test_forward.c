/* SPDX-License-Identifier: BSD-3-Clause */

/* Frames that reach a backend: every byte of what leaves, the port, every checksum. */

#include <netinet/in.h>

#include "harness.h"

struct row {
	const char *name;
	struct frame_spec spec;
	enum world_pool pool; /* through which it must go, where the port does not say it */
	uint8_t port;
	uint16_t headroom; /* 0: RIG_HEADROOM; else this, less 1 */
	bool bad_csum;     /* the IPv4 checksum is wrong */
	uint64_t ol_flags;
};

#define HEADROOM(n) .headroom = (n) + 1
#define TO4(pool)   .dst = VIP4, .dport = PORT_OF(pool)
#define TO6(pool)   .dst = VIP6, .dport = PORT_OF(pool)
#define UDP4        .dst = VIP4, .dport = 53, .proto = IPPROTO_UDP
#define UDP6        .dst = VIP6, .dport = 53, .proto = IPPROTO_UDP

#define HOP         "\x00"
#define RT          "\x2b"
#define FRAG        "\x2c"
#define AH          "\x33"
#define DST         "\x3c"

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, ECE = 64, CWR = 128 };

static const struct row rows[] = {
	{"4in4", {TO4(POOL_VIA4)}},
	{"6in4", {TO6(POOL_VIA4)}},
	{"4in6", {TO4(POOL_VIA6)}},
	{"6in6", {TO6(POOL_VIA6)}},
	{"4in4 from our address", {TO4(POOL_ROUTED4)}},
	{"6in4 from our address", {TO6(POOL_ROUTED4)}},
	{"4in6 from our address", {TO4(POOL_ROUTED6)}},
	{"6in6 from our address", {TO6(POOL_ROUTED6)}},
	{"direct", {TO4(POOL_L2)}},
	{"direct, IPv6", {TO6(POOL_L2)}},
	{"in by the LAN", {TO4(POOL_VIA4)}, .port = WORLD_LAN},
	{"in by the LAN and out again", {TO6(POOL_ROUTED6)}, .port = WORLD_LAN},
	{"in by a shared port", {TO4(POOL_VIA4)}, .port = WORLD_SHARED},
	{"other MAC where any is ours", {TO4(POOL_L2), .eth_dst = "02:99:00:00:00:01"},
		.port = WORLD_LAN},
	{"other MAC where any is ours, IPv6", {TO6(POOL_VIA6), .eth_dst = "02:99:00:00:00:01"},
		.port = WORLD_TAP},

	{"UDP", {UDP4}},
	{"UDP, IPv6", {UDP6}},
	{"UDP with data", {UDP4, .payload = 33}},
	{"UDP without checksum", {UDP4, .payload = 5, .no_udp_csum = true}},
	{"UDP with options and padding", {UDP4, .options = 3, .padding = 6}},

	{"VLAN, 4in4", {TO4(POOL_VIA4), .vlans = 1}},
	{"VLAN, 6in6", {TO6(POOL_VIA6), .vlans = 1}},
	{"VLAN, direct", {TO4(POOL_L2), .vlans = 1}},
	{"QinQ, 4in6", {TO4(POOL_VIA6), .vlans = 2}},
	{"QinQ, 6in4", {TO6(POOL_VIA4), .vlans = 2}},
	{"QinQ, direct, IPv6", {TO6(POOL_L2), .vlans = 2}},
	{"QinQ and padding", {TO4(POOL_VIA4), .vlans = 2, .padding = 12}},

	{"1 word of options", {TO4(POOL_VIA4), .options = 1}},
	{"10 words of options", {TO4(POOL_VIA6), .options = 10, .payload = 3}},
	{"options, direct", {TO4(POOL_L2), .options = 5}},
	{"options in VLAN", {TO4(POOL_VIA4), .options = 7, .vlans = 1}},

	{"1 extension header", {TO6(POOL_VIA4), FRAME_CHAIN(DST)}},
	{"2 extension headers", {TO6(POOL_VIA6), FRAME_CHAIN(HOP DST)}},
	{"3 extension headers", {TO6(POOL_L2), FRAME_CHAIN(HOP DST RT)}},
	{"4 extension headers", {TO6(POOL_VIA4), FRAME_CHAIN(HOP RT FRAG AH)}},
	{"5 extension headers", {TO6(POOL_VIA6), FRAME_CHAIN(HOP DST RT AH DST)}},
	{"6 extension headers", {TO6(POOL_VIA4), FRAME_CHAIN(HOP DST RT FRAG AH DST)}},
	{"7 extension headers", {TO6(POOL_VIA4), FRAME_CHAIN(DST DST DST DST DST DST DST)}},
	{"8 extension headers", {TO6(POOL_VIA6), FRAME_CHAIN(HOP DST DST DST DST DST DST FRAG)}},
	{"atomic fragment", {TO6(POOL_VIA4), FRAME_CHAIN(FRAG)}},
	{"authentication header", {TO6(POOL_VIA4), FRAME_CHAIN(AH), .payload = 1}},
	{"UDP behind extension headers", {UDP6, FRAME_CHAIN(HOP DST), .payload = 9}},

	{"padded to 60 bytes", {TO4(POOL_VIA4), .padding = 6}},
	{"padded to 60 bytes, 4in6", {TO4(POOL_VIA6), .padding = 6}},
	{"padded to 60 bytes, direct", {TO4(POOL_L2), .padding = 6}},
	{"UDP padded to 60 bytes", {UDP4, .padding = 18}},
	{"IPv6 with a trailer", {TO6(POOL_VIA6), .padding = 4}},

	{"TOS 0xb8", {TO4(POOL_VIA4), .tos = 0xb8}},
	{"TOS 0xff into a traffic class", {TO4(POOL_VIA6), .tos = 0xff}},
	{"traffic class 0xff into TOS", {TO6(POOL_VIA4), .tos = 0xff}},
	{"traffic class 0x2e", {TO6(POOL_VIA6), .tos = 0x2e}},
	{"congestion experienced", {TO4(POOL_VIA4), .tos = 0x03}},
	{"TOS stays, direct", {TO4(POOL_L2), .tos = 0xb8}},
	{"traffic class stays, direct", {TO6(POOL_L2), .tos = 0x81}},

	{"1480 bytes fit an IPv4 tunnel", {TO4(POOL_VIA4), .ip_len = 1480}},
	{"1480 bytes of IPv6 fit an IPv4 tunnel", {TO6(POOL_VIA4), .ip_len = 1480}},
	{"1460 bytes fit an IPv6 tunnel", {TO4(POOL_VIA6), .ip_len = 1460}},
	{"1460 bytes of IPv6 fit an IPv6 tunnel", {TO6(POOL_VIA6), .ip_len = 1460}},
	{"1500 bytes fit direct", {TO4(POOL_L2), .ip_len = 1500}},
	{"1500 bytes fit direct, IPv6", {TO6(POOL_L2), .ip_len = 1500}},
	{"1380 bytes fit a route of 1400", {TO4(POOL_NARROW4), .ip_len = 1380}},
	{"1360 bytes fit a route of 1400", {TO4(POOL_NARROW6), .ip_len = 1360}},
	{"8980 bytes fit a port of 9000", {TO4(POOL_ROUTED4), .ip_len = 8980}},
	{"8960 bytes fit a port of 9000", {TO6(POOL_ROUTED6), .ip_len = 8960}},
	{"padding does not count for the MTU", {TO4(POOL_VIA4), .ip_len = 1480, .padding = 20}},

	{"headroom of 20 for IPv4", {TO4(POOL_VIA4)}, HEADROOM(20)},
	{"headroom of 40 for IPv6", {TO6(POOL_VIA6)}, HEADROOM(40)},
	{"headroom of 16 and a VLAN tag", {TO4(POOL_VIA4), .vlans = 1}, HEADROOM(16)},
	{"headroom of 32 and two tags", {TO6(POOL_VIA6), .vlans = 2}, HEADROOM(32)},
	{"no headroom, direct", {TO4(POOL_L2)}, HEADROOM(0)},
	{"no headroom, VLAN, direct", {TO6(POOL_L2), .vlans = 1}, HEADROOM(0)},

	{"every port: 1", {.dst = VIP4_ANY, .dport = 1}},
	{"every port: 65535", {.dst = VIP4_ANY, .dport = 65535}},
	{"every port: 0", {.dst = VIP4_ANY, .dport = 0}},
	{"every port, IPv6: 1", {.dst = VIP6_ANY, .dport = 1}},
	{"the exact port wins", {.dst = VIP4_ANY, .dport = 8443}, .pool = POOL_VIA6},
	{"the exact port wins, IPv6", {.dst = VIP6_ANY, .dport = 8443}, .pool = POOL_VIA6},

	{"first port of a range", {.dst = NET4_IN, .dport = 100}, .pool = POOL_VIA4},
	{"last port of a range", {.dst = NET4_IN, .dport = 200}, .pool = POOL_VIA4},
	{"a narrower range wins", {.dst = NET4_IN, .dport = 150}, .pool = POOL_VIA6},
	{"the port of a prefix wins", {.dst = NET4_IN, .dport = 155}, .pool = POOL_L2},
	{"the address in a prefix wins", {.dst = NET4_ONE, .dport = 110}, .pool = POOL_ROUTED4},
	{"the prefix around it has its port", {.dst = NET4_ONE, .dport = 111}, .pool = POOL_VIA4},
	{"range of ports, IPv6", {.dst = NET6_AT, .dport = 100}, .pool = POOL_VIA4},
	{"a narrower range wins, IPv6", {.dst = NET6_AT, .dport = 160}, .pool = POOL_VIA6},
	{"the port of a prefix wins, IPv6", {.dst = NET6_AT, .dport = 155}, .pool = POOL_L2},
	{"the longer prefix wins", {.dst = NET6_IN_AT, .dport = 100}, .pool = POOL_ROUTED4},
	{"the prefix around has its port, IPv6", {.dst = NET6_IN_AT, .dport = 155},
		.pool = POOL_L2},
	{"prefix, in by a shared port", {.dst = NET4_IN, .dport = 100}, .pool = POOL_VIA4,
		.port = WORLD_SHARED},

	{"SYN", {TO4(POOL_VIA4), .tcp_flags = SYN}},
	{"SYN with ECN", {TO6(POOL_VIA4), .tcp_flags = SYN | ECE | CWR}},
	{"SYN and ACK", {TO4(POOL_VIA4), .tcp_flags = SYN | ACK}},
	{"FIN", {TO4(POOL_VIA4), .tcp_flags = FIN}},
	{"RST", {TO6(POOL_VIA6), .tcp_flags = RST}},
	{"data", {TO4(POOL_VIA4), .tcp_flags = PSH | ACK, .payload = 513}},
	{"source 223.255.255.255", {TO4(POOL_VIA4), .src = "223.255.255.255"}},
	{"source ::2", {TO6(POOL_VIA4), .src = "::2"}},
	{"source 1.0.0.0", {TO4(POOL_VIA4), .src = "1.0.0.0"}},

	{"checksum known good", {TO4(POOL_L2)}, .ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD},
	{"checksum unknown to the NIC", {TO4(POOL_VIA4)}, .ol_flags = RTE_MBUF_F_RX_IP_CKSUM_NONE},
	{"checksum not looked at behind the NIC", {TO4(POOL_L2)}, .bad_csum = true,
		.ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD},
};

static struct frame frame;
static struct outcome outcome;

static const struct world_way *way_of(const struct row *row)
{
	const int pool = row->spec.dport - PORT_OF(0);

	return world_way_in(pool >= 0 && pool < WORLD_POOLS ? (enum world_pool)pool : row->pool);
}

static void forwards(void **state)
{
	const struct row *row = *state;
	const uint16_t headroom = row->headroom ? row->headroom - 1 : RIG_HEADROOM;
	struct rte_mbuf *m[3];

	harness_frame(&frame, &row->spec, row->port);
	for (int i = 0; i < 3; i++) {
		m[i] = rig_mbuf(frame.b, frame.len, headroom);
		m[i]->ol_flags |= row->ol_flags;
	}
	if (row->bad_csum) {
		frame.b[frame.l3 + 10] ^= 1;
		for (int i = 0; i < 3; i++)
			rte_pktmbuf_mtod(m[i], uint8_t *)[frame.l3 + 10] ^= 1;
	}
	harness_run(&outcome, row->port, m, 3);
	harness_expect(&outcome, VERDICT_FORWARDED, 3);
	for (uint16_t i = 0; i < 3; i++) {
		if (row->bad_csum) /* carried as it came: the backend's kernel finds it */
			assert_memory_equal(outcome.out[i].b + 14, frame.b + 14, frame.ip_len);
		else
			harness_expect_out(&outcome, i, &frame, way_of(row));
	}
}

int main(void)
{
	enum { N = sizeof rows / sizeof *rows };
	static struct CMUnitTest tests[N];

	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){
			rows[i].name, forwards, NULL, NULL, (void *)(uintptr_t)&rows[i]};
	return harness_main("forward", tests, N);
}
