/* SPDX-License-Identifier: BSD-3-Clause */

/* A list of items as rows: which columns there are, --filter, --sort, and the printed table. */

#ifndef SLUICECTL_ROWS_H
#define SLUICECTL_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <jansson.h>

#include "cell.h"

struct column {
	const char *key;   /* dotted path; what --sort and --filter name */
	const char *title; /* NULL = not in the table, only for --sort and --filter */
	cell_fn cell;
	bool right; /* aligned to the right: numbers */
};

struct filter {
	const char *key; /* as typed, up to key_len */
	size_t key_len;
	const char *value;
};

/* By key or title, letter case ignored. NULL when there is none. */
const struct column *rows_column(
	const struct column *columns, size_t n, const char *name, size_t name_len);

/* True if the value at key equals the text: strings byte by byte, numbers as numbers; of an array,
 * if one element does. */
bool rows_match(const json_t *item, const char *key, const char *text);

/* A new array in the order of key: numbers by value, texts with the numbers in them by value (b2
 * before b10), items without a value last; equal ones stay as they were. NULL without memory. */
json_t *rows_sort(const json_t *items, const char *key, bool descending);

/* Widths of the columns, from the titles and the items at hand; later ones that are wider push
 * their neighbours aside. */
#define ROWS_COLUMNS_MAX 32
struct rows_layout {
	const struct column *columns;
	size_t shown;
	int width[ROWS_COLUMNS_MAX];
};

void rows_plan(struct rows_layout *l, const struct column *columns, size_t n, const json_t *items);
void rows_head(FILE *out, const struct rows_layout *l, bool color);
void rows_line(FILE *out, const struct rows_layout *l, const json_t *item, bool color);

/* Header and one line an item, columns aligned. */
void rows_print(FILE *out, const struct column *columns, size_t n, const json_t *items, bool color);

#endif
