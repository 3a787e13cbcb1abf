/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>

#include "version.h"
#include "waste.h"

struct version *version_new(struct conf *conf, uint64_t rev, const struct waste *waste)
{
	struct version *v = malloc(sizeof *v);

	if (v)
		*v = (struct version){.conf = conf, .rev = rev, .refs = 1, .waste = waste};
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
	waste_conf(v->waste, v->conf);
	free(v);
}
