/* SPDX-License-Identifier: BSD-3-Clause */

/* What is wrong with a frame, found the slow way: a second opinion on lib/net/parse.h, which stops
 * at the first fault, while this one lists all it can see. */

#ifndef SLUICE_TESTS_MODEL_H
#define SLUICE_TESTS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/verdict.h"

#define MODEL_FAULT(v) (UINT64_C(1) << (v))

/* Valid when there is no fault. */
struct model_packet {
	bool v6;
	uint8_t tos, proto, tcp_flags;
	uint32_t l3_off, l3_len;
	uint8_t src[16], dst[16], ports[4];
};

/* One bit MODEL_FAULT(verdict) for each fault; 0: a frame that the load balancer takes. The frame
 * is in one piece and nobody has looked at its checksum. */
uint64_t model_faults(const uint8_t *frame, uint32_t len, struct model_packet *out);

#endif
