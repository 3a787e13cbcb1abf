/* SPDX-License-Identifier: BSD-3-Clause */

/* Longest prefix match by one binary search: prefixes flattened to disjoint ranges of addresses,
 * sorted. IPv4 stands as IPv4-mapped IPv6, so one table serves both families, and no prefix of IPv6
 * holds an address of IPv4. Built once, then only read, by any thread. */

#ifndef SLUICE_TABLE_SPANS_H
#define SLUICE_TABLE_SPANS_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"

/* No prefix holds the address. */
#define SPANS_NONE 0xffff

/* From `first` to where the next range begins. */
struct spans_range {
	uint64_t first[2]; /* the address as a number: upper half, lower half */
	uint16_t target;
};

struct spans {
	uint32_t n; /* ranges; the first one begins at 0 */
	struct spans_range *range;
};

struct spans_prefix {
	struct sl_prefix prefix;
	uint16_t target;
};

/* Fill *s from n prefixes, no two alike. 0, or -ENOMEM with *s empty. */
int spans_build(struct spans *s, const struct spans_prefix *prefixes, size_t n);
void spans_clear(struct spans *s);

/* The target of the longest prefix that holds the address (host order, upper and lower half), or
 * SPANS_NONE. */
static inline uint16_t spans_find(const struct spans *s, const uint64_t address[2])
{
	uint32_t low = 0, high = s->n;

	while (high - low > 1) {
		const uint32_t mid = low + (high - low) / 2;
		const uint64_t *first = s->range[mid].first;

		if (first[0] < address[0] || (first[0] == address[0] && first[1] <= address[1]))
			low = mid;
		else
			high = mid;
	}
	return s->range[low].target;
}

#endif
