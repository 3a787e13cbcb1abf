/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <string.h>

#include "conf/clone.h"
#include "conf/conf.h"
#include "conf/diff.h"
#include "conf/value.h"
#include "conf/walk.h"

struct merge {
	struct conf *onto;
	size_t missed;
};

/* The object that a difference is in, or *o = the whole. 0 or -ENOENT. */
static int find(struct merge *m, const struct diff_row *d, struct edit_object *o)
{
	const struct conf_row *list = walk_owner(d->row);

	*o = edit_top(m->onto);
	return list ? edit_find(m->onto, list->path, d->names, o, NULL) : 0;
}

static int set(struct merge *m, const struct diff_row *d)
{
	struct edit_object o;

	if (find(m, d, &o))
		return -ENOENT;
	edit_touch(&o);
	return value_assign(d->row, o.base, d->to, m->onto->arena);
}

static int add(struct merge *m, const struct diff_row *d)
{
	struct edit_object o;
	int rc = edit_add(m->onto, d->row->path, d->names, &o, NULL);

	return rc ? rc : clone_object(m->onto->arena, d->row, o.base, d->to);
}

static int one(const struct diff_row *d, void *arg)
{
	struct merge *m = arg;
	int rc;

	if (d->row->type != CONF_TYPE_LIST)
		rc = set(m, d);
	else if (d->to)
		rc = add(m, d);
	else
		rc = edit_delete(m->onto, d->row->path, d->names, NULL);
	if (rc == -ENOMEM)
		return rc;
	m->missed += rc != 0;
	return 0;
}

int conf_merge(struct conf *onto, const struct conf *from, const struct conf *to, size_t *missed)
{
	struct merge m = {.onto = onto};
	const int rc = conf_diff(from, to, one, &m);

	*missed = m.missed;
	return rc;
}
