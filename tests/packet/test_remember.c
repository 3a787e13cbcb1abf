/* SPDX-License-Identifier: BSD-3-Clause */

/* Many new flows at once against the same flows one by one, and a burst that is a flood against the
 * same burst by the way that any other takes: the same tables, counters and choices. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../unit/slow.h"
#include "datapath/remember.h"
#include "datapath/stage.h"
#include "random.h"
#include "table/flow_mem.h"

#define SERVICES 4
#define BACKENDS 50
#define ENTRIES  4096 /* of the scheduler's table */

static const uint8_t secret[HASH_SECRET_BYTES] = "remember";

/* Two lanes that go the same way, and what they read. */
struct pair {
	struct random rnd;
	struct generation *g;
	struct lane *lane[2];
	uint16_t entry[ENTRIES];
	struct burst burst[2];
};

/* One address that nobody may send from. */
#define OURS_BYTES          \
	{                   \
		10, 0, 0, 9 \
	}

static void ours(struct own_set *own)
{
	const struct sl_addr a = {.b = {[10] = 0xff, 0xff, 10, 0, 0, 9}};

	assert_int_equal(own_new(own, 8, 8), 0);
	own_add(own, &a, OWN_TUNNEL);
	own_note(own, &a);
}

static struct pair *pair_new(const struct flow_shape *shape)
{
	struct pair *p = aligned_alloc(64, (sizeof *p + 63) / 64 * 64);

	assert_non_null(p);
	memset(p, 0, sizeof *p);
	p->rnd = random_start();
	p->g = generation_new(SERVICES, BACKENDS, 0);
	assert_non_null(p->g);
	p->g->flow_timeouts = (struct flow_timeouts){{10, 900, 30, 60}};
	hash_key_init(&p->g->slot_key, secret);
	assert_int_equal(vip_compile(&p->g->vips, NULL, 0), 0);
	ours(&p->g->own);
	for (uint32_t i = 0; i < BACKENDS; i++)
		p->g->backends[i].state = BACKEND_READY;
	for (uint32_t i = 0; i < ENTRIES; i++)
		p->entry[i] = (uint16_t)random_below(&p->rnd, BACKENDS);
	for (uint32_t i = 0; i < SERVICES; i++)
		p->g->services[i] =
			(struct service){.entry = p->entry, .size = ENTRIES, .shape = SCHED_TABLE};
	for (int i = 0; i < 2; i++) {
		p->lane[i] = lane_new(0, SERVICES);
		assert_non_null(p->lane[i]);
		assert_int_equal(lane_add_flows(p->lane[i], shape, secret), 0);
	}
	return p;
}

static void pair_free(struct pair *p)
{
	for (int i = 0; i < 2; i++)
		lane_free(p->lane[i]);
	generation_free(p->g);
	free(p);
}

/* A burst of flows out of `flows`, so that some come again, also in the same burst. */
static void random_burst(struct pair *p, uint32_t flows)
{
	static const uint8_t openings[] = {0, TCP_FIN, TCP_SYN, TCP_SYN, TCP_RST, PARSED_UDP};
	struct burst *b = &p->burst[0];
	const bool one = random_below(&p->rnd, 2);
	const bool data = random_below(&p->rnd, 8);

	b->n = (uint16_t)(1 + random_below(&p->rnd, BURST_MAX));
	b->n_ended = 0;
	b->new_flows = 0;
	b->one_service = one;
	for (uint32_t i = 0; i < b->n; i++) {
		struct random flow = {random_below(&p->rnd, flows)};

		for (uint32_t w = 0; w < 2; w++)
			b->key[i].w[w] = random_next(&flow);
		for (uint32_t w = 2; w < 6; w++)
			b->key[i].w[w] = 0;
		if (random_below(&flow, 16) == 0)
			memcpy(b->key[i].w, (uint8_t[4])OURS_BYTES, 4);
		b->is6[i] = 0;
		b->service[i] = (uint16_t)(one ? 0 : random_below(&flow, SERVICES));
		b->info[i] = (struct parsed){
			.opening = data ? 0 : openings[random_below(&p->rnd, sizeof openings)]};
		b->backend[i] = 0;
	}
}

