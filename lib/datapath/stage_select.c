/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/flow_event.h"
#include "datapath/stage.h"
#include "net/key.h"

/* The packets of the burst that have no backend yet, packed for the slot hash. */
struct fresh {
	uint32_t n;
	uint8_t packet[BURST_MAX]; /* number in the burst */
	alignas(64) struct flow_key key[BURST_MAX];
	uint8_t is6[BURST_MAX];
	uint64_t hash[BURST_MAX];
};

/* Keep only the fields of the key that the pool hashes. */
static void narrow_key(struct flow_key *k, bool v6, enum slot_fields fields)
{
	if (fields == SLOT_FIELDS_SOURCE)
		key_keep_source(k, v6);
	else
		key_keep_addresses(k, v6);
}

/* Pack the new flows, hash them, and prefetch their table entries: the loads overlap. */
static void gather(const struct generation *g, const struct burst *b, struct fresh *f)
{
	f->n = 0;
	for (uint32_t left = b->new_flows; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);
		const enum slot_fields fields = g->services[b->service[i]].fields;

		f->packet[f->n] = (uint8_t)i;
		f->key[f->n] = b->key[i];
		f->is6[f->n] = b->is6[i];
		if (__builtin_expect(fields != SLOT_FIELDS_5TUPLE, 0))
			narrow_key(&f->key[f->n], b->is6[i], fields);
		f->n++;
	}
	hash_burst(&g->slot_key, f->key, f->is6, f->n, f->hash);
	for (uint32_t j = 0; j < f->n; j++) {
		const struct service *s = &g->services[b->service[f->packet[j]]];

		__builtin_prefetch(&s->entry[sched_index(f->hash[j], s->size)]);
	}
}

/* Remember the choice for packet i. */
static void remember(struct lane *l, const struct generation *g, struct burst *b, uint32_t i)
{
	const uint16_t slot = b->backend[i];

	if (!flow_remember(l->flows, b->hash[i], slot, flow_event(&b->info[i]), l->clock,
		    &g->flow_timeouts))
		return;
	counter_add(&l->backend_new[slot], 1);
	counter_add(&l->service_new[b->service[i]], 1);
}

/* Returns the packets for which there is no backend. */
static uint32_t choose(struct lane *l, const struct generation *g, struct burst *b)
{
	struct fresh f;
	uint32_t failed = 0;

	gather(g, b, &f);
	for (uint32_t j = 0; j < f.n; j++) {
		const uint32_t i = f.packet[j];
		const struct service *s = &g->services[b->service[i]];
		const uint16_t slot = s->entry[sched_index(f.hash[j], s->size)];

		if (__builtin_expect(slot == MAGLEV_NONE, 0)) {
			failed |= 1u << i;
			continue;
		}
		b->backend[i] = slot & BACKEND_SLOT_MASK;
		if (l->flows)
			remember(l, g, b, i);
		else
			b->hash[i] = f.hash[j];
	}
	return failed;
}

static __attribute__((noinline)) void take_out(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t failed)
{
	for (uint32_t left = failed; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);
		const uint8_t action = g->services[b->service[i]].action;

		burst_end(l, b, i,
			action == POOL_ACTION_WAIT ? VERDICT_NO_TABLE : VERDICT_NO_BACKEND);
	}
	burst_close(b, failed);
}

void stage_select(struct lane *l, const struct generation *g, struct burst *b)
{
	if (b->new_flows) {
		const uint32_t failed = choose(l, g, b);

		if (__builtin_expect(failed, 0))
			take_out(l, g, b, failed);
	}
	b->transforms = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		const struct backend *be = &g->backends[b->backend[i]];

		b->transform[i] = be->transform;
		b->tx_port[i] = be->port;
		b->transforms |= (uint8_t)(1u << be->transform);
	}
}
