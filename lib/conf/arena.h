/* SPDX-License-Identifier: BSD-3-Clause */

/* Memory that is given out piece by piece and freed all at once: a configuration owns one. */

#ifndef SLUICE_CONF_ARENA_H
#define SLUICE_CONF_ARENA_H

#include <stddef.h>

struct conf_arena;

/* NULL without memory. */
struct conf_arena *arena_new(void);

/* Frees every piece. NULL is fine. */
void arena_free(struct conf_arena *arena);

/* count * size zeroed bytes, aligned for any type; never NULL for a count of 0. NULL without
 * memory. */
void *arena_alloc(struct conf_arena *arena, size_t count, size_t size);

/* A copy of the first len bytes of text, with a NUL. NULL without memory. */
char *arena_text(struct conf_arena *arena, const char *text, size_t len);

#endif
