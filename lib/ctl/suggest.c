/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "ctl/suggest.h"

#define WORD_MAX 64

static size_t least(size_t a, size_t b, size_t c)
{
	const size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Optimal string alignment distance; only the last three rows of the matrix are kept. */
static size_t edits(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= blen; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= alen; i++) {
		size_t *now = rows[i % 3];
		const size_t *up = rows[(i - 1) % 3];
		const size_t *up2 = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			const size_t swap = up[j - 1] + (a[i - 1] != b[j - 1]);

			now[j] = least(now[j - 1] + 1, up[j] + 1, swap);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], up2[j - 2] + 1, now[j]);
		}
	}
	return rows[alen % 3][blen];
}

const char *ctl_suggest(const char *word, const char *const *names, size_t n, size_t stride)
{
	const size_t len = strnlen(word, WORD_MAX + 1);
	size_t best = len / 3 ? len / 3 : 1;
	const char *found = NULL;

	if (len == 0 || len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *name = *(const char *const *)((const char *)names + i * stride);
		const size_t name_len = strnlen(name, WORD_MAX + 1);

		if (name_len > WORD_MAX)
			continue;
		const size_t d = edits(word, len, name, name_len);

		if (d < best || (d == best && !found)) {
			best = d;
			found = name;
		}
	}
	return found;
}
