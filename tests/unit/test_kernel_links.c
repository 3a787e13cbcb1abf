/* SPDX-License-Identifier: BSD-3-Clause */

/* Which tags a frame has that the kernel sends by a VLAN interface: from what it tells of its
 * interfaces, told here by hand, and by the kernel itself where it has VLANs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/links.h"
#include "kernel_lab.h"
#include "link_message.h"

static struct links links;

static int start(void **state)
{
	links = (struct links){0};
	return 0;
}

static int stop(void **state)
{
	links_free(&links);
	return 0;
}

static bool hear(const struct link_message *l)
{
	return links_hear(&links, link_message(l));
}

/* `wanted`: in text; NULL: does not leave there. */
static void expect(uint32_t ifindex, uint32_t below, const char *wanted)
{
	struct sl_vlans v = {.n = 77};
	char text[SL_VLANS_STRLEN];

	if (!wanted) {
		assert_false(links_tags(&links, ifindex, below, &v));
		assert_int_equal(v.n, 77);
		return;
	}
	assert_true(links_tags(&links, ifindex, below, &v));
	assert_string_equal(sl_vlans_format(&v, text), wanted);
}

static void tags_of_stacked_interfaces(void **state)
{
	assert_true(hear(&(struct link_message){.ifindex = 2}));
	assert_true(hear(&(struct link_message){
		.ifindex = 9, .kind = "vlan", .parent = 2, .id = 100, .proto = 0x8100}));
	assert_true(hear(&(struct link_message){
		.ifindex = 3, .kind = "vlan", .parent = 2, .id = 200, .proto = 0x88a8}));
	assert_true(hear(&(struct link_message){
		.ifindex = 5, .kind = "vlan", .parent = 3, .id = 4094, .proto = 0x8100}));
	assert_true(hear(&(struct link_message){
		.ifindex = 6, .kind = "vlan", .parent = 9, .id = 1, .proto = 0x8100}));
	assert_true(hear(&(struct link_message){
		.ifindex = 7, .kind = "vlan", .parent = 5, .id = 3, .proto = 0x8100}));
	assert_true(
		hear(&(struct link_message){.ifindex = 8, .kind = "vlan", .parent = 2, .id = 55}));
	expect(2, 2, "");
	expect(9, 2, "100");
	expect(9, 9, "");
	expect(3, 2, "200ad");
	expect(5, 2, "200.4094");
	expect(5, 3, "4094");
	expect(6, 2, "100q.1");
	expect(8, 2, "55");
	expect(7, 2, NULL); /* three */
	expect(7, 3, "4094q.3");
	expect(2, 9, NULL); /* upside down */
	expect(9, 3, NULL);
	expect(77, 2, NULL); /* unknown */
	expect(77, 77, "");
}

/* What looks like a VLAN interface and is none, or not on an interface here. */
static void others_are_no_way(void **state)
{
	hear(&(struct link_message){.ifindex = 2});
	hear(&(struct link_message){.ifindex = 3, .kind = "macvlan", .parent = 2, .id = 100});
	hear(&(struct link_message){.ifindex = 4, .kind = "vxlan", .parent = 2, .id = 100});
	hear(&(struct link_message){.ifindex = 5, .kind = "vlan", .parent = 2});
	hear(&(struct link_message){
		.ifindex = 6, .kind = "vlan", .parent = 2, .id = 100, .elsewhere = true});
	hear(&(struct link_message){.ifindex = 7, .kind = "veth", .parent = 2});
	hear(&(struct link_message){.ifindex = 8, .kind = "vla", .parent = 2, .id = 100});
	for (uint32_t i = 3; i <= 8; i++)
		expect(i, 2, NULL);
	/* in a circle, which no kernel tells */
	hear(&(struct link_message){.ifindex = 10, .kind = "vlan", .parent = 11, .id = 1});
	hear(&(struct link_message){.ifindex = 11, .kind = "vlan", .parent = 10, .id = 2});
	expect(10, 2, NULL);
}

static void changes_are_news(void **state)
{
	const struct link_message vlan = {
		.ifindex = 9, .kind = "vlan", .parent = 2, .id = 100, .proto = 0x8100};
	struct link_message other = vlan;

	hear(&(struct link_message){.ifindex = 2});
	assert_true(hear(&vlan));
	assert_false(hear(&vlan));
	other.id = 101;
	assert_true(hear(&other));
	expect(9, 2, "101");
	other.parent = 3;
	assert_true(hear(&other));
	expect(9, 2, NULL);
	other.gone = true;
	assert_true(hear(&other));
	expect(9, 3, NULL);
}

static void expect_mirror(
	const struct lab *l, const char *interface, const char *below, const char *wanted)
{
	char text[SL_VLANS_STRLEN];
	struct sl_vlans v;

	assert_true(mirror_tags(l->mirror, if_nametoindex(interface), if_nametoindex(below), &v));
	assert_string_equal(sl_vlans_format(&v, text), wanted);
}

/* The same by the kernel, where it can: a neighbour behind one tag, and one behind two. */
static void by_the_kernel(void **state)
{
	struct lab *l = *state;

	NEED_NAMESPACE();
	if (netns_try(l->home, "ip link add link k0 name k0.100 type vlan id 100 2>/dev/null")) {
		print_message("SKIP VLAN interfaces: this kernel makes none (CONFIG_VLAN_8021Q)\n");
		skip();
	}
	netns_run(l->home,
		"ip link add link k0 name k0.200 type vlan id 200 proto 802.1ad;"
		"ip link add link k0.200 name k0.200.7 type vlan id 7;"
		"ip addr add 10.8.0.1/24 dev k0.100; ip addr add 10.9.0.1/24 dev k0.200.7;"
		"ip link set k0.200 up; ip link set k0.200.7 up; ip link set k0.100 up");
	netns_run(l->peer0, "ip link add link p0 name a type vlan id 100;"
			    "ip link add link p0 name b type vlan id 200 proto 802.1ad;"
			    "ip link add link b name c type vlan id 7;"
			    "ip addr add 10.8.0.2/24 dev a; ip addr add 10.9.0.2/24 dev c;"
			    "ip link set a up; ip link set b up; ip link set c up");
	watch(l, "10.8.0.2", "10.9.0.2");
	wait_for(l, "10.8.0.2", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	wait_for(l, "10.9.0.2", NEXTHOP_RESOLVED, "02:00:00:00:00:02");
	assert_int_equal(find(l, "10.8.0.2").ifindex, if_nametoindex("k0.100"));
	expect_mirror(l, "k0.100", "k0", "100");
	expect_mirror(l, "k0.200.7", "k0", "200.7");
	netns_run(l->home, "ip link del k0.100");
	wait_for(l, "10.8.0.2", NEXTHOP_NO_ROUTE, NULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(tags_of_stacked_interfaces),
		TEST(others_are_no_way),
		TEST(changes_are_news),
		cmocka_unit_test_setup_teardown(by_the_kernel, setup, teardown),
	};

	missing = netns_missing();
	return cmocka_run_group_tests_name("kernel_links", tests, NULL, NULL);
}
