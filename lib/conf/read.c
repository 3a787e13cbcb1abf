/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/hint.h"
#include "conf/read.h"
#include "conf/stamp.h"
#include "conf/schema.h"
#include "conf/value.h"
#include "conf/walk.h"

/* A group or one element of a list while it is read. */
struct section {
	struct read *read;
	const struct section *up;
	const struct conf_row *row; /* NULL: the file as a whole */
	config_setting_t *setting;  /* NULL: not given, so everything in it has its default */
	size_t index;               /* in its list */
	void *base;                 /* the struct that fields go to */
};

/* `pool "web": backend 3: ` or `daemon.log: `: what stands before the key in a message. */
static int label(const struct section *s, char *buf, size_t room)
{
	const char *name = NULL;
	int n;

	if (!s->row || room == 0)
		return 0;
	if (s->row->type == CONF_TYPE_GROUP)
		return snprintf(buf, room, "%s: ", s->row->path);
	n = label(s->up, buf, room);
	if (n < 0 || (size_t)n >= room)
		return n;
	if (config_setting_lookup_string(s->setting, "name", &name))
		return n +
		       snprintf(buf + n, room - (size_t)n, "%s \"%.63s\": ", s->row->unit, name);
	return n + snprintf(buf + n, room - (size_t)n, "%s %zu: ", s->row->unit, s->index + 1);
}

static void fail(const struct section *s, const config_setting_t *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void fail(const struct section *s, const config_setting_t *at, const char *fmt, ...)
{
	const struct conf_place place =
		scan_place(s->read->text, at ? config_setting_source_line(at) : 0);
	char where[256] = "", what[VALUE_WHY_STRLEN + 64];
	va_list ap;

	s->read->mistakes++;
	if (!s->read->err || s->read->err->count >= SL_ERR_MAX) {
		sl_err_add(s->read->err, "%s", "");
		return;
	}
	label(s, where, sizeof where);
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	sl_err_at(s->read->err, place.file, place.line, "%s%s", where, what);
}

static const char *type_name(int type)
{
	switch (type) {
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	case CONFIG_TYPE_LIST:
		return "a list ( )";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_STRING:
		return "text in quotes";
	case CONFIG_TYPE_FLOAT:
		return "a fraction";
	default:
		return "a whole number";
	}
}

/* False, with a message, unless the setting is of the wanted libconfig type. */
static bool is_type(
	const struct section *s, const config_setting_t *setting, const char *key, int type)
{
	if (config_setting_type(setting) == type)
		return true;
	fail(s, setting, "%s must be %s, not %s", key, type_name(type),
		type_name(config_setting_type(setting)));
	return false;
}

/* The libconfig type of a value, or of each element of an array. */
static int scalar_type(const struct conf_row *row)
{
	if (row->type == CONF_TYPE_BOOL)
		return CONFIG_TYPE_BOOL;
	if (row->type == CONF_TYPE_UINT || row->type == CONF_TYPE_UINTS)
		return CONFIG_TYPE_INT64;
	return CONFIG_TYPE_STRING;
}

/* As is_type, for one value of the row. */
static bool takes(const struct section *s, const struct conf_row *row,
	const config_setting_t *setting, const char *key)
{
	const int type = config_setting_type(setting);
	char values[CONF_VALUES_STRLEN];

	if (value_kind(row) != VALUE_EITHER)
		return is_type(s, setting, key, scalar_type(row));
	if (type == CONFIG_TYPE_INT64 || type == CONFIG_TYPE_STRING)
		return true;
	fail(s, setting, "%s must be %s, not %s", key, conf_row_values(row, values),
		type_name(type));
	return false;
}

static struct value get_value(const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_BOOL:
		return (struct value){.number = config_setting_get_bool(setting)};
	case CONFIG_TYPE_STRING:
		return (struct value){.text = config_setting_get_string(setting)};
	default:
		return (struct value){.number = config_setting_get_int64(setting)};
	}
}

static void store(const struct section *s, const struct conf_row *row,
	const config_setting_t *setting, const struct value *values, size_t n)
{
	const char *key = config_setting_name(setting);
	char why[VALUE_WHY_STRLEN];
	int rc;

	for (size_t i = 0; i < n && !values[i].text; i++) {
		if (values[i].number == SCAN_REPORTED) {
			s->read->mistakes++;
			return;
		}
	}
	rc = value_store(row, s->base, s->read->conf->arena, values, n, why);
	if (rc == -EINVAL)
		fail(s, setting, "%s %s", key, why);
	s->read->no_memory |= rc == -ENOMEM;
}

static void read_array(
	const struct section *s, const struct conf_row *row, config_setting_t *setting)
{
	const size_t n = (size_t)config_setting_length(setting);
	struct value *values = calloc(n ? n : 1, sizeof *values);

	s->read->no_memory |= !values;
	for (size_t i = 0; i < n && values; i++) {
		const config_setting_t *e = config_setting_get_elem(setting, (unsigned int)i);

		/* libconfig has proven that all elements of an array are of one type. */
		if (i == 0 && !is_type(s, e, config_setting_name(setting), scalar_type(row))) {
			free(values);
			return;
		}
		values[i] = get_value(e);
	}
	if (values)
		store(s, row, setting, values, n);
	free(values);
}

