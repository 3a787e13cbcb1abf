/* SPDX-License-Identifier: BSD-3-Clause */

/* One value of a key: range, form, and the field it is stored in, all as its schema row says. */

#ifndef SLUICE_CONF_VALUE_H
#define SLUICE_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conf/arena.h"
#include "conf/schema.h"

/* Numbers and booleans are in .number with .text NULL, everything else in .text. */
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

/* The same from a text that a person typed: a number in decimal, true or false, elements of an
 * array with commas between them. */
int value_store_text(const struct conf_row *row, void *base, struct conf_arena *arena,
	const char *text, char *why);

/* Store the default of a row that has one (.value). 0, or -ENOMEM. */
int value_default(const struct conf_row *row, void *base, struct conf_arena *arena);

/* That default; not for arrays. */
struct value value_of_default(const struct conf_row *row);

/* Which part of struct value a row uses; VALUE_BOOL: .number, 0 or 1; VALUE_EITHER: .text, or where
 * that is NULL .number. */
enum value_kind { VALUE_NUMBER, VALUE_BOOL, VALUE_TEXT, VALUE_EITHER };
enum value_kind value_kind(const struct conf_row *row);

/* True for what a file has in [ ]. */
bool value_is_array(const struct conf_row *row);

/* How many values the field holds. 0: the key is not given, or an empty array. */
size_t value_count(const struct conf_row *row, const void *base);

/* Value i of them, as value_store() takes it. The text is in the field or in buf (VALUE_STRLEN
 * bytes). */
#define VALUE_STRLEN 64
struct value value_get(const struct conf_row *row, const void *base, size_t i, char *buf);

/* Do two structs hold the same? */
bool value_same(const struct conf_row *row, const void *a, const void *b);

/* Does it hold what holds without the key? */
bool value_is_default(const struct conf_row *row, const void *base);

/* After *to = *from byte by byte: give *to its own copy of what the field points to. 0, or -ENOMEM.
 */
int value_copy(const struct conf_row *row, void *to, const void *from, struct conf_arena *arena);

/* Make the field of *to hold what that of *from holds. 0, or -ENOMEM. */
int value_assign(const struct conf_row *row, void *to, const void *from, struct conf_arena *arena);

/* Make the field hold nothing. */
void value_clear(const struct conf_row *row, void *base);

/* The value as a file has it. */
void value_write(FILE *f, const struct conf_row *row, const void *base);

#endif
