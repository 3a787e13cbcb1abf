/* SPDX-License-Identifier: BSD-3-Clause */

/* The mirror of routes and neighbours against the real kernel: a namespace with two interfaces, k0
 * to a neighbour p0 and k1 to another one p1, each in a namespace of its own. */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "kernel/mirror.h"
#include "kernel/netlink.h"
#include "netns.h"

/* The guarantee of the product: a moved MAC is followed within this time. */
#define FOLLOW_MS   3000

/* For what must happen at some time; far above what it takes. */
#define PATIENCE_MS 20000

static const char *missing; /* why nothing can be tested here */

struct lab {
	int home, peer0, peer1;
	struct mirror *mirror;
	uint64_t tick_ms;    /* when the next tick is due */
	uint64_t longest_us; /* longest single call into the mirror */
};

static struct sl_addr addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void wire(struct lab *l)
{
	netns_run(l->home,
		"ip link add k0 address 02:00:00:00:00:01 type veth peer name p0 address "
		"02:00:00:00:00:02 netns /proc/%d/fd/%d; ip link set lo up",
		getpid(), l->peer0);
	netns_run(l->home,
		"ip link add k1 address 02:00:00:00:01:01 type veth peer name p1 address "
		"02:00:00:00:01:02 netns /proc/%d/fd/%d",
		getpid(), l->peer1);
	netns_run(l->peer0,
		"ip addr add 192.0.2.2/24 dev p0; ip addr add 2001:db8::2/64 dev p0 nodad;"
		"ip link set p0 up; ip link set lo up");
	netns_run(l->peer1, "ip addr add 198.51.100.2/24 dev p1; ip link set p1 up");
	netns_run(l->home,
		"ip addr add 192.0.2.1/24 dev k0; ip addr add 2001:db8::1/64 dev k0 nodad;"
		"ip addr add 198.51.100.1/24 dev k1; ip link set k0 up; ip link set k1 up");
}

/* Namespaces of this test alone: no duplicate address detection, that link-local addresses work at
 * once. */
static int namespace(void)
{
	const int ns = netns_new();

	netns_run(ns, "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad;"
		      "echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad");
	return ns;
}

static int setup(void **state)
{
	static struct lab lab;

	if (missing)
		return 0;
	lab = (struct lab){.peer0 = namespace(), .peer1 = namespace()};
	lab.home = namespace();
	wire(&lab);
	assert_int_equal(mirror_open(&lab.mirror, NULL), 0);
	*state = &lab;
	return 0;
}

static int teardown(void **state)
{
	struct lab *l = *state;

	if (!l)
		return 0;
	mirror_close(l->mirror);
	close(l->home);
	close(l->peer0);
	close(l->peer1);
	return 0;
}

#define NEED_NAMESPACE()                                      \
	do {                                                  \
		if (missing) {                                \
			print_message("SKIP: %s\n", missing); \
			skip();                               \
		}                                             \
	} while (0)

static void watch(struct lab *l, const char *first, const char *second)
{
	const struct sl_addr set[] = {addr(first), addr(second ? second : first)};

	assert_int_equal(mirror_watch(l->mirror, set, 2), 0);
}

static struct nexthop find(const struct lab *l, const char *text)
{
	const struct sl_addr a = addr(text);
	struct nexthop hop;

	assert_true(mirror_find(l->mirror, &a, &hop));
	return hop;
}

/* One turn of the daemon's loop: wait for the descriptor, at most until the next tick. */
static bool turn(struct lab *l)
{
	const uint64_t now_ms = netns_now_ms();
	struct pollfd fd = {.fd = mirror_fd(l->mirror), .events = POLLIN};
	const int wait_ms = l->tick_ms > now_ms ? (int)(l->tick_ms - now_ms) : 0;
	const bool ready = poll(&fd, 1, wait_ms) > 0;
	const uint64_t start_us = now_us();
	bool changed = ready && mirror_process(l->mirror);

	if (start_us / 1000 >= l->tick_ms) {
		changed |= mirror_tick(l->mirror, start_us / 1000);
		l->tick_ms = start_us / 1000 + mirror_tick_ms(l->mirror);
	}
	const uint64_t took_us = now_us() - start_us;

	if (took_us > l->longest_us)
		l->longest_us = took_us;
	return changed;
}

