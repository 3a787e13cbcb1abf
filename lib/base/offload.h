/* SPDX-License-Identifier: BSD-3-Clause */

/* Work on frames that a port's device may do, as bits. One row makes the bit and the name that
 * commands show; app/sluiced/port_offload.c says what DPDK calls it. Decision 50 says why these. */

#ifndef SLUICE_BASE_OFFLOAD_H
#define SLUICE_BASE_OFFLOAD_H

#include <stdint.h>

/* X(IDENTIFIER, name, help) */
#define OFFLOAD_LIST(X)                                                                         \
	X(RX_IP_CSUM, "rx-ip-checksum", "says of received IPv4 headers whether they are whole") \
	X(RX_VLAN, "rx-vlan", "takes the outer VLAN tag off received frames")                   \
	X(TX_UDP_CSUM, "tx-udp-checksum", "fills in the UDP checksum of GUE")                   \
	X(TX_VLAN, "tx-vlan", "puts a VLAN tag into frames that leave")

enum offload_number {
#define X(ID, name, help) OFFLOAD_NUMBER_##ID,
	OFFLOAD_LIST(X)
#undef X
		OFFLOAD_COUNT
};

enum offload {
#define X(ID, name, help) OFFLOAD_##ID = 1u << OFFLOAD_NUMBER_##ID,
	OFFLOAD_LIST(X)
#undef X
};

/* By number, 0 to OFFLOAD_COUNT - 1. */
const char *offload_name(uint32_t number);

#endif
