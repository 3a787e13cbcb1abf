/* SPDX-License-Identifier: BSD-3-Clause */

/* "did you mean": the known name that is nearest to a mistyped one. Pure. */

#ifndef SLUICE_CTL_SUGGEST_H
#define SLUICE_CTL_SUGGEST_H

#include <stddef.h>

/* names points to the first `const char *` of a table of n rows, each stride bytes after the one
 * before. The name with the fewest edits (insert, delete, replace, swap of neighbours) wins, if
 * they are at most a third of the word and at least one is allowed; else NULL. Words above 64 bytes
 * match nothing. */
const char *ctl_suggest(const char *word, const char *const *names, size_t n, size_t stride);

#endif
