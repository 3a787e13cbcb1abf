/* SPDX-License-Identifier: BSD-3-Clause */

/* Floods, full tables, several lanes, and timeouts that change: what a confirmed flow has to stand.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../unit/resident.h"
#include "../unit/slow.h"
#include "flow_judge.h"

/* Five backends a pool. */
static struct judge *start(uint32_t flows, uint32_t entries)
{
	struct judge *j = judge_new(flows, entries);

	judge_bring_in(j, 0, 5 * FLOW_POOLS);
	return j;
}

/* Five more, so that the table says something else of half of the flows. */
static void change_table(struct judge *j)
{
	judge_bring_in(j, 5 * FLOW_POOLS, 10 * FLOW_POOLS);
}

/* Ten million SYNs, each from a source of its own, over 800 seconds, into a table that they fill
 * many times over. The flows that were there stay, though the table has changed; no memory is taken
 * beyond the table's. */
static void syn_flood(void **state)
{
	enum {
		FLOWS = 40000,
		FLOOD = 10000000 / (SLOW * SLOW * SLOW),
		STEPS = 800,
		ROOM = 1 << 17
	};
	struct judge *j = start(FLOWS, ROOM);
	uint32_t before[FLOW_BACKENDS], after[FLOW_BACKENDS];
	const struct flow_table *t = j->w.lane->flows;
	long half = 0;

	open_flows(j, FLOWS);
	census(j, before);
	change_table(j);
	for (uint32_t i = 0; i < STEPS; i++) {
		send_strangers(j, FLOWS * 2 + i * (FLOOD / STEPS) * 2, FLOOD / STEPS, SYN);
		j->w.lane->clock++;
		judge_sweep(j, 2);
		if (i == STEPS / 2)
			half = resident_bytes();
	}
	assert_in_range(resident_bytes(), 0, half + 256 * 1024);
	assert_int_equal((t->mask + 1) * FLOW_WAYS, ROOM);
	assert_in_range(t->entries, FLOWS, ROOM);
	assert_true(SLOW > 1 || t->evicted + t->expired > FLOOD - ROOM - FLOWS);
	send_range(j, 0, FLOWS, ACK);
	census(j, after);
	assert_memory_equal(before, after, sizeof before);
	judge_end(j);
}

/* The table full of confirmed flows: those that came while there was room stay where they are. */
static void full_table(void **state)
{
	enum { FIRST = 2000, MORE = 30000 };
	struct judge *j = start(FIRST + MORE, 4096);
	uint32_t before[FLOW_BACKENDS], after[FLOW_BACKENDS];
	const struct flow_table *t = j->w.lane->flows;

	open_flows(j, FIRST);
	census(j, before);
	assert_int_equal(t->bypass, 0);
	for (uint32_t i = 0; i < MORE; i += 50)
		open_flows(j, 50);
	assert_true(t->bypass > MORE);
	assert_true(t->entries > 4096 * 99 / 100);
	change_table(j);
	send_strangers(j, 1 << 20, 100000, ACK);
	send_range(j, 0, FIRST, ACK);
	j->n_flows = FIRST;
	census(j, after);
	assert_memory_equal(before, after, sizeof before);
	judge_end(j);
}

/* A flow that comes by another lane has the same backend there while the table agrees; and each
 * lane holds on to it when the table does not any more. */
static void two_lanes(void **state)
{
	static const uint8_t secret[HASH_SECRET_BYTES] = {99};
	enum { FLOWS = 20000 };
	struct judge *j = start(FLOWS, 4 * FLOWS);
	struct lane *lane[2] = {j->w.lane, lane_new(1, FLOW_SERVICES)};
	uint32_t before[FLOW_BACKENDS], after[FLOW_BACKENDS];

	assert_int_equal(
		lane_add_flows(lane[1], &(struct flow_shape){.entries = 4 * FLOWS}, secret), 0);
	open_flows(j, FLOWS);
	census(j, before);
	for (uint32_t pass = 0; pass < 6; pass++) {
		j->w.lane = lane[(pass + 1) % 2];
		send_range(j, 0, FLOWS, ACK);
		if (pass == 2)
			change_table(j);
	}
	census(j, after);
	assert_memory_equal(before, after, sizeof before);
	assert_int_equal(lane[0]->flows->entries, FLOWS);
	assert_int_equal(lane[1]->flows->entries, FLOWS);
	j->w.lane = lane[0];
	lane_free(lane[1]);
	judge_end(j);
}

/* A timeout that becomes shorter or longer counts from the next generation on, for flows that are
 * there. */
static void timeouts_change(void **state)
{
	enum { FLOWS = 20000 };
	struct judge *j = start(FLOWS, 4 * FLOWS);
	uint32_t before[FLOW_BACKENDS], after[FLOW_BACKENDS];

	open_flows(j, FLOWS);
	census(j, before);
	change_table(j);
	j->w.lane->clock = 21;
	send_range(j, 0, FLOWS, ACK);
	census(j, after);
	assert_memory_equal(before, after, sizeof before);

	j->w.udp_s = 20;
	flow_world_publish(&j->w);
	j->w.lane->clock += 20;
	send_range(j, 0, FLOWS, ACK);
	census(j, after);
	assert_memory_equal(before, after, sizeof before);
	j->w.lane->clock += 21;
	send_range(j, 0, FLOWS, ACK);
	census(j, after);
	for (uint32_t n = 0; n < 10 * FLOW_POOLS; n++)
		if (n % FLOW_POOLS)
			assert_in_range(after[n], 800, 1200);
		else
			assert_int_equal(after[n], before[n]);

	j->w.udp_s = 100;
	flow_world_publish(&j->w);
	send_range(j, 0, FLOWS, ACK); /* what began anew is confirmed */
	census(j, before);
	j->w.be[3].weight = 100;
	flow_world_publish(&j->w);
	j->w.lane->clock += 100;
	send_range(j, 0, FLOWS, ACK);
	census(j, after);
	assert_memory_equal(before, after, sizeof before);
	judge_end(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syn_flood),
		cmocka_unit_test(full_table),
		cmocka_unit_test(two_lanes),
		cmocka_unit_test(timeouts_change),
	};

	hash_init();
	pipeline_init();
	return cmocka_run_group_tests_name("flow_flood", tests, NULL, NULL);
}
