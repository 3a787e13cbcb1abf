/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/arena.h"
#include "conf/clone.h"
#include "conf/edit.h"
#include "conf/hint.h"
#include "conf/stamp.h"
#include "conf/value.h"
#include "conf/walk.h"

/* `pool "web": backend "b1": ` */
static void label(const struct edit_object *o, size_t depth, char *buf, size_t room)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < depth && n < room; i++)
		n += (size_t)snprintf(
			buf + n, room - n, "%s \"%.63s\": ", o->lists[i]->unit, o->names[i]);
}

static int fail(const struct edit_object *o, struct sl_err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(const struct edit_object *o, struct sl_err *err, const char *fmt, ...)
{
	char where[512], what[VALUE_WHY_STRLEN + 80];
	va_list ap;

	label(o, o->depth, where, sizeof where);
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return sl_err_add(err, "%s%s", where, what);
}

static struct conf_place *place_of(const struct edit_object *o, size_t depth)
{
	return walk_place(o->lists[depth], o->bases[depth]);
}

void edit_touch(const struct edit_object *o)
{
	for (size_t i = 0; i < o->depth; i++)
		place_of(o, i)->stamp = stamp_next();
	o->conf->proven = false;
}

static const struct conf_row *list_row(const char *path)
{
	for (const struct conf_row *row = conf_rows; row < conf_rows + conf_n_rows; row++)
		if (row->type == CONF_TYPE_LIST && strcmp(row->path, path) == 0)
			return row;
	return NULL;
}

struct edit_object edit_top(struct conf *conf)
{
	return (struct edit_object){.conf = conf, .base = conf};
}

/* The lists on the way to a list, outermost first. 0, or -EINVAL. */
static int open_path(
	struct conf *conf, const char *path, const char *const *names, struct edit_object *o)
{
	const struct conf_row *way[EDIT_DEPTH_MAX];
	size_t n = 0;

	*o = edit_top(conf);
	for (const struct conf_row *row = list_row(path); row; row = walk_owner(row)) {
		if (n == EDIT_DEPTH_MAX)
			return -EINVAL;
		way[n++] = row;
	}
	for (size_t i = 0; i < n; i++) {
		o->lists[i] = way[n - 1 - i];
		o->names[i] = names[i];
	}
	return n ? 0 : -EINVAL;
}

/* FNV-1a */
static size_t hash_name(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h;
}

void edit_index_pools(struct conf *conf)
{
	size_t size = 8;

	while (size < 2 * conf->n_pools)
		size *= 2;
	conf->pool_index = arena_alloc(conf->arena, size, sizeof *conf->pool_index);
	conf->pool_index_size = size;
	conf->pool_indexed = conf->n_pools;
	for (size_t p = 0; conf->pool_index && p < conf->n_pools; p++) {
		size_t at = hash_name(conf->pools[p].name) & (size - 1);

		while (conf->pool_index[at])
			at = (at + 1) & (size - 1);
		conf->pool_index[at] = (uint16_t)(p + 1);
	}
}

/* Where a pool of that name stood when the index was made, if it is still there; else 0. */
static size_t guess(const struct edit_object *o, const struct conf_row *list, const char *name)
{
	const struct conf *conf = o->conf;
	const size_t size = conf->pool_index_size;

	if (o->base != conf || !conf->pool_index || conf->pool_indexed != conf->n_pools ||
		list->offset != offsetof(struct conf, pools))
		return 0;
	for (size_t at = hash_name(name) & (size - 1); conf->pool_index[at];
		at = (at + 1) & (size - 1))
		if (strcmp(conf->pools[conf->pool_index[at] - 1].name, name) == 0)
			return conf->pool_index[at] - 1u;
	return 0;
}

/* Step down from o into the element of its next list that has the next name. */
static int descend(struct edit_object *o)
{
	const struct conf_row *list = o->lists[o->depth], *name = walk_name(list);
	size_t n;
	char *array = walk_array(list, o->base, &n);

	const size_t first = guess(o, list, o->names[o->depth]);

	for (size_t k = 0; k < n; k++) {
		const size_t i = k ? k - (k <= first) : first;

		if (strcmp(walk_name_of(name, array + i * list->size), o->names[o->depth]) != 0)
			continue;
		o->base = o->bases[o->depth] = array + i * list->size;
		o->index = i;
		o->list = list;
		o->depth++;
		return 0;
	}
	return -ENOENT;
}

static int not_found(const struct edit_object *o, struct sl_err *err)
{
	const struct conf_row *list = o->lists[o->depth], *name = walk_name(list);
	struct hint hint = {.word = o->names[o->depth]};
	char near[HINT_STRLEN];
	size_t n;
	const char *array = walk_array(list, o->base, &n);

	for (size_t i = 0; i < n; i++)
		hint_offer(&hint, walk_name_of(name, array + i * list->size));
	fail(o, err, "%s \"%.63s\" not found%s", list->unit, o->names[o->depth],
		hint_format(&hint, near));
	return -ENOENT;
}

/* Down to `short_of` lists above the end of the path. writes: the list may be changed then. */
static int walk_down(struct conf *conf, bool writes, const char *path, const char *const *names,
	size_t short_of, struct edit_object *o, struct sl_err *err)
{
	size_t lists = 0;

	if (open_path(conf, path, names, o))
		return sl_err_add(err, "\"%s\" is no list", path);
	if (writes && clone_own(conf, o->lists[0]))
		return -ENOMEM;
	while (lists < EDIT_DEPTH_MAX && o->lists[lists])
		lists++;
	while (o->depth + short_of < lists)
		if (descend(o))
			return not_found(o, err);
	return 0;
}

int edit_find(struct conf *conf, const char *list, const char *const *names,
	struct edit_object *out, struct sl_err *err)
{
	return walk_down(conf, true, list, names, 0, out, err);
}

int edit_look(const struct conf *conf, const char *list, const char *const *names,
	struct edit_object *out, struct sl_err *err)
{
	return walk_down((struct conf *)(uintptr_t)conf, false, list, names, 0, out, err);
}

/* One more zeroed element; the array moves when its room is used up. */
static char *grow(struct conf *conf, const struct conf_row *list, void *base)
{
	size_t n;
	char *array = walk_array(list, base, &n), *wider = array;

	if (!array || walk_room(n + 1) != walk_room(n)) {
		wider = arena_alloc(conf->arena, walk_room(n + 1), list->size);
		if (!wider)
			return NULL;
		if (n)
			memcpy(wider, array, n * list->size);
	}
	memset(wider + n * list->size, 0, list->size);
	walk_set_array(list, base, wider, n + 1);
	return wider + n * list->size;
}

static int set_defaults(struct conf *conf, const struct conf_row *list, void *base)
{
	struct walk walk;
	int rc = walk_init(&walk);

	for (const struct conf_row *row = NULL; !rc && (row = walk_next(&walk, list, row));)
		if (row->value)
			rc = value_default(row, base, conf->arena);
	walk_free(&walk);
	return rc;
}

static int add_named(struct conf *conf, const struct conf_row *list, struct edit_object *o)
{
	const struct value name = {.text = o->names[o->depth]};
	char why[VALUE_WHY_STRLEN];
	int rc;

	walk_array(list, o->base, &o->index);
	o->base = o->bases[o->depth] = grow(conf, list, o->base);
	o->list = list;
	o->depth++;
	if (o->base)
		edit_touch(o);
	rc = o->base ? set_defaults(conf, list, o->base) : -ENOMEM;
	return rc ? rc : value_store(walk_name(list), o->base, conf->arena, &name, 1, why);
}

int edit_add(struct conf *conf, const char *list, const char *const *names, struct edit_object *out,
	struct sl_err *err)
{
	int rc = walk_down(conf, true, list, names, 1, out, err);
	size_t n;

	if (rc)
		return rc;
	const struct conf_row *row = out->lists[out->depth];
	struct edit_object there = *out;

	walk_array(row, out->base, &n);
	if (descend(&there) == 0) {
		fail(out, err, "%s \"%.63s\" exists already", row->unit, names[out->depth]);
		return -EEXIST;
	}
	if (n >= (size_t)row->max)
		return fail(out, err, "at most %lld of %s are allowed", (long long)row->max,
			row->path + (walk_owner(row) ? strlen(walk_owner(row)->path) + 3 : 0));
	rc = add_named(conf, row, out);
	return rc == -EINVAL ? fail(out, err, "that is no name") : rc;
}

const char *edit_required(const struct conf_row *list, size_t i)
{
	const size_t n = strlen(list->path) + 3;

	for (const struct conf_row *row = list + 1; row < conf_rows + conf_n_rows; row++) {
		if (walk_owner(row) != list || row->type == CONF_TYPE_LIST ||
			row->type == CONF_TYPE_GROUP || row == walk_name(list))
			continue;
		if (!row->value && !row->absent && i-- == 0)
			return row->path + n;
	}
	return NULL;
}

int edit_delete(struct conf *conf, const char *list, const char *const *names, struct sl_err *err)
{
	struct edit_object o, parent;
	int rc = walk_down(conf, true, list, names, 1, &parent, err);
	size_t n;

	if (rc)
		return rc;
	o = parent;
	if (descend(&o))
		return not_found(&parent, err);
	char *array = walk_array(o.list, parent.base, &n), *at = o.base;

	if (n <= (size_t)o.list->min)
		return fail(&o, err, "at least one %s is required", o.list->unit);
	memmove(at, at + o.list->size, (n - o.index - 1) * o.list->size);
	walk_set_array(o.list, parent.base, array, n - 1);
	edit_touch(&parent);
	return 0;
}

/* The row of a key of the object, or NULL. */
static const struct conf_row *key_row(const struct edit_object *o, const char *key)
{
	const size_t n = o->list ? strlen(o->list->path) : 0;

	for (const struct conf_row *row = o->list ? o->list : conf_rows;
		row < conf_rows + conf_n_rows; row++) {
		const char *rest = row->path;

		if (n && (strncmp(rest, o->list->path, n) != 0 || strncmp(rest + n, "[].", 3) != 0))
			continue;
		if (strcmp(rest + (n ? n + 3 : 0), key) == 0)
			return row;
	}
	return NULL;
}

static int unknown_key(const struct edit_object *o, const char *key, struct sl_err *err)
{
	const size_t n = o->list ? strlen(o->list->path) + 3 : 0;
	struct hint hint = {.word = key};
	char near[HINT_STRLEN];
	struct walk walk;

	if (walk_init(&walk))
		return -ENOMEM;
	for (const struct conf_row *row = NULL; (row = walk_next(&walk, o->list, row));)
		if (row->type != CONF_TYPE_LIST)
			hint_offer(&hint, row->path + n);
	walk_free(&walk);
	return fail(o, err, "unknown key \"%.63s\"%s", key, hint_format(&hint, near));
}

/* The row of a key that has a value. 0, or -errno with a message. */
static int find_key(const struct edit_object *o, const char *key, const struct conf_row **row,
	struct sl_err *err)
{
	*row = key_row(o, key);
	if (!*row)
		return unknown_key(o, key, err);
	if ((*row)->type == CONF_TYPE_GROUP || (*row)->type == CONF_TYPE_LIST)
		return fail(o, err, "%s holds keys and has no value of its own", key);
	return 0;
}

/* The object is not what its file says any more: no message is to lead there. */
static void forget_place(const struct edit_object *o)
{
	if (o->list)
		*place_of(o, o->depth - 1) = (struct conf_place){0};
	edit_touch(o);
}

/* A value was set. */
static void touch_key(const struct edit_object *o, const struct conf_row *row)
{
	const bool proven = o->conf->proven && row->alone;

	forget_place(o);
	o->conf->proven = proven;
}

static int wrong_kind(const struct edit_object *o, const struct conf_row *row, const char *key,
	struct sl_err *err)
{
	char values[CONF_VALUES_STRLEN];

	return fail(o, err, "%s must be %s", key, conf_row_values(row, values));
}

static bool takes(const struct conf_row *row, const struct edit_value *v)
{
	return value_kind(row) == VALUE_EITHER ? v->kind != EDIT_BOOL
					       : (int)v->kind == (int)value_kind(row);
}

/* As the values of a key, one or an array of n. 1 when one of them is a text for a number: it is to
 * be read. 0, or -EINVAL with a message. */
static int to_values(const struct edit_object *o, const struct conf_row *row, const char *key,
	const struct edit_value *from, size_t n, struct value *to, struct sl_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!value_is_array(row) && from[i].kind == EDIT_TEXT &&
			value_kind(row) != VALUE_TEXT)
			return 1;
		if (!takes(row, &from[i]))
			return wrong_kind(o, row, key, err);
		to[i] = (struct value){from[i].number, from[i].text};
	}
	return 0;
}

