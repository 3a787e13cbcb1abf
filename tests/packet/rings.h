/* SPDX-License-Identifier: BSD-3-Clause */

/* Devices behind the ports of the world: net_ring, which holds 1023 packets and gives them back on
 * reception. */

#ifndef SLUICE_TESTS_RINGS_H
#define SLUICE_TESTS_RINGS_H

#include <stdint.h>

#include "world.h"

/* One for WAN and one for LAN, of one queue each; `dpdk_port` gets their numbers. Ends the process,
 * with a word, where one does not start. */
void rings_start(uint16_t dpdk_port[WORLD_PORTS]);

#endif
