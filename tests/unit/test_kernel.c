/* SPDX-License-Identifier: BSD-3-Clause */

/* The mirror against the real kernel: routes, interfaces, lost events, large sets. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel_lab.h"

/* After this the answer to one change is complete: what comes later is the answer to the next. */
#define SETTLE_MS 150

/* After this a new interface has told all about its link-local address, multicast and routers. */
#define QUIET_MS  2000

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
	run_for(l, QUIET_MS);
	netns_run(l->home,
		"ip route add default via 192.0.2.2 table 77; ip rule add to 10.1.0.1 table 77");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	run_for(l, SETTLE_MS);
	netns_run(l->home, "ip rule del to 10.1.0.1 table 77");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:01:02");
	/* a next-hop object that moves under its route, of which no event tells then */
	netns_run(l->home, "echo 0 > /proc/sys/net/ipv4/nexthop_compat_mode; ip route del "
			   "10.1.0.0/24; ip nexthop add id 5 via 198.51.100.2 dev k1;"
			   "ip route add 10.1.0.0/24 nhid 5");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:01:02");
	run_for(l, SETTLE_MS);
	netns_run(l->home, "ip nexthop replace id 5 via 192.0.2.2 dev k0");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	hop = find(l, "10.1.0.1");
	assert_int_equal(hop.mtu, 1500);
	run_for(l, SETTLE_MS);
	netns_run(l->home, "ip link set k0 mtu 1300");
	for (const uint64_t end_ms = netns_now_ms() + PATIENCE_MS; hop.mtu != 1300;) {
		const bool changed = turn(l);

		assert_true(netns_now_ms() < end_ms);
		assert_true(mirror_find(l->mirror, &dst, &hop));
		assert_true(changed || hop.mtu != 1300);
	}
	netns_run(l->home, "ip route add blackhole 10.1.0.1");
	wait_for(l, "10.1.0.1", NEXTHOP_NO_ROUTE, NULL);
	run_for(l, SETTLE_MS);
	netns_run(l->home, "ip route del blackhole 10.1.0.1");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
}

/* Without the capability nothing could be resolved: say so at the start. */
static void permission_is_needed(void **state)
{
	int status;

	NEED_NAMESPACE();
	const pid_t child = fork();

	if (child == 0) {
		struct sl_err err = SL_ERR_INIT;
		struct mirror *m;

		if (setuid(65534) != 0)
			_exit(2);
		_exit(mirror_open(&m, &err) != -EPERM || m ||
			!strstr(sl_err_first(&err), "CAP_NET_ADMIN"));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
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

static void link_down_and_up(void **state)
{
	struct lab *l = *state;

	NEED_NAMESPACE();
	/* without IPv6 nothing but the interface itself tells that it went down */
	netns_run(l->home, "echo 1 > /proc/sys/net/ipv6/conf/k0/disable_ipv6;"
			   "ip route add 10.1.0.0/24 via 192.0.2.2");
	watch(l, "10.1.0.1", "198.51.100.2");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, NULL);
	wait_for(l, "198.51.100.2", NEXTHOP_RESOLVED, NULL);
	run_for(l, QUIET_MS);
	netns_run(l->home, "ip link set k0 down");
	wait_for(l, "10.1.0.1", NEXTHOP_NO_ROUTE, NULL);
	assert_int_equal(find(l, "198.51.100.2").state, NEXTHOP_RESOLVED);
	netns_run(l->home, "ip link set k0 up; ip route add 10.1.0.0/24 via 192.0.2.2");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	/* the other end goes: carrier lost, the route stays */
	netns_run(l->peer0, "ip link set p0 down");
	wait_for(l, "10.1.0.1", NEXTHOP_UNRESOLVED, NULL);
	netns_run(l->peer0, "ip link set p0 up");
	wait_for(l, "10.1.0.1", NEXTHOP_RESOLVED, NULL);
	/* the interface itself goes for good */
	netns_run(l->home, "ip link del k0");
	wait_for(l, "10.1.0.1", NEXTHOP_NO_ROUTE, NULL);
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
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, NULL);
	wait_for(l, "2001:db8::2", NEXTHOP_RESOLVED, NULL);
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

/* More neighbours on the link than the kernel would keep by itself (gc_thresh3 = 1024). */
static void two_thousand_neighbours(void **state)
{
	struct lab *l = *state;
	const size_t n = 2000;
	struct sl_addr *set;

	NEED_NAMESPACE();
	set = many((uint32_t)n);
	netns_run(l->home, "ip route add 10.1.0.0/16 dev k0");
	netns_run(l->peer0, "ip route add local 10.1.0.0/16 dev lo");
	const uint64_t start_ms = netns_now_ms();

	assert_int_equal(mirror_watch(l->mirror, set, n), 0);
	wait_for_all(l, set, n, if_nametoindex("k0"));
	const uint64_t took_ms = netns_now_ms() - start_ms;

	print_message("%d neighbours resolved after %d ms\n", (int)n, (int)took_ms);
	/* no sooner than it may ask; how much later is the machine's business */
	assert_true(took_ms >= n * 1000 / HOP_ASKS_PER_SEC - 200);
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

/* The largest pool set behind one gateway: a single next hop, and a route change followed in
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
	assert_int_equal(l->mirror->targets.dirty, n - 256); /* one slice */
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
		IN_LAB(permission_is_needed),
		IN_LAB(route_by_the_other_family),
		IN_LAB(link_down_and_up),
		IN_LAB(flapping_interface),
		IN_LAB(lost_events_are_made_up_for),
		IN_LAB(two_thousand_neighbours),
		IN_LAB(sixteen_thousand_addresses),
	};

	missing = netns_missing();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
