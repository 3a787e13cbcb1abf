/* SPDX-License-Identifier: BSD-3-Clause */

/* What the board learns from traffic: flows that began, SYNs that came once more, ICMP errors about
 * tunnels. */

#include "board.h"
#include "daemon.h"
#include "paths.h"

struct board_traffic board_traffic(const struct board *b, uint16_t slot)
{
	struct board_traffic t = {.failures = paths_of(b->d, slot)->unreachable};

	for (uint32_t i = 0; i < b->d->n_lanes; i++) {
		t.flows += counter_read(&b->d->lanes[i]->backend_new[slot]);
		t.failures += counter_read(&b->d->lanes[i]->backend_again[slot]);
	}
	return t;
}

void board_count_traffic(struct board *b, struct board_member *m)
{
	const struct board_traffic now = board_traffic(b, m->slot);

	if (now.flows != m->seen.flows || now.failures != m->seen.failures)
		member_count(&m->m, now.flows - m->seen.flows, now.failures - m->seen.failures);
	m->seen = now;
}
