/* SPDX-License-Identifier: BSD-3-Clause */

/* Values, messages, references: what one short text earns. */

#include <netinet/in.h>

#include "conf/stamp.h"
#include "conf_text.h"
#include "conf/hint.h"

static void defaults(void **state)
{
	struct conf *conf = good(PORT "pools = ( { name = \"p\"; backends = ( { name = \"b\"; "
				      "address = \"10.0.0.1\"; } ); } );\n"
				      "vips = ( { name = \"v\"; address = \"10.0.0.9\"; port = 1; "
				      "pool = \"p\"; } );");

	assert_string_equal(conf->daemon.control_socket, "/run/sluice/control.sock");
	assert_string_equal(conf->daemon.control_group, "");
	assert_int_equal(conf->daemon.log_level, CONF_LOG_INFO);
	assert_int_equal(conf->daemon.log_target, CONF_LOG_STDERR);
	assert_memory_equal(conf->cluster.hash_key, "sluice-slot-hash", CONF_KEY_BYTES);
	assert_int_equal(conf->eal.main_lcore, 0);
	assert_int_equal(conf->eal.n_workers, 0);
	assert_int_equal(conf->eal.lanes, 0);
	assert_true(conf->eal.huge);
	assert_string_equal(conf->eal.file_prefix, "sluice");
	assert_int_equal(conf->eal.n_args, 0);
	assert_null(conf->ports[0].device);
	assert_false(conf->ports[0].has_next_hop_mac);
	assert_int_equal(conf->ports[0].accept_mac, CONF_ACCEPT_OWN);
	assert_int_equal(conf->ports[0].mbufs + conf->ports[0].mtu, 0);
	assert_int_equal(conf->pools[0].scheduler, SCHEDULER_MAGLEV);
	assert_int_equal(conf->pools[0].hash, CONF_HASH_5TUPLE);
	assert_int_equal(conf->pools[0].table_size, 65537);
	assert_int_equal(conf->pools[0].forward, CONF_FORWARD_IPIP);
	assert_false(conf->pools[0].has_tunnel_source[0] || conf->pools[0].has_tunnel_source[1]);
	assert_null(conf->pools[0].egress);
	assert_int_equal(conf->pools[0].egress_port, -1);
	assert_int_equal(conf->pools[0].backends[0].weight, 100);
	assert_int_equal(conf->pools[0].backends[0].id, 0);
	assert_int_equal(conf->vips[0].protocol, IPPROTO_TCP);
	conf_free(conf);
}

