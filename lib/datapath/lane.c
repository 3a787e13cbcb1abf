/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/relay.h"
#include "datapath/lane.h"
#include "datapath/report.h"
#include "datapath/slow.h"

/* Whole cache lines, with one to spare on either side: the adjacent-line prefetcher pulls pairs. */
static void *own_lines(size_t bytes)
{
	bytes = (bytes + 255) / 128 * 128;
	void *p = aligned_alloc(128, bytes);

	return p ? memset(p, 0, bytes) : NULL;
}

/* Each lane begins in another part of a round, and with other random numbers: steps by the golden
 * ratio leave no two lanes near each other. */
static void start_turns(struct lane *l)
{
	l->random = (l->id + 1) * UINT64_C(0x9e3779b97f4a7c15);
	for (uint32_t p = 0; p < GENERATION_MAX_POOLS; p++)
		l->cursor[p] = (uint32_t)((l->id + 1) * UINT32_C(0x9e3779b9));
}

struct lane *lane_new(uint16_t id, uint32_t n_services)
{
	struct lane *l = own_lines(sizeof *l);

	if (!l)
		return NULL;
	l->id = id;
	l->service = own_lines(n_services * sizeof *l->service);
	l->backend = own_lines(BACKEND_SLOTS * sizeof *l->backend);
	l->service_new = own_lines(n_services * sizeof *l->service_new);
	l->backend_new = own_lines(BACKEND_SLOTS * sizeof *l->backend_new);
	l->backend_over = own_lines(BACKEND_SLOTS * sizeof *l->backend_over);
	l->backend_again = own_lines(BACKEND_SLOTS * sizeof *l->backend_again);
	l->others = own_lines(BACKEND_SLOTS * sizeof *l->others);
	l->cursor = own_lines(GENERATION_MAX_POOLS * sizeof *l->cursor);
	l->recent = own_lines(BACKEND_SLOTS * sizeof *l->recent);
	l->reports = own_lines(sizeof *l->reports);
	l->slow = slow_new();
	if (l->slow && l->reports && l->service && l->backend && l->service_new && l->backend_new &&
		l->backend_over && l->backend_again && l->others && l->cursor && l->recent) {
		start_turns(l);
		return l;
	}
	lane_free(l);
	return NULL;
}

int lane_add_flows(
	struct lane *l, const struct flow_shape *shape, const uint8_t secret[HASH_SECRET_BYTES])
{
	l->flows = flow_new(shape, secret);
	return l->flows ? 0 : -ENOMEM;
}

void lane_free(struct lane *l)
{
	if (!l)
		return;
	flow_free(l->flows);
	relay_part(l->relay);
	slow_free(l);
	free(l->service);
	free(l->backend);
	free(l->service_new);
	free(l->backend_new);
	free(l->backend_over);
	free(l->backend_again);
	free(l->others);
	free(l->cursor);
	free(l->recent);
	free(l->reports);
	free(l);
}
