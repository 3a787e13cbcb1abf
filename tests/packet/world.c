/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "frame.h"
#include "world.h"

#define MAX_WAYS     64
#define GUE_FULL     "forward = \"gue\"; gue_checksum = \"full\"; gue_port = 6081;"
#define BOTH_SOURCES "tunnel_source = [ \"10.0.0.250\", \"fd00::250\" ];"

/* Our addresses towards the backends, where the pool names none. */
#define HOP_SOURCE4  "10.2.0.1"
#define HOP_SOURCE6  "fd00:2::1"

struct pool {
	const char *keys;              /* of the configuration */
	const char *prefix;            /* addresses of its backends: this and a number from 1 */
	const char *source;            /* expected outer source */
	const char *prefix6, *source6; /* of every other backend */
	uint8_t n;
	uint8_t weight;
	uint8_t port;
	uint16_t mtu; /* of the route */
	bool dark, behind, unsourced;
	enum pool_action action;
	const char *only; /* VIP that it serves; NULL: all */
	uint8_t dscp;
};

static const struct pool pools[WORLD_POOLS] = {
	[POOL_VIA4] = {BOTH_SOURCES, "10.1.0.", "10.0.0.250", .n = 1, .weight = 1},
	[POOL_VIA6] = {BOTH_SOURCES, "fd00:1::", "fd00::250", .n = 1, .weight = 1},
	[POOL_ROUTED4] = {"", "10.2.1.", HOP_SOURCE4, .n = 1, .weight = 1, .port = WORLD_LAN},
	[POOL_ROUTED6] = {"", "fd00:2:1::", HOP_SOURCE6, .n = 1, .weight = 1, .port = WORLD_LAN},
	[POOL_L2] = {"forward = \"l2\";", "10.3.0.", .n = 1, .weight = 1},
	[POOL_NARROW4] = {"", "10.4.0.", HOP_SOURCE4, .n = 1, .weight = 1, .mtu = 1400},
	[POOL_NARROW6] = {"", "fd00:4::", HOP_SOURCE6, .n = 1, .weight = 1, .mtu = 1400},
	[POOL_MANY4] = {"", "10.5.0.", HOP_SOURCE4, .n = 4, .weight = 1},
	[POOL_MIXED] = {"", "10.6.0.", HOP_SOURCE4, "fd00:6::", HOP_SOURCE6, .n = 4, .weight = 1},
	[POOL_SOURCE] = {"hash = \"source\";", "10.7.0.", HOP_SOURCE4, .n = 8, .weight = 1},
	[POOL_SRCDST] = {"hash = \"source+dest\";", "10.8.0.", HOP_SOURCE4, .n = 8, .weight = 1},
	[POOL_ZERO] = {"", "10.9.0.", HOP_SOURCE4, .n = 1},
	[POOL_EMPTY] = {""},
	[POOL_DARK] = {"", "10.10.0.", HOP_SOURCE4, .n = 1, .weight = 1, .dark = true},
	[POOL_BEHIND] = {"forward = \"l2\";", "10.11.0.", .n = 1, .weight = 1, .behind = true},
	[POOL_RR] = {"scheduler = \"rr\";", "10.13.0.", HOP_SOURCE4, .n = 4, .weight = 1},
	[POOL_LC] = {"scheduler = \"lc\";", "10.14.0.", HOP_SOURCE4, .n = 4, .weight = 1},
	[POOL_RANDOM] = {"scheduler = \"random\";", "10.15.0.", HOP_SOURCE4, .n = 4, .weight = 1},
	[POOL_UNSOURCED] = {"", "10.12.0.", "", .n = 1, .weight = 1, .unsourced = true},
	[POOL_STRICT] = {"oversize = \"drop\"; fragments = \"drop\";", "10.13.0.", HOP_SOURCE4,
		.n = 1, .weight = 1},
	[POOL_TIGHT6] = {"", "fd00:14::", HOP_SOURCE6, .n = 1, .weight = 1, .mtu = 1300},
	[POOL_WAITS] = {"", "10.13.0.", HOP_SOURCE4, .n = 1, .weight = 1,
		.action = POOL_ACTION_WAIT},
	[POOL_GUE4] = {"forward = \"gue\";", "10.21.0.", HOP_SOURCE4, .n = 1, .weight = 1},
	[POOL_GUE6] = {"forward = \"gue\";", "fd00:21::", HOP_SOURCE6, .n = 1, .weight = 1},
	[POOL_GUE_FULL4] = {GUE_FULL, "10.22.0.", HOP_SOURCE4, .n = 1, .weight = 1},
	[POOL_GUE_FULL6] = {GUE_FULL, "fd00:22::", HOP_SOURCE6, .n = 1, .weight = 1},
	[POOL_VARY4] = {"tunnel_source_prefix = [ \"" VARY_PREFIX4 ".0.0/16\" ];", "10.23.0.",
		HOP_SOURCE4, .n = 1, .weight = 1},
	[POOL_VARY6] = {"tunnel_source_prefix = [ \"" VARY_PREFIX6 ":/64\" ];",
		"fd00:23::", HOP_SOURCE6, .n = 1, .weight = 1},
	[POOL_DSCP4] = {"forward = \"dscp\";", "10.24.0.", .n = 1, .weight = 1, .only = VIP4,
		.dscp = WORLD_DSCP},
	[POOL_DSCP6] = {"forward = \"dscp\";", "fd00:24::", .n = 1, .weight = 1, .only = VIP6,
		.dscp = WORLD_DSCP},
	[POOL_TTL] = {"decrement_ttl = true;", "10.25.0.", HOP_SOURCE4, .n = 1, .weight = 1},
	[POOL_MSS] = {"mss_clamp = -1;", "10.26.0.", HOP_SOURCE4, .n = 1, .weight = 1, .mtu = 1400},
	[POOL_MSS_L2] = {"forward = \"l2\"; mss_clamp = 1000;", "10.27.0.", .n = 1, .weight = 1},
	[POOL_REFUSES] = {"", "10.14.0.", HOP_SOURCE4, .n = 1, .weight = 1,
		.action = POOL_ACTION_REJECT},
};

