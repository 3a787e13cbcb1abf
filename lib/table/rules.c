/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>

#include "table/generation.h"
#include "table/rules.h"

struct rules *rules_new(const struct spans_prefix *prefixes, size_t n, size_t n_targets)
{
	struct rules *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	for (int i = 0; i < RULES_DSCPS; i++)
		r->dscp[i] = RULES_NONE;
	r->service = calloc(n_targets + 1, sizeof *r->service);
	if (r->service && spans_build(&r->spans, prefixes, n) == 0)
		return r;
	rules_free(r);
	return NULL;
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	spans_clear(&r->spans);
	free(r->service);
	free(r);
}

uint16_t rules_find(const struct rules *r, const uint64_t source[2], uint8_t dscp)
{
	const uint16_t target = spans_find(&r->spans, source);

	return target != RULES_NONE ? target : r->dscp[dscp % RULES_DSCPS];
}
