/* SPDX-License-Identifier: BSD-3-Clause */

#include "conf/stamp.h"
#include "conf/walk.h"

uint64_t stamp_next(void)
{
	static uint64_t last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

static void forget(const struct walk *w, const struct conf_row *list, void *base)
{
	const struct conf_row *row = NULL;

	while ((row = walk_next(w, list, row))) {
		char *array;
		size_t n;

		if (row->type != CONF_TYPE_LIST)
			continue;
		array = walk_array(row, base, &n);
		for (size_t i = 0; i < n; i++) {
			char *element = array + i * row->size;

			walk_place(row, element)->stamp = 0;
			forget(w, row, element);
		}
	}
}

int stamp_forget(struct conf *conf)
{
	struct walk w;
	int rc = conf_own(conf);

	if (!rc)
		rc = walk_init(&w);
	if (rc)
		return rc;
	forget(&w, NULL, conf);
	walk_free(&w);
	conf->proven = false;
	return 0;
}
