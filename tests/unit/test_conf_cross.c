/* SPDX-License-Identifier: BSD-3-Clause */

/* What is right by itself and wrong beside something else: addresses of VIPs, backends and tunnels,
 * and VIPs that a backend could not tell apart. Each is one mistake with the place of it. */

#include "conf_text.h"

#define B(name, address)           "{ name = \"" name "\"; address = \"" address "\"; }"
#define D(address, value)          "{ name = \"b\"; address = \"" address "\"; dscp = " value "; }"
#define POOL(name, more, backends) "{ name = \"" name "\"; " more " backends = ( " backends " ); }"
#define DSCP                       "forward = \"dscp\"; "
#define VIP(name, address, pool, more)                                                            \
	"{ name = \"" name "\"; address = \"" address "\"; port = 80; pool = \"" pool "\"; " more \
	"}"
#define RULE(name, value, pool) \
	"rules = ( { name = \"" name "\"; dscp = [ " value " ]; pool = \"" pool "\"; } ); "

struct row {
	const char *pools, *vips, *message;
};

static void expect_rows(const struct row *rows, size_t n)
{
	char text[2048];

	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof text, PORT "pools = (\n%s );\nvips = (\n%s );\n",
			rows[i].pools, rows[i].vips);
		expect(text, rows[i].message);
	}
}

/* The pools begin in line 3, the VIPs two lines after their last. */
static void addresses(void **state)
{
	static const struct row rows[] = {
		{POOL("p", "", B("b", "10.0.0.1")), VIP("v", "10.0.0.1", "p", ""),
			"t:3: pool \"p\": backend \"b\": 10.0.0.1 is the address of VIP \"v\""},
		{POOL("p", "", B("b", "fd00::1")), VIP("v", "fd00::1", "p", ""),
			"t:3: pool \"p\": backend \"b\": fd00::1 is the address of VIP \"v\""},
		{POOL("p", "", B("b", "10.0.0.77")), VIP("v", "10.0.0.64/28", "p", ""),
			"t:3: pool \"p\": backend \"b\": 10.0.0.77 is an address of VIP \"v\""},
		{POOL("p", "", B("b", "10.0.0.80")), VIP("v", "10.0.0.64/28", "p", ""), ""},
		{POOL("p", "tunnel_source = [ \"10.0.0.1\" ]; ", B("b", "10.0.0.1")), "",
			"t:3: pool \"p\": backend \"b\": 10.0.0.1 is a tunnel_source of pool "
			"\"p\""},
		{POOL("p", "tunnel_source = [ \"fd00::1\" ]; ", "") ",\n" POOL(
			 "q", "", B("b", "fd00::1")),
			"",
			"t:4: pool \"q\": backend \"b\": fd00::1 is a tunnel_source of pool \"p\""},
		{POOL("p", "tunnel_source = [ \"127.0.0.1\" ]; ", ""), "",
			"t:3: pool \"p\": tunnel_source \"127.0.0.1\" is not an address that a "
			"host can have"},
		{POOL("p", "tunnel_source = [ \"10.0.0.1\" ]; ", ""), VIP("v", "10.0.0.1", "p", ""),
			"t:5: VIP \"v\": 10.0.0.1 is a tunnel_source of pool \"p\""},
		{POOL("p", "tunnel_source = [ \"10.0.0.1\" ]; ", ""),
			VIP("v", "10.0.0.0/24", "p", ""),
			"t:5: VIP \"v\": 10.0.0.0/24 holds 10.0.0.1, a tunnel_source of pool "
			"\"p\""},
		{POOL("p", "tunnel_source = [ \"10.0.1.0\" ]; ", ""),
			VIP("v", "10.0.0.0/24", "p", ""), ""},
		{POOL("p", "", B("a", "10.0.0.1") ",\n" B("b", "10.0.0.1")), "",
			"t:4: pool \"p\": backend \"b\": address 10.0.0.1 belongs to backend "
			"\"a\""},
		{POOL("p", "", B("b", "10.0.0.1") ",\n" B("b", "10.0.0.2")), "",
			"t:4: pool \"p\": backend \"b\" exists already (t:3)"},
		{POOL("p", "", B("b", "10.0.0.1")) ",\n" POOL("q", "", B("b", "10.0.0.1")), "", ""},
	};

	expect_rows(rows, sizeof rows / sizeof *rows);
}

#define VARY(prefix) "tunnel_source_prefix = [ \"" prefix "\" ]; "

