/* SPDX-License-Identifier: BSD-3-Clause */

/* How a port spreads packets over its queues: asked of the driver, with a key of our own where it
 * takes one. Control thread, before the workers start. */

#ifndef SLUICED_RSS_H
#define SLUICED_RSS_H

#include <rte_ethdev.h>

#include "datapath/rss.h"

/* Have a device with several queues spread by addresses and ports, by the key of this run, which no
 * sender knows and which all ports share. */
void rss_ask(const struct rte_eth_dev_info *info, uint32_t rx_queues, struct rte_eth_conf *conf);

/* Take our key back out: the device does not start with it. False: there was none. */
bool rss_take_back_key(struct rte_eth_conf *conf);

/* How a device that was started spreads over its n_queues; m->known is false where it does not say.
 */
void rss_learn(uint16_t dpdk_port, uint16_t n_queues, struct rss_map *m);

#endif
