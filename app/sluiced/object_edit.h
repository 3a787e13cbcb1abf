/* SPDX-License-Identifier: BSD-3-Clause */

/* What all commands have in common that change an object of the configuration. What keys an object
 * has is the schema's affair: every argument that does not name the object is a key of it. All work
 * on the draft of a change (change.h). Control thread. */

#ifndef SLUICED_OBJECT_EDIT_H
#define SLUICED_OBJECT_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#include "base/err.h"
#include "change.h"
#include "conf/conf.h"
#include "conf/edit.h"
#include "ctl/command.h"

/* Where objects of a kind stand, and which arguments name one. */
struct object_kind {
	const char *list;
	const char *names[2];
	size_t n_names;
};

struct object_names {
	const char *name[2]; /* the call's */
};

/* Which object the caller means; the pool of a backend may be left out. 0, or -errno with a
 * message. */
int object_names(const struct ctl_call *call, const struct change_draft *draft,
	const struct object_kind *kind, struct object_names *n, struct sl_err *err);

/* The object itself; takes note of "force". 0, or -errno with a message. */
int object_find(struct ctl_call *call, struct change_draft *draft, const struct object_kind *kind,
	struct object_names *n, struct edit_object *o, struct sl_err *err);

/* A JSON value as an edit; a text is the caller's. False for null, arrays and objects. */
bool object_value(const json_t *json, struct edit_value *v);

/* Set every argument that does not name the object as a key of it; all mistakes are in err. kind
 * NULL: no argument names it. 0 or -errno. */
int object_set_keys(struct ctl_call *call, const struct object_kind *kind, struct conf *conf,
	const struct edit_object *o, struct sl_err *err);

/* The same with an object of arguments. */
int object_set_from(const json_t *args, const struct object_kind *kind, struct conf *conf,
	const struct edit_object *o, struct sl_err *err);

/* Are all keys given that a new element of the list needs? 0, or -EINVAL with messages. */
int object_all_given(const json_t *args, const struct conf_row *list, struct sl_err *err);

/* The end of a command: 0, or the messages of err as its answer. Returns rc. */
int object_done(struct ctl_call *call, int rc, struct sl_err *err);

/* Whole commands: 0, or -errno after ctl_call_fail(). */
int object_add(struct ctl_call *call, struct change_draft *draft, const struct object_kind *kind);
int object_set(struct ctl_call *call, struct change_draft *draft, const struct object_kind *kind);
int object_del(struct ctl_call *call, struct change_draft *draft, const struct object_kind *kind);

/* Set the keys that the call's arguments give, all but `skip`, in an object of a configuration:
 * list and names as for edit_find(). 0, or -errno with messages. */
int object_edit(struct ctl_call *call, struct conf *conf, const char *list,
	const char *const *names, const char *skip, struct sl_err *err);

#endif
