/* SPDX-License-Identifier: BSD-3-Clause */

#include "port_offload.h"

/* The words of DPDK. One of rx and tx is 0. */
static const struct {
	uint64_t rx, tx;
} words[OFFLOAD_COUNT] = {
	[OFFLOAD_NUMBER_RX_IP_CSUM] = {.rx = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM},
	[OFFLOAD_NUMBER_RX_VLAN] = {.rx = RTE_ETH_RX_OFFLOAD_VLAN_STRIP},
	[OFFLOAD_NUMBER_TX_UDP_CSUM] = {.tx = RTE_ETH_TX_OFFLOAD_UDP_CKSUM},
	[OFFLOAD_NUMBER_TX_VLAN] = {.tx = RTE_ETH_TX_OFFLOAD_VLAN_INSERT},
};

uint32_t port_offloads(const struct rte_eth_dev_info *info)
{
	uint32_t has = 0;

	for (uint32_t i = 0; i < OFFLOAD_COUNT; i++)
		if (info->rx_offload_capa & words[i].rx || info->tx_offload_capa & words[i].tx)
			has |= 1u << i;
	return has;
}

void port_offload_ask(struct rte_eth_conf *c, uint32_t offloads)
{
	for (uint32_t i = 0; i < OFFLOAD_COUNT; i++) {
		if (!(offloads >> i & 1))
			continue;
		c->rxmode.offloads |= words[i].rx;
		c->txmode.offloads |= words[i].tx;
	}
}
