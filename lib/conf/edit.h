/* SPDX-License-Identifier: BSD-3-Clause */

/* Changing a configuration key by key, as the schema rows say: what can stand in a file can be
 * changed here. To be used on a draft, a conf_clone() of what is in force; conf_check() proves the
 * draft afterwards. Pure. Messages name the object: `pool "web": backend "b1": weight 5000 is above
 * 1000`.
 *
 * An object is found by the path of its list and by names, one for each list of the path:
 * "pools[].backends", { "web", "b1" }. */

#ifndef SLUICE_CONF_EDIT_H
#define SLUICE_CONF_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "conf/schema.h"

/* Lists inside lists. */
#define EDIT_DEPTH_MAX 4

struct edit_object {
	struct conf *conf;
	const struct conf_row *list; /* whose element it is; NULL: the configuration as a whole */
	void *base;
	size_t index;                                 /* in its list */
	const struct conf_row *lists[EDIT_DEPTH_MAX]; /* of the path, outermost first */
	const char *names[EDIT_DEPTH_MAX];            /* the caller's */
	void *bases[EDIT_DEPTH_MAX];                  /* those that it is in, and itself */
	size_t depth;
};

/* One value as a person or a program gives it. A text stands for any type: a number, true or false;
 * for an array it holds the elements with commas between them. */
struct edit_value {
	enum { EDIT_NUMBER, EDIT_BOOL, EDIT_TEXT } kind;
	int64_t number;
	const char *text;
};

/* The configuration as a whole: its keys are those outside of lists, "daemon.log.level". */
struct edit_object edit_top(struct conf *conf);

/* 0, or -ENOENT with a message, -EINVAL for a path that is none, -ENOMEM. names must outlive the
 * object. */
int edit_find(struct conf *conf, const char *list, const char *const *names,
	struct edit_object *out, struct sl_err *err);

/* The same of a configuration that is not to be changed: the object is only to be read. */
int edit_look(const struct conf *conf, const char *list, const char *const *names,
	struct edit_object *out, struct sl_err *err);

/* Many objects will be looked up in many pools: make it faster. What is found is the same without.
 */
void edit_index_pools(struct conf *conf);

/* Add an element to the end of a list. The last of the names is its own; all other keys hold their
 * default. Objects found before in the same list are void. 0; -ENOENT when there is no such parent;
 * -EEXIST; -EINVAL; -ENOMEM. */
int edit_add(struct conf *conf, const char *list, const char *const *names, struct edit_object *out,
	struct sl_err *err);

/* Key number i that an element of the list must be given, its name aside; NULL behind the last one.
 * After edit_add() it holds nothing useful until it is set. */
const char *edit_required(const struct conf_row *list, size_t i);

/* Take it out of its list. Objects found before in the same list are void. 0, or as edit_find(). */
int edit_delete(struct conf *conf, const char *list, const char *const *names, struct sl_err *err);

/* Empty a list of the object: its key is "backends". 0, or -EINVAL with a message. */
int edit_clear_list(const struct edit_object *o, const char *key, struct sl_err *err);

/* Set a key. key: its path below the object, "weight". n values, 1 unless `array`. 0, or -EINVAL
 * with a message and nothing changed, or -ENOMEM. */
int edit_set(struct conf *conf, const struct edit_object *o, const char *key,
	const struct edit_value *values, size_t n, bool array, struct sl_err *err);

/* The same with one text. */
int edit_set_text(struct conf *conf, const struct edit_object *o, const char *key, const char *text,
	struct sl_err *err);

/* A field of the object was changed otherwise than by this file. */
void edit_touch(const struct edit_object *o);

/* Back to what holds without the key. -EINVAL with a message when it is required. */
int edit_unset(struct conf *conf, const struct edit_object *o, const char *key, struct sl_err *err);

#endif
