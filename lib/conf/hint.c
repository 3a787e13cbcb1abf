/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdio.h>
#include <string.h>

#include "conf/hint.h"

#define WORD_MAX 64

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	const unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Edits (insert, delete, replace, swap of neighbours) that turn a into b: the restricted
 * Damerau-Levenshtein distance. Gives up with limit + 1. Both at most WORD_MAX bytes. */
static unsigned int distance(const char *a, size_t na, const char *b, size_t nb, unsigned int limit)
{
	unsigned int rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= na; i++) {
		const unsigned int *up = rows[(i - 1) % 3], *up2 = rows[(i + 1) % 3];
		unsigned int *row = rows[i % 3], least = (unsigned int)i;

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] =
				min3(up[j] + 1, row[j - 1] + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				up2[j - 2] + 1 < row[j])
				row[j] = up2[j - 2] + 1;
			if (row[j] < least)
				least = row[j];
		}
		if (least > limit)
			return limit + 1;
	}
	return rows[na % 3][nb];
}

void hint_offer(struct hint *hint, const char *candidate)
{
	const size_t na = strlen(hint->word), nb = strlen(candidate);
	const size_t longer = na > nb ? na : nb, apart = longer - (na > nb ? nb : na);
	unsigned int limit = longer < 4 ? 1 : longer < 9 ? 2 : 3, d;

	if (hint->best)
		limit = hint->distance - 1;
	if (longer > WORD_MAX || apart > limit || nb == 0 || (hint->best && hint->distance <= 1))
		return;
	d = distance(hint->word, na, candidate, nb, limit);
	if (d <= limit && d < longer) {
		hint->best = candidate;
		hint->distance = d;
	}
}

const char *hint_format(const struct hint *hint, char *buf)
{
	if (hint->best)
		snprintf(buf, HINT_STRLEN, ", did you mean \"%s\"?", hint->best);
	else
		buf[0] = '\0';
	return buf;
}
