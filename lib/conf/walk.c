/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/walk.h"

/* Does the row stand in elements of the list? */
static bool is_in(const struct conf_row *row, const struct conf_row *list)
{
	const size_t len = strlen(list->path);

	return strncmp(row->path, list->path, len) == 0 &&
	       strncmp(row->path + len, "[].", strlen("[].")) == 0;
}

const struct conf_row *walk_owner(const struct conf_row *row)
{
	/* of the lists around it the innermost stands nearest */
	for (const struct conf_row *list = row; list > conf_rows;)
		if ((--list)->type == CONF_TYPE_LIST && is_in(row, list))
			return list;
	return NULL;
}

int walk_init(struct walk *w)
{
	const struct conf_row *list = NULL; /* the innermost around the row */

	w->owner = calloc(conf_n_rows, sizeof(const struct conf_row *));
	if (!w->owner)
		return -ENOMEM;
	for (size_t i = 0; i < conf_n_rows; i++) {
		while (list && !is_in(&conf_rows[i], list))
			list = w->owner[list - conf_rows];
		w->owner[i] = list;
		if (conf_rows[i].type == CONF_TYPE_LIST)
			list = &conf_rows[i];
	}
	return 0;
}

void walk_free(struct walk *w)
{
	free(w->owner);
	w->owner = NULL;
}

const struct conf_row *walk_next(
	const struct walk *w, const struct conf_row *list, const struct conf_row *row)
{
	size_t i = row ? (size_t)(row - conf_rows) + 1 : list ? (size_t)(list - conf_rows) + 1 : 0;

	for (; i < conf_n_rows; i++) {
		if (w->owner[i] == list && conf_rows[i].type != CONF_TYPE_GROUP)
			return &conf_rows[i];
		if (list && !w->owner[i])
			return NULL; /* past the rows of the list */
	}
	return NULL;
}

const struct conf_row *walk_name(const struct conf_row *list)
{
	/* its rows stand behind it, the name among the first */
	for (const struct conf_row *row = list + 1; row < conf_rows + conf_n_rows; row++) {
		const char *key = conf_row_key(list, row);

		if (key && strcmp(key, "name") == 0)
			return row;
	}
	return NULL;
}

const char *walk_name_of(const struct conf_row *name, const void *element)
{
	const char *text;

	memcpy(&text, (const char *)element + name->offset, sizeof text);
	return text ? text : "";
}

struct conf_place *walk_place(const struct conf_row *list, const void *element)
{
	return (void *)((char *)(uintptr_t)element + list->place_offset);
}

char *walk_array(const struct conf_row *list, const void *base, size_t *n)
{
	char *array;

	memcpy(&array, (const char *)base + list->offset, sizeof array);
	memcpy(n, (const char *)base + list->count_offset, sizeof *n);
	return array;
}

void walk_set_array(const struct conf_row *list, void *base, void *array, size_t n)
{
	memcpy((char *)base + list->offset, &array, sizeof array);
	memcpy((char *)base + list->count_offset, &n, sizeof n);
}

size_t walk_room(size_t n)
{
	size_t room = 4;

	while (room <= n)
		room *= 2;
	return room;
}
