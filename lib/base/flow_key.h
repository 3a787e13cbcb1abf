/* SPDX-License-Identifier: BSD-3-Clause */

/* The 5-tuple of a packet in the one form that every hash and table takes. */

#ifndef SLUICE_BASE_FLOW_KEY_H
#define SLUICE_BASE_FLOW_KEY_H

#include <assert.h>
#include <stdint.h>

/* Bytes as they stand in the packet, zero where nothing is said:
 *   IPv4: src[4] dst[4] sport[2] dport[2] proto[1] 0[5]   in w[0..1]; the rest is not read
 *   IPv6: src[16] dst[16] sport[2] dport[2] proto[1] 0[11] in w[0..5] */
struct flow_key {
	uint64_t w[6];
};

static_assert(sizeof(struct flow_key) == 48, "three AES blocks");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are assembled with shifts");

#endif
