/* SPDX-License-Identifier: BSD-3-Clause */

/* The mirror against the real kernel: finding the MAC of a next hop and following it. */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "kernel_lab.h"

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
	/* an answer that is under way makes a stale one reachable */
	netns_run(l->home,
		"ip neigh show 192.0.2.2 | grep -v extern_learn | grep -Eq 'STALE|REACHABLE'");
	netns_run(l->home, "ip neigh show 2001:db8::2 | grep -q extern_learn");
	mirror_close(l->mirror);
	l->mirror = NULL;
	netns_run(l->home,
		"ip neigh show 2001:db8::2 | grep -v extern_learn | grep -Eq 'STALE|REACHABLE'");
	netns_run(l->home, "! ip neigh show | grep -q extern_learn");
}

/* The neighbour's MAC changes and it tells nobody (arp_notify and ndisc_notify are off). It is
 * followed each time; a busy machine may be late, so how soon is what the best of all took. */
static void moved_mac_is_followed(void **state)
{
	struct lab *l = *state;
	uint64_t best_four_ms = PATIENCE_MS, best_six_ms = PATIENCE_MS;

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
		wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, mac);
		four_ms = netns_now_ms() - start_ms;
		wait_for(l, "2001:db8::2", NEXTHOP_RESOLVED, mac);
		six_ms = netns_now_ms() - start_ms;
		print_message("moved MAC followed after %d ms (ARP), %d ms (ND)\n", (int)four_ms,
			(int)six_ms);
		best_four_ms = four_ms < best_four_ms ? four_ms : best_four_ms;
		best_six_ms = six_ms < best_six_ms ? six_ms : best_six_ms;
	}
	assert_in_range(best_four_ms, 0, FOLLOW_MS);
	assert_in_range(best_six_ms, 0, FOLLOW_MS);
}

/* How soon at the latest is said by test_kernel_hop.c, whose time is no machine's. */
static void lost_neighbour_is_given_up_and_found_again(void **state)
{
	struct lab *l = *state;
	uint64_t start_ms, lost_ms;

	NEED_NAMESPACE();
	watch(l, "192.0.2.2", "2001:db8::2");
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, NULL);
	wait_for(l, "2001:db8::2", NEXTHOP_RESOLVED, NULL);
	run_for(l, 1500);
	start_ms = netns_now_ms();
	netns_run(l->peer0, "ip addr del 192.0.2.2/24 dev p0; ip addr del 2001:db8::2/64 dev p0");
	wait_for(l, "192.0.2.2", NEXTHOP_UNRESOLVED, NULL);
	lost_ms = netns_now_ms() - start_ms;
	print_message("silence noticed after %d ms\n", (int)lost_ms);
	assert_true(lost_ms >= HOP_LOST_MS - 200);
	wait_for(l, "2001:db8::2", NEXTHOP_UNRESOLVED, NULL);
	assert_int_not_equal(find(l, "2001:db8::2").ifindex, 0);
	run_for(l, 4000); /* past the kernel's own giving up */
	netns_run(l->peer0,
		"ip addr add 192.0.2.2/24 dev p0; ip addr add 2001:db8::2/64 dev p0 nodad");
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, NULL);
	wait_for(l, "2001:db8::2", NEXTHOP_RESOLVED, NULL);
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

/* Those that are not ours are forgotten at once, so that the round meets the one that is twice. */
static void all_go_at_once(void **state)
{
	static const char *const text[] = {"192.0.2.2", "192.0.2.8", "192.0.2.9"};
	struct lab *l = *state;
	struct sl_addr set[3];

	NEED_NAMESPACE();
	netns_run(l->home, "ip neigh add 192.0.2.8 lladdr 02:00:00:00:00:98 dev k0 nud permanent;"
			   "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:99 dev k0 nud permanent");
	for (int i = 0; i < 3; i++)
		set[i] = addr(text[i]);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(mirror_watch(l->mirror, set, 3), 0);
		for (int i = 0; i < 3; i++)
			wait_for(l, text[i], NEXTHOP_RESOLVED, NULL);
		/* begins its turn with each of them */
		l->mirror->hop_cursor = (size_t)round;
		assert_int_equal(mirror_watch(l->mirror, NULL, 0), 0);
		run_for(l, 200);
		assert_int_equal(l->mirror->hops.count, 0);
	}
	netns_run(l->home, "! ip neigh show | grep -q extern_learn");
}

/* An operator's `ip neigh del` is not a failure of the neighbour. */
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

/* A frame that claims: 192.0.2.2 is at 02:66:66:66:66:66. */
static void claim(int ns, const char *ifname)
{
	static const uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0x66, 0x66, 0x66,
		0x66, 0x66, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0x66, 0x66, 0x66, 0x66, 0x66, 192, 0,
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
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:66:66:66:66:66");
	wait_for(l, "192.0.2.2", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
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

/* With fewer questions than next hops that wait for one, each gets its turn. */
static void questions_go_round(void **state)
{
	struct lab *l = *state;
	struct sl_addr set[200];

	NEED_NAMESPACE();
	for (uint8_t i = 0; i < 200; i++) {
		set[i] = addr("192.0.2.0");
		set[i].b[15] = i + 10;
	}
	assert_int_equal(mirror_watch(l->mirror, set, 200), 0);
	run_for(l, 500);
	const uint64_t start_ms = l->mirror->now_ms + 1;

	assert_int_equal(l->mirror->hops.count, 200);
	for (int round = 0; round < 13; round++) {
		for (size_t i = 0; i < 200; i++)
			l->mirror->hops.all[i]->due_ms = 0;
		l->mirror->now_ms++;
		l->mirror->tokens = MIRROR_TOKENS_MAX;
		ask_hops(l->mirror); /* 16 searches, the other half is kept for those that answer */
		assert_in_range(
			l->mirror->tokens, MIRROR_TOKENS_MAX / 2, MIRROR_TOKENS_MAX / 2 + 2);
	}
	for (size_t i = 0; i < 200; i++)
		assert_true(l->mirror->hops.all[i]->searched_ms >= start_ms);
}

int main(void)
{
#define IN_LAB(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_LAB(mac_is_resolved_and_handed_back),
		IN_LAB(moved_mac_is_followed),
		IN_LAB(lost_neighbour_is_given_up_and_found_again),
		IN_LAB(permanent_entry_is_left_alone),
		IN_LAB(all_go_at_once),
		IN_LAB(flush_costs_nothing),
		IN_LAB(gratuitous_arp_counts_on_its_own_side_only),
		IN_LAB(interface_without_arp),
		IN_LAB(interface_without_mac),
		IN_LAB(questions_go_round),
		IN_LAB(second_mirror_takes_over),
	};

	missing = netns_missing();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
