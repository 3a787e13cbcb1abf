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

/* ICMP errors to where tunnels come from. */
#define SOURCE4 "10.9.0.1"
#define SOURCE6 "fd00:9::1"
#define GUE4    "10.9.0.2"
#define GUE6    "fd00:9::2"
#define BOTH4   "10.9.0.3"
#define BOTH6   "fd00:9::3"
#define VARIED4 "10.10.77.3"
#define VARIED6 "fd00:10::1234:5678"

static const struct error_row {
	const char *what, *dst;
	uint8_t type;
	uint8_t proto; /* quoted */
	uint16_t port; /* quoted destination port */
	bool ours;
	uint8_t words; /* of options, of the error */
	bool fragment;
	uint32_t cut;
} errors[] = {
	{"unreachable, IP in IP", SOURCE4, 3, 4, 0, true},
	{"time exceeded, 6in4", SOURCE4, 11, 41, 0, true},
	{"parameter problem", SOURCE4, 12, 4, 0, true},
	{"too big, 6in6", SOURCE6, 2, 41, 0, true},
	{"unreachable, 4in6", SOURCE6, 1, 4, 0, true},
	{"parameter problem, IPv6", SOURCE6, 4, 4, 0, true},
	{"GUE", GUE4, 3, 17, 6080, true},
	{"GUE, IPv6", GUE6, 2, 17, 6080, true},
	{"GUE to one port of two", BOTH4, 3, 17, 6080, true},
	{"GUE to the other one", BOTH4, 11, 17, 6081, true},
	{"GUE to neither", BOTH4, 3, 17, 6082, false},
	{"IP in IP beside GUE", BOTH4, 3, 41, 0, true},
	{"GUE beside IP in IP, IPv6", BOTH6, 2, 17, 6081, true},
	{"IP in IP beside GUE, IPv6", BOTH6, 2, 4, 0, true},
	{"UDP to port 0", BOTH4, 3, 17, 0, false},
	{"of the prefix", VARIED4, 3, 4, 0, true},
	{"of the prefix, IPv6", VARIED6, 2, 41, 0, true},
	{"beside the prefix", "10.11.0.1", 3, 4, 0, false},
	{"beside the prefix, IPv6", "fd00:11::1", 2, 4, 0, false},
	{"TCP of the host", SOURCE4, 3, 6, 0, false},
	{"TCP of the host, IPv6", SOURCE6, 1, 6, 0, false},
	{"UDP of the host", SOURCE4, 3, 17, 6080, false},
	{"UDP of the host to another port", GUE4, 3, 17, 53, false},
	{"UDP of the host, IPv6", GUE6, 1, 17, 53, false},
	{"IP in IP from where GUE is sent", GUE4, 3, 4, 0, false},
	{"ping", SOURCE4, 8, 4, 0, false},
	{"echo reply", SOURCE4, 0, 4, 0, false},
	{"redirect", SOURCE4, 5, 4, 0, false},
	{"ping, IPv6", SOURCE6, 128, 4, 0, false},
	{"neighbour solicitation", SOURCE6, 135, 4, 0, false},
	{"reserved, IPv6", SOURCE6, 0, 4, 0, false},
	{"with options", SOURCE4, 3, 4, 0, false, .words = 1},
	{"fragment", SOURCE4, 3, 4, 0, false, .fragment = true},
	{"quoted header cut", SOURCE4, 3, 4, 0, false, .cut = 1},
	{"quoted header cut, IPv6", SOURCE6, 2, 4, 0, false, .cut = 1},
	{"quoted port cut", GUE4, 3, 17, 6080, false, .cut = 2},
};

static void source_is(const char *text, uint32_t bits, uint32_t port)
{
	struct bpf_source key = {
		.len = STEER_PORT_BITS + bits, .port = {(uint8_t)(port >> 8), (uint8_t)port}};
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	memcpy(key.addr.b, a.b, sizeof key.addr.b);
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(xdp->maps.sluice_sources), &key, &port, BPF_ANY),
		0);
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(tc->maps.sluice_sources), &key, &port, BPF_ANY), 0);
}

static void build_error(struct frame *f, const struct error_row *r)
{
	const bool six = strchr(r->dst, ':') != NULL;
	const uint8_t icmp[8] = {r->type};
	const uint8_t l4[4] = {0xc0, 0, (uint8_t)(r->port >> 8), (uint8_t)r->port};

	f->len = 0;
	frame_put_eth(f, six ? IP6 : IP4);
	if (six)
		frame_put_ip6(f, r->dst, ICMP6, 0, 52);
	else
		frame_put_ip4(f, r->dst, ICMP, 0, r->words, 32);
	if (r->fragment)
		f->b[14 + 6] = 0x20;
	frame_put(f, icmp, sizeof icmp);
	if (six)
		frame_put_ip6(f, "fd00:77::1", r->proto, 0, 100);
	else
		frame_put_ip4(f, "10.77.0.1", r->proto, 0, 0, 100);
	if (r->proto == UDP)
		frame_put(f, l4, sizeof l4);
	f->len -= r->cut;
}

static void errors_about_tunnels_are_ours(void **state)
{
	struct frame f;

	source_is(SOURCE4, 128, 0);
	source_is(SOURCE6, 128, 0);
	source_is(GUE4, 128, 6080);
	source_is(GUE6, 128, 6080);
	source_is(BOTH4, 128, 6080);
	source_is(BOTH4, 128, 6081);
	source_is(BOTH4, 128, 0);
	source_is(BOTH6, 128, 6081);
	source_is(BOTH6, 128, 0);
	source_is("10.10.0.0", 112, 0);
	source_is("fd00:10::", 96, 0);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		const struct error_row *r = &errors[i];

		build_error(&f, r);
		if (run_xdp(&f) != (r->ours ? XDP_ANSWER_DROP : XDP_ANSWER_PASS))
			fail_msg("xdp, %s", r->what);
		if (run_tc(&f) != (r->ours ? TC_DROP : TC_PASS))
			fail_msg("tc, %s", r->what);
	}
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
		cmocka_unit_test(errors_about_tunnels_are_ours),
		cmocka_unit_test(twins_decide_alike),
	};
	const int skip_code = frame_skip("test_bpf");

	return skip_code ? skip_code : cmocka_run_group_tests(tests, load, unload);
}
