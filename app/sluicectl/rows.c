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

static bool is_text(const json_t *value, const char *text)
{
	char *end;
	double number;

	if (json_is_string(value))
		return strcmp(json_string_value(value), text) == 0;
	if (!json_is_number(value))
		return false;
	number = strtod(text, &end);
	return end != text && !*end && number == json_number_value(value);
}

bool rows_match(const json_t *item, const char *key, const char *text)
{
	const json_t *value = cell_find(item, key), *element;
	size_t i;

	if (!json_is_array(value))
		return is_text(value, text);
	json_array_foreach((json_t *)value, i, element)
	{
		if (is_text(element, text))
			return true;
	}
	return false;
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

void rows_plan(struct rows_layout *l, const struct column *columns, size_t n, const json_t *items)
{
	*l = (struct rows_layout){.columns = columns};
	while (l->shown < n && l->shown < ROWS_COLUMNS_MAX && columns[l->shown].title) {
		l->width[l->shown] = width_of(&columns[l->shown], items);
		l->shown++;
	}
}

void rows_head(FILE *out, const struct rows_layout *l, bool color)
{
	for (size_t c = 0; c < l->shown; c++)
		print_cell(out, l->columns[c].title, &l->columns[c], l->width[c], c == 0,
			c + 1 == l->shown, color ? BOLD : "");
}

void rows_line(FILE *out, const struct rows_layout *l, const json_t *item, bool color)
{
	for (size_t c = 0; c < l->shown; c++) {
		const struct column *column = &l->columns[c];
		char buf[CELL_LEN];
		const enum cell_style style = column->cell(item, column->key, buf);
		const int width = max(l->width[c], (int)strlen(buf));

		print_cell(out, buf, column, width, c == 0, c + 1 == l->shown,
			color && style == CELL_BAD ? RED : "");
	}
}

void rows_print(FILE *out, const struct column *columns, size_t n, const json_t *items, bool color)
{
	struct rows_layout l;
	const json_t *item;
	size_t i;

	rows_plan(&l, columns, n, items);
	rows_head(out, &l, color);
	json_array_foreach((json_t *)items, i, item) rows_line(out, &l, item, color);
}
