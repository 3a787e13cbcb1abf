/* SPDX-License-Identifier: BSD-3-Clause */

/* The configuration that the packets of a case run through, compiled as the daemon does it, with a
 * made-up view of the network. One port, which is both in and out. */

#ifndef SLUICE_BENCH_WORLD_H
#define SLUICE_BENCH_WORLD_H

#include "cases.h"
#include "conf/conf.h"
#include "table/generation.h"

/* MAC address of the port; the one that net_pcap gives its first device, so that a packet file
 * fits too. */
#define WORLD_MAC   "\x02\x70\x63\x61\x70\x00"

/* VIP number i has this address plus i, and this port. */
#define WORLD_VIP4  "198.18.0.1"
#define WORLD_VIP6  "2001:db8:1::1"
#define WORLD_PORT  443

/* Family and protocol repeat every four VIPs. */
#define WORLD_KINDS 4

bool world_vip_is6(const struct bench_case *c, uint32_t vip);
bool world_vip_is_udp(const struct bench_case *c, uint32_t vip);

/* Build it. 0 or -errno with a message; free with generation_free and conf_free. */
int world_new(
	const struct bench_case *c, struct conf **conf, struct generation **g, struct sl_err *err);

#endif