static bool has_mac(const struct nexthop *hop, const char *text)
{
	struct sl_ether mac;

	assert_int_equal(sl_ether_parse(text, &mac), 0);
	return hop->state == NEXTHOP_RESOLVED && memcmp(&hop->mac, &mac, sizeof mac) == 0;
}

/* Run the loop until the answer for the address is this state (and MAC, unless NULL). An answer may
 * only change in a turn that says so. Returns the milliseconds it took; fails after PATIENCE_MS. */
static uint64_t wait_for(struct lab *l, const char *text, enum nexthop_state state, const char *mac)
{
	const uint64_t start_ms = netns_now_ms();
	struct nexthop hop = find(l, text);

	while (hop.state != state || (mac && !has_mac(&hop, mac))) {
		const bool changed = turn(l);
		const struct nexthop next = find(l, text);

		assert_true(changed || memcmp(&hop, &next, sizeof hop) == 0);
		hop = next;
		if (netns_now_ms() - start_ms > PATIENCE_MS)
			fail_msg("%s: state %d after %d s", text, hop.state, PATIENCE_MS / 1000);
	}
	return netns_now_ms() - start_ms;
}

static void run_for(struct lab *l, uint64_t ms)
{
	const uint64_t end_ms = netns_now_ms() + ms;

	while (netns_now_ms() < end_ms)
		turn(l);
}

static void routes_are_the_kernels(void **state)
{
	struct lab *l = *state;
	const struct sl_addr gateway = addr("192.0.2.2"), source = addr("192.0.2.77"),
			     six = addr("2001:db8::2"), self = addr("198.51.100.2"),
			     own = addr("198.51.100.1"), own6 = addr("2001:db8::1");
	const struct sl_addr set[] = {addr("10.1.0.1"), addr("10.2.0.1"), addr("10.3.0.1"),
		addr("10.4.0.1"), addr("2001:db8:1::1"), addr("2001:db8:2::1"), self, own,
		addr("224.0.0.5"), addr("192.0.2.255"), addr("2001:db8:3::1"), addr("10.5.0.1")};
	struct nexthop hop;

	NEED_NAMESPACE();
	netns_run(l->home,
		"ip addr add 192.0.2.77/24 dev k0;"
		"ip route add 10.1.0.0/24 via 192.0.2.2 src 192.0.2.77 mtu 1400;"
		"ip route add blackhole 10.2.0.0/24; ip route add unreachable 10.3.0.0/24;"
		"ip route add prohibit 10.5.0.0/24;"
		"ip -6 route add 2001:db8:1::/64 via 2001:db8::2;"
		"ip -6 route add blackhole 2001:db8:2::/64");
	assert_int_equal(mirror_watch(l->mirror, set, sizeof set / sizeof *set), 0);
	hop = find(l, "10.1.0.1");
	assert_int_equal(hop.ifindex, if_nametoindex("k0"));
	assert_memory_equal(&hop.via, &gateway, sizeof gateway);
	assert_true(hop.has_source);
	assert_memory_equal(&hop.source, &source, sizeof source);
	assert_int_equal(hop.mtu, 1400);
	hop = find(l, "2001:db8:1::1");
	assert_memory_equal(&hop.via, &six, sizeof six);
	assert_true(hop.has_source);
	assert_memory_equal(&hop.source, &own6, sizeof own6);
	assert_int_equal(hop.mtu, 1500);
	hop = find(l, "198.51.100.2");
	assert_int_equal(hop.ifindex, if_nametoindex("k1"));
	assert_memory_equal(&hop.via, &self, sizeof self);
	assert_memory_equal(&hop.source, &own, sizeof own);
	assert_int_equal(hop.mtu, 1500);
	for (size_t i = 0; i < sizeof set / sizeof *set; i++) {
		if (i == 0 || i == 4 || i == 6)
			continue;
		assert_true(mirror_find(l->mirror, &set[i], &hop));
		assert_int_equal(hop.state, NEXTHOP_NO_ROUTE);
		assert_int_equal(hop.ifindex, 0);
	}
	assert_false(mirror_find(l->mirror, &gateway, &hop));
}

