/* SPDX-License-Identifier: BSD-3-Clause */

/* From the kernel's route to port, MAC address and VLAN tags of a backend's next hop. The kernel's
 * answers are made up: the one of the machine may have no VLANs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/mirror.h"
#include "link_message.h"
#include "view.h"

#define ETH0     2
#define ETH1     3
#define ETH0_100 10
#define ETH0_200 11
#define ETH0_QQ  12
#define BR0      13

static struct mirror mirror;
static struct target target;
static struct hop hop;
static struct conf conf;
static struct conf_port conf_ports[2];
static struct conf_pool pool;
static struct conf_backend backend;
static struct port ports[2];

static const struct sl_ether neighbour = {{2, 0, 0, 0, 0, 9}}, fixed = {{2, 0, 0, 0, 0, 7}};

static struct sl_addr addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

static void hear(const struct link_message *l)
{
	links_hear(&mirror.links, link_message(l));
}

static int start(void **state)
{
	const struct sl_addr at = addr("10.0.0.1");

	hop = (struct hop){.has_mac = true, .mac = neighbour};
	target = (struct target){.addr = at, .hop = &hop, .asked = true};
	target.route = (struct route){.via = at, .source = addr("10.0.0.254"), .has_source = true};
	mirror = (struct mirror){.targets = {.item = &target, .count = 1}};
	memset(conf_ports, 0, sizeof conf_ports);
	conf = (struct conf){.ports = conf_ports, .n_ports = 2};
	pool = (struct conf_pool){.egress_port = -1, .forward = CONF_FORWARD_IPIP};
	backend = (struct conf_backend){.address = at};
	ports[0] = (struct port){.conf = &conf_ports[0], .ifindex = ETH0};
	ports[1] = (struct port){.conf = &conf_ports[1], .ifindex = ETH1};
	conf_ports[0].interface = "eth0";
	conf_ports[1].interface = "eth1";
	hear(&(struct link_message){.ifindex = ETH0});
	hear(&(struct link_message){.ifindex = ETH1, .mtu = 9000});
	hear(&(struct link_message){.ifindex = ETH0_100,
		.kind = "vlan",
		.parent = ETH0,
		.id = 100,
		.proto = 0x8100,
		.mtu = 1400});
	hear(&(struct link_message){
		.ifindex = ETH0_200, .kind = "vlan", .parent = ETH0, .id = 200, .proto = 0x88a8});
	hear(&(struct link_message){
		.ifindex = ETH0_QQ, .kind = "vlan", .parent = ETH0_200, .id = 7, .proto = 0x8100});
	hear(&(struct link_message){.ifindex = BR0, .kind = "bridge", .mtu = 1500});
	return 0;
}

static int stop(void **state)
{
	links_free(&mirror.links);
	return 0;
}

static enum hop_state look(uint32_t ifindex, struct compile_hop *out)
{
	target.route.ifindex = ifindex;
	return view_hop(&conf, ports, &mirror, &pool, &backend, out);
}

static void expect(uint32_t ifindex, uint8_t port, const char *vlans, uint32_t mtu)
{
	char text[SL_VLANS_STRLEN];
	struct compile_hop out;

	assert_int_equal(look(ifindex, &out), HOP_RESOLVED);
	assert_true(out.resolved);
	assert_int_equal(out.port, port);
	assert_string_equal(sl_vlans_format(&out.vlans, text), vlans);
	assert_int_equal(out.mtu, mtu);
	assert_memory_equal(&out.mac, &neighbour, sizeof neighbour);
	assert_true(out.on_link);
}

static void expect_no_route(uint32_t ifindex)
{
	struct compile_hop out;

	assert_int_equal(look(ifindex, &out), HOP_NO_ROUTE);
	assert_false(out.resolved);
}

static void vlan_interfaces_are_ways(void **state)
{
	expect(ETH0, 0, "", 1500);
	expect(ETH1, 1, "", 9000);
	expect(ETH0_100, 0, "100", 1400);
	expect(ETH0_QQ, 0, "200.7", 1500);
	expect_no_route(BR0);
	expect_no_route(99);
}

static void egress_is_the_port_below(void **state)
{
	pool.egress_port = 0;
	expect(ETH0_100, 0, "100", 1400);
	pool.egress_port = 1;
	expect_no_route(ETH0_100);
	expect_no_route(ETH0);
}

/* The kernel takes off and puts on the tags of a port that is a VLAN interface itself. */
static void port_on_a_vlan_interface(void **state)
{
	ports[1].ifindex = ETH0_100;
	expect(ETH0_100, 1, "", 1400);
	expect(ETH0, 0, "", 1500);
	ports[1].ifindex = ETH0_200;
	expect(ETH0_QQ, 1, "7", 1500);
	ports[0].ifindex = 0; /* stopped */
	expect_no_route(ETH0);
}

static void static_next_hop_has_its_own(void **state)
{
	struct compile_hop out;
	char text[SL_VLANS_STRLEN];

	conf_ports[0].has_next_hop_mac = true;
	conf_ports[0].next_hop_mac = fixed;
	assert_int_equal(sl_vlans_parse("30.40", &conf_ports[0].vlans), 0);
	for (pool.egress_port = -1; pool.egress_port <= 0; pool.egress_port++) {
		assert_int_equal(look(ETH0_100, &out), HOP_STATIC);
		assert_int_equal(out.port, 0);
		assert_memory_equal(&out.mac, &fixed, sizeof fixed);
		assert_string_equal(sl_vlans_format(&out.vlans, text), "30.40");
		assert_true(sl_addr_eq(&out.source, &target.route.source));
	}
	pool.egress_port = -1;
	conf_ports[0].vlans = (struct sl_vlans){0};
	assert_int_equal(look(ETH0_100, &out), HOP_STATIC);
	assert_int_equal(out.vlans.n, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(vlan_interfaces_are_ways),
		TEST(egress_is_the_port_below),
		TEST(port_on_a_vlan_interface),
		TEST(static_next_hop_has_its_own),
	};

	return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