static const char *const macs[WORLD_PORTS] = {
	"02:aa:00:00:00:01", "02:aa:00:00:00:02", "02:aa:00:00:00:03", "02:aa:00:00:00:04"};

static struct world_way ways[MAX_WAYS];
static uint32_t n_ways;

static void *need(const void *p)
{
	if (!p)
		abort();
	return (void *)(uintptr_t)p;
}

static char *text(const char *fmt, const char *s, unsigned int n)
{
	static char room[2 * MAX_WAYS][24];
	static uint32_t used;
	char *t = room[used++ % (2 * MAX_WAYS)];

	snprintf(t, sizeof room[0], fmt, s, n);
	return t;
}

/* All ways, in the order of the configuration. */
static void lay_ways(void)
{
	n_ways = 0;
	for (uint8_t p = 0; p < WORLD_POOLS; p++)
		for (uint8_t i = 0; i < pools[p].n; i++) {
			const struct pool *pool = &pools[p];
			const bool six = pool->prefix6 && i % 2;

			struct world_way *way = &ways[n_ways++];

			*way = (struct world_way){
				.pool = p,
				.address = text("%s%u", six ? pool->prefix6 : pool->prefix, i + 1u),
				.source = six ? pool->source6 : pool->source,
				.eth_dst = text("%s%02x", "02:be:00:00:00:", n_ways),
				.eth_src = macs[pool->port],
				.port = pool->port,
			};
		}
}

static void write_backend(FILE *f, const struct pool *pool, uint8_t i, const char *address)
{
	fprintf(f, "%s{ name = \"b%u\"; address = \"%s\"; weight = %u;", i ? ", " : "", i, address,
		pool->weight);
	if (pool->dscp)
		fprintf(f, " dscp = %u;", pool->dscp);
	fputs(" }", f);
}

static void write_pools(FILE *f)
{
	const struct world_way *way = ways;

	fputs("pools = (\n", f);
	for (uint8_t p = 0; p < WORLD_POOLS; p++) {
		fprintf(f, "%s{ name = \"p%u\"; table_size = 251; %s backends = (", p ? ",\n" : "",
			p, pools[p].keys);
		for (uint8_t i = 0; i < pools[p].n; i++, way++)
			write_backend(f, &pools[p], i, way->address);
		fputs(" ); }", f);
	}
	fputs(" );\n", f);
}

static void write_vip(
	FILE *f, int *n, const char *address, unsigned int port, const char *proto, int pool)
{
	const char *echo = strstr(address, "30")   ? "backend"
			   : strstr(address, "31") ? "drop"
						   : "answer";

	fprintf(f,
		"%s{ name = \"v%d\"; address = \"%s\"; port = %u; protocol = \"%s\"; pool = "
		"\"p%d\"; echo = \"%s\"; }",
		*n ? ",\n" : "", *n, address, port, proto, pool, echo);
	++*n;
}

