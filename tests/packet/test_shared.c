/* SPDX-License-Identifier: BSD-3-Clause */

/* A port that the kernel shares: it gets every frame, and the steering program hides from it those
 * to a VIP, but for neighbour discovery. So a frame counts as punted exactly when the kernel has
 * it. */

#include <netinet/in.h>

#include "harness.h"

#define ELSEWHERE4 "192.0.2.1"
#define ELSEWHERE6 "2001:db8:e::1"
#define OTHER_MAC  "02:99:00:00:00:01"

struct row {
	const char *name;
	enum verdict verdict;
	struct frame_spec spec;
	uint16_t type;   /* EtherType instead of IP */
	uint16_t keep;   /* bytes that are left of the frame; 0: all */
	int16_t ip_byte; /* a byte of the IP header to change by 1 */
	uint8_t port;    /* 0: WORLD_SHARED */
};

static const struct row rows[] = {
	{"ARP", VERDICT_PUNTED, {.dst = VIP4}, .type = 0x0806},
	{"LLDP", VERDICT_PUNTED, {.dst = VIP4, .eth_dst = "01:80:c2:00:00:0e"}, .type = 0x88cc},
	{"SSH to the host", VERDICT_PUNTED, {.dst = ELSEWHERE4, .dport = 22}},
	{"SSH to the host, IPv6", VERDICT_PUNTED, {.dst = ELSEWHERE6, .dport = 22}},
	{"to the host in VLAN", VERDICT_PUNTED, {.dst = ELSEWHERE4, .dport = 22, .vlans = 1}},
	{"UDP to the host", VERDICT_PUNTED, {.dst = ELSEWHERE6, .dport = 53, .proto = IPPROTO_UDP}},
	{"OSPF", VERDICT_PUNTED, {.dst = "224.0.0.5", .proto = 89}},
	{"ping to the host", VERDICT_PUNTED, {.dst = ELSEWHERE4, .proto = IPPROTO_ICMP}},
	{"ping to the host, IPv6", VERDICT_PUNTED, {.dst = ELSEWHERE6, .proto = IPPROTO_ICMPV6}},
	{"neighbour solicitation to a VIP", VERDICT_PUNTED,
		{.dst = VIP6, .proto = IPPROTO_ICMPV6, .sport = 135 << 8}},
	{"neighbour advertisement to a VIP", VERDICT_PUNTED,
		{.dst = VIP6, .proto = IPPROTO_ICMPV6, .sport = 136 << 8}, .port = WORLD_TAP},
	{"ICMPv6 without a type, to a VIP", VERDICT_PUNTED,
		{.dst = VIP6, .proto = IPPROTO_ICMPV6, .ip_len = 40}, .keep = 54},
	{"ICMP to a VIP", VERDICT_ICMP_QUOTE_BAD, {.dst = VIP4, .proto = IPPROTO_ICMP}},
	{"ICMPv6 to a VIP", VERDICT_ICMP_QUOTE_BAD, {.dst = VIP6, .proto = IPPROTO_ICMPV6}},
	{"ICMP number over IPv6 is no ICMPv6", VERDICT_L4_PROTO,
		{.dst = VIP6, .proto = IPPROTO_ICMP}},
	{"ICMPv6 behind options, to a VIP", VERDICT_ICMP_QUOTE_BAD,
		{.dst = VIP6, .proto = IPPROTO_ICMPV6, FRAME_CHAIN("\x3c")}},
	{"bad checksum to the host", VERDICT_PUNTED, {.dst = ELSEWHERE4, .dport = 22},
		.ip_byte = 5},
	{"martian to the host", VERDICT_PUNTED, {.dst = ELSEWHERE4, .src = "127.0.0.1"}},
	{"19 bytes of IPv4", VERDICT_PUNTED, {.dst = VIP4, .dport = 53}, .keep = 33},
	{"39 bytes of IPv6", VERDICT_PUNTED, {.dst = VIP6, .dport = 53}, .keep = 53},
	{"13 bytes", VERDICT_PUNTED, {.dst = VIP4, .dport = 53}, .keep = 13},
	{"three VLAN tags", VERDICT_PUNTED, {.dst = VIP4, .dport = 53, .vlans = 3}},
	{"to another MAC", VERDICT_PUNTED, {.dst = VIP4, .dport = 8000, .eth_dst = OTHER_MAC}},
	{"broadcast to a VIP", VERDICT_PUNTED,
		{.dst = VIP4, .dport = 8000, .eth_dst = "ff:ff:ff:ff:ff:ff"}},
	{"broadcast to a VIP where any MAC is ours", VERDICT_PUNTED,
		{.dst = VIP4, .dport = 8000, .eth_dst = "ff:ff:ff:ff:ff:ff"}, .port = WORLD_TAP},
	{"what we have sent", VERDICT_PUNTED,
		{.dst = "10.1.0.1", .eth_dst = OTHER_MAC, .eth_src = "02:aa:00:00:00:03"}},
	{"what we have sent, any MAC is ours", VERDICT_PUNTED,
		{.dst = VIP4, .dport = 8000, .eth_dst = OTHER_MAC, .eth_src = "02:aa:00:00:00:04"},
		.port = WORLD_TAP},
	{"to another MAC and the host, any MAC is ours", VERDICT_PUNTED,
		{.dst = ELSEWHERE4, .dport = 22, .eth_dst = OTHER_MAC}, .port = WORLD_TAP},

	{"unknown port of a VIP", VERDICT_NO_VIP, {.dst = VIP4, .dport = 9}},
	{"unknown port of a VIP, IPv6", VERDICT_NO_VIP, {.dst = VIP6, .dport = 9}},
	{"other protocol of a VIP's port", VERDICT_NO_VIP,
		{.dst = VIP4, .dport = PORT_OF(POOL_VIA4), .proto = IPPROTO_UDP}},
	{"GRE to a VIP", VERDICT_L4_PROTO, {.dst = VIP4, .proto = IPPROTO_GRE}},
	{"martian to a VIP", VERDICT_MARTIAN_SRC, {.dst = VIP4, .dport = 8000, .src = "127.0.0.1"}},
	{"land", VERDICT_LAND, {.dst = VIP6, .dport = 8000, .src = VIP6}},
	{"bad checksum to a VIP", VERDICT_IP_CHECKSUM, {.dst = VIP4, .dport = 8000}, .ip_byte = 5},
	{"version 5 to a VIP", VERDICT_IP_VERSION, {.dst = VIP4, .dport = 8000}, .ip_byte = -1},
	{"cut packet to a VIP", VERDICT_IP_TOTAL_LEN, {.dst = VIP4, .dport = 8000}, .keep = 53},
	{"empty pool", VERDICT_NO_BACKEND, {.dst = VIP4, .dport = PORT_OF(POOL_EMPTY)}},
};

