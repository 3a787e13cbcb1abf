/* SPDX-License-Identifier: BSD-3-Clause */

#include "sched_rig.h"

#define TABLE_SIZE 65537

void sched_rig_start(struct sched_rig *r, uint32_t n, uint32_t n_lanes)
{
	static const uint8_t secret[HASH_SECRET_BYTES] = "sched rig";

	*r = (struct sched_rig){.n = n, .n_lanes = n_lanes, .load = load_new()};
	assert_non_null(r->load);
	for (uint32_t i = 0; i < n; i++)
		r->member[i] =
			(struct maglev_member){.id = i + 1, .weight = 100, .slot = (uint16_t)i};
	for (uint16_t i = 0; i < n_lanes; i++) {
		r->lane[i] = lane_new(i, 1);
		assert_non_null(r->lane[i]);
		assert_int_equal(
			lane_add_flows(r->lane[i], &(struct flow_shape){.entries = 64}, secret), 0);
		r->lane[i]->load = r->load;
	}
	r->spec = (struct sched_spec){
		.size = TABLE_SIZE, .virtual_nodes = 150, .flows = 40, .latency = 40, .errors = 20};
}

void sched_rig_end(struct sched_rig *r)
{
	sched_unref(r->table);
	for (uint32_t i = 0; i < r->n_lanes; i++)
		lane_free(r->lane[i]);
	load_free(r->load);
}

void sched_rig_use(struct sched_rig *r, enum scheduler s)
{
	sched_unref(r->table);
	r->spec.scheduler = s;
	r->spec.members = r->member;
	r->spec.n = r->n;
	r->table = sched_compile(&r->spec);
	assert_non_null(r->table);
	r->service = (struct service){
		.entry = r->table->entry,
		.size = r->table->size,
		.shape = r->table->shape,
		.table = r->table,
	};
}

static uint16_t pick(struct lane *l, const struct service *s, uint64_t hash)
{
	switch ((enum sched_shape)s->shape) {
	case SCHED_CHANCE:
		return pick_chance(l, s);
	case SCHED_CURSOR:
		return pick_cursor(l, s);
	case SCHED_LOAD:
		return pick_load(l, s->table);
	default:
		return s->entry[sched_index(hash, s->size)];
	}
}

uint16_t sched_rig_begin(struct sched_rig *r, uint32_t lane, uint64_t hash)
{
	const uint16_t slot = pick(r->lane[lane], &r->service, hash);

	assert_in_range(slot, 0, r->n - 1);
	r->lane[lane]->flows->active[slot]++;
	return slot;
}

void sched_rig_finish(struct sched_rig *r, uint32_t lane, uint16_t slot)
{
	r->lane[lane]->flows->active[slot]--;
}

uint32_t sched_rig_flows(const struct sched_rig *r, uint32_t member)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < r->n_lanes; i++)
		sum += r->lane[i]->flows->active[member];
	return sum;
}

double sched_rig_imbalance(const struct sched_rig *r)
{
	uint32_t most = 0, sum = 0;

	for (uint32_t i = 0; i < r->n; i++) {
		const uint32_t flows = sched_rig_flows(r, i);

		sum += flows;
		most = flows > most ? flows : most;
	}
	return (double)most * r->n / sum;
}

void sched_rig_count(struct sched_rig *r)
{
	uint16_t slots[SCHED_RIG_MEMBERS];

	for (uint32_t i = 0; i < r->n; i++)
		slots[i] = (uint16_t)i;
	lanes_count_flows(r->lane, r->n_lanes, slots, r->n, r->load);
}
