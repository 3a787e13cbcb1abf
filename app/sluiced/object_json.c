/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "conf/value.h"
#include "conf/walk.h"
#include "object_json.h"

const struct conf_row *object_list(const char *path)
{
	for (const struct conf_row *row = conf_rows; row < conf_rows + conf_n_rows; row++)
		if (row->type == CONF_TYPE_LIST && strcmp(row->path, path) == 0)
			return row;
	return NULL;
}

static json_t *one_json(const struct conf_row *row, const void *object, size_t i)
{
	char buf[VALUE_STRLEN];
	const struct value v = value_get(row, object, i, buf);

	if (v.text)
		return json_string(v.text);
	return value_kind(row) == VALUE_BOOL ? json_boolean(v.number) : json_integer(v.number);
}

static json_t *value_json(const struct conf_row *row, const void *object)
{
	const size_t n = value_count(row, object);
	json_t *array;

	if (!value_is_array(row))
		return n ? one_json(row, object, 0) : json_null();
	array = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, one_json(row, object, i));
	return array;
}

json_t *object_json(const struct conf_row *list, const void *object)
{
	const size_t prefix = strlen(list->path) + 3;
	json_t *o = json_object();
	struct walk walk;

	if (walk_init(&walk)) {
		json_decref(o);
		return NULL;
	}
	for (const struct conf_row *row = NULL; (row = walk_next(&walk, list, row));)
		if (row->type != CONF_TYPE_LIST)
			json_object_set_new(o, row->path + prefix, value_json(row, object));
	walk_free(&walk);
	return o;
}
