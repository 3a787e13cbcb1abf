/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "base/ranges.h"

static int refuse(const char **why, const char *text)
{
	if (why)
		*why = text;
	return -EINVAL;
}

/* One number at *at, which moves behind it; -1 where none stands, 65536 for all that are too big.
 */
static int32_t number_at(const char **at)
{
	int32_t n = -1;

	for (; **at >= '0' && **at <= '9'; (*at)++) {
		n = (n < 0 ? 0 : n * 10) + (**at - '0');
		if (n > UINT16_MAX)
			n = UINT16_MAX + 1;
	}
	return n;
}

int sl_ranges_parse(
	const char *text, uint16_t min, uint16_t max, struct sl_ranges *out, const char **why)
{
	const char *at = text;
	int32_t first, last;

	out->count = 0;
	for (;; at++) {
		first = last = number_at(&at);
		if (*at == '-') {
			at++;
			last = number_at(&at);
		}
		if (first < 0 || last < 0 || (*at && *at != ','))
			return refuse(why, "is not a list such as 200-299,301");
		if (first < min || last > max)
			return refuse(why, "holds a number that is not possible there");
		if (first > last)
			return refuse(why, "holds a range that ends before it begins");
		if (out->count == SL_RANGES_MAX)
			return refuse(why, "has more than 16 ranges");
		out->range[out->count].first = (uint16_t)first;
		out->range[out->count].last = (uint16_t)last;
		out->count++;
		if (!*at)
			return 0;
	}
}
