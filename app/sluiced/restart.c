/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/diff.h"
#include "conf/walk.h"
#include "restart.h"

struct restart {
	struct sl_err *err;
	bool needed;
};

static void need(struct restart *r, const struct conf_place *place, const char *what)
{
	r->needed = true;
	if (place && place->file)
		sl_err_at(
			r->err, place->file, place->line, "%s changed: that takes a restart", what);
	else
		sl_err_add(r->err, "%s changed: that takes a restart", what);
}

/* `the list of ports`, `eal.lanes`, `port "wan": mtu`. */
static int look(const struct diff_row *diff, void *arg)
{
	const struct conf_row *row = diff->row, *owner = walk_owner(row);
	struct restart *r = arg;
	char what[200];

	if (!row->start)
		return 0;
	if (row->type == CONF_TYPE_LIST) {
		snprintf(what, sizeof what, "the list of %s", row->path);
		need(r, NULL, what);
	} else if (owner) {
		snprintf(what, sizeof what, "%s \"%.63s\": %s", owner->unit, diff->names[0],
			row->path + strlen(owner->path) + strlen("[]."));
		need(r, walk_place(owner, diff->to), what);
	} else {
		need(r, NULL, row->path);
	}
	return 0;
}

/* Queues and lanes go by the place of a port, which a difference by names does not show. */
static bool same_order(const struct conf *from, const struct conf *to)
{
	for (size_t i = 0; i < from->n_ports && i < to->n_ports; i++)
		if (strcmp(from->ports[i].name, to->ports[i].name) != 0)
			return false;
	return true;
}

bool restart_needed(const struct conf *from, const struct conf *to, struct sl_err *err)
{
	struct restart r = {.err = err};
	const int rc = conf_diff_keys(from, to, look, &r);

	if (rc < 0) {
		sl_err_sys(err, rc, "cannot compare configurations");
		return true;
	}
	if (!r.needed && !same_order(from, to))
		need(&r, NULL, "the order of ports");
	return r.needed;
}