/* Both tables hold the same in the same places, and both lanes have counted the same. */
static void expect_same(const struct pair *p)
{
	const struct lane *a = p->lane[0], *b = p->lane[1];
	const struct flow_table *t = a->flows, *u = b->flows;

	assert_int_equal(t->mask, u->mask);
	assert_int_equal(t->half, u->half);
	assert_memory_equal(t->bucket, u->bucket, (t->mask + 1) * sizeof *t->bucket);
	assert_memory_equal(t->active, u->active, BACKEND_SLOTS * sizeof *t->active);
	assert_int_equal(t->spare == NULL, u->spare == NULL);
	if (t->spare)
		assert_memory_equal(
			t->spare, u->spare, (t->mask + 1) * FLOW_WAYS * sizeof *t->spare);
	assert_int_equal(t->entries, u->entries);
	assert_int_equal(t->inserts, u->inserts);
	assert_int_equal(t->expired, u->expired);
	assert_int_equal(t->evicted, u->evicted);
	assert_int_equal(t->bypass, u->bypass);
	assert_memory_equal(a->backend_new, b->backend_new, BACKENDS * sizeof *a->backend_new);
	assert_memory_equal(a->service_new, b->service_new, SERVICES * sizeof *a->service_new);
}

static void expect_same_burst(const struct pair *p)
{
	const struct burst *a = &p->burst[0], *b = &p->burst[1];

	assert_int_equal(a->n, b->n);
	assert_memory_equal(a->backend, b->backend, a->n * sizeof *a->backend);
}

/* Time passes, now and then more than some flow may be silent. */
static void tick(struct pair *p)
{
	static const uint16_t steps[] = {1, 1, 3, 11, 31, 61, 1000};

	if (random_below(&p->rnd, 400) == 0)
		p->lane[0]->clock = p->lane[1]->clock =
			(uint16_t)(p->lane[0]->clock + steps[random_below(&p->rnd, 7)]);
}

static void grow(struct pair *p)
{
	for (int i = 0; i < 2; i++)
		if (flow_grow_due(p->lane[i]->flows))
			flow_grow(p->lane[i]->flows);
}

/* Mostly the one that the flow had. */
static uint16_t random_slot(struct pair *p, uint64_t hash)
{
	return (uint16_t)(random_below(&p->rnd, 16) ? hash % BACKENDS
						    : random_below(&p->rnd, BACKENDS));
}

/* Packets that have a backend each: at once on lane 0, one by one on lane 1. */
static void expect_same_remembered(struct pair *p, uint32_t packets)
{
	struct burst *b = &p->burst[1];

	*b = p->burst[0];
	remember_all(p->lane[0], p->g, &p->burst[0], packets);
	for (; packets; packets &= packets - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(packets);

		remember(p->lane[1], p->g, b, i, b->backend[i]);
	}
	expect_same_burst(p);
}

/* Every packet is said to be new, known or not. */
static void step_at_once(struct pair *p, uint32_t flows)
{
	uint32_t packets = 0;

	random_burst(p, flows);
	hash_burst(&p->lane[0]->flows->key, p->burst[0].key, p->burst[0].is6, p->burst[0].n,
		p->burst[0].hash);
	if (p->lane[0]->flows->half || random_below(&p->rnd, 4) == 0) {
		p->burst[0].crowded = 0;
	} else { /* as after a burst of which nearly all were new */
		p->lane[0]->nearly_all_new = true;
		stage_find(p->lane[0], p->g, &p->burst[0]);
	}
	for (uint32_t i = 0; i < p->burst[0].n; i++) {
		if (random_below(&p->rnd, 8) == 0)
			continue;
		burst_choose(&p->burst[0], p->g, i, random_slot(p, p->burst[0].hash[i]));
		packets |= 1u << i;
	}
	expect_same_remembered(p, packets);
}

static const struct {
	struct flow_shape shape;
	uint32_t flows;
} tables[] = {
	{{.entries = 64, .start = 64}, 100},
	{{.entries = 64, .start = 64}, 100000000},
	{{.entries = 512, .start = 512}, 100000000},
	{{.entries = 512, .start = 512}, 600},
	{{.entries = 1 << 15, .start = 64}, 100000000},
	{{.entries = 1 << 12, .start = 64}, 3000},
	{{.entries = 1 << 12, .start = 64, .exact_keys = true}, 3000},
};

#define TABLES (sizeof tables / sizeof *tables)

/* What became of flows over all tables: that each of it happened. */
struct happened {
	uint64_t inserts, expired, evicted, bypass, grown;
};

static void note(struct happened *h, const struct flow_table *t)
{
	h->inserts += t->inserts;
	h->expired += t->expired;
	h->evicted += t->evicted;
	h->bypass += t->bypass;
	h->grown += t->grown;
}