static void routes_are_followed(void **state)
{
	struct lab *l = *state;
	const struct sl_addr dst = addr("10.1.0.1");
	struct nexthop hop;

	NEED_NAMESPACE();
	watch(l, "10.1.0.1", NULL);
	assert_int_equal(find(l, "10.1.0.1").state, NEXTHOP_NO_ROUTE);
	netns_run(l->home, "ip route add default via 192.0.2.2");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	netns_run(l->home, "ip route add 10.1.0.0/24 via 198.51.100.2");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:01:02");
	/* a policy rule that sends it elsewhere, by a table of its own */
	netns_run(l->home,
		"ip route add default via 192.0.2.2 table 77; ip rule add to 10.1.0.1 table 77");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	netns_run(l->home, "ip rule del to 10.1.0.1 table 77");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:01:02");
	/* a next-hop object that moves under its route */
	netns_run(l->home, "ip route del 10.1.0.0/24; ip nexthop add id 5 via 198.51.100.2 dev k1;"
			   "ip route add 10.1.0.0/24 nhid 5");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:01:02");
	netns_run(l->home, "ip nexthop replace id 5 via 192.0.2.2 dev k0");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	netns_run(l->home, "ip link set k0 mtu 1300");
	do {
		turn(l);
		assert_true(mirror_find(l->mirror, &dst, &hop));
	} while (hop.mtu != 1300);
	netns_run(l->home, "ip route add blackhole 10.1.0.1");
	wait_for(l, "10.1.0.1", NEXTHOP_NO_ROUTE, NULL);
	netns_run(l->home, "ip route del blackhole 10.1.0.1");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
}

/* IPv4 by an IPv6 neighbour. */
static void route_by_the_other_family(void **state)
{
	struct lab *l = *state;
	const struct sl_addr six = addr("2001:db8::2");
	struct nexthop hop;

	NEED_NAMESPACE();
	netns_run(l->home, "ip route add 10.1.0.0/24 via inet6 2001:db8::2 dev k0");
	watch(l, "10.1.0.1", NULL);
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	hop = find(l, "10.1.0.1");
	assert_memory_equal(&hop.via, &six, sizeof six);
}

