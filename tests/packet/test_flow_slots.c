/* SPDX-License-Identifier: BSD-3-Clause */

/* Numbers of backends are given out again, and counts by number: no flow of a former holder goes to
 * the new one's machine, and how many flows each backend has is right to within one sweep. Judged
 * by the packets that leave and by what the judge remembers of every flow. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "flow_judge.h"

#define SWEEP_S 2

static struct judge *start(uint32_t flows, uint32_t backends)
{
	struct judge *j = judge_new(flows, 4 * flows);

	judge_bring_in(j, 0, backends);
	return j;
}

/* A backend of the pool of `like`, other than that, that is in or is out. */
static uint32_t draw(struct judge *j, uint32_t like, enum flow_place place)
{
	uint32_t n;

	do
		n = random_below(&j->r, FLOW_BACKENDS / FLOW_POOLS) * FLOW_POOLS +
		    like % FLOW_POOLS;
	while (n == like || j->w.be[n].place != place);
	return n;
}

static void put_in(struct judge *j, uint32_t n)
{
	j->w.be[n].place = FLOW_IN;
	j->w.be[n].weight = 10;
	flow_world_publish(&j->w);
}

static void take_out(struct judge *j, uint32_t n)
{
	j->w.be[n].place = FLOW_OUT;
	j->w.be[n].gone++;
	flow_world_publish(&j->w);
}

/* One that is in and has many flows. */
static uint32_t draw_used(struct judge *j)
{
	uint32_t n;

	do
		n = draw(j, FLOW_BACKENDS + random_below(&j->r, FLOW_POOLS), FLOW_IN);
	while (j->w.lane->flows->active[j->w.be[n].slot] < 100);
	return n;
}

/* One backend goes for good while it has flows; the next one that comes must not get its number,
 * the one after the sweep does. Half of its flows send meanwhile, half only then. True if the
 * number was given out again. */
static bool holder_changes(struct judge *j, uint32_t n_flows)
{
	const struct flow_table *t = j->w.lane->flows;
	const uint32_t old = draw_used(j);
	const uint16_t slot = j->w.be[old].slot;
	const uint32_t epoch = ids_epoch(j->w.slots, slot);

	take_out(j, old);
	const uint32_t early = draw(j, old, FLOW_OUT);

	put_in(j, early);
	assert_int_not_equal(j->w.be[early].slot, slot);
	send_range(j, 0, n_flows / 2, ACK);
	assert_true(t->active[slot] > 0);
	flow_world_publish(&j->w);
	assert_int_equal(ids_epoch(j->w.slots, slot), epoch);

	judge_sweep(j, 1);
	assert_int_equal(t->active[slot], 0);
	flow_world_publish(&j->w);
	const uint32_t late = draw(j, old, FLOW_OUT);

	put_in(j, late);
	send_range(j, 0, n_flows, ACK);
	const bool again = j->w.be[late].slot == slot;

	assert_int_equal(ids_epoch(j->w.slots, slot), epoch + again);
	take_out(j, early);
	send_range(j, 0, n_flows, ACK);
	judge_sweep(j, 1);
	flow_world_publish(&j->w);
	return again;
}

static void no_packet_to_a_new_holder(void **state)
{
	enum { FLOWS = 6000, ROUNDS = 200 };
	struct judge *j = start(FLOWS, 12);
	uint32_t reused = 0;

	open_flows(j, FLOWS);
	for (uint32_t i = 0; i < ROUNDS && !j->wrong; i++)
		reused += holder_changes(j, FLOWS);
	printf("%u numbers given out again, %lu packets, %lu rehashed\n", reused,
		(unsigned long)j->packets, (unsigned long)j->rehashed);
	assert_true(j->wrong || reused > ROUNDS / 2);
	assert_true(j->wrong || j->rehashed > ROUNDS * FLOWS / 20);
	judge_end(j);
}