/* Packets from any address of a tunnel_source_prefix are taken for our own. */
static void source_prefixes(void **state)
{
	static const struct row rows[] = {
		{POOL("p", VARY("10.9.0.0/16"), B("b", "10.9.3.4")), "",
			"t:3: pool \"p\": backend \"b\": 10.9.3.4 is in tunnel_source_prefix "
			"10.9.0.0/16 of pool \"p\""},
		{POOL("p", VARY("fd00:9::/64"), "") ",\n" POOL("q", "", B("b", "fd00:9::1")), "",
			"t:4: pool \"q\": backend \"b\": fd00:9::1 is in tunnel_source_prefix "
			"fd00:9::/64 of pool \"p\""},
		{POOL("p", VARY("10.9.0.0/16"), B("b", "10.10.0.0")) ",\n" POOL(
			 "q", "", B("b", "10.8.255.255")),
			"", ""},
		{POOL("p", VARY("10.9.0.0/16"), ""), VIP("v", "10.9.0.0", "p", ""),
			"t:5: VIP \"v\": 10.9.0.0 is in tunnel_source_prefix 10.9.0.0/16 of pool "
			"\"p\""},
		{POOL("p", VARY("10.9.0.0/16"), ""), VIP("v", "10.9.255.255", "p", ""),
			"t:5: VIP \"v\": 10.9.255.255 is in tunnel_source_prefix 10.9.0.0/16 of "
			"pool \"p\""},
		{POOL("p", VARY("10.9.0.0/16"), ""),
			VIP("v", "10.10.0.0", "p", "") ",\n" VIP("w", "10.8.255.255", "p", ""), ""},
		{POOL("p", VARY("10.9.0.0/16"), ""), VIP("v", "10.9.7.0/24", "p", ""),
			"t:5: VIP \"v\": 10.9.7.0/24 overlaps tunnel_source_prefix 10.9.0.0/16 of "
			"pool \"p\""},
		{POOL("p", VARY("10.9.7.0/24"), ""), VIP("v", "10.9.0.0/16", "p", ""),
			"t:5: VIP \"v\": 10.9.0.0/16 overlaps tunnel_source_prefix 10.9.7.0/24 of "
			"pool \"p\""},
		{POOL("p", VARY("fd00:9::/64"), ""), VIP("v", "fd00:9::/48", "p", ""),
			"t:5: VIP \"v\": fd00:9::/48 overlaps tunnel_source_prefix fd00:9::/64 of "
			"pool \"p\""},
		/* one family says nothing of the other */
		{POOL("p", VARY("10.9.0.0/16"), ""), VIP("v", "2001:db8::/32", "p", ""), ""},
		{POOL("p", VARY("127.1.0.0/16"), ""), "",
			"t:3: pool \"p\": tunnel_source_prefix 127.1.0.0/16 is not of addresses "
			"that hosts can have"},
		{POOL("p", VARY("ff02::/64"), ""), "",
			"t:3: pool \"p\": tunnel_source_prefix ff02::/64 is not of addresses that "
			"hosts can have"},
		{POOL("p", "tunnel_source = [ \"10.9.0.1\" ]; " VARY("10.9.0.0/16"), ""), "",
			"t:3: pool \"p\": tunnel_source and tunnel_source_prefix are both given "
			"for IPv4: leave one out"},
		{POOL("p", "forward = \"gue\"; " VARY("10.9.0.0/16"), ""), "",
			"t:3: pool \"p\": tunnel_source_prefix is for forward \"ipip\" only"},
	};

	expect_rows(rows, sizeof rows / sizeof *rows);
}

/* With forward "dscp" a backend knows the VIP by the DSCP: for each way by which a packet comes to
 * a pool. */
