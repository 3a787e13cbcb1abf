/* SPDX-License-Identifier: BSD-3-Clause */

/* Sets of small numbers as a person writes them: "200-299,301". */

#ifndef SLUICE_BASE_RANGES_H
#define SLUICE_BASE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL_RANGES_MAX 16

struct sl_ranges {
	struct {
		uint16_t first, last; /* both belong to it */
	} range[SL_RANGES_MAX];
	size_t count;
};

/* Numbers and ranges between commas, no spaces, all within min to max. 0, or -EINVAL: *why (if not
 * NULL) then says in a phrase what is wrong. At least one is needed. */
int sl_ranges_parse(
	const char *text, uint16_t min, uint16_t max, struct sl_ranges *out, const char **why);

static inline bool sl_ranges_has(const struct sl_ranges *r, uint16_t number)
{
	for (size_t i = 0; i < r->count; i++)
		if (number >= r->range[i].first && number <= r->range[i].last)
			return true;
	return false;
}

#endif