int edit_set(struct conf *conf, const struct edit_object *o, const char *key,
	const struct edit_value *values, size_t n, bool array, struct sl_err *err)
{
	char why[VALUE_WHY_STRLEN];
	const struct conf_row *row;
	int rc = find_key(o, key, &row, err);

	if (rc)
		return rc;
	if (array != value_is_array(row) && n == 1 && values[0].kind == EDIT_TEXT)
		return edit_set_text(conf, o, key, values[0].text, err);
	if (array != value_is_array(row))
		return wrong_kind(o, row, key, err);
	struct value *v = calloc(n + 1, sizeof *v);

	rc = v ? to_values(o, row, key, values, n, v, err) : -ENOMEM;
	if (rc) {
		free(v);
		return rc > 0 ? edit_set_text(conf, o, key, values[0].text, err) : rc;
	}
	rc = value_store(row, o->base, conf->arena, v, n, why);
	free(v);
	if (rc == -EINVAL)
		return fail(o, err, "%s %s", key, why);
	touch_key(o, row);
	return rc;
}

int edit_set_text(struct conf *conf, const struct edit_object *o, const char *key, const char *text,
	struct sl_err *err)
{
	char why[VALUE_WHY_STRLEN];
	const struct conf_row *row;
	int rc = find_key(o, key, &row, err);

	if (rc)
		return rc;
	rc = value_store_text(row, o->base, conf->arena, text, why);
	if (rc == -EINVAL)
		return fail(o, err, "%s %s", key, why);
	touch_key(o, row);
	return rc;
}

int edit_unset(struct conf *conf, const struct edit_object *o, const char *key, struct sl_err *err)
{
	const struct conf_row *row;
	int rc = find_key(o, key, &row, err);

	if (rc)
		return rc;
	if (!row->value && !row->absent)
		return fail(o, err, "%s is required", key);
	value_clear(row, o->base);
	touch_key(o, row);
	return row->value ? value_default(row, o->base, conf->arena) : 0;
}

int edit_clear_list(const struct edit_object *o, const char *key, struct sl_err *err)
{
	const struct conf_row *row = key_row(o, key);
	size_t n;

	if (!row || row->type != CONF_TYPE_LIST)
		return fail(o, err, "%s is no list", key);
	if (!o->depth && clone_own(o->conf, row))
		return -ENOMEM;
	walk_set_array(row, o->base, walk_array(row, o->base, &n), 0);
	edit_touch(o);
	return 0;
}
