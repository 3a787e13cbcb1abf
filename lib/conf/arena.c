/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/arena.h"

#define CHUNK_BYTES 16384

struct chunk {
	struct chunk *next;
	size_t used;
	size_t room;
	alignas(max_align_t) char bytes[];
};

struct conf_arena {
	uint32_t refs; /* any thread: atomic, as the next */
	uint64_t gets;
	struct chunk *chunks; /* the first one is being filled */
};

struct conf_arena *arena_new(void)
{
	struct conf_arena *arena = calloc(1, sizeof *arena);

	if (arena)
		arena->refs = 1;
	return arena;
}

struct conf_arena *arena_get(struct conf_arena *arena)
{
	__atomic_add_fetch(&arena->refs, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&arena->gets, 1, __ATOMIC_RELAXED);
	return arena;
}

uint64_t arena_gets(const struct conf_arena *arena)
{
	return __atomic_load_n(&arena->gets, __ATOMIC_RELAXED);
}

void arena_free(struct conf_arena *arena)
{
	if (!arena || __atomic_sub_fetch(&arena->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (struct chunk *c = arena->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(arena);
}

static struct chunk *chunk_add(struct conf_arena *arena, size_t bytes)
{
	const size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
	struct chunk *c = calloc(1, sizeof *c + room);

	if (!c)
		return NULL;
	c->room = room;
	c->next = arena->chunks;
	arena->chunks = c;
	return c;
}

void *arena_alloc(struct conf_arena *arena, size_t count, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct chunk *c = arena->chunks;
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = bytes ? (bytes + align - 1) / align * align : align;
	if (!c || c->room - c->used < bytes)
		c = chunk_add(arena, bytes);
	if (!c)
		return NULL;
	c->used += bytes;
	return c->bytes + c->used - bytes;
}

char *arena_text(struct conf_arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1, 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}
