/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/diff.h"
#include "conf/save.h"
#include "conf/value.h"
#include "conf/walk.h"

struct diff {
	struct walk walk;
	struct diff_row at;
	diff_fn fn;
	void *arg;
	bool texts;
	bool whole; /* of an outermost object it is said only that it differs */
};

/* The elements of one list, found by name: at the same index as in the other list, which is where
 * they mostly are, else through a sorted view that is made when it is needed. */
struct side {
	const struct conf_row *list, *name;
	const char *array;
	size_t n;
	const char **sorted; /* NULL: not needed so far */
};

static const char *element(const struct side *s, size_t i)
{
	return s->array + i * s->list->size;
}

static const char *name_at(const struct side *s, size_t i)
{
	return walk_name_of(s->name, element(s, i));
}

static struct side side_of(const struct conf_row *list, const void *base)
{
	struct side s = {.list = list, .name = walk_name(list)};

	s.array = walk_array(list, base, &s.n);
	return s;
}

static int compare(const void *a, const void *b, void *name)
{
	return strcmp(walk_name_of(name, *(const char *const *)a),
		walk_name_of(name, *(const char *const *)b));
}

static int sort(struct side *s)
{
	s->sorted = malloc((s->n + 1) * sizeof *s->sorted);
	if (!s->sorted)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		s->sorted[i] = element(s, i);
	qsort_r(s->sorted, s->n, sizeof *s->sorted, compare, (void *)s->name);
	return 0;
}

/* *out = the element of that name or NULL. 0, or -ENOMEM. */
static int find(struct side *s, const char *name, size_t near, const char **out)
{
	size_t low = 0, high = s->n;

	*out = NULL;
	if (near < s->n && strcmp(name_at(s, near), name) == 0) {
		*out = element(s, near);
		return 0;
	}
	if (!s->sorted && sort(s))
		return -ENOMEM;
	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (strcmp(walk_name_of(s->name, s->sorted[mid]), name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < s->n && strcmp(walk_name_of(s->name, s->sorted[low]), name) == 0)
		*out = s->sorted[low];
	return 0;
}

/* Is element i of a, by its stamp, the same as one of b? */
static bool is_untouched(const struct side *a, size_t i, const char *other)
{
	return conf_same(walk_place(a->list, element(a, i)), walk_place(a->list, other));
}

static int report(struct diff *d, const struct conf_row *row, char *old, char *new, bool ok)
{
	int rc = ok ? 0 : -ENOMEM;

	if (ok) {
		d->at.row = row;
		d->at.old = old;
		d->at.new = new;
		rc = d->fn(&d->at, d->arg);
	}
	free(old);
	free(new);
	return rc;
}

/* As in a file; *ok turns false without memory. NULL also for a key that is not given. */
static char *value_text(const struct conf_row *row, const void *base, bool *ok)
{
	char *text = NULL;
	size_t len;
	FILE *f;

	if (!value_is_array(row) && value_count(row, base) == 0)
		return NULL;
	f = open_memstream(&text, &len);
	if (f)
		value_write(f, row, base);
	if (!f || fclose(f))
		*ok = false;
	return text;
}

static char *object_text(const struct conf_row *list, const void *base, bool *ok)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f && save_object(f, list, base))
		*ok = false;
	if (!f || fclose(f))
		*ok = false;
	return text;
}

static int diff_value(struct diff *d, const struct conf_row *row, const void *from, const void *to)
{
	bool ok = true;
	char *old, *new;

	if (value_same(row, from, to))
		return 0;
	d->at.from = from;
	d->at.to = to;
	if (!d->texts)
		return report(d, row, NULL, NULL, true);
	old = value_text(row, from, &ok);
	new = value_text(row, to, &ok);
	return report(d, row, old, new, ok);
}

static int diff_fields(
	struct diff *d, const struct conf_row *list, const void *from, const void *to);

/* Elements of `a`, seen from there: those that `b` has too (both), and those that it has not. */
static int diff_side(struct diff *d, struct side *a, struct side *b, bool reverse)
{
	const size_t depth = d->at.n_names;
	int rc = 0;

	d->at.n_names = depth + 1;
	for (size_t i = 0; i < a->n && !rc; i++) {
		const char *other;
		bool ok = true;

		if (i < b->n && is_untouched(a, i, element(b, i)))
			continue;
		d->at.names[depth] = name_at(a, i);
		rc = find(b, d->at.names[depth], i, &other);
		if (rc || (other && (reverse || is_untouched(a, i, other))))
			continue;
		if (other && d->whole) {
			d->at.from = element(a, i);
			d->at.to = other;
			rc = report(d, a->list, NULL, NULL, true);
			continue;
		}
		if (other) {
			rc = diff_fields(d, a->list, element(a, i), other);
			continue;
		}
		char *text = d->texts ? object_text(a->list, element(a, i), &ok) : NULL;

		d->at.from = reverse ? NULL : element(a, i);
		d->at.to = reverse ? element(a, i) : NULL;
		rc = report(d, a->list, reverse ? NULL : text, reverse ? text : NULL, ok);
	}
	d->at.n_names = depth;
	return rc;
}

static int diff_list(struct diff *d, const struct conf_row *list, const void *from, const void *to)
{
	struct side a = side_of(list, from), b = side_of(list, to);

	if (a.array == b.array && a.n == b.n)
		return 0; /* shared */
	int rc = diff_side(d, &a, &b, false);

	if (!rc)
		rc = diff_side(d, &b, &a, true);
	free(a.sorted);
	free(b.sorted);
	return rc;
}