static void read_section(struct section *s);

/* One { } of a list into the struct at base, which learns its place. */
static void read_element(
	const struct section *list, config_setting_t *setting, size_t index, void *base)
{
	struct section s = *list;
	struct conf_place *place = walk_place(list->row, base);
	const unsigned int mistakes = list->read->mistakes;

	*place = scan_place(s.read->text, config_setting_source_line(setting));
	if (config_setting_is_group(setting)) {
		s.setting = setting;
		s.index = index;
		s.base = base;
		read_section(&s);
	} else {
		fail(list->up, setting, "element %zu of %s must be a group { }", index + 1,
			config_setting_name(list->setting));
	}
	place->broken = s.read->mistakes != mistakes;
	place->stamp = stamp_next();
}

static void read_list(
	const struct section *s, const struct conf_row *row, config_setting_t *setting)
{
	const struct section list = {s->read, s, row, setting, 0, NULL};
	const size_t n = (size_t)config_setting_length(setting);
	char *array, *field = (char *)s->base + row->offset;

	if (n > (size_t)row->max) {
		fail(s, setting, "%s has %zu elements, at most %lld are allowed",
			config_setting_name(setting), n, (long long)row->max);
		return;
	}
	if (n < (size_t)row->min)
		fail(s, setting, "at least one %s is required", row->unit);
	array = arena_alloc(s->read->conf->arena, walk_room(n), row->size);
	s->read->no_memory |= !array;
	if (!array)
		return;
	memcpy(field, &array, sizeof array);
	memcpy((char *)s->base + row->count_offset, &n, sizeof n);
	for (size_t i = 0; i < n; i++)
		read_element(&list, config_setting_get_elem(setting, (unsigned int)i), i,
			array + i * row->size);
}

static void read_key(const struct section *s, const struct conf_row *row, config_setting_t *setting)
{
	struct section group = {s->read, s, row, setting, 0, s->base};
	const char *key = config_setting_name(setting);

	switch (row->type) {
	case CONF_TYPE_GROUP:
		if (is_type(s, setting, key, CONFIG_TYPE_GROUP))
			read_section(&group);
		break;
	case CONF_TYPE_LIST:
		if (is_type(s, setting, key, CONFIG_TYPE_LIST))
			read_list(s, row, setting);
		break;
	case CONF_TYPE_UINTS:
	case CONF_TYPE_TEXTS:
	case CONF_TYPE_ADDRESSES:
	case CONF_TYPE_PREFIXES:
		if (is_type(s, setting, key, CONFIG_TYPE_ARRAY))
			read_array(s, row, setting);
		break;
	default:
		if (takes(s, row, setting, key)) {
			const struct value v = get_value(setting);

			store(s, row, setting, &v, 1);
		}
	}
}

/* What holds when the key is not given. */
static void read_nothing(const struct section *s, const struct conf_row *row, const char *key)
{
	struct section group = {s->read, s, row, NULL, 0, s->base};

	if (row->type == CONF_TYPE_GROUP)
		read_section(&group);
	else if (row->type == CONF_TYPE_LIST && row->min > 0)
		fail(s, s->setting, "at least one %s is required", row->unit);
	else if (row->value)
		s->read->no_memory |= value_default(row, s->base, s->read->conf->arena) != 0;
	else if (row->type != CONF_TYPE_LIST && !row->absent)
		fail(s, s->setting, "\"%s\" is missing", key);
}

static void unknown_key(const struct section *s, const config_setting_t *setting)
{
	const char *key = config_setting_name(setting), *own;
	struct hint hint = {.word = key};
	char near[HINT_STRLEN];

	for (const struct conf_row *row = conf_rows; row < conf_rows + conf_n_rows; row++) {
		own = conf_row_key(s->row, row);
		if (own)
			hint_offer(&hint, own);
	}
	fail(s, setting, "unknown key \"%.63s\"%s", key, hint_format(&hint, near));
}

static void read_section(struct section *s)
{
	const int n = s->setting ? config_setting_length(s->setting) : 0;
	const struct conf_row *row;
	const char *key;

	for (int i = 0; i < n; i++) {
		config_setting_t *setting = config_setting_get_elem(s->setting, (unsigned int)i);

		row = conf_row_find(s->row, config_setting_name(setting));
		if (row)
			read_key(s, row, setting);
		else
			unknown_key(s, setting);
	}
	for (row = conf_rows; row < conf_rows + conf_n_rows; row++) {
		key = conf_row_key(s->row, row);
		if (key && (!s->setting || !config_setting_get_member(s->setting, key)))
			read_nothing(s, row, key);
	}
}

void read_file(struct read *read, config_setting_t *root)
{
	struct section file = {.read = read, .setting = root, .base = read->conf};

	read_section(&file);
}