static void write_rules(FILE *f, int *n, const char *address)
{
	fprintf(f,
		",\n{ name = \"v%d\"; address = \"%s\"; port = %d; pool = \"p%d\"; rules = ("
		"{ name = \"net\"; sources = [ \"198.51.100.0/24\", \"2001:db8:c::/48\" ]; "
		"pool = \"p%d\"; },"
		"{ name = \"part\"; sources = [ \"198.51.100.64/26\", \"2001:db8:c:1::/64\" ]; "
		"pool = \"p%d\"; },"
		"{ name = \"none\"; sources = [ \"198.51.100.128/25\", \"2001:db8:c:2::/64\" ]; "
		"pool = \"p%d\"; },"
		"{ name = \"strict\"; dscp = [ 33 ]; pool = \"p%d\"; },"
		"{ name = \"mark\"; dscp = [ 46, 10 ]; pool = \"p%d\"; } ); }",
		*n, address, PORT_RULES, POOL_VIA4, POOL_L2, POOL_VIA6, POOL_EMPTY, POOL_STRICT,
		POOL_ROUTED4);
	++*n;
}

static void write_wide(FILE *f, int *n)
{
	static const struct {
		const char *address, *ports;
		enum world_pool pool;
	} wide[] = {
		{NET4, "100-200", POOL_VIA4},
		{NET4, "150-160", POOL_VIA6},
		{NET4, "155", POOL_L2},
		{NET4_ONE, "100-110", POOL_ROUTED4},
		{NET6, "100-200", POOL_VIA4},
		{NET6, "150-160", POOL_VIA6},
		{NET6, "155", POOL_L2},
		{NET6_IN, "100-110", POOL_ROUTED4},
	};

	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++, ++*n)
		fprintf(f,
			", { name = \"v%d\"; address = \"%s\"; port = \"%s\"; protocol = \"tcp\"; "
			"pool = \"p%d\"; }",
			*n, wide[i].address, wide[i].ports, wide[i].pool);
}

static void write_vips(FILE *f)
{
	static const char *const each[] = {VIP4, VIP4_TWIN, VIP6, VIP6_TWIN};
	static const char *const any[] = {VIP4_ANY, VIP6_ANY};
	static const char *const echo[] = {VIP4_CARRY, VIP6_CARRY, VIP4_QUIET, VIP6_QUIET};
	int n = 0;

	fputs("vips = (\n", f);
	for (int i = 0; i < 4; i++) {
		for (int p = 0; p < WORLD_POOLS; p++) {
			if (pools[p].only && strcmp(pools[p].only, each[i]) != 0)
				continue;
			write_vip(f, &n, each[i], PORT_OF(p), "tcp", p);
			if (p >= POOL_REFUSES)
				write_vip(f, &n, each[i], PORT_OF(p), "udp", p);
		}
		write_vip(f, &n, each[i], 53, "udp", POOL_VIA4);
	}
	for (int i = 0; i < 2; i++) {
		write_vip(f, &n, any[i], 0, "tcp", POOL_VIA4);
		write_vip(f, &n, any[i], 8443, "tcp", POOL_VIA6);
	}
	write_rules(f, &n, VIP4);
	write_rules(f, &n, VIP6);
	for (int i = 0; i < 4; i++)
		write_vip(f, &n, echo[i], 80, "tcp", POOL_MANY4);
	write_wide(f, &n);
	fputs(" );\n", f);
}

static struct conf *configure(void)
{
	struct sl_err err = SL_ERR_INIT;
	struct conf *conf = NULL;
	char *t = NULL;
	size_t len;
	FILE *f = need(open_memstream(&t, &len));

	fputs("ports = (\n"
	      "{ name = \"wan\"; driver = \"af_xdp\"; interface = \"eth1\"; },\n"
	      "{ name = \"lan\"; driver = \"af_xdp\"; interface = \"eth2\"; accept_mac = \"any\"; "
	      "},\n"
	      "{ name = \"shared\"; driver = \"af_packet\"; interface = \"eth3\"; },\n"
	      "{ name = \"tap\"; driver = \"af_packet\"; interface = \"eth4\"; accept_mac = "
	      "\"any\"; }\n"
	      ");\n",
		f);
	write_pools(f);
	write_vips(f);
	fclose(f);
	if (conf_load_text(t, "world", &conf, &err) || conf_check(conf, &err)) {
		for (size_t i = 0; i < err.count; i++)
			fprintf(stderr, "%s\n", err.text[i]);
		abort();
	}
	free(t);
	return conf;
}

