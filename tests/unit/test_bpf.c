/* SPDX-License-Identifier: BSD-3-Clause */

/* Steering: verdicts of the XDP program, and that its tc twin decides alike. */

#include "bpf_frame.h"

#include <sys/socket.h>

#include "bpf/steer.skel.h"
#include "bpf/steer_tc.skel.h"

#define VIP4                "203.0.113.10"
#define VIP6                "2001:db8::10"
#define OTHER4              "203.0.113.11"
#define OTHER6              "2001:db8::11"

#define ARP                 0x0806
#define IP4                 0x0800
#define IP6                 0x86dd
#define VLAN                0x8100
#define QINQ                0x88a8
#define TCP                 6
#define UDP                 17
#define ICMP                1
#define ICMP6               58

#define XDP_ANSWER_DROP     1u
#define XDP_ANSWER_PASS     2u
#define XDP_ANSWER_REDIRECT 4u

static struct steer_bpf *xdp;
static struct steer_tc_bpf *tc;

static uint32_t run_xdp(const struct frame *f)
{
	return frame_run(bpf_program__fd(xdp->progs.sluice_steer), f, NULL);
}

static uint32_t run_tc(const struct frame *f)
{
	return frame_run(bpf_program__fd(tc->progs.sluice_steer_tc), f, NULL);
}

struct row {
	const char *what;
	uint16_t tags[3];
	uint16_t type;
	const char *dst;
	uint8_t proto;
	uint32_t cut; /* bytes kept behind Ethernet header and tags; 0: all */
	bool ours;
	uint8_t l4; /* first byte behind the IP header */
};

static const struct row rows[] = {
	{"tcp to an IPv4 VIP", {0}, IP4, VIP4, TCP, 0, true},
	{"udp to an IPv4 VIP", {0}, IP4, VIP4, UDP, 0, true},
	{"another protocol to an IPv4 VIP", {0}, IP4, VIP4, 47, 0, true},
	{"tcp to another IPv4 address", {0}, IP4, OTHER4, TCP, 0, false},
	{"ICMP to an IPv4 VIP", {0}, IP4, VIP4, ICMP, 0, true, 8},
	{"ICMPv6 number in IPv4", {0}, IP4, VIP4, ICMP6, 0, true},
	{"tcp to an IPv6 VIP", {0}, IP6, VIP6, TCP, 0, true},
	{"udp to an IPv6 VIP", {0}, IP6, VIP6, UDP, 0, true},
	{"hop-by-hop header first", {0}, IP6, VIP6, 0, 0, true},
	{"destination options first", {0}, IP6, VIP6, 60, 0, true},
	{"fragment header first", {0}, IP6, VIP6, 44, 0, true},
	{"ICMP number in IPv6", {0}, IP6, VIP6, ICMP, 0, true},
	{"ICMP error to an IPv4 VIP", {0}, IP4, VIP4, ICMP, 0, true, 3},
	{"ICMP to another IPv4 address", {0}, IP4, OTHER4, ICMP, 0, false, 3},
	{"echo to an IPv6 VIP", {0}, IP6, VIP6, ICMP6, 0, true, 128},
	{"too big to an IPv6 VIP", {0}, IP6, VIP6, ICMP6, 0, true, 2},
	{"ICMPv6 132", {0}, IP6, VIP6, ICMP6, 0, true, 132},
	{"router solicitation", {0}, IP6, VIP6, ICMP6, 0, false, 133},
	{"neighbour solicitation", {0}, IP6, VIP6, ICMP6, 0, false, 135},
	{"neighbour advertisement", {0}, IP6, VIP6, ICMP6, 0, false, 136},
	{"redirect", {0}, IP6, VIP6, ICMP6, 0, false, 137},
	{"ICMPv6 138", {0}, IP6, VIP6, ICMP6, 0, true, 138},
	{"ICMPv6 without a type", {0}, IP6, VIP6, ICMP6, 40, false},
	{"number 135 behind IPv4 is no neighbour discovery", {0}, IP4, VIP4, ICMP6, 0, true, 135},
	{"TCP from a port whose first byte is 135", {0}, IP6, VIP6, TCP, 0, true, 135},
	{"tcp to another IPv6 address", {0}, IP6, OTHER6, TCP, 0, false},
	{"ARP", {0}, ARP, VIP4, TCP, 0, false},
	{"one tag", {VLAN}, IP4, VIP4, TCP, 0, true},
	{"one tag, IPv6", {VLAN}, IP6, VIP6, TCP, 0, true},
	{"one tag, another address", {VLAN}, IP4, OTHER4, TCP, 0, false},
	{"one tag, ARP", {VLAN}, ARP, VIP4, TCP, 0, false},
	{"QinQ", {QINQ, VLAN}, IP4, VIP4, TCP, 0, true},
	{"QinQ, IPv6", {QINQ, VLAN}, IP6, VIP6, UDP, 0, true},
	{"QinQ, neighbour solicitation", {QINQ, VLAN}, IP6, VIP6, ICMP6, 0, false, 135},
	{"QinQ, echo", {QINQ, VLAN}, IP6, VIP6, ICMP6, 0, true, 128},
	{"three tags", {QINQ, VLAN, VLAN}, IP4, VIP4, TCP, 0, false},
	{"IPv4 header complete, nothing more", {0}, IP4, VIP4, TCP, 20, true},
	{"IPv4 header cut by a byte", {0}, IP4, VIP4, TCP, 19, false},
	{"IPv4 header cut behind a tag", {VLAN}, IP4, VIP4, TCP, 19, false},
	{"IPv6 header complete, nothing more", {0}, IP6, VIP6, TCP, 40, true},
	{"IPv6 header cut by a byte", {0}, IP6, VIP6, TCP, 39, false},
	{"one byte", {0}, IP4, VIP4, TCP, 1, false},
};

