/* SPDX-License-Identifier: BSD-3-Clause */

/* The configuration that the packet tests run through: ports, pools of every kind, VIPs of both
 * families, and a made-up view of the network; all of it compiled as the daemon does. */

#ifndef SLUICE_TESTS_WORLD_H
#define SLUICE_TESTS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "table/generation.h"

/* Where probes of backends come from that no tunnel leads to from there. */
#define PROBE_SOURCE4 "10.0.0.251"
#define PROBE_SOURCE6 "fd00::251"

enum world_port {
	WORLD_WAN,    /* accepts its own MAC */
	WORLD_LAN,    /* accepts any; MTU 9000 */
	WORLD_SHARED, /* the kernel sees all frames; own MAC */
	WORLD_TAP,    /* the kernel sees all frames; any MAC */
	WORLD_PORTS
};

/* A 4 or 6 at the end is the family of the backends, which is that of the outer header. */
enum world_pool {
	POOL_VIA4,    /* ipip, one IPv4 backend, tunnel_source given */
	POOL_VIA6,    /* ipip, one IPv6 backend, tunnel_source given */
	POOL_ROUTED4, /* as VIA4, but leaves by the LAN from our address there */
	POOL_ROUTED6,
	POOL_L2,      /* direct, one backend */
	POOL_NARROW4, /* route MTU 1400 */
	POOL_NARROW6,
	POOL_MANY4,     /* four IPv4 backends */
	POOL_MIXED,     /* two IPv4 and two IPv6 backends */
	POOL_SOURCE,    /* eight backends, hash = "source" */
	POOL_SRCDST,    /* eight backends, hash = "source+dest" */
	POOL_ZERO,      /* one backend of weight 0 */
	POOL_EMPTY,     /* no backend */
	POOL_DARK,      /* next hop not resolved */
	POOL_BEHIND,    /* direct, but behind a router */
	POOL_UNSOURCED, /* tunnel without a source address */
	POOL_STRICT,    /* as VIA4, oversize and fragments = "drop" */
	POOL_TIGHT6,    /* IPv6 tunnel on a route of 1300: less than an IPv6 host may be told */
	POOL_WAITS,     /* no health verdict yet */
	POOL_REFUSES,   /* all down, on_all_down = "reject" */
	POOL_RR,        /* four backends in turn */
	POOL_LC,        /* four, fewest flows */
	POOL_RANDOM,    /* four by chance */
	POOL_GUE4,
	POOL_GUE6,
	POOL_GUE_FULL4, /* checksum in full, port 6081 */
	POOL_GUE_FULL6,
	POOL_VARY4, /* outer source in VARY_PREFIX4 */
	POOL_VARY6,
	POOL_DSCP4,  /* on VIP4 only */
	POOL_DSCP6,  /* on VIP6 only */
	POOL_TTL,    /* decrement_ttl */
	POOL_MSS,    /* mss_clamp = -1, MTU 1400 */
	POOL_MSS_L2, /* mss_clamp = 1000, direct */
	WORLD_POOLS
};

/* Those before it: where a packet goes hangs on the packet alone. */
#define WORLD_PURE_POOLS POOL_RR

#define VIP4             "203.0.113.10"
#define VIP4_TWIN        "203.0.113.11"
#define VIP4_ANY         "203.0.113.20"
#define VIP6             "2001:db8::10"
#define VIP6_TWIN        "2001:db8::11"
#define VIP6_ANY         "2001:db8::20"

/* TCP port 80, served by MANY4; of echo a backend takes care, or nobody. */
#define VIP4_CARRY       "203.0.113.30"
#define VIP6_CARRY       "2001:db8::30"
#define VIP4_QUIET       "203.0.113.31"
#define VIP6_QUIET       "2001:db8::31"

/* On VIP4 and VIP6, and on their twins, TCP port PORT_OF(pool) is served by that pool, UDP port 53
 * by VIA4. VIP4_ANY and VIP6_ANY serve every TCP port by VIA4 but 8443, which is VIA6's. */
#define PORT_OF(pool)    (8000 + (pool))

/* VIPs that are prefixes, and ranges of ports. NET4 and NET6 serve TCP ports 100 to 200 by VIA4,
 * 150 to 160 by VIA6, and 155 by L2; the address NET4_ONE, and the prefix NET6_IN, serve 100 to 110
 * by ROUTED4 and have nothing else of their own. */
#define NET4             "203.0.113.64/28"
#define NET4_IN          "203.0.113.79"
#define NET4_ONE         "203.0.113.70"
#define NET4_BESIDE      "203.0.113.80"
#define NET6             "2001:db8:7::/48"
#define NET6_AT          "2001:db8:7:ffff::1"
#define NET6_IN          "2001:db8:7:1::/64"
#define NET6_IN_AT       "2001:db8:7:1::9"
#define NET6_BESIDE      "2001:db8:8::1"

/* TCP port PORT_RULES of VIP4 and VIP6 is served by VIA4, but from 198.51.100.0/24 and
 * 2001:db8:c::/48 by L2, from 198.51.100.64/26 and 2001:db8:c:1::/64 by VIA6, and with DSCP 46 or
 * 10 by ROUTED4, with 33 by STRICT; from 198.51.100.128/25 and 2001:db8:c:2::/64 by EMPTY. */
#define PORT_RULES       8500

#define VARY_PREFIX4     "10.99"    /* /16 */
#define VARY_PREFIX6     "fd00:99:" /* /64 */
#define WORLD_DSCP       42

/* One backend, as the test itself knows it. */
struct world_way {
	enum world_pool pool;
	const char *address;
	const char *source;  /* expected outer source; NULL: Ethernet alone */
	const char *eth_dst; /* unlike that of every other backend */
	const char *eth_src;
	uint8_t port;
};

struct world {
	struct conf *conf;
	struct generation *g;
};

/* Another network. Way i has the tags number i % 3 (sl_vlans_parse; NULL: none); the devices of all
 * ports do this work (enum offload). */
struct world_net {
	const char *tags[3];
	uint32_t offloads;
};

/* Build it; a failure is printed and ends the test. */
struct world *world_new(void);
struct world *world_new_in(const struct world_net *net);
void world_free(struct world *w);

/* MAC address of a port, in text. */
const char *world_mac(enum world_port port);

/* The backend that a frame goes to, known by its destination MAC address. NULL: none. */
const struct world_way *world_way_of(const uint8_t *frame);

/* The only backend of a pool that has one. */
const struct world_way *world_way_in(enum world_pool pool);

#endif
