/* SPDX-License-Identifier: BSD-3-Clause */

/* One value of a key: range, form, and the field it is stored in, all as its schema row says. */

#ifndef SLUICE_CONF_VALUE_H
#define SLUICE_CONF_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "conf/arena.h"
#include "conf/schema.h"

/* Numbers and booleans are in .number, everything else in .text. */
struct value {
	int64_t number;
	const char *text;
};

/* A phrase that follows the name of the key, for a person: "5000 is above 1000". */
#define VALUE_WHY_STRLEN 640

/* Store n values (1 unless the row is an array) in the struct at base. 0; -EINVAL with `why` filled
 * and the field as it was; or -ENOMEM. */
int value_store(const struct conf_row *row, void *base, struct conf_arena *arena,
	const struct value *values, size_t n, char *why);

/* Store the default of a row that has one (.value). 0, or -ENOMEM. */
int value_default(const struct conf_row *row, void *base, struct conf_arena *arena);

#endif