static struct frame frame;
static struct outcome outcome;

static void ends(void **state)
{
	const struct row *row = *state;
	const uint8_t port = row->port ? row->port : WORLD_SHARED;

	harness_frame(&frame, &row->spec, port);
	if (row->type) {
		frame.b[12] = (uint8_t)(row->type >> 8);
		frame.b[13] = (uint8_t)row->type;
	}
	if (row->ip_byte > 0)
		frame.b[frame.l3 + (uint32_t)row->ip_byte] ^= 1;
	else if (row->ip_byte < 0)
		frame.b[frame.l3] ^= 0x10;
	if (row->keep)
		frame.len = row->keep;
	for (uint16_t n = 1; n <= BURST_MAX; n += 31) {
		struct rte_mbuf *m[BURST_MAX];

		for (uint16_t i = 0; i < n; i++)
			m[i] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		harness_run(&outcome, port, m, n);
		harness_expect(&outcome, row->verdict, n);
	}
}

/* The same frames on a port of our own are never punted. */
static void never_punted_elsewhere(void **state)
{
	const struct row *row = *state;
	struct frame_spec spec = row->spec;

	harness_frame(&frame, &spec, WORLD_WAN);
	if (row->type) {
		frame.b[12] = (uint8_t)(row->type >> 8);
		frame.b[13] = (uint8_t)row->type;
	}
	harness_one(&outcome, WORLD_WAN, &frame);
	assert_int_equal(outcome.count[VERDICT_PUNTED], 0);
}

int main(void)
{
	enum { N = sizeof rows / sizeof *rows };
	static struct CMUnitTest tests[2 * N];

	for (size_t i = 0; i < N; i++) {
		void *row = (void *)(uintptr_t)&rows[i];

		tests[2 * i] = (struct CMUnitTest){rows[i].name, ends, NULL, NULL, row};
		tests[2 * i + 1] =
			(struct CMUnitTest){rows[i].name, never_punted_elsewhere, NULL, NULL, row};
	}
	return harness_main("shared", tests, 2 * N);
}
