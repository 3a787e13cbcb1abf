/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

/* Chooses the tuples; any number. */
#define SEED 20250115

static bool fill(struct source *s, struct rte_mbuf **burst)
{
	if (rte_pktmbuf_alloc_bulk(s->pool, burst, BURST_MAX))
		return false;
	for (uint32_t i = 0; i < BURST_MAX; i++) {
		const uint32_t len = frame_next(&s->frames, rte_pktmbuf_mtod(burst[i], uint8_t *));

		burst[i]->data_len = (uint16_t)len;
		burst[i]->pkt_len = len;
	}
	return true;
}

int source_open(
	struct source *s, struct rte_mempool *pool, uint32_t ahead, const struct bench_case *c)
{
	*s = (struct source){.pool = pool};
	frame_source_init(&s->frames, c, SEED);
	s->line = calloc(ahead * BURST_MAX, sizeof *s->line);
	if (!s->line)
		return -ENOMEM;
	for (; s->bursts < ahead; s->bursts++)
		if (!fill(s, s->line + s->bursts * BURST_MAX)) {
			source_close(s);
			return -ENOMEM;
		}
	return 0;
}

void source_close(struct source *s)
{
	rte_pktmbuf_free_bulk(s->line, s->bursts * BURST_MAX);
	free(s->line);
	s->line = NULL;
	s->bursts = 0;
}

bool source_take(struct source *s, struct rte_mbuf **out)
{
	struct rte_mbuf **burst = s->line + s->at * BURST_MAX;

	memcpy(out, burst, BURST_MAX * sizeof *out);
	s->at = s->at + 1 < s->bursts ? s->at + 1 : 0;
	return fill(s, burst);
}
