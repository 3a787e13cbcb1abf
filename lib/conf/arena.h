/* SPDX-License-Identifier: BSD-3-Clause */

/* Memory that is given out piece by piece and freed all at once: a configuration owns one, and
 * other configurations may hold it for what they share. One thread at a time allocates from it. */

#ifndef SLUICE_CONF_ARENA_H
#define SLUICE_CONF_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct conf_arena;

/* NULL without memory. */
struct conf_arena *arena_new(void);

/* One more that holds it. Any thread. */
struct conf_arena *arena_get(struct conf_arena *arena);

/* How often that was. Any thread. */
uint64_t arena_gets(const struct conf_arena *arena);

/* Let go; frees every piece with the last. NULL is fine. Any thread. */
void arena_free(struct conf_arena *arena);

/* count * size zeroed bytes, aligned for any type; never NULL for a count of 0. NULL without
 * memory. */
void *arena_alloc(struct conf_arena *arena, size_t count, size_t size);

/* A copy of the first len bytes of text, with a NUL. NULL without memory. */
char *arena_text(struct conf_arena *arena, const char *text, size_t len);

#endif
