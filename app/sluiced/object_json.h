/* SPDX-License-Identifier: BSD-3-Clause */

/* The keys of an object of the configuration as JSON, by the schema rows. */

#ifndef SLUICED_OBJECT_JSON_H
#define SLUICED_OBJECT_JSON_H

#include <jansson.h>

#include "conf/schema.h"

/* Every key that is not a list: its path below the object, and its value; null for one that is not
 * given. NULL without memory. */
json_t *object_json(const struct conf_row *list, const void *object);

/* Of the list with this path; never NULL for one that exists. */
const struct conf_row *object_list(const char *path);

#endif
