/* SPDX-License-Identifier: BSD-3-Clause */

/* Bytes as hexadecimal digits, and patterns in which an X stands for any digit: "01XX" matches
 * every two bytes that begin with 01. */

#ifndef SLUICE_BASE_HEX_H
#define SLUICE_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The number of bytes in the text, or -EINVAL: an odd number of digits, or something else in it.
 * bytes gets them, mask the bits that count; each has room for strlen(text) / 2, or is NULL. Only
 * with wildcards may an X stand in the text. */
int sl_hex_parse(const char *text, uint8_t *bytes, uint8_t *mask, bool wildcards);

/* True if data begins with the pattern. */
bool sl_hex_match(
	const uint8_t *bytes, const uint8_t *mask, size_t n, const void *data, size_t len);

#endif
