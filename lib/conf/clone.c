/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "conf/arena.h"
#include "conf/clone.h"
#include "conf/conf.h"
#include "conf/value.h"
#include "conf/walk.h"

struct clone {
	struct conf_arena *arena;
	struct walk walk;
	const char *file, *file_copy; /* the last file name that was copied */
};

static int copy_fields(struct clone *c, const struct conf_row *list, void *to, const void *from);

static int copy_place(struct clone *c, struct conf_place *place)
{
	if (place->file != c->file) {
		c->file = place->file;
		c->file_copy =
			place->file ? arena_text(c->arena, place->file, strlen(place->file)) : NULL;
	}
	if (place->file && !c->file_copy)
		return -ENOMEM;
	place->file = c->file_copy;
	return 0;
}

static int copy_list(struct clone *c, const struct conf_row *list, void *to, const void *from)
{
	size_t n;
	const char *elements = walk_array(list, from, &n);
	char *copy = arena_alloc(c->arena, walk_room(n), list->size);
	int rc = copy ? 0 : -ENOMEM;

	if (copy && n)
		memcpy(copy, elements, n * list->size);
	for (size_t i = 0; i < n && !rc; i++) {
		rc = copy_fields(c, list, copy + i * list->size, elements + i * list->size);
		if (!rc)
			rc = copy_place(c, (void *)(copy + i * list->size + list->place_offset));
	}
	walk_set_array(list, to, copy, n);
	return rc;
}

/* The fields of one struct, which was copied byte by byte already. */
static int copy_fields(struct clone *c, const struct conf_row *list, void *to, const void *from)
{
	const struct conf_row *row = NULL;
	int rc = 0;

	while (!rc && (row = walk_next(&c->walk, list, row)))
		rc = row->type == CONF_TYPE_LIST ? copy_list(c, row, to, from)
						 : value_copy(row, to, from, c->arena);
	return rc;
}

int clone_object(struct conf_arena *arena, const struct conf_row *list, void *to, const void *from)
{
	struct clone c = {.arena = arena};
	int rc = walk_init(&c.walk);

	if (!rc) {
		memcpy(to, from, list->size);
		rc = copy_fields(&c, list, to, from);
		if (!rc)
			rc = copy_place(&c, (void *)((char *)to + list->place_offset));
		walk_free(&c.walk);
	}
	return rc;
}

struct conf *conf_clone(const struct conf *conf)
{
	struct clone c = {.arena = arena_new()};
	struct conf *copy = c.arena ? arena_alloc(c.arena, 1, sizeof *copy) : NULL;
	int rc = copy ? walk_init(&c.walk) : -ENOMEM;

	if (!rc) {
		*copy = *conf;
		copy->arena = c.arena;
		rc = copy_fields(&c, NULL, copy, conf);
		walk_free(&c.walk);
	}
	if (rc) {
		arena_free(c.arena);
		return NULL;
	}
	return copy;
}
