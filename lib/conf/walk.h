/* SPDX-License-Identifier: BSD-3-Clause */

/* The schema rows by the struct that holds their fields, for code that goes over a whole
 * configuration. In the table the rows of a list stand together, behind the row of the list. */

#ifndef SLUICE_CONF_WALK_H
#define SLUICE_CONF_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/schema.h"

struct walk {
	/* by row: the innermost list whose elements hold it, or NULL */
	const struct conf_row **owner;
};

/* 0, or -ENOMEM. */
int walk_init(struct walk *w);
void walk_free(struct walk *w);

/* The next row behind `row` whose field is in an element of `list` (NULL: in struct conf), or NULL.
 * row NULL: the first one. Groups are left out, lists are not. */
const struct conf_row *walk_next(
	const struct walk *w, const struct conf_row *list, const struct conf_row *row);

/* The innermost list whose elements hold the row's field, or NULL: struct conf does. */
const struct conf_row *walk_owner(const struct conf_row *row);

/* The row of the name of a list's elements. Every list has one. */
const struct conf_row *walk_name(const struct conf_row *list);

/* An element's name; "" when it has none. */
const char *walk_name_of(const struct conf_row *name, const void *element);

/* Where an element of a list has its place. */
struct conf_place *walk_place(const struct conf_row *list, const void *element);

/* The array of a list in the struct at base. */
char *walk_array(const struct conf_row *list, const void *base, size_t *n);
void walk_set_array(const struct conf_row *list, void *base, void *array, size_t n);

/* Elements that an array of n has room for: at least n, and one more unless n + 1 is a power of
 * two. Who makes an array allocates so many, who adds to one counts on it. */
size_t walk_room(size_t n);

#endif