static void at_once_as_one_by_one(void **state)
{
	struct happened h = {0};

	for (size_t i = 0; i < TABLES; i++) {
		struct pair *p = pair_new(&tables[i].shape);

		for (uint32_t n = 0; n < 20000 / SLOW; n++) {
			tick(p);
			grow(p);
			step_at_once(p, tables[i].flows);
			if (n % 16 == 0)
				expect_same(p);
		}
		expect_same(p);
		note(&h, p->lane[0]->flows);
		pair_free(p);
	}
	assert_true(h.inserts > 100000 && h.expired > 1000 && h.evicted > 10000 && h.grown > 10);
	assert_true(h.bypass > 100);
}

/* The same burst by both lanes; lane 1 is told of limits that nobody has, and that its last burst
 * was no flood, so that it takes the way of all bursts. */
static void step_flood(struct pair *p, uint32_t flows)
{
	random_burst(p, flows);
	for (int i = 0; i < 2; i++) {
		if (i)
			p->burst[1] = p->burst[0];
		p->g->some_limited = i;
		stage_hash(p->lane[i], p->g, &p->burst[i]);
		p->lane[1]->nearly_all_new = false;
		stage_find(p->lane[i], p->g, &p->burst[i]);
		stage_flow(p->lane[i], p->g, &p->burst[i]);
		stage_source(p->lane[i], p->g, &p->burst[i]);
		stage_select(p->lane[i], p->g, &p->burst[i]);
	}
	expect_same_burst(p);
}

static void flood_as_any_burst(void **state)
{
	for (size_t i = 0; i < TABLES; i++) {
		struct pair *p = pair_new(&tables[i].shape);

		for (uint32_t n = 0; n < 20000 / SLOW; n++) {
			tick(p);
			if (random_below(&p->rnd, 64) == 0)
				p->g->backends[random_below(&p->rnd, BACKENDS)].state =
					(uint8_t)random_below(&p->rnd, BACKEND_READY + 1);
			step_flood(p, tables[i].flows);
			if (n % 16 == 0)
				expect_same(p);
		}
		expect_same(p);
		pair_free(p);
	}
}

/* A hash of which the first bucket is 0, of 8. */
static uint64_t hash_of(uint32_t tag)
{
	return (uint64_t)tag << 32;
}

static uint32_t second_of(uint32_t tag)
{
	return flow_index2(hash_of(tag)) % 8;
}

/* Tags of two flows that share their first bucket and no second one, and leave it. */
static void two_tags(uint32_t *one, uint32_t *other)
{
	*one = 1000;
	while (second_of(*one) == 0)
		++*one;
	*other = *one + 1;
	while (second_of(*other) == 0 || second_of(*other) == second_of(*one))
		++*other;
}

/* Full of flows that nothing moves. */
static void fill(struct flow_table *t, uint16_t now)
{
	for (uint32_t i = 0; i < 8; i++)
		for (uint32_t way = 0; way < FLOW_WAYS; way++) {
			t->bucket[i].tag[way] = 1 + i * FLOW_WAYS + way;
			t->bucket[i].note[way] = (struct flow_note){
				.backend = FLOW_ESTABLISHED << FLOW_STATE_SHIFT, .age = now};
		}
	t->entries = 64;
	t->active[0] = 64;
}

/* A flow goes to its second bucket, another one takes what was closing in its first one, where the
 * next packet of the flow looks: it is one flow all the same. */
static void closing_entry_taken_between(void **state)
{
	struct pair *p = pair_new(&(struct flow_shape){.entries = 64, .start = 64});
	struct burst *b = &p->burst[0];
	uint32_t one, other;

	two_tags(&one, &other);
	memset(b, 0, sizeof *b);
	b->n = 3;
	b->crowded = 7;
	b->hash[0] = b->hash[2] = hash_of(one);
	b->hash[1] = hash_of(other);
	for (int i = 0; i < 2; i++) {
		struct flow_table *t = p->lane[i]->flows;

		fill(t, p->lane[i]->clock);
		t->bucket[0].note[one % FLOW_WAYS].backend = FLOW_CLOSING << FLOW_STATE_SHIFT;
		t->bucket[second_of(one)].note[3].backend = FLOW_NEW << FLOW_STATE_SHIFT;
	}
	expect_same_remembered(p, 7);
	expect_same(p);
	assert_int_equal(p->lane[0]->flows->inserts, 2);
	pair_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_once_as_one_by_one),
		cmocka_unit_test(flood_as_any_burst),
		cmocka_unit_test(closing_entry_taken_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