static int diff_fields(
	struct diff *d, const struct conf_row *list, const void *from, const void *to)
{
	const struct conf_row *row = NULL;
	int rc = 0;

	while (!rc && (row = walk_next(&d->walk, list, row)))
		rc = row->type == CONF_TYPE_LIST ? diff_list(d, row, from, to)
						 : diff_value(d, row, from, to);
	return rc;
}

static int compare_all(const struct conf *from, const struct conf *to, struct diff d)
{
	int rc = walk_init(&d.walk);

	if (!rc)
		rc = diff_fields(&d, NULL, from, to);
	walk_free(&d.walk);
	return rc;
}

int conf_diff(const struct conf *from, const struct conf *to, diff_fn fn, void *arg)
{
	return compare_all(from, to, (struct diff){.fn = fn, .arg = arg, .texts = true});
}

int conf_diff_keys(const struct conf *from, const struct conf *to, diff_fn fn, void *arg)
{
	return compare_all(from, to, (struct diff){.fn = fn, .arg = arg});
}

int conf_diff_objects(const struct conf *from, const struct conf *to, diff_fn fn, void *arg)
{
	return compare_all(from, to, (struct diff){.fn = fn, .arg = arg, .whole = true});
}

static bool holds_same(
	const struct walk *w, const struct conf_row *list, const void *a, const void *b);

static bool lists_same(
	const struct walk *w, const struct conf_row *list, const void *a, const void *b)
{
	const struct side sa = side_of(list, a), sb = side_of(list, b);

	if (sa.n != sb.n)
		return false;
	if (sa.array == sb.array)
		return true;
	for (size_t i = 0; i < sa.n; i++)
		if (!is_untouched(&sa, i, element(&sb, i)) &&
			!holds_same(w, list, element(&sa, i), element(&sb, i)))
			return false;
	return true;
}

static bool holds_same(
	const struct walk *w, const struct conf_row *list, const void *a, const void *b)
{
	const struct conf_row *row = NULL;

	while ((row = walk_next(w, list, row)))
		if (row->type == CONF_TYPE_LIST ? !lists_same(w, row, a, b)
						: !value_same(row, a, b))
			return false;
	return true;
}

static int adopt_lists(
	const struct walk *w, const struct conf_row *list, const void *to, const void *like);

/* What is inside first: when that is known to be the same, the object takes less looking. */
static int adopt_list(
	const struct walk *w, const struct conf_row *list, const void *to, const void *like)
{
	const struct side a = side_of(list, to);
	struct side b = side_of(list, like);
	int rc = 0;

	for (size_t i = 0; i < a.n && !rc; i++) {
		const char *other;

		rc = find(&b, name_at(&a, i), i, &other);
		if (rc || !other)
			continue;
		rc = adopt_lists(w, list, element(&a, i), other);
		if (!rc && holds_same(w, list, element(&a, i), other))
			walk_place(list, element(&a, i))->stamp = walk_place(list, other)->stamp;
	}
	free(b.sorted);
	return rc;
}

static int adopt_lists(
	const struct walk *w, const struct conf_row *list, const void *to, const void *like)
{
	const struct conf_row *row = NULL;
	int rc = 0;

	while (!rc && (row = walk_next(w, list, row)))
		if (row->type == CONF_TYPE_LIST)
			rc = adopt_list(w, row, to, like);
	return rc;
}

int conf_adopt(struct conf *conf, const struct conf *like)
{
	struct walk w;
	int rc = walk_init(&w);

	if (!rc)
		rc = adopt_lists(&w, NULL, conf, like);
	walk_free(&w);
	return rc;
}

static int stop(const struct diff_row *d, void *arg)
{
	return 1;
}

int conf_equal(const struct conf *a, const struct conf *b)
{
	const int rc = conf_diff_keys(a, b, stop, NULL);

	return rc < 0 ? rc : !rc;
}

/* The unit of the list number i on the way to a row. */
static const char *unit_of(const struct diff_row *d, size_t i)
{
	const struct conf_row *list = d->row->type == CONF_TYPE_LIST ? d->row : walk_owner(d->row);

	for (size_t n = d->n_names - 1; n > i; n--)
		list = walk_owner(list);
	return list->unit;
}

const char *diff_format(const struct diff_row *d, char *buf)
{
	const struct conf_row *owner = walk_owner(d->row);
	const char *key = d->row->path + (owner ? strlen(owner->path) + 3 : 0);
	size_t n = 0;

	for (size_t i = 0; i < d->n_names && n < DIFF_STRLEN; i++)
		n += (size_t)snprintf(buf + n, DIFF_STRLEN - n, "%s%s \"%.63s\"", i ? ": " : "",
			unit_of(d, i), d->names[i]);
	if (n >= DIFF_STRLEN)
		return buf;
	if (d->row->type == CONF_TYPE_LIST)
		snprintf(buf + n, DIFF_STRLEN - n, "%s%s%s", d->old ? " deleted" : " added",
			d->old ? "" : ": ", d->old ? "" : d->new);
	else
		snprintf(buf + n, DIFF_STRLEN - n, "%s%s: %s -> %s", n ? ": " : "", key,
			d->old ? d->old : "none", d->new ? d->new : "none");
	return buf;
}
