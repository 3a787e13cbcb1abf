/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "conf/conf.h"

const struct conf_pool *conf_find_pool(const struct conf *conf, const char *name, size_t *near)
{
	const size_t n = conf->n_pools, from = n ? *near % n : 0;

	for (size_t i = 0; i < n; i++) {
		const size_t p = from + i < n ? from + i : from + i - n;

		if (strcmp(conf->pools[p].name, name) == 0) {
			*near = p;
			return &conf->pools[p];
		}
	}
	return NULL;
}