static void every_key_is_read(void **state)
{
	static const uint8_t key[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct sl_err err = SL_ERR_INIT;
	struct conf *c;

	assert_int_equal(
		conf_read(SLUICE_SOURCE_ROOT "/tests/unit/conf/good/vdev.conf", &c, &err), 0);
	assert_int_equal(c->daemon.log_level, CONF_LOG_DEBUG);
	assert_int_equal(c->daemon.log_target, CONF_LOG_JOURNAL);
	assert_memory_equal(c->cluster.hash_key, key, sizeof key);
	assert_int_equal(c->eal.main_lcore, 1);
	assert_int_equal(c->eal.n_workers, 2);
	assert_int_equal(c->eal.workers[0] * 10 + c->eal.workers[1], 23);
	assert_int_equal(c->eal.lanes, 4);
	assert_false(c->eal.huge);
	assert_int_equal(c->eal.n_args, 2);
	assert_string_equal(c->eal.args[1], "-m 64");
	assert_int_equal(c->n_ports, 2);
	assert_int_equal(c->ports[0].driver, CONF_DRIVER_VDEV);
	assert_null(c->ports[0].interface);
	assert_string_equal(c->ports[1].device, "net_null1,size=64");
	assert_true(c->ports[1].has_next_hop_mac);
	assert_int_equal(c->ports[1].next_hop_mac.b[5], 2);
	assert_int_equal(c->ports[0].vlans.n, 1);
	assert_int_equal(c->ports[0].vlans.tag[0].type, 0x8100);
	assert_int_equal(c->ports[0].vlans.tag[0].id, 7);
	assert_int_equal(c->ports[1].vlans.n, 2);
	assert_int_equal(c->ports[1].vlans.tag[0].type, 0x88a8);
	assert_int_equal(c->ports[1].vlans.tag[0].id, 200);
	assert_int_equal(c->ports[1].vlans.tag[1].type, 0x8100);
	assert_int_equal(c->ports[1].vlans.tag[1].id, 100);
	assert_int_equal(c->ports[0].accept_mac, CONF_ACCEPT_OWN);
	assert_int_equal(c->ports[1].accept_mac, CONF_ACCEPT_ANY);
	assert_int_equal(c->ports[0].mbufs, 2048);
	assert_int_equal(c->ports[0].mtu, 1500);
	assert_int_equal(c->n_pools, 3);
	assert_int_equal(c->pools[0].hash, CONF_HASH_SOURCE_DEST);
	assert_int_equal(c->pools[0].table_size, 251);
	assert_int_equal(c->pools[0].egress_port, 1);
	assert_address(&c->pools[0].tunnel_source[0], "10.0.0.250");
	assert_address(&c->pools[0].tunnel_source[1], "fd00::250");
	assert_int_equal(c->pools[0].n_backends, 2);
	assert_int_equal(c->pools[0].backends[0].id, 16777215);
	assert_address(&c->pools[0].backends[1].address, "fd00::12");
	assert_int_equal(c->pools[0].backends[1].weight, 0);
	assert_string_equal(c->pools[0].backends[1].place.file,
		SLUICE_SOURCE_ROOT "/tests/unit/conf/good/../backends.inc");
	assert_int_equal(c->pools[0].backends[1].place.line, 5);
	assert_int_equal(c->pools[1].place.line, 15);
	assert_int_equal(c->pools[1].forward, CONF_FORWARD_L2);
	assert_int_equal(c->pools[1].hash, CONF_HASH_SOURCE);
	assert_int_equal(c->pools[2].n_backends, 0);
	assert_int_equal(c->n_vips, 4);
	assert_int_equal(c->vips[0].pool_index, 0);
	assert_int_equal(c->vips[1].pool_index, 1);
	assert_int_equal(c->vips[0].ports.first, 443);
	assert_int_equal(c->vips[0].ports.last, 443);
	assert_true(sl_ports_is_every(&c->vips[1].ports));
	assert_int_equal(c->vips[1].ports.last, 65535);
	assert_int_equal(c->vips[2].protocol, IPPROTO_UDP);
	assert_address(&c->vips[2].prefix.address, "2001:db8::10");
	assert_int_equal(c->vips[3].ports.first, 8000);
	assert_int_equal(c->vips[3].ports.last, 8100);
	conf_free(c);
	sl_err_clear(&err);
}

/* What stands in line 2, and the message it earns. */
static void one_mistake_one_message(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"daemon = { log = { level = \"loud\"; }; };",
			"t:2: daemon.log: level \"loud\" is not \"error\", \"warn\", \"info\" or "
			"\"debug\""},
		{"daemon = { user = \"x\"; };", "t:2: daemon: unknown key \"user\""},
		{"nodes = { };", "t:2: unknown key \"nodes\""},
		{"pool = ( );", "t:2: unknown key \"pool\", did you mean \"pools\"?"},
		{"daemon = ( );", "t:2: daemon must be a group { }, not a list ( )"},
		{"pools = { };", "t:2: pools must be a list ( ), not a group { }"},
		{"pools = ( \"web\" );", "t:2: element 1 of pools must be a group { }"},
		{"daemon = { control = { admin_group = \"adm\"; }; };",
			"t: daemon.control: admin_group is of no use without group: only root may "
			"connect"},
		{"daemon = { control = { socket = \"\"; }; };",
			"t:2: daemon.control: socket is empty"},
		{"cluster = { hash_key = \"00112233445566778899aabbccddeefg\"; };",
			"t:2: cluster: hash_key \"00112233445566778899aabbccddeefg\" is not 32 "
			"hexadecimal digits"},
		{"eal = { huge = 1; };",
			"t:2: eal: huge must be true or false, not a whole number"},
		{"eal = { lanes = 129; };", "t:2: eal: lanes 129 is above 128"},
		{"eal = { lanes = -1; };", "t:2: eal: lanes -1 is below 0"},
		{"eal = { lanes = 1.5; };",
			"t:2: eal: lanes must be a whole number, not a fraction"},
		{"eal = { lanes = \"4\"; };",
			"t:2: eal: lanes must be a whole number, not text in quotes"},
		{"eal = { lanes = 4294967298; };", "t:2: eal: lanes 4294967298 is above 128"},
		{"eal = { lanes = 0x100000002; };", "t:2: eal: lanes 4294967298 is above 128"},
		{"eal = { lanes = 18446744073709551617; };",
			"t:2: 18446744073709551617 does not fit any integer key"},
		{"eal = { lanes = 12abc; };", "t:2: 12abc is not a number"},
		{"eal = { /* one\n two */\n lanes = 12abc; };", "t:4: 12abc is not a number"},
		{"eal = { file_prefix = \"a\n\"; lanes = 12abc; };", "t:3: 12abc is not a number"},
		{"eal = { workers = [ 1, 2000 ]; };", "t:2: eal: workers 2000 is above 1023"},
		{"eal = { workers = [ \"1\" ]; };",
			"t:2: eal: workers must be a whole number, not text in quotes"},
		{"eal = { workers = 1; };",
			"t:2: eal: workers must be an array [ ], not a whole number"},
		{"eal = { workers = [ 1, 2, 1 ]; };", "t: eal: workers names CPU 1 more than once"},
		{"eal = { file_prefix = \"a/b\"; };", "t: eal: file_prefix \"a/b\" is the name of "
						      "a directory in /run/dpdk: no \"/\""},
		{"eal = { file_prefix = \"a\\nb\"; };",
			"t:2: eal: file_prefix holds the control character 0x0a"},
		{"eal = { file_prefix = \"a\\x00b\"; };",
			"t:2: \\x00 in a string is not printable ASCII"},
		{"eal = { huge = true; huge = true; };", "t:2: duplicate setting name"},
		{"eal = = { };", "t:2: syntax error"},
		{"eal = { \302\240 };", "t:2: a character outside quotes that is not ASCII"},
		{"/* open", "t:2: comment is never closed"},
		{"eal = { file_prefix = \"open; };", "t:2: string is never closed"},
		{"eal = { } };", "t:2: \"}\" closes nothing"},
		{"@incl \"x\"", "t:2: unexpected \"@\"; only @include \"FILE\" begins with one"},
		{"@include x", "t:2: @include needs a file name in quotes"},
		{"pools = ( { name = \"Web\"; } );", "t:2: pool name \"Web\": a name is a to z, 0 "
						     "to 9, then also . _ -, at most 63 in all"},
		{"pools = ( { name = \"\"; } );", "t:2: pool name \"\": a name is a to z, 0 to 9, "
						  "then also . _ -, at most 63 in all"},
		{"pools = ( { name = \".web\"; } );", "t:2: pool name \".web\": a name is a to z, "
						      "0 to 9, then also . _ -, at most 63 in all"},
		{"pools = ( { name = \"w eb\"; } );", "t:2: pool name \"w eb\": a name is a to z, "
						      "0 to 9, then also . _ -, at most 63 in all"},
		{"pools = ( { name = "
		 "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"; } );",
			"t:2: pool name "
			"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": a "
			"name is a to z, 0 to 9, then also . _ -, at most 63 in all"},
		{"pools = ( { } );", "t:2: pool 1: \"name\" is missing"},
		{"pools = ( { name = \"p\"; scheduler = \"wlv\"; } );",
			"t:2: pool \"p\": scheduler \"wlv\" is not \"maglev\", \"ring\", "
			"\"source-hash\", \"random\", \"rr\", \"wrr\", \"lc\", \"wlc\", \"p2c\", "
			"\"least-latency\" or \"bpf\", did you mean \"wlc\"?"},
		{"pools = ( { name = \"p\"; scheduler = \"bpf\"; } );",
			"t:2: pool \"p\": scheduler \"bpf\" needs a program, the path of an eBPF "
			"object"},
		{"pools = ( { name = \"p\"; program = \"/a.o\"; } );",
			"t:2: pool \"p\": program is for scheduler \"bpf\" only: leave it out, or "
			"set "
			"that"},
		{"pools = ( { name = \"p\"; scheduler = \"bpf\"; program = \"a.o\"; } );",
			"t:2: pool \"p\": program \"a.o\" is no absolute path"},
		{"pools = ( { name = \"p\"; scheduler = \"source-hash\"; hash = \"5-tuple\"; } );",
			"t:2: pool \"p\": scheduler \"source-hash\" hashes the source: leave hash "
			"out, or "
			"take scheduler \"maglev\" with it"},
		{"flows = { per_lane = 0; }; pools = ( { name = \"p\"; scheduler = \"wrr\"; } );",
			"t:2: pool \"p\": scheduler \"wrr\" cannot work with flows.per_lane = 0: "
			"it "
			"needs the memory of which backend a connection has"},
		{"pools = ( { name = \"p\"; scheduler = \"lc\"; track = \"none\"; } );",
			"t:2: pool \"p\": scheduler \"lc\" cannot work with track = \"none\": it "
			"leaves it to the flow table that a connection stays"},
		{"pools = ( { name = \"p\"; persist_s = 60; track = \"none\"; } );",
			"t:2: pool \"p\": persist_s cannot work with track = \"none\": nothing "
			"tells "
			"a new connection from another packet"},
		{"flows = { per_lane = 0; }; pools = ( { name = \"p\"; persist_s = 60; } );",
			"t:2: pool \"p\": persist_s cannot work with flows.per_lane = 0: nothing "
			"tells a new connection from another packet"},
		{"pools = ( { name = \"p\"; scheduler = \"p2c\"; p2c = { flows = 0; latency = 0; "
		 "errors = 0; }; } );",
			"t:2: pool \"p\": p2c: flows, latency and errors are all 0: nothing to "
			"compare "
			"by"},
		{"pools = ( { name = \"p\"; table_size = 65536; } );",
			"t:2: pool \"p\": table_size 65536 is not a prime"},
		{"pools = ( { name = \"p\"; table_size = 66049; } );",
			"t:2: pool \"p\": table_size 66049 is not a prime"},
		{"pools = ( { name = \"p\"; table_size = 2; } );",
			"t:2: pool \"p\": table_size 2 is below 3"},
		{"pools = ( { name = \"p\"; tunnel_source = [ \"10.0.0.1\", \"10.0.0.2\" ]; } );",
			"t:2: pool \"p\": tunnel_source has more than one IPv4 address"},
		{"pools = ( { name = \"p\"; tunnel_source = \"10.0.0.1\"; } );",
			"t:2: pool \"p\": tunnel_source must be an array [ ], not text in quotes"},
		{"pools = ( { name = \"p\"; egress = \"wam\"; } );",
			"t:2: pool \"p\": egress port \"wam\" does not exist, did you mean "
			"\"wan\"?"},
		{"pools = ( { name = \"p\"; backends = ( { name = \"b\"; address = \"10.0.0.1\"; "
		 "id = 0; } ); } );",
			"t:2: pool \"p\": backend \"b\": id 0 is below 1"},
		{"pools = ( { name = \"p\"; backends = ( { name = \"b\"; address = \"10.0.0.1\"; "
		 "id = 16777216; } ); } );",
			"t:2: pool \"p\": backend \"b\": id 16777216 is above 16777215"},
		{"pools = ( { name = \"p\"; backends = ( { name = \"b\"; address = \"127.0.0.1\"; "
		 "} ); } );",
			"t:2: pool \"p\": backend \"b\": address \"127.0.0.1\" is not an address "
			"that a "
			"host can have"},
		{"pools = ( { name = \"p\"; backends = ( { name = \"b\"; } ); } );",
			"t:2: pool \"p\": backend \"b\": \"address\" is missing"},
		{"pools = ( { name = \"p\"; forward = \"dscp\"; } ); "
		 "vips = ( { name = \"v\"; address = \"10.0.0.0/24\"; port = 1; pool = \"p\"; } );",
			"t:2: VIP \"v\": forward \"dscp\" of pool \"p\" needs a VIP of one "
			"address, which the backend knows by the DSCP"},
		{"vips = ( { name = \"v\"; address = \"10.0.0.1/24\"; port = 1; pool = \"p\"; } );",
			"t:2: VIP \"v\": address \"10.0.0.1/24\" is not an IPv4 or IPv6 address, "
			"nor "
			"a prefix such as 203.0.113.16/28 with no bit set behind it"},
		{"vips = ( { name = \"v\"; address = \"ff02::1\"; port = 1; pool = \"p\"; } );",
			"t:2: VIP \"v\": address \"ff02::1\" is not an address that a host can "
			"have"},
		{"vips = ( { name = \"v\"; address = \"10.0.0.1\"; pool = \"p\"; } );",
			"t:2: VIP \"v\": \"port\" is missing"},
		{"vips = ( { name = \"v\"; address = \"10.0.0.1\"; port = 65536; pool = \"p\"; } "
		 ");",
			"t:2: VIP \"v\": port 65536 is above 65535"},
		{"vips = ( { name = \"v\"; address = \"10.0.0.1\"; port = 1; protocol = \"sctp\"; "
		 "pool = \"p\"; } );",
			"t:2: VIP \"v\": protocol \"sctp\" is not \"tcp\" or \"udp\", did you mean "
			"\"tcp\"?"},
		{"vips = ( { name = \"v\"; address = \"10.0.0.1\"; port = 1; pool = \"p\"; } );",
			"t:2: VIP \"v\": pool \"p\" does not exist"},
	};
	char text[1024];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(text, sizeof text, PORT "%s\n", rows[i].text);
		expect(text, rows[i].message);
	}
}