static void mac_is_resolved_and_handed_back(void **state)
{
	struct lab *l = *state;

	NEED_NAMESPACE();
	watch(l, "192.0.2.2", "2001:db8::2");
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	wait_for(l, "2001:db8::2", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	netns_run(l->home, "ip neigh show dev k0 | grep -c extern_learn | grep -qx 2");
	/* the one that stays keeps what is known at once; the other's entry becomes an ordinary one
	 */
	watch(l, "2001:db8::2", "2001:db8::3");
	assert_int_equal(find(l, "2001:db8::2").state, NEXTHOP_RESOLVED);
	assert_int_equal(find(l, "2001:db8::3").state, NEXTHOP_UNRESOLVED);
	run_for(l, 200);
	netns_run(l->home, "ip neigh show 192.0.2.2 | grep -v extern_learn | grep -q STALE");
	netns_run(l->home, "ip neigh show 2001:db8::2 | grep -q extern_learn");
	mirror_close(l->mirror);
	l->mirror = NULL;
	netns_run(l->home, "ip neigh show 2001:db8::2 | grep -v extern_learn | grep -q STALE");
	netns_run(l->home, "! ip neigh show | grep -q extern_learn");
}

/* The neighbour's MAC changes and it tells nobody (arp_notify and ndisc_notify are off). */
static void moved_mac_is_followed(void **state)
{
	struct lab *l = *state;

	NEED_NAMESPACE();
	watch(l, "192.0.2.2", "2001:db8::2");
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	wait_for(l, "2001:db8::2", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	for (int i = 0; i < 4; i++) {
		char mac[SL_ETHER_STRLEN];
		uint64_t start_ms, four_ms, six_ms;

		run_for(l, 1000 + (uint64_t)i * 230);
		snprintf(mac, sizeof mac, "02:00:00:00:0a:%02x", i);
		netns_run(l->peer0, "ip link set p0 address %s", mac);
		start_ms = netns_now_ms();
		assert_false(has_mac(&(struct nexthop){0}, mac));
		wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, mac);
		four_ms = netns_now_ms() - start_ms;
		wait_for(l, "2001:db8::2", NEXTHOP_RESOLVED, mac);
		six_ms = netns_now_ms() - start_ms;
		print_message("moved MAC followed after %d ms (ARP), %d ms (ND)\n", (int)four_ms,
			(int)six_ms);
		assert_in_range(four_ms, 0, FOLLOW_MS);
		assert_in_range(six_ms, 0, FOLLOW_MS);
	}
}

static void lost_neighbour_is_given_up_and_found_again(void **state)
{
	struct lab *l = *state;
	uint64_t start_ms, lost_ms;

	NEED_NAMESPACE();
	watch(l, "192.0.2.2", "2001:db8::2");
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, NULL);
	wait_for(l, "2001:db8::2", NEXTHOP_RESOLVED, NULL);
	run_for(l, 1500);
	netns_run(l->peer0, "ip addr del 192.0.2.2/24 dev p0; ip addr del 2001:db8::2/64 dev p0");
	start_ms = netns_now_ms();
	wait_for(l, "192.0.2.2", NEXTHOP_UNRESOLVED, NULL);
	lost_ms = netns_now_ms() - start_ms;
	print_message("silence noticed after %d ms\n", (int)lost_ms);
	assert_in_range(lost_ms, HOP_LOST_MS - 200, FOLLOW_MS + 500);
	wait_for(l, "2001:db8::2", NEXTHOP_UNRESOLVED, NULL);
	assert_int_not_equal(find(l, "2001:db8::2").ifindex, 0);
	run_for(l, 4000); /* past the kernel's own giving up */
	netns_run(l->peer0,
		"ip addr add 192.0.2.2/24 dev p0; ip addr add 2001:db8::2/64 dev p0 nodad");
	assert_in_range(wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, NULL), 0, FOLLOW_MS);
	assert_in_range(wait_for(l, "2001:db8::2", NEXTHOP_RESOLVED, NULL), 0, FOLLOW_MS);
}

static void permanent_entry_is_left_alone(void **state)
{
	struct lab *l = *state;

	NEED_NAMESPACE();
	netns_run(l->home, "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:99 dev k0 nud permanent");
	watch(l, "192.0.2.9", "192.0.2.2");
	wait_for(l, "192.0.2.9", NEXTHOP_RESOLVED, "02:00:00:00:00:99");
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	/* an ordinary entry made permanent by the operator, with another MAC */
	netns_run(l->home,
		"ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:98 dev k0 nud permanent");
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:00:00:00:00:98");
	run_for(l, 4000);
	netns_run(l->home, "ip neigh show 192.0.2.9 | grep -q '02:00:00:00:00:99 PERMANENT'");
	netns_run(l->home, "ip neigh show 192.0.2.2 | grep -q '02:00:00:00:00:98 PERMANENT'");
	struct nexthop hop = find(l, "192.0.2.9");

	assert_true(has_mac(&hop, "02:00:00:00:00:99"));
	hop = find(l, "192.0.2.2");
	assert_true(has_mac(&hop, "02:00:00:00:00:98"));
	netns_run(l->home, "ip neigh del 192.0.2.2 dev k0");
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	netns_run(l->home, "ip neigh del 192.0.2.9 dev k0");
	wait_for(l, "192.0.2.9", NEXTHOP_UNRESOLVED, NULL);
}

