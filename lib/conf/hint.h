/* SPDX-License-Identifier: BSD-3-Clause */

/* "did you mean": the known word that is nearest to a mistyped one. */

#ifndef SLUICE_CONF_HINT_H
#define SLUICE_CONF_HINT_H

#include <stddef.h>

/* Start with .word and zeroes, offer every candidate, then read .best. */
struct hint {
	const char *word; /* what was typed */
	const char *best; /* nearest candidate so far, NULL = none is near */
	unsigned int distance;
};

void hint_offer(struct hint *hint, const char *candidate);

/* `, did you mean "web"?`, or "" when nothing is near. buf: HINT_STRLEN bytes. Returns buf. */
#define HINT_STRLEN 96
const char *hint_format(const struct hint *hint, char *buf);

#endif