#define RULE_VIP(rules)                                                                           \
	PORT "pools = ( { name = \"p\"; }, { name = \"high\"; } );\n"                             \
	     "vips = ( { name = \"v\"; address = \"203.0.113.1\"; port = 1; pool = \"p\"; rules " \
	     "= (\n" rules "); } );"

static void rule_mistakes(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{RULE_VIP("{ name = \"r\"; pool = \"high\"; }"),
			"t:4: VIP \"v\": rule \"r\": give it sources or dscp, or it is for "
			"nobody"},
		{RULE_VIP("{ name = \"r\"; sources = [\"10.0.0.1/8\"]; pool = \"high\"; }"),
			"t:4: VIP \"v\": rule \"r\": sources \"10.0.0.1/8\" is not a prefix such "
			"as "
			"10.0.0.0/8 or 2001:db8::/32, with no bit set behind it"},
		{RULE_VIP("{ name = \"r\"; dscp = [64]; pool = \"high\"; }"),
			"t:4: VIP \"v\": rule \"r\": dscp 64 is above 63"},
		{RULE_VIP("{ name = \"r\"; dscp = [1]; pool = \"hihg\"; }"),
			"t:4: VIP \"v\": rule \"r\": pool \"hihg\" does not exist, did you mean "
			"\"high\"?"},
		{RULE_VIP("{ name = \"r\"; dscp = [1]; pool = \"high\"; },\n"
			  "{ name = \"r\"; dscp = [1]; pool = \"p\"; }"),
			"t:5: VIP \"v\": rule \"r\": exists already\n"
			"t:5: VIP \"v\": rule \"r\": dscp 1 stands in rule \"r\" too"},
		{RULE_VIP("{ name = \"a\"; sources = [\"10.0.0.0/8\", \"::/0\"]; pool = \"high\"; "
			  "},\n{ name = \"b\"; sources = [\"::/0\", \"10.0.0.0/9\"]; pool = \"p\"; "
			  "}"),
			"t:5: VIP \"v\": rule \"b\": source ::/0 stands in rule \"a\" too"},
		{RULE_VIP("{ name = \"a\"; sources = [\"10.0.0.0/8\", \"2001:db8::/32\"]; dscp = "
			  "[46, 0]; pool = \"high\"; }"),
			""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *is = mistakes(rows[i].text);

		assert_string_equal(is, rows[i].message);
		free(is);
	}
}

