/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rows.h"

#define GAP   "  "
#define BOLD  "\033[1m"
#define RED   "\033[31m"
#define RESET "\033[0m"

static bool same(const char *name, const char *typed, size_t len)
{
	return name && strlen(name) == len && strncasecmp(name, typed, len) == 0;
}

const struct column *rows_column(
	const struct column *columns, size_t n, const char *name, size_t name_len)
{
	for (size_t i = 0; i < n; i++) {
		if (same(columns[i].key, name, name_len) || same(columns[i].title, name, name_len))
			return &columns[i];
	}
	return NULL;
}

bool rows_match(const json_t *item, const char *key, const char *text)
{
	const json_t *value = cell_find(item, key);
	char *end;
	double number;

	if (json_is_string(value))
		return strcmp(json_string_value(value), text) == 0;
	if (!json_is_number(value))
		return false;
	number = strtod(text, &end);
	return end != text && !*end && number == json_number_value(value);
}

struct sorted {
	json_t *item;
	const json_t *value;
	size_t place;
};

struct order {
	int sign;
};

static int compare_values(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b)) {
		const double x = json_number_value(a), y = json_number_value(b);

		return (x > y) - (x < y);
	}
	if (json_is_string(a) && json_is_string(b))
		return strverscmp(json_string_value(a), json_string_value(b));
	return 0;
}

static int compare(const void *left, const void *right, void *arg)
{
	const struct sorted *a = left, *b = right;
	const struct order *order = arg;
	int result;

	if (!a->value != !b->value)
		return a->value ? -1 : 1;
	result = order->sign * compare_values(a->value, b->value);
	return result ? result : (a->place > b->place) - (a->place < b->place);
}

json_t *rows_sort(const json_t *items, const char *key, bool descending)
{
	const size_t n = json_array_size(items);
	struct sorted *rows = calloc(n ? n : 1, sizeof *rows);
	struct order order = {descending ? -1 : 1};
	json_t *out = json_array();

	for (size_t i = 0; rows && i < n; i++) {
		json_t *item = json_array_get(items, i);

		rows[i] = (struct sorted){item, cell_find(item, key), i};
	}
	if (rows)
		qsort_r(rows, n, sizeof *rows, compare, &order);
	for (size_t i = 0; rows && i < n; i++) {
		if (json_array_append(out, rows[i].item)) {
			json_decref(out);
			out = NULL;
			break;
		}
	}
	if (!rows) {
		json_decref(out);
		out = NULL;
	}
	free(rows);
	return out;
}

static int max(int a, int b)
{
	return a > b ? a : b;
}

static int width_of(const struct column *column, const json_t *items)
{
	int width = (int)strlen(column->title);
	char buf[CELL_LEN];
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)items, i, item)
	{
		column->cell(item, column->key, buf);
		width = max(width, (int)strlen(buf));
	}
	return width;
}

/* One cell with what stands before and behind it; the last column ends the line without spaces. */
static void print_cell(FILE *out, const char *text, const struct column *column, int width,
	bool first, bool last, const char *on)
{
	const int fill = width - (int)strlen(text);
	const int before = column->right ? fill : 0;
	const int behind = column->right || last ? 0 : fill;

	fprintf(out, "%s%*s%s%s%s%*s%s", first ? "" : GAP, before, "", on, text, *on ? RESET : "",
		behind, "", last ? "\n" : "");
}

void rows_print(FILE *out, const struct column *columns, size_t n, const json_t *items, bool color)
{
	size_t shown = 0, i;
	int width[32];
	const json_t *item;

	while (shown < n && shown < sizeof width / sizeof *width && columns[shown].title) {
		width[shown] = width_of(&columns[shown], items);
		shown++;
	}
	for (size_t c = 0; c < shown; c++)
		print_cell(out, columns[c].title, &columns[c], width[c], c == 0, c + 1 == shown,
			color ? BOLD : "");
	json_array_foreach((json_t *)items, i, item)
	{
		for (size_t c = 0; c < shown; c++) {
			char buf[CELL_LEN];
			const enum cell_style style = columns[c].cell(item, columns[c].key, buf);

			print_cell(out, buf, &columns[c], width[c], c == 0, c + 1 == shown,
				color && style == CELL_BAD ? RED : "");
		}
	}
}
