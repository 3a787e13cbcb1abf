/* SPDX-License-Identifier: BSD-3-Clause */

/* What differs between two configurations, key by key. Objects are matched by their names; the
 * order of lists does not count, nor do files and lines. Pure. */

#ifndef SLUICE_CONF_DIFF_H
#define SLUICE_CONF_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "conf/edit.h"
#include "conf/schema.h"

/* One difference: a key of an object that both have, or (row: the list) an object that only one
 * has. The texts are as in a file; old NULL: the key was not given, or the object is new; new NULL
 * likewise. They and the names live until the function returns. */
struct diff_row {
	const struct conf_row *row;
	const char *names[EDIT_DEPTH_MAX]; /* of the lists of row->path, outermost first */
	size_t n_names;
	const char *old, *new;
	/* the struct that holds the field, or the object; NULL where it is not */
	const void *from, *to;
};

/* Return 0 to go on. */
typedef int (*diff_fn)(const struct diff_row *d, void *arg);

/* Call fn for every difference. 0; what fn returned when not 0; or -ENOMEM. */
int conf_diff(const struct conf *from, const struct conf *to, diff_fn fn, void *arg);

/* The same without the texts, which take most of the time: old and new are NULL. */
int conf_diff_keys(const struct conf *from, const struct conf *to, diff_fn fn, void *arg);

/* The same without looking into outermost objects that both have: where the stamps of one
 * (conf/stamp.h) differ it is reported once, as the list's row with from and to. Takes the time of
 * walking those lists. */
int conf_diff_objects(const struct conf *from, const struct conf *to, diff_fn fn, void *arg);

/* Give objects of `conf` the stamps (conf/stamp.h) of those in `like` that have their name and hold
 * the same, in the same order: comparing the two, or later versions of them, passes over these. 0,
 * or -ENOMEM, with fewer of them. */
int conf_adopt(struct conf *conf, const struct conf *like);

/* 1 when there is no difference, 0, or -ENOMEM. */
int conf_equal(const struct conf *a, const struct conf *b);

/* `pool "web": backend "b1": weight: 100 -> 50` and the like. buf: DIFF_STRLEN bytes. Returns buf.
 */
#define DIFF_STRLEN 512
const char *diff_format(const struct diff_row *d, char *buf);

#endif
