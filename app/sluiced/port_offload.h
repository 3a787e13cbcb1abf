/* SPDX-License-Identifier: BSD-3-Clause */

/* What a port's device does to frames: which of its abilities are asked for. */

#ifndef SLUICED_PORT_OFFLOAD_H
#define SLUICED_PORT_OFFLOAD_H

#include <rte_ethdev.h>

#include "base/offload.h"

/* Those of enum offload that the device has. */
uint32_t port_offloads(const struct rte_eth_dev_info *info);

/* Ask for these when it is configured. */
void port_offload_ask(struct rte_eth_conf *c, uint32_t offloads);

#endif
