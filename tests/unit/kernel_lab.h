/* SPDX-License-Identifier: BSD-3-Clause */

/* What the tests of the mirror stand on: a namespace with two interfaces, k0 to a neighbour p0 and
 * k1 to another one p1, each in a namespace of its own, and the daemon's loop in small. */

#ifndef SLUICE_TESTS_KERNEL_LAB_H
#define SLUICE_TESTS_KERNEL_LAB_H

#include <net/if.h>
#include <poll.h>

#include "kernel/mirror.h"
#include "kernel/netlink.h"
#include "netns.h"

/* The guarantee of the product: a moved MAC is followed within this time. */
#define FOLLOW_MS   3000

/* For what must happen at some time; far above what it takes, and far below what the mirror's round
 * over everything would take to make up for an event that was not heard: setup() puts that off. */
#define PATIENCE_MS 20000
#define NO_ROUND_MS 3600000

static const char *missing; /* why nothing can be tested here */

struct lab {
	int home, peer0, peer1;
	struct mirror *mirror;
	uint64_t tick_ms;    /* when the next tick is due */
	uint64_t longest_us; /* longest single call into the mirror, in CPU time */
};

static inline struct sl_addr addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

static inline uint64_t cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static inline void wire(struct lab *l)
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
static inline int namespace(void)
{
	const int ns = netns_new();

	netns_run(ns, "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad;"
		      "echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad");
	return ns;
}

static inline int setup(void **state)
{
	static struct lab lab;

	if (missing)
		return 0;
	lab = (struct lab){.peer0 = namespace(), .peer1 = namespace()};
	lab.home = namespace();
	wire(&lab);
	assert_int_equal(mirror_open(&lab.mirror, NULL), 0);
	lab.mirror->full_ms += NO_ROUND_MS;
	*state = &lab;
	return 0;
}

static inline int teardown(void **state)
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

static inline void watch(struct lab *l, const char *first, const char *second)
{
	const struct sl_addr set[] = {addr(first), addr(second ? second : first)};

	assert_int_equal(mirror_watch(l->mirror, set, 2), 0);
}

static inline struct nexthop find(const struct lab *l, const char *text)
{
	const struct sl_addr a = addr(text);
	struct nexthop hop;

	assert_true(mirror_find(l->mirror, &a, &hop));
	return hop;
}

/* One turn of the daemon's loop: wait for the descriptor, at most until the next tick. */
static inline bool turn(struct lab *l)
{
	const uint64_t now_ms = netns_now_ms();
	struct pollfd fd = {.fd = mirror_fd(l->mirror), .events = POLLIN};
	const int wait_ms = l->tick_ms > now_ms ? (int)(l->tick_ms - now_ms) : 0;
	const bool ready = poll(&fd, 1, wait_ms) > 0;
	const uint64_t start_ms = netns_now_ms(), start_us = cpu_us();
	bool changed = ready && mirror_process(l->mirror);

	if (start_ms >= l->tick_ms) {
		changed |= mirror_tick(l->mirror, start_ms);
		l->tick_ms = start_ms + mirror_tick_ms(l->mirror);
	}
	const uint64_t took_us = cpu_us() - start_us;

	if (took_us > l->longest_us)
		l->longest_us = took_us;
	return changed;
}

static inline bool has_mac(const struct nexthop *hop, const char *text)
{
	struct sl_ether mac;

	assert_int_equal(sl_ether_parse(text, &mac), 0);
	return hop->state == NEXTHOP_RESOLVED && memcmp(&hop->mac, &mac, sizeof mac) == 0;
}

static inline bool same(const struct nexthop *a, const struct nexthop *b)
{
	return a->state == b->state && a->ifindex == b->ifindex && a->mtu == b->mtu &&
	       memcmp(&a->mac, &b->mac, sizeof a->mac) == 0 && sl_addr_eq(&a->via, &b->via) &&
	       a->has_source == b->has_source && sl_addr_eq(&a->source, &b->source);
}

/* Run the loop until the answer for the address is this state (and MAC, unless NULL). An answer may
 * only change in a turn that says so. Returns the milliseconds it took; fails after PATIENCE_MS. */
static inline uint64_t wait_for(
	struct lab *l, const char *text, enum nexthop_state state, const char *mac)
{
	const uint64_t start_ms = netns_now_ms();
	struct nexthop hop = find(l, text);

	while (hop.state != state || (mac && !has_mac(&hop, mac))) {
		const bool changed = turn(l);
		const struct nexthop next = find(l, text);

		assert_true(changed || same(&hop, &next));
		hop = next;
		if (netns_now_ms() - start_ms > PATIENCE_MS)
			fail_msg("%s: state %d after %d s", text, hop.state, PATIENCE_MS / 1000);
	}
	return netns_now_ms() - start_ms;
}

static inline void run_for(struct lab *l, uint64_t ms)
{
	const uint64_t end_ms = netns_now_ms() + ms;

	while (netns_now_ms() < end_ms)
		turn(l);
}

#endif
