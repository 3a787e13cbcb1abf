/* SPDX-License-Identifier: BSD-3-Clause */

/* Mistakes in keys, rules and ports: the message that each earns. */

#include "conf_text.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_mistake_one_message),
		cmocka_unit_test(rule_mistakes),
		cmocka_unit_test(port_mistakes),
		cmocka_unit_test(vdev_only_needs_tunnel_source),
	};

	return cmocka_run_group_tests_name("conf_mistakes", tests, NULL, NULL);
}
