/* SPDX-License-Identifier: BSD-3-Clause */

/* Checks in the configuration: defaults, what each type needs and refuses, ports of pools. */

#include "conf_text.h"

#define BACKENDS "backends = ( { name = \"b\"; address = \"10.0.0.1\"; } ); "
#define POOL     "pools = ( { name = \"p\"; checks = [ \"k\" ]; " BACKENDS "} );\n"
#define VIP(name, address, port)                                                     \
	"{ name = \"" name "\"; address = \"10.9.0." address "\"; port = " port "; " \
	"pool = \"p\"; }"

static void defaults(void **state)
{
	struct conf *conf = good(PORT "checks = ( { name = \"k\"; type = \"http\"; } );\n" POOL
				      "vips = ( " VIP("a", "1", "8080") " );");
	const struct conf_check *k = conf->checks;

	assert_int_equal(conf->health.max_inflight, 1024);
	assert_int_equal(conf->health.max_rate, 10000);
	assert_int_equal(conf->n_checks, 1);
	assert_int_equal(k->type, CONF_CHECK_HTTP);
	assert_int_equal(k->via, CONF_VIA_DIRECT);
	assert_int_equal(k->port, 0);
	assert_null(k->path);
	assert_null(k->host);
	assert_null(k->status);
	assert_null(k->body);
	assert_null(k->ca_file);
	assert_int_equal(k->method, CONF_METHOD_DEFAULT);
	assert_false(k->tls_verify);
	assert_int_equal(k->inter_ms, 2000);
	assert_int_equal(k->fastinter_ms, 500);
	assert_int_equal(k->downinter_ms, 2000);
	assert_int_equal(k->timeout_ms, 1000);
	assert_int_equal(k->rise * 10 + k->fall, 23);
	assert_int_equal(k->jitter_pct, 10);
	assert_int_equal(k->reuse.min + k->reuse.max, 0);
	assert_int_equal(k->reuse.idle_s, 60);
	assert_int_equal(k->reuse.wait_ms, 100);
	assert_int_equal(conf->pools[0].n_checks, 1);
	assert_int_equal(conf->pools[0].check_index[0], 0);
	assert_int_equal(conf->pools[0].service_port, 8080);
	conf_free(conf);
	conf = good(PORT "pools = ( { name = \"p\"; } );");
	assert_int_equal(conf->pools[0].n_checks + conf->n_checks, 0);
	conf_free(conf);
}

static void every_key_is_read(void **state)
{
	struct conf *conf = good(
		PORT "health = { max_inflight = 5; max_rate = 6; };\n"
		     "checks = ( { name = \"x\"; type = \"none\"; },\n"
		     "{ name = \"s\"; type = \"https\"; via = \"direct\"; port = 1; path = \"/p\"; "
		     "host = \"h:1\"; method = \"GET\"; status = \"200,300-301\"; body = \"b b\"; "
		     "tls_verify = true; ca_file = \"/c\"; inter_ms = 21; fastinter_ms = 20; "
		     "downinter_ms = 22; timeout_ms = 11; rise = 4; fall = 5; jitter_pct = 6; "
		     "reuse = { min = 1; max = 2; idle_s = 3; wait_ms = 4; }; },\n"
		     "{ name = \"u\"; type = \"udp\"; port = 1; send_hex = \"00ff\"; "
		     "expect_hex = \"X0xX\"; },\n"
		     "{ name = \"d\"; type = \"dns\"; port = 53; dns_name = \"a.b.\"; "
		     "dns_type = \"AAAA\"; } );\n"
		     "pools = ( { name = \"p\"; checks = [ \"d\", \"s\" ]; } );");
	const struct conf_check *k = &conf->checks[1];

	assert_int_equal(conf->health.max_inflight * 10 + conf->health.max_rate, 56);
	assert_int_equal(conf->checks[0].type, CONF_CHECK_NONE);
	assert_int_equal(k->port, 1);
	assert_string_equal(k->path, "/p");
	assert_string_equal(k->host, "h:1");
	assert_string_equal(k->status, "200,300-301");
	assert_string_equal(k->body, "b b");
	assert_string_equal(k->ca_file, "/c");
	assert_true(k->tls_verify);
	assert_int_equal(k->method, CONF_METHOD_GET);
	assert_int_equal(k->inter_ms + k->fastinter_ms + k->downinter_ms, 63);
	assert_int_equal(k->timeout_ms, 11);
	assert_int_equal(k->rise * 100 + k->fall * 10 + k->jitter_pct, 456);
	assert_int_equal(k->reuse.min * 10 + k->reuse.max, 12);
	assert_int_equal(k->reuse.idle_s * 10 + k->reuse.wait_ms, 34);
	assert_string_equal(conf->checks[2].send_hex, "00ff");
	assert_string_equal(conf->checks[2].expect_hex, "X0xX");
	assert_string_equal(conf->checks[3].dns_name, "a.b.");
	assert_int_equal(conf->checks[3].dns_type, 28);
	assert_int_equal(conf->pools[0].check_index[0] * 10 + conf->pools[0].check_index[1], 31);
	conf_free(conf);
}

