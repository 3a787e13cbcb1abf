/* SPDX-License-Identifier: BSD-3-Clause */

/* Receive side scaling in software: which queue of a port the packets of a flow come in by. The
 * hash is Toeplitz's over addresses and ports as they stand in the packet (Microsoft, "RSS Hashing
 * Functions", Windows driver documentation), and an entry of the port's redirection table is chosen
 * by it. */

#ifndef SLUICE_DATAPATH_RSS_H
#define SLUICE_DATAPATH_RSS_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/flow_key.h"

/* Bytes of a key that the longest input needs: IPv6 addresses and ports, and 32 bits more. */
#define RSS_KEY_BYTES 40
#define RSS_TABLE_MAX 512

/* No lane has this number. */
#define RSS_UNKNOWN   0xffff

/* What of a packet is hashed. */
enum rss_fields {
	RSS_NOTHING,
	RSS_ADDRESSES,
	RSS_PORTS, /* the addresses, too */
};

/* One port. Control: rw before the workers start, then ro for all. */
struct rss_map {
	uint16_t n_queues;
	bool known; /* what follows is valid */
	uint16_t table_size;
	uint8_t fields[2][2]; /* enum rss_fields, by [IPv6][UDP], of whole packets */
	alignas(8) uint8_t key[RSS_KEY_BYTES];
	uint8_t table[RSS_TABLE_MAX]; /* queue by hash modulo table_size */
};

/* Toeplitz's hash of the addresses of a key, and its ports if `ports`. */
uint32_t rss_hash(
	const uint8_t rss_key[RSS_KEY_BYTES], const struct flow_key *key, bool ports, bool v6);

/* The queue that whole packets of a TCP or UDP flow come in by; RSS_UNKNOWN where that cannot be
 * said. */
uint16_t rss_queue(const struct rss_map *m, const struct flow_key *key, bool v6);

#endif
