/* SPDX-License-Identifier: BSD-3-Clause */

/* What the Ethernet header can have wrong. */

#include "drop_rows.h"

#define OTHER_MAC "02:99:00:00:00:01"

static const struct drop_row rows[] = {
	{"no byte at all", VERDICT_RUNT, {DROP_TO4}, .cut = INT16_MIN},
	{"13 bytes", VERDICT_RUNT, {DROP_TO4}, DROP_KEEP(13)},
	{"Ethernet header alone, IPv4", VERDICT_RUNT, {DROP_TO4}, DROP_KEEP(14)},
	{"Ethernet header alone, IPv6", VERDICT_RUNT, {DROP_TO6}, DROP_KEEP(14)},
	{"19 bytes of IPv4", VERDICT_RUNT, {DROP_TO4}, DROP_KEEP(14 + 19)},
	{"39 bytes of IPv6", VERDICT_RUNT, {DROP_TO6}, DROP_KEEP(14 + 39)},
	{"VLAN tag cut", VERDICT_RUNT, {DROP_TO4, .vlans = 1}, DROP_KEEP(17)},
	{"second VLAN tag cut", VERDICT_RUNT, {DROP_TO4, .vlans = 2}, DROP_KEEP(21)},
	{"VLAN, 19 bytes of IPv4", VERDICT_RUNT, {DROP_TO4, .vlans = 1}, DROP_KEEP(18 + 19)},
	{"QinQ, 39 bytes of IPv6", VERDICT_RUNT, {DROP_TO6, .vlans = 2}, DROP_KEEP(22 + 39)},
	{"other MAC", VERDICT_NOT_OUR_MAC, {DROP_TO4, .eth_dst = OTHER_MAC}},
	{"other MAC, IPv6", VERDICT_NOT_OUR_MAC, {DROP_TO6, .eth_dst = OTHER_MAC}},
	{"MAC of another port", VERDICT_NOT_OUR_MAC, {DROP_TO4, .eth_dst = "02:aa:00:00:00:02"}},
	{"MAC differs in its first byte", VERDICT_NOT_OUR_MAC,
		{DROP_TO4, .eth_dst = "06:aa:00:00:00:01"}},
	{"broadcast", VERDICT_NOT_OUR_MAC, {DROP_TO4, .eth_dst = "ff:ff:ff:ff:ff:ff"}},
	{"multicast", VERDICT_NOT_OUR_MAC, {DROP_TO4, .eth_dst = "01:00:5e:00:00:01"}},
	{"broadcast where any MAC is ours", VERDICT_NOT_OUR_MAC,
		{DROP_TO4, .eth_dst = "ff:ff:ff:ff:ff:ff"}, .port = WORLD_LAN},
	{"multicast where any MAC is ours", VERDICT_NOT_OUR_MAC,
		{DROP_TO6, .eth_dst = "33:33:00:00:00:01"}, .port = WORLD_LAN},
	{"own source MAC", VERDICT_LOOP,
		{DROP_TO4, .eth_dst = OTHER_MAC, .eth_src = "02:aa:00:00:00:01"}},
	{"own source MAC, broadcast", VERDICT_LOOP,
		{DROP_TO4, .eth_dst = "ff:ff:ff:ff:ff:ff", .eth_src = "02:aa:00:00:00:01"}},
	{"own source MAC where any MAC is ours", VERDICT_LOOP,
		{DROP_TO6, .eth_dst = OTHER_MAC, .eth_src = "02:aa:00:00:00:02"},
		.port = WORLD_LAN},
	{"ARP", VERDICT_ETH_TYPE, {DROP_TO4}, {{'f', 12, 2, 0x0806}}},
	{"802.3 length", VERDICT_ETH_TYPE, {DROP_TO4}, {{'f', 12, 2, 46}}},
	{"MPLS behind a VLAN tag", VERDICT_ETH_TYPE, {DROP_TO4, .vlans = 1},
		{{'f', 16, 2, 0x8847}}},
	{"LLDP of 14 bytes", VERDICT_ETH_TYPE, {DROP_TO4}, {{'f', 12, 2, 0x88cc}}, DROP_KEEP(14)},
	{"three VLAN tags", VERDICT_VLAN, {DROP_TO4, .vlans = 3}},
	{"three VLAN tags, IPv6", VERDICT_VLAN, {DROP_TO6, .vlans = 3}},
	{"third VLAN tag cut", VERDICT_VLAN, {DROP_TO4, .vlans = 3}, DROP_KEEP(22)},
};

const struct drop_rows drop_rows_link = DROP_ROWS(rows);
