/* SPDX-License-Identifier: BSD-3-Clause */

/* What the board learns from traffic: flows that began, SYNs that came once more, ICMP errors about
 * tunnels. */

#include <inttypes.h>
#include <stdlib.h>

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

	if (now.flows == m->seen.flows && now.failures == m->seen.failures)
		return;
	member_count(&m->m, now.flows - m->seen.flows, now.failures - m->seen.failures);
	m->outlier.flows += now.flows - m->seen.flows;
	m->outlier.failures += now.failures - m->seen.failures;
	m->seen = now;
}

static void ejected_or_back(
	struct board *b, struct board_pool *p, struct board_member *m, uint64_t now_ms)
{
	const struct outlier *o = &m->outlier;

	m->m.ejected = o->ejected;
	p->n_ejected += o->ejected ? 1 : -1u;
	b->unsaved = true;
	if (o->ejected) {
		board_tell(b, m,
			"ejected for %" PRIu64 " s: %" PRIu64 " of %" PRIu64
			" new connections failed",
			o->out_ms / 1000, o->why_failed, o->why_flows);
		return;
	}
	if (m->m.state == HEALTH_UP)
		member_ramp(&m->m, &p->params, now_ms);
	board_tell(b, m, "no longer ejected");
}

/* Nobody is out, and it is not the time to judge. */
static bool has_time(const struct board_pool *p, uint64_t now_ms)
{
	if (p->n_ejected)
		return false;
	return !p->outlier.error_pct ||
	       (p->outlier_ms && now_ms - p->outlier_ms < p->outlier.interval_ms);
}

void board_eject(struct board *b, struct board_pool *p, uint64_t now_ms)
{
	struct outlier_member *in;

	if (!p->outlier.error_pct || board_is_frozen(b))
		p->outlier_ms = 0; /* the next interval begins anew */
	if (board_is_frozen(b) || has_time(p, now_ms))
		return;
	in = calloc(p->n + 1, sizeof *in);
	if (!in)
		return; /* who is out is, and who is not is not */
	for (uint32_t i = 0; i < p->n; i++) {
		struct board_member *m = b->members[p->first + i];

		in[i] = (struct outlier_member){.o = &m->outlier,
			.ready = m->ready,
			.may = m->ready && m->m.state == HEALTH_UP};
	}
	outlier_run(&p->outlier, &p->outlier_ms, in, p->n, now_ms);
	for (uint32_t i = 0; i < p->n; i++)
		if (in[i].changed)
			ejected_or_back(b, p, b->members[p->first + i], now_ms);
	free(in);
}
