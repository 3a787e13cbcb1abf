/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>
#include <string.h>

#include "datapath/lane.h"

/* Whole cache lines, with one to spare on either side: the adjacent-line prefetcher pulls pairs. */
static void *own_lines(size_t bytes)
{
	bytes = (bytes + 255) / 128 * 128;
	void *p = aligned_alloc(128, bytes);

	return p ? memset(p, 0, bytes) : NULL;
}

struct lane *lane_new(uint16_t id, uint32_t n_services)
{
	struct lane *l = own_lines(sizeof *l);

	if (!l)
		return NULL;
	l->id = id;
	l->service = own_lines(n_services * sizeof *l->service);
	l->backend = own_lines(BACKEND_SLOTS * sizeof *l->backend);
	if (l->service && l->backend)
		return l;
	lane_free(l);
	return NULL;
}

void lane_free(struct lane *l)
{
	if (!l)
		return;
	free(l->service);
	free(l->backend);
	free(l);
}
