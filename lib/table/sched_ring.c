/* SPDX-License-Identifier: BSD-3-Clause */

/* ring: consistent hashing by a ring of virtual nodes (Karger et al., "Consistent Hashing and
 * Random Trees", STOC 1997), compiled to slots. A member has `virtual_nodes` points on the ring per
 * 100 of weight, from its identity. An entry belongs to the first point at or after its middle,
 * past the end to the first of all. Shares differ by about 1 / sqrt(points of a member). */

#include <errno.h>
#include <stdlib.h>

#include "base/splitmix.h"
#include "table/sched.h"

int sched_ring(struct sched_table *t);

/* More points than this are not made; each member then has fewer, in proportion. */
#define RING_MOST_POINTS (1u << 19)

struct point {
	uint64_t at;
	uint64_t identity;
	uint16_t slot;
};

static int point_cmp(const void *left, const void *right)
{
	const struct point *l = left, *r = right;

	if (l->at != r->at)
		return l->at < r->at ? -1 : 1;
	return (l->identity > r->identity) - (l->identity < r->identity);
}

static uint64_t points_of(const struct sched_spec *spec, uint32_t weight, uint64_t all)
{
	const uint64_t wanted = (uint64_t)spec->virtual_nodes * weight;
	const uint64_t n = all > RING_MOST_POINTS * UINT64_C(100)
				   ? (uint64_t)((double)wanted * RING_MOST_POINTS / (double)all)
				   : wanted / 100;

	return n ? n : 1;
}

/* All points in their order. */
static struct point *make_points(const struct sched_table *t, size_t *n)
{
	const struct sched_spec *spec = &t->spec;
	uint64_t all = 0, room = 0;
	struct point *p;

	for (size_t i = 0; i < spec->n; i++)
		all += (uint64_t)spec->virtual_nodes * spec->members[i].weight;
	for (size_t i = 0; i < spec->n; i++)
		room += points_of(spec, spec->members[i].weight, all);
	p = malloc(room * sizeof *p);
	*n = 0;
	for (size_t i = 0; p && i < spec->n; i++) {
		const uint64_t identity = maglev_identity(&spec->members[i]);
		const uint64_t points = points_of(spec, spec->members[i].weight, all);

		for (uint64_t k = 1; k <= points; k++)
			p[(*n)++] = (struct point){
				.at = splitmix_scatter(identity + k * SPLITMIX_STEP),
				.identity = identity,
				.slot = spec->members[i].slot,
			};
	}
	if (p)
		qsort(p, *n, sizeof *p, point_cmp);
	return p;
}

int sched_ring(struct sched_table *t)
{
	const uint64_t step = UINT64_MAX / t->size;
	size_t n, k = 0;
	struct point *p = make_points(t, &n);

	if (!p)
		return -ENOMEM;
	for (uint32_t e = 0; e < t->size; e++) {
		const uint64_t middle = e * step + step / 2;

		while (k < n && p[k].at < middle)
			k++;
		t->entry[e] = p[k < n ? k : 0].slot;
	}
	free(p);
	return 0;
}
