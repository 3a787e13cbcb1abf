/* SPDX-License-Identifier: BSD-3-Clause */

/* Values from what a person types behind "key=". */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/value.h"

static int parse_number(const char *text, struct value *v)
{
	char *end;

	errno = 0;
	v->number = strtoll(text, &end, 10);
	return end == text || *end || errno || strchr(" \t+", *text) ? -EINVAL : 0;
}

static int parse_bool(const char *text, struct value *v)
{
	v->number = strcmp(text, "true") == 0;
	return v->number || strcmp(text, "false") == 0 ? 0 : -EINVAL;
}

static int parse_one(const struct conf_row *row, const char *text, struct value *v)
{
	*v = (struct value){0};
	switch (value_kind(row)) {
	case VALUE_NUMBER:
		return parse_number(text, v);
	case VALUE_BOOL:
		return parse_bool(text, v);
	case VALUE_EITHER:
		if (parse_number(text, v) == 0)
			return 0;
		break;
	case VALUE_TEXT:
		break;
	}
	*v = (struct value){.text = text};
	return 0;
}

static size_t count_parts(const char *text)
{
	size_t n = *text != '\0';

	for (; *text; text++)
		n += *text == ',';
	return n;
}

/* Spaces around a part go. */
static char *trim(char *part)
{
	size_t n;

	part += strspn(part, " ");
	for (n = strlen(part); n && part[n - 1] == ' '; n--)
		;
	part[n] = '\0';
	return part;
}

static int parse(const struct conf_row *row, char *text, struct value *v, size_t n, char *why)
{
	for (size_t i = 0; i < n; i++) {
		char *part = value_is_array(row) ? strsep(&text, ",") : text;
		char values[CONF_VALUES_STRLEN];

		if (value_is_array(row))
			part = trim(part);
		if (parse_one(row, part, &v[i])) {
			snprintf(why, VALUE_WHY_STRLEN, "\"%.63s\" is not %s", part,
				value_kind(row) == VALUE_BOOL ? conf_row_values(row, values)
							      : "a whole number");
			return -EINVAL;
		}
	}
	return 0;
}

int value_store_text(const struct conf_row *row, void *base, struct conf_arena *arena,
	const char *text, char *why)
{
	const size_t n = value_is_array(row) ? count_parts(text) : 1;
	struct value *values = calloc(n + 1, sizeof *values);
	char *copy = strdup(text);
	int rc = values && copy ? parse(row, copy, values, n, why) : -ENOMEM;

	if (!rc)
		rc = value_store(row, base, arena, values, n, why);
	free(values);
	free(copy);
	return rc;
}
