/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdbool.h>
#include <string.h>

#include "conf/save.h"
#include "conf/value.h"
#include "conf/walk.h"

struct save {
	FILE *f;
	struct walk walk;
	bool one_line;
};

static void begin_line(struct save *s, unsigned int depth)
{
	if (s->one_line)
		return;
	for (unsigned int i = 0; i < depth; i++)
		fputs("  ", s->f);
}

static void end_line(struct save *s)
{
	fputc(s->one_line ? ' ' : '\n', s->f);
}

/* Rows of a struct whose paths stand directly in `section`: a group, a list, or NULL for the file.
 */
static const struct conf_row *next_in(const struct save *s, const struct conf_row *owner,
	const struct conf_row *section, const struct conf_row *row)
{
	size_t i = row       ? (size_t)(row - conf_rows) + 1
		   : section ? (size_t)(section - conf_rows) + 1
			     : 0;

	for (; i < conf_n_rows; i++) {
		if (s->walk.owner[i] == owner && conf_row_key(section, &conf_rows[i]))
			return &conf_rows[i];
		if (section && !s->walk.owner[i] && owner)
			return NULL;
	}
	return NULL;
}

static bool is_worth(const struct conf_row *row, const void *base)
{
	size_t n = 0;

	if (row->type == CONF_TYPE_LIST)
		walk_array(row, base, &n);
	else
		return !value_is_default(row, base);
	return n > 0;
}

/* Does a group hold anything that must be written? */
static bool group_is_worth(const struct save *s, const struct conf_row *owner,
	const struct conf_row *group, const void *base)
{
	const struct conf_row *row = NULL;

	while ((row = next_in(s, owner, group, row)))
		if (row->type == CONF_TYPE_GROUP ? group_is_worth(s, owner, row, base)
						 : is_worth(row, base))
			return true;
	return false;
}

static void save_section(struct save *s, const struct conf_row *owner,
	const struct conf_row *section, const void *base, unsigned int depth);

static void save_group(struct save *s, const struct conf_row *owner, const struct conf_row *group,
	const void *base, unsigned int depth)
{
	if (!group_is_worth(s, owner, group, base))
		return;
	begin_line(s, depth);
	fprintf(s->f, "%s = {",
		strrchr(group->path, '.') ? strrchr(group->path, '.') + 1 : group->path);
	end_line(s);
	save_section(s, owner, group, base, depth + 1);
	begin_line(s, depth);
	fputs("};", s->f);
	end_line(s);
}

/* An element that holds no list stands on one line. */
static bool is_flat(const struct save *s, const struct conf_row *list)
{
	for (const struct conf_row *row = NULL; (row = walk_next(&s->walk, list, row));)
		if (row->type == CONF_TYPE_LIST)
			return false;
	return true;
}

static void save_element(
	struct save *s, const struct conf_row *list, const void *base, unsigned int depth)
{
	const bool one_line = s->one_line;

	fputs("{", s->f);
	s->one_line |= is_flat(s, list);
	end_line(s);
	save_section(s, list, list, base, depth + 1);
	if (s->one_line == one_line)
		begin_line(s, depth);
	fputs("}", s->f);
	s->one_line = one_line;
}

static void save_list(struct save *s, const struct conf_row *list, const char *key,
	const void *base, unsigned int depth)
{
	size_t n;
	const char *array = walk_array(list, base, &n);

	if (n == 0)
		return;
	begin_line(s, depth);
	fprintf(s->f, "%s = (", key);
	for (size_t i = 0; i < n; i++) {
		end_line(s);
		begin_line(s, depth + 1);
		save_element(s, list, array + i * list->size, depth + 1);
		fputs(i + 1 < n ? "," : "", s->f);
	}
	end_line(s);
	begin_line(s, depth);
	fputs(");", s->f);
	end_line(s);
}

static void save_key(struct save *s, const struct conf_row *row, const char *key, const void *base,
	unsigned int depth)
{
	if (value_is_default(row, base))
		return;
	begin_line(s, depth);
	fprintf(s->f, "%s = ", key);
	value_write(s->f, row, base);
	fputc(';', s->f);
	end_line(s);
}

/* Names are the first rows of their lists. */
static void save_section(struct save *s, const struct conf_row *owner,
	const struct conf_row *section, const void *base, unsigned int depth)
{
	const struct conf_row *row = NULL;

	while ((row = next_in(s, owner, section, row))) {
		const char *key = conf_row_key(section, row);

		if (row->type == CONF_TYPE_GROUP)
			save_group(s, owner, row, base, depth);
		else if (row->type == CONF_TYPE_LIST)
			save_list(s, row, key, base, depth);
		else
			save_key(s, row, key, base, depth);
	}
}

int conf_save(FILE *f, const struct conf *conf)
{
	struct save s = {.f = f};
	const int rc = walk_init(&s.walk);

	if (!rc)
		save_section(&s, NULL, NULL, conf, 0);
	walk_free(&s.walk);
	return rc;
}

int save_object(FILE *f, const struct conf_row *list, const void *base)
{
	struct save s = {.f = f, .one_line = true};
	const int rc = walk_init(&s.walk);

	if (!rc)
		save_element(&s, list, base, 0);
	walk_free(&s.walk);
	return rc;
}
