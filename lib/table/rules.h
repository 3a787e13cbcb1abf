/* SPDX-License-Identifier: BSD-3-Clause */

/* Priority routing: which pool serves a new flow of a VIP that has rules, by its source address or
 * its DSCP. The longest matching prefix wins; a source says more than a DSCP, which every host on
 * the way may set, so DSCP decides where no prefix matches. Compiled once, then only read. */

#ifndef SLUICE_TABLE_RULES_H
#define SLUICE_TABLE_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "table/spans.h"

/* No rule matches. */
#define RULES_NONE  SPANS_NONE

#define RULES_DSCPS 64

struct rules {
	uint16_t dscp[RULES_DSCPS];
	struct spans spans;
	struct service *service; /* by target: the VIP as a pool serves it */
};

/* Rules with n prefixes, no two alike, no DSCP, and room for n_targets services. NULL without
 * memory. */
struct rules *rules_new(const struct spans_prefix *prefixes, size_t n, size_t n_targets);

/* NULL is fine. */
void rules_free(struct rules *r);

/* What a flow from this address (host order, upper and lower half) with this DSCP is told:
 * RULES_NONE or a target. Any thread. */
uint16_t rules_find(const struct rules *r, const uint64_t source[2], uint8_t dscp);

#endif