/* The keys of a check "k", and the message they earn. */
static void one_mistake_one_message(void **state)
{
	static const struct {
		const char *keys, *message;
	} rows[] = {
		{"", "\"type\" is missing"},
		{"type = \"ping\"", "type \"ping\" is not \"none\", \"tcp\", \"http\", \"https\", "
				    "\"udp\", \"dns\" or \"icmp\""},
		{"type = \"tcp\"; via = \"tunnel\"", "via \"tunnel\" is not \"direct\""},
		{"type = \"tcp\"; port = 65536", "port 65536 is above 65535"},
		{"type = \"tcp\"; inter_ms = 500", "timeout_ms 1000 is above inter_ms 500"},
		{"type = \"tcp\"; inter_ms = 50; timeout_ms = 50",
			"fastinter_ms 500 is above inter_ms 50"},
		{"type = \"tcp\"; jitter_pct = 51", "jitter_pct 51 is above 50"},
		{"type = \"tcp\"; rise = 0", "rise 0 is below 1"},
		{"type = \"tcp\"; path = \"/\"", "tcp has no use for \"path\""},
		{"type = \"tcp\"; method = \"GET\"", "tcp has no use for \"method\""},
		{"type = \"tcp\"; reuse = { max = 1; }", "tcp has no use for \"reuse\""},
		{"type = \"icmp\"; port = 1", "icmp has no use for \"port\""},
		{"type = \"none\"; port = 1", "none has no use for \"port\""},
		{"type = \"udp\"; send_hex = \"00\"; host = \"h\"", "udp has no use for \"host\""},
		{"type = \"http\"; tls_verify = true", "http has no use for \"tls_verify\""},
		{"type = \"http\"; dns_type = \"A\"", "http has no use for \"dns_type\""},
		{"type = \"http\"; status = \"200-\"",
			"status \"200-\" is not a list such as 200-299,301"},
		{"type = \"http\"; status = \"200,,\"",
			"status \"200,,\" is not a list such as 200-299,301"},
		{"type = \"http\"; status = \"99\"",
			"status \"99\" holds a number that is not possible there"},
		{"type = \"http\"; status = \"200-65736\"",
			"status \"200-65736\" holds a number that is not possible there"},
		{"type = \"http\"; status = \"299-200\"",
			"status \"299-200\" holds a range that ends before it begins"},
		{"type = \"http\"; path = \"health\"",
			"path must begin with / and hold printable ASCII without spaces"},
		{"type = \"http\"; path = \"/a b\"",
			"path must begin with / and hold printable ASCII without spaces"},
		{"type = \"http\"; host = \"a/b\"",
			"host must be a host name or an address, with :PORT if need be"},
		{"type = \"http\"; method = \"POST\"",
			"method \"POST\" is not \"GET\" or \"HEAD\""},
		{"type = \"http\"; method = \"HEAD\"; body = \"x\"",
			"the answer to HEAD has no body to look at"},
		{"type = \"https\"; ca_file = \"/c\"",
			"ca_file does nothing without tls_verify = true"},
		{"type = \"http\"; reuse = { min = 2; max = 1; }", "reuse: min 2 is above max 1"},
		{"type = \"http\"; reuse = { min = 2; }", "reuse: min 2 is above max 0"},
		{"type = \"http\"; reuse = { max = 2; wait_ms = 1000; }",
			"reuse: wait_ms 1000 is not below timeout_ms 1000"},
		{"type = \"udp\"", "udp needs \"send_hex\", a datagram that the service answers"},
		{"type = \"udp\"; send_hex = \"0X\"",
			"send_hex must be pairs of hexadecimal digits"},
		{"type = \"udp\"; send_hex = \"001\"",
			"send_hex must be pairs of hexadecimal digits"},
		{"type = \"udp\"; send_hex = \"00\"; expect_hex = \"0g\"",
			"expect_hex must be pairs of hexadecimal digits, or X for any"},
		{"type = \"dns\"", "dns needs \"dns_name\", a name that the service knows"},
		{"type = \"dns\"; dns_name = \"a..b\"", "dns_name \"a..b\" is not a name"},
		{"type = \"dns\"; dns_name = \"a b\"",
			"dns_name must be printable ASCII without spaces"},
		{"type = \"dns\"; dns_name = \"a\"; dns_type = \"a\"",
			"dns_type \"a\" is not \"A\", \"NS\", \"CNAME\", \"SOA\", \"PTR\", \"MX\", "
			"\"TXT\", \"AAAA\", \"SRV\" or \"HTTPS\""},
	};
	char text[1024], wanted[512];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(text, sizeof text, PORT "checks = ( { name = \"k\"; %s%s } );\n",
			rows[i].keys, *rows[i].keys ? ";" : "");
		snprintf(wanted, sizeof wanted, "t:2: check \"k\": %s", rows[i].message);
		expect(text, wanted);
	}
}