static void dscp(void **state)
{
	static const struct row rows[] = {
		{POOL("p", DSCP, B("b", "10.0.0.1")), "",
			"t:3: pool \"p\": backend \"b\": dscp is missing: with forward \"dscp\" "
			"the backend knows the VIP by it"},
		{POOL("p", "", D("10.0.0.1", "5")), "",
			"t:3: pool \"p\": backend \"b\": dscp does nothing without forward "
			"\"dscp\""},
		{POOL("p", DSCP, D("10.0.0.1", "5")), VIP("v", "2001:db8::1", "p", ""),
			"t:3: pool \"p\": backend \"b\": forward \"dscp\" needs the family of VIP "
			"\"v\""},
		{POOL("p", DSCP, D("10.0.0.1", "5")),
			VIP("v", "203.0.113.1", "p", "") ",\n" VIP("w", "203.0.113.2", "p", ""),
			"t:3: pool \"p\": backend \"b\": dscp 5 at 10.0.0.1 would mean VIP \"v\" "
			"and VIP \"w\""},
		{POOL("p", DSCP, D("10.0.0.1", "5")),
			VIP("v", "203.0.113.1", "p",
				"") ",\n"
				    "{ name = \"u\"; address = \"203.0.113.1\"; "
				    "port = 443; pool = \"p\"; },\n" VIP(
					    "w", "203.0.113.2", "p", ""),
			"t:3: pool \"p\": backend \"b\": dscp 5 at 10.0.0.1 would mean VIP \"v\" "
			"and VIP \"w\""},
		{POOL("p", DSCP, D("10.0.0.1", "5")) ",\n" POOL("q", DSCP, D("10.0.0.1", "6")),
			VIP("v", "203.0.113.1", "p", "") ",\n" VIP("w", "203.0.113.2", "q", ""),
			""},
		{POOL("p", DSCP, D("10.0.0.1", "5")),
			VIP("v", "203.0.113.1", "p",
				"") ",\n"
				    "{ name = \"w\"; address = \"203.0.113.1\"; "
				    "port = 443; pool = \"p\"; }",
			""},
		/* by a rule */
		{POOL("p", "", "") ",\n" POOL("q", DSCP, D("10.0.0.1", "5")),
			VIP("v", "2001:db8::1", "p", RULE("r", "1", "q")),
			"t:4: pool \"q\": backend \"b\": forward \"dscp\" needs the family of VIP "
			"\"v\""},
		{POOL("p", "", "") ",\n" POOL("q", DSCP, ""),
			VIP("v", "203.0.113.0/24", "p", "\n" RULE("r", "1", "q")),
			"t:7: VIP \"v\": forward \"dscp\" of pool \"q\" needs a VIP of one "
			"address, which the backend knows by the DSCP"},
		{POOL("p", "", "") ",\n" POOL("q", DSCP, D("10.0.0.1", "5")),
			VIP("v", "203.0.113.1", "q", "") ",\n" VIP(
				"w", "203.0.113.2", "p", RULE("r", "1", "q")),
			"t:4: pool \"q\": backend \"b\": dscp 5 at 10.0.0.1 would mean VIP \"v\" "
			"and VIP \"w\""},
		{POOL("p", DSCP, D("10.0.0.1", "5")) ",\n" POOL("q", DSCP, D("10.0.0.2", "5")),
			VIP("v", "203.0.113.1", "p", RULE("r", "1", "q")), ""},
		/* as a backup, of the VIP's pool and of a rule's */
		{POOL("p", "backup_pool = \"q\"; ", "") ",\n" POOL("q", DSCP, D("10.0.0.1", "5")),
			VIP("v", "2001:db8::1", "p", ""),
			"t:4: pool \"q\": backend \"b\": forward \"dscp\" needs the family of VIP "
			"\"v\""},
		{POOL("p", "", "") ",\n" POOL("q", "backup_pool = \"s\"; ", "") ",\n" POOL(
			 "s", DSCP, D("10.0.0.1", "5")),
			VIP("v", "203.0.113.0/24", "p", RULE("r", "1", "q")),
			"t:7: VIP \"v\": forward \"dscp\" of pool \"s\" needs a VIP of one "
			"address, which the backend knows by the DSCP"},
		{POOL("p", "backup_pool = \"q\"; ", "") ",\n" POOL("q", DSCP, D("10.0.0.1", "5")),
			VIP("v", "203.0.113.1", "p", ""), ""},
	};

	expect_rows(rows, sizeof rows / sizeof *rows);
}

/* However many VIPs and rules lead to a pool, two that differ are enough to say so. */
static void many_vips_of_a_dscp_pool(void **state)
{
	char *text = NULL, *got;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fputs(PORT "pools = ( " POOL("p", DSCP, D("10.0.0.1", "5")) " );\nvips = (\n", f);
	for (int i = 0; i < 4096; i++)
		fprintf(f,
			"%s{ name = \"v%d\"; address = \"203.0.%d.%d\"; port = 80; pool = \"p\"; "
			"}",
			i ? ",\n" : "", i, 100 + i / 256, i % 256);
	fputs(" );\n", f);
	fclose(f);
	got = mistakes(text);
	assert_string_equal(got, "t:2: pool \"p\": backend \"b\": dscp 5 at 10.0.0.1 would mean "
				 "VIP \"v0\" and VIP \"v1\"");
	free(got);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(source_prefixes),
		cmocka_unit_test(dscp),
		cmocka_unit_test(many_vips_of_a_dscp_pool),
	};

	return cmocka_run_group_tests_name("conf_cross", tests, NULL, NULL);
}