static void port_mistakes(void **state)
{
	static const struct {
		const char *port, *message;
	} rows[] = {
		{"name = \"a\"; interface = \"eth0\";", "t:1: port \"a\": \"driver\" is missing"},
		{"name = \"a\"; driver = \"af_xdp\"; interface = \"a/b\";",
			"t:1: port \"a\": \"a/b\" cannot be the name of an interface"},
		{"name = \"a\"; driver = \"af_xdp\"; interface = \"sixteen-letters-\";",
			"t:1: port \"a\": interface has 16 bytes, at most 15 are allowed"},
		{"name = \"a\"; driver = \"af_xdp\"; interface = \"e\"; next_hop_mac = "
		 "\"2:0:0:0:0:1\";",
			"t:1: port \"a\": next_hop_mac \"2:0:0:0:0:1\" is not a MAC address such "
			"as "
			"02:00:00:00:00:01"},
		{"name = \"a\"; driver = \"af_xdp\"; interface = \"e\"; next_hop_mac = "
		 "\"01:00:00:00:00:01\";",
			"t:1: port \"a\": next_hop_mac \"01:00:00:00:00:01\" is not the address of "
			"one "
			"station"},
		{"name = \"a\"; driver = \"af_xdp\"; interface = \"e\"; accept_mac = \"all\";",
			"t:1: port \"a\": accept_mac \"all\" is not \"own\" or \"any\""},
		{"name = \"a\"; driver = \"af_xdp\"; interface = \"e\"; mtu = 500;",
			"t:1: port \"a\": mtu 500 is below 576"},
		{"name = \"a\"; driver = \"vdev\"; device = \"net_null0\"; next_hop_mac = "
		 "\"02:00:00:00:00:01\"; }, "
		 "{ name = \"b\"; driver = \"vdev\"; device = \"net_null0,size=64\"; next_hop_mac "
		 "= \"02:00:00:00:00:01\";",
			"t:1: port \"b\": device net_null0 belongs to port \"a\""},
	};
	char text[1024];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(text, sizeof text, "ports = ( { %s } );\n", rows[i].port);
		expect(text, rows[i].message);
	}
	expect("", "t: at least one port is required");
	expect("ports = ( );", "t:1: at least one port is required");
}