static void names(void **state)
{
	expect(PORT "checks = ( { name = \"k\"; type = \"icmp\"; },\n"
		    "{ name = \"k\"; type = \"icmp\"; } );",
		"t:3: check \"k\" exists already (t:2)");
	expect(PORT "checks = ( { name = \"K\"; type = \"icmp\"; } );",
		"t:2: check name \"K\": a name is a to z, 0 to 9, then also . _ -, at most 63 in "
		"all");
	expect(PORT "checks = ( { name = \"key\"; type = \"icmp\"; } );\n" POOL,
		"t:3: pool \"p\": check \"k\" does not exist");
	expect(PORT "checks = ( { name = \"keys\"; type = \"icmp\"; } );\n"
		    "pools = ( { name = \"p\"; checks = [ \"kyes\" ]; } );",
		"t:3: pool \"p\": check \"kyes\" does not exist, did you mean \"keys\"?");
	expect(PORT "checks = ( { name = \"k\"; type = \"icmp\"; } );\n"
		    "pools = ( { name = \"p\"; checks = [ \"k\", \"k\" ]; } );",
		"t:3: pool \"p\": check \"k\" is named twice");
}

static void ports(void **state)
{
#define TCP "checks = ( { name = \"k\"; type = \"tcp\"; } );\n" POOL
	expect(PORT TCP, "t:2: check \"k\": \"port\" is missing: pool \"p\" uses the check and no "
			 "VIP has the pool");
	expect(PORT TCP "vips = ( " VIP("a", "1", "80") ", " VIP("b", "2", "443") " );",
		"t:2: check \"k\": \"port\" is missing: pool \"p\" uses the check and its VIPs "
		"have several ports");
	expect(PORT TCP "vips = ( " VIP("a", "1", "443") ", " VIP("b", "2", "0") " );",
		"t:2: check \"k\": \"port\" is missing: pool \"p\" uses the check and its VIPs "
		"have several ports");
	expect(PORT TCP "vips = ( " VIP("a", "1", "443") ", " VIP("b", "2", "443") " );", "");
	expect(PORT "checks = ( { name = \"k\"; type = \"icmp\"; } );\n" POOL, "");
	/* a rule's pool serves the port of the rule's VIP */
#define RULED(more)                                                                           \
	PORT TCP_CHECK                                                                        \
		"pools = ( { name = \"p\"; checks = [ \"k\" ]; }, { name = \"q\"; } );\n"     \
		"vips = ( { name = \"a\"; address = \"10.9.0.1\"; port = 443; pool = \"q\"; " \
		"rules = ( { name = \"r\"; dscp = [ 1 ]; pool = \"p\"; } ); }" more " );"
#define TCP_CHECK "checks = ( { name = \"k\"; type = \"tcp\"; } );\n"
	expect(RULED(""), "");
	expect(RULED(", " VIP("b", "2", "80")),
		"t:2: check \"k\": \"port\" is missing: pool \"p\" uses the check and its VIPs "
		"have several ports");
	/* Probes need a kernel interface to leave by. */
#define VDEV                                                                                   \
	"ports = ( { name = \"v\"; driver = \"vdev\"; device = \"net_null0\"; next_hop_mac = " \
	"\"02:00:00:00:00:01\"; } );\n"
	expect(VDEV "checks = ( { name = \"k\"; type = \"icmp\"; } );\n"
		    "pools = ( { name = \"p\"; checks = [ \"k\" ]; forward = \"l2\"; } );",
		"t:3: pool \"p\": check \"k\": a vdev port has no kernel interface for probes to "
		"leave by");
	expect(VDEV "checks = ( { name = \"k\"; type = \"none\"; } );\n"
		    "pools = ( { name = \"p\"; checks = [ \"k\" ]; forward = \"l2\"; } );",
		"");
}

static void vlans(void **state)
{
#define VLAN_PORT(vlan)                                                                         \
	"ports = ( { name = \"a\"; driver = \"af_xdp\"; interface = \"e\"; vlan = " vlan "; } " \
	");\n"
	expect(VLAN_PORT("5"),
		"t:1: port \"a\": \"vlan\" goes with \"next_hop_mac\"; where the kernel decides, a "
		"route by a VLAN interface says it: ip link add link e name e.100 type vlan id "
		"100");
	expect(VLAN_PORT("4095"), "t:1: port \"a\": vlan 4095 is not in 1-4094");
	expect(VLAN_PORT("\"1.2.3\""),
		"t:1: port \"a\": vlan \"1.2.3\" is not a VLAN of 1-4094 or two such as 200.100, "
		"the outer one first");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(one_mistake_one_message),
		cmocka_unit_test(names),
		cmocka_unit_test(ports),
		cmocka_unit_test(vlans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