/* An operator's `ip neigh flush` is not a failure of the neighbour. */
static void flush_costs_nothing(void **state)
{
	struct lab *l = *state;

	NEED_NAMESPACE();
	watch(l, "192.0.2.2", NULL);
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, NULL);
	for (int i = 0; i < 3; i++) {
		netns_run(l->home, "ip neigh del 192.0.2.2 dev k0");
		for (uint64_t end_ms = netns_now_ms() + 1200; netns_now_ms() < end_ms;) {
			turn(l);
			assert_int_equal(find(l, "192.0.2.2").state, NEXTHOP_RESOLVED);
		}
	}
	netns_run(l->home, "ip neigh show 192.0.2.2 | grep -q 02:00:00:00:00:02");
}

static void link_down_and_up(void **state)
{
	struct lab *l = *state;

	NEED_NAMESPACE();
	netns_run(l->home, "ip route add 10.1.0.0/24 via 192.0.2.2");
	watch(l, "10.1.0.1", "198.51.100.2");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, NULL);
	wait_for(l, "198.51.100.2", NEXTHOP_RESOLVED, NULL);
	netns_run(l->home, "ip link set k0 down");
	assert_in_range(wait_for(l, "10.1.0.1", NEXTHOP_NO_ROUTE, NULL), 0, 1000);
	assert_int_equal(find(l, "198.51.100.2").state, NEXTHOP_RESOLVED);
	netns_run(l->home, "ip link set k0 up; ip route add 10.1.0.0/24 via 192.0.2.2");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	/* the other end goes: carrier lost, the route stays */
	netns_run(l->peer0, "ip link set p0 down");
	wait_for(l, "10.1.0.1", NEXTHOP_UNRESOLVED, NULL);
	netns_run(l->peer0, "ip link set p0 up");
	assert_in_range(wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, NULL), 0, FOLLOW_MS);
	/* the interface itself goes for good */
	netns_run(l->home, "ip link del k0");
	assert_in_range(wait_for(l, "10.1.0.1", NEXTHOP_NO_ROUTE, NULL), 0, 1000);
}

static void flapping_interface(void **state)
{
	struct lab *l = *state;

	NEED_NAMESPACE();
	watch(l, "192.0.2.2", "2001:db8::2");
	for (int i = 0; i < 20; i++) {
		netns_run(l->home, "ip link set k0 down");
		turn(l);
		netns_run(l->home,
			"ip link set k0 up; ip -6 addr replace 2001:db8::1/64 dev k0 nodad");
		run_for(l, 20 + (uint64_t)(i % 5) * 30);
	}
	assert_in_range(wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, NULL), 0, FOLLOW_MS);
	assert_in_range(wait_for(l, "2001:db8::2", NEXTHOP_RESOLVED, NULL), 0, FOLLOW_MS);
}

/* A frame that claims: 192.0.2.2 is at 02:66:66:66:66:66. */
static void claim(int ns, const char *ifname)
{
	static const uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0x66, 0x66, 0x66,
		0x66, 0x66, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, 2, 0x66, 0x66, 0x66, 0x66, 0x66, 192, 0,
		2, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 192, 0, 2, 2};
	const int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_int_equal(setns(ns, CLONE_NEWNET), 0);
	const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	const struct sockaddr_ll to = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ARP),
		.sll_ifindex = (int)if_nametoindex(ifname)};

	assert_int_equal(
		sendto(fd, frame, sizeof frame, 0, (const struct sockaddr *)&to, sizeof to), 60);
	close(fd);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
}

/* A claim from another side changes nothing, not even where the kernel believes it. The same claim
 * from the next hop's own side is followed at once, and mended when the true owner answers. */
