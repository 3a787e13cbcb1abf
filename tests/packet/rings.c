/* SPDX-License-Identifier: BSD-3-Clause */

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>

#include "rings.h"

static uint16_t ring_port(const char *name)
{
	const struct rte_eth_conf conf = {0};
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create(name, 15, 0, 0, RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	uint16_t id;

	if (!pool || rte_eal_hotplug_add("vdev", name, "") ||
		rte_eth_dev_get_port_by_name(name, &id) || rte_eth_dev_configure(id, 1, 1, &conf) ||
		rte_eth_rx_queue_setup(id, 0, 64, 0, NULL, pool) ||
		rte_eth_tx_queue_setup(id, 0, 64, 0, NULL) || rte_eth_dev_start(id)) {
		printf("%s does not start\n", name);
		exit(1);
	}
	return id;
}

void rings_start(uint16_t dpdk_port[WORLD_PORTS])
{
	dpdk_port[WORLD_WAN] = ring_port("net_ring0");
	dpdk_port[WORLD_LAN] = ring_port("net_ring1");
}
