/* SPDX-License-Identifier: BSD-3-Clause */

/* Which row of the schema a key has. */

#include <string.h>

#include "conf/schema.h"

const char *conf_row_key(const struct conf_row *section, const struct conf_row *row)
{
	const char *rest = row->path;

	if (section) {
		const size_t n = strlen(section->path);

		if (strncmp(rest, section->path, n) != 0)
			return NULL;
		rest += n;
		if (section->type == CONF_TYPE_LIST && strncmp(rest, "[].", 3) == 0)
			rest += 3;
		else if (section->type == CONF_TYPE_GROUP && *rest == '.')
			rest++;
		else
			return NULL;
	}
	return strpbrk(rest, ".[") ? NULL : rest;
}

const struct conf_row *conf_row_find(const struct conf_row *section, const char *key)
{
	for (const struct conf_row *row = conf_rows; row < conf_rows + conf_n_rows; row++) {
		const char *own = conf_row_key(section, row);

		if (own && strcmp(own, key) == 0)
			return row;
	}
	return NULL;
}
