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

/* On failure the list stays as it is. */
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
			rc = copy_place(c, walk_place(list, copy + i * list->size));
	}
	if (!rc)
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
			rc = copy_place(&c, walk_place(list, to));
		walk_free(&c.walk);
	}
	return rc;
}

/* Lists are shared between a configuration and its clones, and nobody writes to one that is. From
 * the clone's side that is noted with the clone. From the other side it cannot be, since the other
 * one may be in use by several threads: a list of its own counts as shared when its arena was given
 * to somebody after the list was made. */

/* What is noted of a list; for NULL, where something can be. */
static const struct conf_share *share_of(const struct conf *conf, const struct conf_row *list)
{
	for (size_t i = 0; i < CONF_LISTS; i++)
		if (conf->share[i].list == list)
			return &conf->share[i];
	return NULL;
}

static bool is_shared(const struct conf *conf, const struct conf_share *s)
{
	return s && s->arena ? true : arena_gets(conf->arena) != (s ? s->gets : 0);
}

/* Note of a list whose it is. */
static int note(struct conf *conf, const struct conf_share *what)
{
	const struct conf_share *at = share_of(conf, what->list);

	if (!at)
		at = share_of(conf, NULL);
	if (!at)
		return -ENOSPC;
	conf->share[at - conf->share] = *what;
	return 0;
}

int clone_own(struct conf *conf, const struct conf_row *list)
{
	const struct conf_share *was = share_of(conf, list);
	struct conf_arena *former = was ? was->arena : NULL;
	struct clone c = {.arena = conf->arena};
	int rc;

	if (!is_shared(conf, was))
		return 0;
	rc = walk_init(&c.walk);
	if (!rc)
		rc = copy_list(&c, list, conf, conf);
	walk_free(&c.walk);
	if (!rc)
		rc = note(conf, &(struct conf_share){list, NULL, arena_gets(conf->arena)});
	if (!rc)
		arena_free(former);
	return rc;
}

int conf_own(struct conf *conf)
{
	int rc = 0;

	for (const struct conf_row *row = conf_rows; row < conf_rows + conf_n_rows && !rc; row++)
		if (row->type == CONF_TYPE_LIST && !walk_owner(row))
			rc = clone_own(conf, row);
	return rc;
}

void clone_return(struct conf *conf)
{
	for (size_t i = 0; i < CONF_LISTS; i++)
		arena_free(conf->share[i].arena);
}

/* The list is both's from now on; the pointer to it was copied already. */
static int share(struct conf *copy, const struct conf *conf, const struct conf_row *list)
{
	const struct conf_share *from = share_of(conf, list);
	struct conf_arena *owner = from && from->arena ? from->arena : conf->arena;

	return note(copy, &(struct conf_share){list, arena_get(owner), 0});
}

/* The outermost lists shared, everything else copied. */
static int copy_top(struct clone *c, struct conf *copy, const struct conf *conf)
{
	const struct conf_row *row = NULL;
	int rc = 0;

	while (!rc && (row = walk_next(&c->walk, NULL, row)))
		rc = row->type == CONF_TYPE_LIST ? share(copy, conf, row)
						 : value_copy(row, copy, conf, c->arena);
	return rc;
}

struct conf *conf_clone(const struct conf *conf)
{
	struct clone c = {.arena = arena_new()};
	struct conf *copy = c.arena ? arena_alloc(c.arena, 1, sizeof *copy) : NULL;
	int rc = copy ? walk_init(&c.walk) : -ENOMEM;

	if (rc) {
		arena_free(c.arena);
		return NULL;
	}
	*copy = *conf;
	copy->arena = c.arena;
	copy->pool_index = NULL;
	memset(copy->share, 0, sizeof copy->share);
	rc = copy_top(&c, copy, conf);
	walk_free(&c.walk);
	if (rc) {
		conf_free(copy);
		return NULL;
	}
	return copy;
}