/* Only vdev ports: there is nobody who could choose an outer source address. */
static void vdev_only_needs_tunnel_source(void **state)
{
	expect("ports = ( { name = \"d\"; driver = \"vdev\"; device = \"net_null0\"; next_hop_mac "
	       "= "
	       "\"02:00:00:00:00:01\"; } );\n"
	       "pools = ( { name = \"p\"; backends = ( { name = \"b\"; address = \"fd00::1\"; } ); "
	       "} );",
		"t:2: pool \"p\": an IPv6 \"tunnel_source\" is needed for backend \"b\": a vdev "
		"port has "
		"no address of its own");
}

/* conf_check alone proves a configuration that was changed after it was loaded. */
static void check_proves_changed_data(void **state)
{
	struct sl_err err = SL_ERR_INIT;
	struct conf *conf = good(PORT "pools = ( { name = \"p\"; table_size = 3; backends = ("
				      "{ name = \"b\"; address = \"10.0.0.1\"; } ); } );\n"
				      "vips = ( { name = \"v\"; address = \"10.0.0.9\"; port = 1; "
				      "pool = \"p\"; } );");
	struct conf_backend many[4] = {{.name = "a"}, {.name = "b"}, {.name = "c"}, {.name = "d"}};

	for (int i = 0; i < 4; i++)
		sl_addr_parse(i == 3 ? "10.0.0.9"
				     : (const char *[]){"10.0.0.1", "10.0.0.2", "10.0.0.3"}[i],
			&many[i].address);
	assert_int_equal(stamp_forget(conf), 0);
	conf->pools[0].backends = many;
	conf->pools[0].n_backends = 4;
	sl_addr_parse("224.0.0.1", &conf->vips[0].prefix.address);
	assert_int_equal(conf_check(conf, &err), -EINVAL);
	assert_int_equal(err.count, 2);
	assert_string_equal(err.text[0], "t:2: pool \"p\": table_size 3 is below its 4 backends");
	assert_string_equal(err.text[1],
		"t:3: VIP \"v\": \"224.0.0.1\" is not an address that a host can have");
	sl_err_clear(&err);
	conf->n_ports = 0;
	assert_int_equal(conf_check(conf, &err), -EINVAL);
	assert_string_equal(err.text[0], "at least one port is required");
	sl_err_clear(&err);
	conf_free(conf);
}

