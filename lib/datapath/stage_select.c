/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/stage.h"

/* Keep only the fields of the key that the pool hashes. w[0] of an IPv4 key is source and
 * destination. */
static void narrow_key(struct flow_key *k, bool v6, enum slot_fields fields)
{
	const bool source_only = fields == SLOT_FIELDS_SOURCE;

	if (v6) {
		if (source_only)
			k->w[2] = k->w[3] = 0;
		k->w[4] = 0;
	} else {
		if (source_only)
			k->w[0] &= 0xffffffff;
		k->w[1] = 0;
	}
}

/* All services of the burst hash the whole key, as most do. */
static bool all_5tuple(const struct generation *g, const struct burst *b)
{
	uint32_t other = 0;

	for (uint32_t i = 0; i < b->n; i++)
		other |= g->services[b->service[i]].fields;
	return other == SLOT_FIELDS_5TUPLE;
}

static void hash_keys(const struct generation *g, struct burst *b)
{
	struct flow_key narrow[BURST_MAX];

	if (__builtin_expect(all_5tuple(g, b), 1)) {
		hash_burst(&g->slot_key, b->key, b->is6, b->n, b->hash);
		return;
	}
	memcpy(narrow, b->key, b->n * sizeof *narrow);
	for (uint32_t i = 0; i < b->n; i++) {
		const enum slot_fields fields = g->services[b->service[i]].fields;

		if (fields != SLOT_FIELDS_5TUPLE)
			narrow_key(&narrow[i], b->is6[i], fields);
	}
	hash_burst(&g->slot_key, narrow, b->is6, b->n, b->hash);
}

/* Find the table entries of all packets, touching none: the loads overlap. */
static void prefetch_entries(const struct generation *g, const struct burst *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const struct service *s = &g->services[b->service[i]];

		__builtin_prefetch(&s->entry[sched_index(b->hash[i], s->size)]);
	}
}

static inline void enter_backend(
	const struct generation *g, struct burst *b, uint32_t i, uint16_t slot)
{
	const struct backend *be = &g->backends[slot];

	b->backend[i] = slot;
	b->transform[i] = be->transform;
	b->tx_port[i] = be->port;
	b->transforms |= (uint8_t)(1u << be->transform);
}

void stage_select(struct lane *l, const struct generation *g, struct burst *b)
{
	uint32_t k = 0;

	hash_keys(g, b);
	prefetch_entries(g, b);
	b->transforms = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		const struct service *s = &g->services[b->service[i]];
		const uint16_t slot = s->entry[sched_index(b->hash[i], s->size)];

		if (__builtin_expect(slot == MAGLEV_NONE, 0)) {
			burst_end(l, b, i, VERDICT_NO_BACKEND);
			continue;
		}
		enter_backend(g, b, i, slot & BACKEND_SLOT_MASK);
		burst_move(b, k++, i);
	}
	b->n = (uint16_t)k;
}