static void build(struct frame *f, const struct row *r)
{
	const uint8_t payload[40] = {r->l4};

	f->len = 0;
	frame_put_eth(f, r->tags[0] ? r->tags[0] : r->type);
	for (int i = 0; i < 3 && r->tags[i]; i++) {
		frame_put16(f, 100 + i);
		frame_put16(f, i < 2 && r->tags[i + 1] ? r->tags[i + 1] : r->type);
	}
	const uint32_t l3 = f->len;

	if (r->type == IP6)
		frame_put_ip6(f, r->dst, r->proto, 0, sizeof payload);
	else
		frame_put_ip4(f, r->dst, r->proto, 0, 0, sizeof payload);
	frame_put(f, payload, sizeof payload);
	if (r->cut)
		f->len = l3 + r->cut;
}

static void every_row_has_its_verdict(void **state)
{
	struct frame f;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		build(&f, &rows[i]);
		const uint32_t answer = run_xdp(&f);

		if (answer != (rows[i].ours ? XDP_ANSWER_DROP : XDP_ANSWER_PASS))
			fail_msg("xdp, %s: answer %u", rows[i].what, answer);
		const uint32_t tc_answer = run_tc(&f);

		if (tc_answer != (rows[i].ours ? TC_DROP : TC_PASS) &&
			!(rows[i].cut && tc_answer == REFUSED))
			fail_msg("tc, %s: answer %u", rows[i].what, tc_answer);
	}
}

/* Without a socket VIP traffic is dropped (above); with one it is redirected, and the rest still is
 * not. */
static void socket_gets_what_is_ours(void **state)
{
	const int map = bpf_map__fd(xdp->maps.xsks_map);
	const int xsk = socket(AF_XDP, SOCK_RAW, 0);
	const uint32_t queue = 0;
	struct frame f;

	if (xsk < 0) {
		printf("SKIP socket_gets_what_is_ours: AF_XDP socket: %s\n", strerror(errno));
		skip();
	}
	assert_int_equal(bpf_map_update_elem(map, &queue, &xsk, BPF_ANY), 0);
	build(&f, &rows[0]);
	assert_int_equal(run_xdp(&f), XDP_ANSWER_REDIRECT);
	build(&f, &rows[3]);
	assert_int_equal(run_xdp(&f), XDP_ANSWER_PASS);
	assert_int_equal(bpf_map_delete_elem(map, &queue), 0);
	close(xsk);
}