static void table_size_follows_the_pool(void **state)
{
	static const struct {
		unsigned int backends, table;
	} rows[] = {{650, 65537}, {651, 655373}};

	for (int i = 0; i < 2; i++) {
		char *text = many_backends(rows[i].backends, 0, "");
		struct conf *conf = good(text);

		assert_int_equal(conf->pools[0].table_size, rows[i].table);
		conf_free(conf);
		free(text);
	}
}

static void warnings(void **state)
{
	struct sl_err warn = SL_ERR_INIT;
	char *text = many_backends(3, 0, "table_size = 293;");
	struct conf *conf = good(text);
	uint32_t workers[] = {0, 1};

	assert_int_equal(conf_warn(conf, &warn), 1);
	assert_string_equal(sl_err_first(&warn),
		"t:2: pool \"p\": table_size 293 is below 100 times "
		"its 3 backends: shares will be uneven");
	sl_err_clear(&warn);
	conf->pools[0].table_size = 307;
	assert_int_equal(conf_warn(conf, &warn), 0);
	assert_int_equal(warn.count, 0);
	conf->eal.workers = workers;
	conf->eal.n_workers = 2;
	conf->eal.lanes = 1;
	assert_int_equal(conf_warn(conf, &warn), 2);
	assert_string_equal(warn.text[0], "eal: CPU 0 is main_lcore and a worker: they share it");
	assert_string_equal(warn.text[1], "eal: 1 lanes for 2 workers: some have nothing to do");
	sl_err_clear(&warn);
	conf_free(conf);
	free(text);
}

