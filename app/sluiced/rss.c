/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>
#include <sys/random.h>

#include "eal/dpdk_compat.h"
#include "rss.h"

/* Most bytes of a key that any driver wants. */
#define KEY_MAX 64

static uint8_t *own_key(void)
{
	static uint8_t key[KEY_MAX];
	static bool drawn;

	if (!drawn)
		drawn = getrandom(key, sizeof key, 0) == sizeof key;
	return drawn ? key : NULL;
}

void rss_ask(const struct rte_eth_dev_info *info, uint32_t rx_queues, struct rte_eth_conf *conf)
{
	const uint64_t wanted = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;
	struct rte_eth_rss_conf *rss = &conf->rx_adv_conf.rss_conf;

	if (rx_queues < 2 || !(info->flow_type_rss_offloads & wanted))
		return;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	rss->rss_hf = info->flow_type_rss_offloads & wanted;
	if (info->hash_key_size < RSS_KEY_BYTES || info->hash_key_size > KEY_MAX || !own_key())
		return;
	rss->rss_key = own_key();
	rss->rss_key_len = info->hash_key_size;
}

bool rss_take_back_key(struct rte_eth_conf *conf)
{
	struct rte_eth_rss_conf *rss = &conf->rx_adv_conf.rss_conf;
	const bool was = rss->rss_key;

	rss->rss_key = NULL;
	rss->rss_key_len = 0;
	return was;
}

static bool learn_key(
	uint16_t dpdk_port, const struct rte_eth_dev_info *info, struct rss_map *m, uint64_t *hf)
{
	uint8_t key[KEY_MAX] = {0};
	struct rte_eth_rss_conf conf = {.rss_key = key, .rss_key_len = info->hash_key_size};

	if (info->hash_key_size < RSS_KEY_BYTES || info->hash_key_size > KEY_MAX ||
		rte_eth_dev_rss_hash_conf_get(dpdk_port, &conf) || !dpdk_rss_is_toeplitz(&conf))
		return false;
	memcpy(m->key, key, sizeof m->key);
	*hf = conf.rss_hf;
	return true;
}

static bool learn_table(uint16_t dpdk_port, const struct rte_eth_dev_info *info, struct rss_map *m)
{
	struct rte_eth_rss_reta_entry64 group[RSS_TABLE_MAX / RTE_ETH_RETA_GROUP_SIZE];

	if (!info->reta_size || info->reta_size > RSS_TABLE_MAX)
		return false;
	memset(group, 0, sizeof group);
	for (uint32_t i = 0; i < info->reta_size; i++)
		group[i / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1)
							   << (i % RTE_ETH_RETA_GROUP_SIZE);
	if (rte_eth_dev_rss_reta_query(dpdk_port, group, info->reta_size))
		return false;
	m->table_size = info->reta_size;
	for (uint32_t i = 0; i < m->table_size; i++) {
		const uint16_t queue =
			group[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];

		if (queue >= m->n_queues)
			return false;
		m->table[i] = (uint8_t)queue;
	}
	return true;
}

static uint8_t fields(uint64_t hf, uint64_t whole, uint64_t addresses)
{
	return hf & whole ? RSS_PORTS : hf & addresses ? RSS_ADDRESSES : RSS_NOTHING;
}

/* Bits that say that other parts of a packet are hashed. */
#define HF_OTHER                                                                       \
	(RTE_ETH_RSS_L3_SRC_ONLY | RTE_ETH_RSS_L3_DST_ONLY | RTE_ETH_RSS_L4_SRC_ONLY | \
		RTE_ETH_RSS_L4_DST_ONLY | RTE_ETH_RSS_LEVEL_MASK)

void rss_learn(uint16_t dpdk_port, uint16_t n_queues, struct rss_map *m)
{
	struct rte_eth_dev_info info;
	uint64_t hf = 0;

	*m = (struct rss_map){.n_queues = n_queues};
	if (n_queues < 2 || rte_eth_dev_info_get(dpdk_port, &info) ||
		!learn_key(dpdk_port, &info, m, &hf) || !learn_table(dpdk_port, &info, m))
		return;
	m->fields[0][0] = fields(hf, RTE_ETH_RSS_NONFRAG_IPV4_TCP, RTE_ETH_RSS_IPV4);
	m->fields[0][1] = fields(hf, RTE_ETH_RSS_NONFRAG_IPV4_UDP, RTE_ETH_RSS_IPV4);
	m->fields[1][0] = fields(hf, RTE_ETH_RSS_NONFRAG_IPV6_TCP, RTE_ETH_RSS_IPV6);
	m->fields[1][1] = fields(hf, RTE_ETH_RSS_NONFRAG_IPV6_UDP, RTE_ETH_RSS_IPV6);
	m->known = !(hf & HF_OTHER);
}
