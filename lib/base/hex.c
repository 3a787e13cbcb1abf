/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <string.h>

#include "base/hex.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int sl_hex_parse(const char *text, uint8_t *bytes, uint8_t *mask, bool wildcards)
{
	const size_t len = strlen(text);

	if (len % 2)
		return -EINVAL;
	for (size_t i = 0; i < len; i += 2) {
		uint8_t byte = 0, care = 0;

		for (size_t j = i; j < i + 2; j++) {
			const bool any = wildcards && (text[j] == 'X' || text[j] == 'x');
			const int d = any ? 0 : digit(text[j]);

			if (d < 0)
				return -EINVAL;
			byte = (uint8_t)(byte << 4 | d);
			care = (uint8_t)(care << 4 | (any ? 0 : 0xf));
		}
		if (bytes)
			bytes[i / 2] = byte;
		if (mask)
			mask[i / 2] = care;
	}
	return (int)(len / 2);
}

bool sl_hex_match(const uint8_t *bytes, const uint8_t *mask, size_t n, const void *data, size_t len)
{
	const uint8_t *d = data;

	if (len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((d[i] & mask[i]) != bytes[i])
			return false;
	return true;
}