/* Flows of each backend that are alive, or were `ago` seconds ago: by what was sent. */
static void count(const struct judge *j, uint16_t ago, uint32_t on[FLOW_BACKENDS])
{
	for (uint32_t n = 0; n < FLOW_BACKENDS; n++)
		on[n] = 0;
	for (uint32_t id = 0; id < j->n_flows; id++) {
		const struct flow *f = &j->flow[id];
		const uint16_t silent = (uint16_t)(j->w.lane->clock - f->seen);
		const uint32_t lives = !is_tcp(id) ? j->w.udp_s
				       : f->fresh  ? FLOW_SYN_S
				       : f->closed ? FLOW_CLOSING_S
						   : FLOW_IDLE_S;

		on[f->backend] += silent <= lives + ago && f->gone == j->w.be[f->backend].gone;
	}
}

/* Within a sweep: nothing that lives is missing, nothing is counted that was dead a sweep ago. */
static void compare(const struct judge *j, uint16_t tolerance)
{
	uint32_t now[FLOW_BACKENDS], before[FLOW_BACKENDS];

	count(j, 0, now);
	count(j, tolerance, before);
	for (uint32_t n = 0; n < FLOW_BACKENDS; n++)
		if (j->w.be[n].place != FLOW_OUT)
			assert_in_range(
				j->w.lane->flows->active[j->w.be[n].slot], now[n], before[n]);
}

#define RECENT 2000 /* flows of the last 20 s at least: none of them is over but by itself */

/* Packets of recent flows that are where they were. */
static void use_some(struct judge *j, uint32_t packets, uint8_t flags)
{
	for (uint32_t i = 0; i < packets && j->n_flows > RECENT; i++) {
		const uint32_t id = j->n_flows - 1 - random_below(&j->r, RECENT);
		const struct flow *f = &j->flow[id];

		if (f->gone == j->w.be[f->backend].gone)
			send_range(j, id, id + 1, flags);
	}
}

/* A second: connections are opened, by a SYN alone or for good, used and closed. */
static void second_of_traffic(struct judge *j)
{
	const uint32_t alone = 20;

	open_flows(j, 60 + random_below(&j->r, 20));
	for (uint32_t i = 0; i < alone; i++)
		j->flow[j->n_flows + i].backend = FLOW_NOBODY;
	j->n_flows += alone;
	send_range(j, j->n_flows - alone, j->n_flows, SYN);
	use_some(j, 50, ACK);
	use_some(j, 50, FIN | ACK);
	j->w.lane->clock++;
}

/* Over 1,500 s: the counts are right while flows are opened, closed and forgotten, and backends are
 * purged. Exactly right when a whole sweep has found nothing new. */
static void counts_are_right_within_a_sweep(void **state)
{
	enum { SECONDS = 1500 };
	struct judge *j = start(100 * SECONDS, 12);
	const struct flow_table *t = j->w.lane->flows;
	uint64_t expired = 0;

	j->w.udp_s = 60;
	j->w.lane->clock = 65000; /* wraps on the way */
	flow_world_publish(&j->w);
	for (uint32_t s = 1; s <= SECONDS && !j->wrong; s++) {
		second_of_traffic(j);
		if (s % 100 == 0) {
			const uint32_t old = draw(j, s / 100 % 2 + FLOW_BACKENDS, FLOW_IN);

			take_out(j, old);
			put_in(j, draw(j, old, FLOW_OUT));
			judge_sweep(j, 1); /* or an old one could be back before it is purged */
			flow_world_publish(&j->w);
		}
		judge_sweep(j, SWEEP_S);
		if (s % 5 == 0)
			compare(j, SWEEP_S);
		if (s % 150 == 0) {
			judge_sweep(j, 1);
			compare(j, 0);
		}
		expired = t->expired;
	}
	printf("%u flows, %lu expired, %u counted\n", j->n_flows, (unsigned long)expired,
		t->entries);
	assert_int_equal(t->bypass + t->evicted, 0);
	assert_true(j->wrong || (expired > j->n_flows / 4 && t->entries > 1000));
	judge_end(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_packet_to_a_new_holder),
		cmocka_unit_test(counts_are_right_within_a_sweep),
	};

	printf("hash: %s, code: %s\n", hash_init(), pipeline_init());
	return cmocka_run_group_tests_name("flow_slots", tests, NULL, NULL);
}
