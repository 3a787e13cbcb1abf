/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/pick.h"
#include "net/key.h"

/* Flows for 100 of weight. */
static uint64_t load_of(const struct program_call *call, uint64_t member)
{
	const struct sched_table *t = call->table;
	const struct sched_candidate *c = &t->candidate[member];

	return (uint64_t)lane_flows_of(call->lane, c->slot) * 100 / c->weight;
}

uint16_t pick_program(struct lane *l, const struct sched_table *t, const struct flow_key *key,
	bool v6, uint8_t dscp, uint64_t hash)
{
	struct program_call call = {
		.flow = {.hash = hash, .members = t->n_candidates, .dscp = dscp},
		.load = load_of,
		.lane = l,
		.table = t,
	};
	struct program_flow *f = &call.flow;
	uint64_t source[2], member;

	if (!t->spec.program)
		return MAGLEV_NONE;
	key_source_number(key, v6, source);
	for (int i = 0; i < 16; i++)
		f->source[i] = (uint8_t)(source[i / 8] >> (56 - 8 * (i % 8)));
	key_transport(key, v6, &f->sport, &f->dport, &f->protocol);
	member = program_run(t->spec.program, &call);
	if (member < t->n_candidates)
		return t->candidate[member].slot;
	counter_add(&l->program_strays, 1);
	return MAGLEV_NONE;
}