/* A key of the map that is there for another reason is not steered. */
static void only_the_vip_flag_steers(void **state)
{
	const struct row r = {"", {0}, IP4, "203.0.113.99", TCP, 0, false};
	struct frame f;

	build(&f, &r);
	frame_vip(bpf_map__fd(xdp->maps.sluice_vips), r.dst, ~STEER_VIP);
	assert_int_equal(run_xdp(&f), XDP_ANSWER_PASS);
	frame_vip(bpf_map__fd(xdp->maps.sluice_vips), r.dst, STEER_VIP | 2);
	assert_int_equal(run_xdp(&f), XDP_ANSWER_DROP);
}

static void random_frame(struct frame *f, unsigned *seed)
{
	static const uint16_t types[] = {IP4, IP4, IP6, IP6, ARP, VLAN};
	static const uint16_t tags[] = {0, VLAN, QINQ};
	static const uint8_t protos[] = {TCP, UDP, ICMP, ICMP6, 0, 44, 60};
	struct row r = {.type = types[rand_r(seed) % 6],
		.proto = protos[rand_r(seed) % 7],
		.l4 = (uint8_t)(128 + rand_r(seed) % 16)};
	const bool vip = rand_r(seed) % 4;

	for (int i = 0; i < 3 && (i == 0 || r.tags[i - 1]); i++)
		r.tags[i] = tags[rand_r(seed) % 3];
	r.dst = r.type == IP6 ? (vip ? VIP6 : OTHER6) : (vip ? VIP4 : OTHER4);
	build(f, &r);
	if (rand_r(seed) % 4 == 0)
		f->len = FRAME_LEN_MIN + rand_r(seed) % (f->len - FRAME_LEN_MIN + 1);
	if (rand_r(seed) % 4 == 0)
		f->b[rand_r(seed) % f->len] ^= 1u << rand_r(seed) % 8;
}

static void twins_decide_alike(void **state)
{
	unsigned seed = 1, ours = 0, kept = 0;
	struct frame f;

	for (int i = 0; i < 30000; i++) {
		random_frame(&f, &seed);
		const bool by_xdp = run_xdp(&f) == XDP_ANSWER_DROP;
		const uint32_t answer = run_tc(&f);
		const bool by_tc = answer == TC_DROP;

		if (answer == REFUSED)
			continue;
		if (by_xdp != by_tc)
			fail_msg("frame %d of %u bytes: xdp %d, tc %d", i, f.len, by_xdp, by_tc);
		ours += by_xdp;
		kept += !by_xdp;
	}
	assert_true(ours > 5000);
	assert_true(kept > 5000);
}

static int load(void **state)
{
	xdp = steer_bpf__open_and_load();
	tc = steer_tc_bpf__open_and_load();
	if (!xdp || !tc)
		return -1;
	frame_vip(bpf_map__fd(xdp->maps.sluice_vips), VIP4, STEER_VIP);
	frame_vip(bpf_map__fd(xdp->maps.sluice_vips), VIP6, STEER_VIP);
	frame_vip(bpf_map__fd(tc->maps.sluice_vips), VIP4, STEER_VIP);
	frame_vip(bpf_map__fd(tc->maps.sluice_vips), VIP6, STEER_VIP);
	return 0;
}

static int unload(void **state)
{
	steer_bpf__destroy(xdp);
	steer_tc_bpf__destroy(tc);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_has_its_verdict),
		cmocka_unit_test(socket_gets_what_is_ours),
		cmocka_unit_test(only_the_vip_flag_steers),
		cmocka_unit_test(twins_decide_alike),
	};
	const int skip_code = frame_skip("test_bpf");

	return skip_code ? skip_code : cmocka_run_group_tests(tests, load, unload);
}
