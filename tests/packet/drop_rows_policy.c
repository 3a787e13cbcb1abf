/* SPDX-License-Identifier: BSD-3-Clause */

/* Packets without a fault that nobody serves, or that cannot be sent. */

#include "drop_rows.h"

#define TO4(pool) .dst = VIP4, .dport = PORT_OF(pool)
#define TO6(pool) .dst = VIP6, .dport = PORT_OF(pool)

static const struct drop_row rows[] = {
	{"unknown address", VERDICT_NO_VIP, {.dst = "203.0.113.99", .dport = 8000}},
	{"unknown address, IPv6", VERDICT_NO_VIP, {.dst = "2001:db8::99", .dport = 8000}},
	{"beside a prefix", VERDICT_NO_VIP, {.dst = NET4_BESIDE, .dport = 100}},
	{"beside a prefix, IPv6", VERDICT_NO_VIP, {.dst = NET6_BESIDE, .dport = 100}},
	{"beside a range of ports", VERDICT_NO_VIP, {.dst = NET4_IN, .dport = 99}},
	{"behind a range of ports, IPv6", VERDICT_NO_VIP, {.dst = NET6_AT, .dport = 201}},
	{"unknown port", VERDICT_NO_VIP, {.dst = VIP4, .dport = 9}},
	{"unknown port, IPv6", VERDICT_NO_VIP, {.dst = VIP6, .dport = 9}},
	{"port 0", VERDICT_NO_VIP, {.dst = VIP4, .dport = 0}},
	{"UDP to a TCP port", VERDICT_NO_VIP, {TO4(POOL_VIA4), .proto = IPPROTO_UDP}},
	{"UDP to a TCP port, IPv6", VERDICT_NO_VIP, {TO6(POOL_VIA4), .proto = IPPROTO_UDP}},
	{"TCP to a UDP port", VERDICT_NO_VIP, {.dst = VIP4, .dport = 53}},
	{"every TCP port is not UDP", VERDICT_NO_VIP,
		{.dst = VIP4_ANY, .dport = 53, .proto = IPPROTO_UDP}},
	{"every TCP port is not UDP, IPv6", VERDICT_NO_VIP,
		{.dst = VIP6_ANY, .dport = 53, .proto = IPPROTO_UDP}},

	{"no verdict yet", VERDICT_NO_TABLE, {TO4(POOL_WAITS)}},
	{"no verdict yet, IPv6", VERDICT_NO_TABLE, {TO6(POOL_WAITS)}},
	{"weight 0", VERDICT_NO_BACKEND, {TO4(POOL_ZERO)}},
	{"weight 0, IPv6", VERDICT_NO_BACKEND, {TO6(POOL_ZERO)}},
	{"empty pool", VERDICT_NO_BACKEND, {TO4(POOL_EMPTY)}},
	{"empty pool, IPv6", VERDICT_NO_BACKEND, {TO6(POOL_EMPTY)}},

	{"19 bytes for an IPv4 header", VERDICT_ENCAP_HEADROOM, {TO4(POOL_VIA4)},
		DROP_HEADROOM(19)},
	{"39 bytes for an IPv6 header", VERDICT_ENCAP_HEADROOM, {TO6(POOL_VIA6)},
		DROP_HEADROOM(39)},
	{"no headroom", VERDICT_ENCAP_HEADROOM, {TO6(POOL_VIA4)}, DROP_HEADROOM(0)},
	{"VLAN tag not enough for IPv4", VERDICT_ENCAP_HEADROOM, {TO4(POOL_VIA4), .vlans = 1},
		DROP_HEADROOM(15)},
	{"QinQ tags not enough for IPv6", VERDICT_ENCAP_HEADROOM, {TO4(POOL_VIA6), .vlans = 2},
		DROP_HEADROOM(31)},

	{"1481 bytes, not to be cut", VERDICT_TOO_BIG, {TO4(POOL_STRICT), .ip_len = 1481},
		{{'i', 6, 2, 0}}},
	{"1481 bytes, not to be cut, VLAN", VERDICT_TOO_BIG,
		{TO4(POOL_STRICT), .ip_len = 1481, .vlans = 2}, {{'i', 6, 2, 0}}},
	{"nothing an IPv6 host could be told", VERDICT_TOO_BIG, {TO6(POOL_TIGHT6), .ip_len = 1280}},
	{"too big without headroom for an answer", VERDICT_TOO_BIG,
		{TO4(POOL_VIA4), .ip_len = 1481}, DROP_HEADROOM(27)},
	{"too big without headroom for an answer, IPv6", VERDICT_TOO_BIG,
		{TO6(POOL_VIA4), .ip_len = 1481}, DROP_HEADROOM(47)},
	{"to be cut without headroom", VERDICT_ENCAP_HEADROOM, {TO4(POOL_VIA4), .ip_len = 1481},
		{{'i', 6, 2, 0}}, DROP_HEADROOM(19)},

	{"next hop unknown", VERDICT_NEIGH_UNRESOLVED, {TO4(POOL_DARK)}},
	{"next hop unknown, IPv6", VERDICT_NEIGH_UNRESOLVED, {TO6(POOL_DARK)}},
	{"next hop unknown, and 1500 bytes", VERDICT_NEIGH_UNRESOLVED,
		{TO4(POOL_DARK), .ip_len = 1500}},
	{"direct, behind a router", VERDICT_NEIGH_UNRESOLVED, {TO4(POOL_BEHIND)}},
	{"tunnel without a source", VERDICT_NEIGH_UNRESOLVED, {TO6(POOL_UNSOURCED)}},
};

const struct drop_rows drop_rows_policy = DROP_ROWS(rows);