static void hints(void **state)
{
	static const struct {
		const char *word, *candidate;
		bool near;
	} rows[] = {
		{"wieght", "weight", true},
		{"weight", "height", true},
		{"web", "wbe", true},
		{"wan", "lan", true},
		{"a", "b", false},
		{"pool", "port", true},
		{"tcp", "udp", false},
		{"backend", "backends", true},
		{"interface", "device", false},
		{"", "x", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct hint hint = {.word = rows[i].word};

		hint_offer(&hint, rows[i].candidate);
		if ((hint.best != NULL) != rows[i].near)
			fail_msg("%s, %s", rows[i].word, rows[i].candidate);
	}
	struct hint hint = {.word = "web2"};
	char buf[HINT_STRLEN];

	hint_offer(&hint, "wap2");
	hint_offer(&hint, "web");
	hint_offer(&hint, "web12");
	assert_string_equal(hint_format(&hint, buf), ", did you mean \"web\"?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(one_mistake_one_message),
		cmocka_unit_test(rule_mistakes),
		cmocka_unit_test(port_mistakes),
		cmocka_unit_test(vdev_only_needs_tunnel_source),
		cmocka_unit_test(check_proves_changed_data),
		cmocka_unit_test(table_size_follows_the_pool),
		cmocka_unit_test(warnings),
		cmocka_unit_test(hints),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
