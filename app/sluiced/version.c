/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>

#include "version.h"

struct version *version_new(struct conf *conf, uint64_t rev)
{
	struct version *v = malloc(sizeof *v);

	if (v)
		*v = (struct version){.conf = conf, .rev = rev, .refs = 1};
	return v;
}

struct version *version_get(struct version *v)
{
	v->refs++;
	return v;
}

void version_put(struct version *v)
{
	if (!v || --v->refs > 0)
		return;
	conf_free(v->conf);
	free(v);
}