static void gratuitous_arp_counts_on_its_own_side_only(void **state)
{
	struct lab *l = *state;

	NEED_NAMESPACE();
	netns_run(l->home, "echo 1 > /proc/sys/net/ipv4/conf/k1/arp_accept");
	watch(l, "192.0.2.2", NULL);
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	for (int i = 0; i < 15; i++) {
		claim(l->peer1, "p1");
		for (uint64_t end_ms = netns_now_ms() + 100; netns_now_ms() < end_ms;) {
			turn(l);
			const struct nexthop hop = find(l, "192.0.2.2");

			assert_true(has_mac(&hop, "02:00:00:00:00:02"));
		}
	}
	netns_run(l->home, "ip neigh show dev k1 | grep -q 02:66:66:66:66:66");
	claim(l->peer0, "p0");
	assert_in_range(wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:66:66:66:66:66"), 0, 500);
	assert_in_range(
		wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:00:00:00:00:02"), 0, FOLLOW_MS);
}

static void interface_without_arp(void **state)
{
	struct lab *l = *state;

	NEED_NAMESPACE();
	netns_run(l->home, "ip link set k0 arp off");
	watch(l, "192.0.2.2", NULL);
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:00:00:00:00:01");
	netns_run(l->home, "ip link set k0 arp on");
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
}

/* No Ethernet, no MAC: there is a route, but not for us. */
static void interface_without_mac(void **state)
{
	struct lab *l = *state;

	NEED_NAMESPACE();
	if (access("/dev/net/tun", R_OK | W_OK) != 0) {
		print_message("SKIP: no /dev/net/tun\n");
		skip();
	}
	netns_run(l->home,
		"ip tuntap add kt mode tun; ip addr add 203.0.113.1/24 dev kt; ip link set kt up");
	watch(l, "203.0.113.2", NULL);
	run_for(l, 500);
	assert_int_equal(find(l, "203.0.113.2").state, NEXTHOP_UNRESOLVED);
	assert_int_equal(find(l, "203.0.113.2").ifindex, if_nametoindex("kt"));
}

/* More events than the socket holds: everything is read anew. */
static void lost_events_are_made_up_for(void **state)
{
	struct lab *l = *state;
	const int tiny = 4096;

	NEED_NAMESPACE();
	watch(l, "10.1.0.1", "192.0.2.2");
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	const uint64_t before_ms = l->mirror->resync_ms;

	assert_int_equal(setsockopt(mnl_socket_get_fd(l->mirror->events.socket), SOL_SOCKET,
				 SO_RCVBUF, &tiny, sizeof tiny),
		0);
	netns_run(l->home,
		"for i in $(seq 200); do echo route add 10.9.0.$i via 192.0.2.2; done | "
		"ip -batch -; ip route add 10.1.0.0/24 via 198.51.100.2;"
		"ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:77 dev k0 nud permanent");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:01:02");
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:00:00:00:00:77");
	assert_true(l->mirror->resync_ms > before_ms);
}

/* What a killed daemon left behind is taken over by the next one. */
static void second_mirror_takes_over(void **state)
{
	struct lab *l = *state;
	struct mirror *first;

	NEED_NAMESPACE();
	watch(l, "192.0.2.2", NULL);
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, NULL);
	first = l->mirror;
	assert_int_equal(mirror_open(&l->mirror, NULL), 0);
	watch(l, "192.0.2.2", NULL);
	assert_int_equal(find(l, "192.0.2.2").state, NEXTHOP_RESOLVED);
	mirror_close(first);
	run_for(l, 1500);
	assert_int_equal(find(l, "192.0.2.2").state, NEXTHOP_RESOLVED);
	netns_run(l->home, "ip neigh show 192.0.2.2 | grep -q extern_learn");
}

/* Addresses 10.1.0.0 and following. */
static struct sl_addr *many(uint32_t n)
{
	struct sl_addr *set = calloc(n, sizeof *set);

	assert_non_null(set);
	for (uint32_t i = 0; i < n; i++) {
		set[i] = addr("10.1.0.0");
		set[i].b[13] = (uint8_t)(1 + (i >> 16));
		set[i].b[14] = (uint8_t)(i >> 8);
		set[i].b[15] = (uint8_t)i;
	}
	return set;
}

static size_t count_resolved(
	const struct lab *l, const struct sl_addr *set, size_t n, uint32_t ifindex)
{
	struct nexthop hop;
	size_t resolved = 0;

	for (size_t i = 0; i < n; i++) {
		assert_true(mirror_find(l->mirror, &set[i], &hop));
		resolved += hop.state == NEXTHOP_RESOLVED && hop.ifindex == ifindex;
	}
	return resolved;
}

static uint64_t wait_for_all(struct lab *l, const struct sl_addr *set, size_t n, uint32_t ifindex)
{
	const uint64_t start_ms = netns_now_ms();

	while (count_resolved(l, set, n, ifindex) < n) {
		turn(l);
		if (netns_now_ms() - start_ms > PATIENCE_MS)
			fail_msg("%d of %d resolved", (int)count_resolved(l, set, n, ifindex),
				(int)n);
	}
	return netns_now_ms() - start_ms;
}

/* More neighbours on the link than the kernel's garbage collection would leave (gc_thresh3 = 1024).
 */
static void two_thousand_neighbours(void **state)
{
	struct lab *l = *state;
	const size_t n = 2000;
	struct sl_addr *set;

	NEED_NAMESPACE();
	set = many((uint32_t)n);
	netns_run(l->home, "ip route add 10.1.0.0/16 dev k0");
	netns_run(l->peer0, "ip route add local 10.1.0.0/16 dev lo");
	assert_int_equal(mirror_watch(l->mirror, set, n), 0);
	print_message("%d neighbours resolved after %d ms\n", (int)n,
		(int)wait_for_all(l, set, n, if_nametoindex("k0")));
	run_for(l, 4000);
	assert_int_equal(count_resolved(l, set, n, if_nametoindex("k0")), n);
	print_message("longest call %d us\n", (int)l->longest_us);
	assert_int_equal(mirror_watch(l->mirror, NULL, 0), 0);
	for (uint64_t end_ms = netns_now_ms() + PATIENCE_MS; l->mirror->hops.count > 0;) {
		turn(l);
		assert_true(netns_now_ms() < end_ms);
	}
	netns_run(l->home, "! ip neigh show | grep -q extern_learn");
	free(set);
}

/* The largest pool set behind one gateway: a single next hop, and a route change is followed in
 * slices. */
static void sixteen_thousand_addresses(void **state)
{
	struct lab *l = *state;
	const size_t n = 16384;
	struct sl_addr *set;

	NEED_NAMESPACE();
	set = many((uint32_t)n);
	netns_run(l->home, "ip route add 10.1.0.0/16 via 192.0.2.2");
	assert_int_equal(mirror_watch(l->mirror, set, n), 0);
	print_message("%d addresses known after %d ms\n", (int)n,
		(int)wait_for_all(l, set, n, if_nametoindex("k0")));
	assert_int_equal(l->mirror->hops.count, 1);
	l->longest_us = 0;
	netns_run(l->home, "ip route replace 10.1.0.0/16 via 198.51.100.2");
	print_message("moved after %d ms\n", (int)wait_for_all(l, set, n, if_nametoindex("k1")));
	print_message("longest call %d us\n", (int)l->longest_us);
	assert_in_range(l->longest_us, 0, 100000);
	free(set);
}

int main(void)
{
#define IN_LAB(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_LAB(routes_are_the_kernels),
		IN_LAB(routes_are_followed),
		IN_LAB(route_by_the_other_family),
		IN_LAB(mac_is_resolved_and_handed_back),
		IN_LAB(moved_mac_is_followed),
		IN_LAB(lost_neighbour_is_given_up_and_found_again),
		IN_LAB(permanent_entry_is_left_alone),
		IN_LAB(flush_costs_nothing),
		IN_LAB(link_down_and_up),
		IN_LAB(flapping_interface),
		IN_LAB(gratuitous_arp_counts_on_its_own_side_only),
		IN_LAB(interface_without_arp),
		IN_LAB(interface_without_mac),
		IN_LAB(lost_events_are_made_up_for),
		IN_LAB(second_mirror_takes_over),
		IN_LAB(two_thousand_neighbours),
		IN_LAB(sixteen_thousand_addresses),
	};

	missing = netns_missing();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