static struct sl_addr address(const char *t)
{
	uint8_t b[16];

	return frame_address(t, b) == 4 ? sl_addr_from4(b) : sl_addr_from16(b);
}

/* Our address towards a backend: another one where no tunnel comes from it. */
static struct sl_addr hop_source(uint32_t way)
{
	const bool v6 = strchr(ways[way].address, ':') != NULL;

	if (ways[way].pool == POOL_L2 || ways[way].pool == POOL_VIA6)
		return address(v6 ? PROBE_SOURCE6 : PROBE_SOURCE4);
	return address(v6 ? HOP_SOURCE6 : HOP_SOURCE4);
}

/* The next hop of each backend. Where the pool names a tunnel source, our own address must not win.
 */
static void lay_hops(struct compile_hop *hops, const struct world_net *net)
{
	for (uint32_t i = 0; i < n_ways; i++) {
		const struct pool *pool = &pools[ways[i].pool];

		if (pool->dark)
			continue;
		hops[i] = (struct compile_hop){
			.resolved = true,
			.port = pool->port,
			.on_link = !pool->behind,
			.has_source = !pool->unsourced,
			.source = hop_source(i),
			.mtu = pool->mtu,
		};
		frame_mac(ways[i].eth_dst, hops[i].mac.b);
		if (net->tags[i % 3] && sl_vlans_parse(net->tags[i % 3], &hops[i].vlans))
			abort();
	}
}

/* Everybody is up, but where the pool says otherwise. */
static struct health_view *lay_health(void)
{
	struct health_view *v = need(health_view_new(n_ways, WORLD_POOLS));

	for (uint32_t i = 0; i < n_ways; i++)
		v->backends[i].weight = pools[ways[i].pool].weight;
	for (uint32_t p = 0; p < WORLD_POOLS; p++)
		v->pools[p].action = pools[p].action;
	return v;
}

static struct generation *compile(const struct conf *conf, const struct world_net *net)
{
	struct compile_port ports[WORLD_PORTS] = {{.mtu = 1500}, {.mtu = 9000},
		{.mtu = 1500, .shared = true}, {.mtu = 1500, .shared = true}};
	struct compile_hop hops[MAX_WAYS] = {0};
	uint16_t slots[MAX_WAYS], *services = need(calloc(conf->n_vips, sizeof *services));
	struct health_view *health = lay_health();
	struct sl_err err = SL_ERR_INIT;
	struct generation *g;

	for (int i = 0; i < WORLD_PORTS; i++) {
		frame_mac(macs[i], ports[i].mac.b);
		ports[i].offloads = net->offloads;
	}
	lay_hops(hops, net);
	/* neither from 0 nor in order: numbers outlive configurations */
	for (uint32_t i = 0; i < n_ways; i++)
		slots[i] = (uint16_t)(100 + n_ways - i);
	for (size_t i = 0; i < conf->n_vips; i++)
		services[i] = (uint16_t)(10 + conf->n_vips - i);
	const struct compile_input in = {
		.conf = conf,
		.revision = 1,
		.ports = ports,
		.hops = hops,
		.slots = slots,
		.services = services,
		.health = health,
		.n_slots = 101 + n_ways,
		.n_services = (uint32_t)(11 + conf->n_vips),
	};

	if (compile_generation(&in, &g, &err)) {
		fprintf(stderr, "%s\n", sl_err_first(&err));
		abort();
	}
	free(services);
	health_view_free(health);
	return g;
}

struct world *world_new(void)
{
	return world_new_in(&(struct world_net){0});
}

struct world *world_new_in(const struct world_net *net)
{
	struct world *w = need(calloc(1, sizeof *w));

	lay_ways();
	w->conf = configure();
	w->g = compile(w->conf, net);
	return w;
}

void world_free(struct world *w)
{
	generation_free(w->g);
	conf_free(w->conf);
	free(w);
}

const char *world_mac(enum world_port port)
{
	return macs[port];
}

const struct world_way *world_way_of(const uint8_t *frame)
{
	uint8_t mac[6];

	for (uint32_t i = 0; i < n_ways; i++) {
		frame_mac(ways[i].eth_dst, mac);
		if (memcmp(mac, frame, 6) == 0)
			return &ways[i];
	}
	return NULL;
}

const struct world_way *world_way_in(enum world_pool pool)
{
	for (uint32_t i = 0; i < n_ways; i++)
		if (ways[i].pool == pool)
			return &ways[i];
	return NULL;
}
