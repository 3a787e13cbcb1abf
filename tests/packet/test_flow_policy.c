/* SPDX-License-Identifier: BSD-3-Clause */

/* What a pool says of the flows of a backend that goes down, of flows that are not to be
 * remembered, and of backends that have enough; seen in the packets that leave. And what is counted
 * where a backend does not answer. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "flow_judge.h"

#define FLOWS 20000

static struct judge *start(uint32_t per_pool)
{
	struct judge *j = judge_new(2 * FLOWS, 8 * FLOWS);

	judge_bring_in(j, 0, per_pool * FLOW_POOLS);
	return j;
}

static void one_down(enum conf_marked_down then, uint32_t after[FLOW_BACKENDS])
{
	uint32_t before[FLOW_BACKENDS];
	struct judge *j = start(5);

	j->w.on_marked_down = then;
	flow_world_publish(&j->w);
	open_flows(j, FLOWS);
	census(j, before);
	assert_true(before[0] > 1000 && before[1] > 1000);
	j->w.be[0].down = j->w.be[1].down = true; /* serve TCP and UDP */
	flow_world_publish(&j->w);
	send_range(j, 0, FLOWS, ACK);
	census(j, after);
	assert_int_equal(after[0], then == CONF_MARKED_DOWN_KEEP ? before[0] : 0);
	assert_int_equal(after[1], 0);
	/* a SYN never goes there; what it opens anew stays away */
	send_range(j, 0, FLOWS, SYN);
	send_range(j, 0, FLOWS, ACK);
	census(j, after);
	assert_int_equal(after[0], 0);
	/* up again: nobody comes back but new flows */
	j->w.be[0].down = j->w.be[1].down = false;
	flow_world_publish(&j->w);
	send_range(j, 0, FLOWS, ACK);
	census(j, after);
	assert_int_equal(after[0] + after[1], 0);
	open_flows(j, FLOWS);
	census(j, after);
	assert_true(after[0] > 1000 && after[1] > 1000);
	judge_end(j);
}

static void down_keeps_tcp_and_moves_udp(void **state)
{
	uint32_t after[FLOW_BACKENDS];

	one_down(CONF_MARKED_DOWN_KEEP, after);
}

static void down_moves_all_where_the_pool_says_so(void **state)
{
	uint32_t after[FLOW_BACKENDS];

	one_down(CONF_MARKED_DOWN_REHASH, after);
}

/* One pool is remembered, the other is not, in the same bursts. */
static void untracked_pool(void **state)
{
	uint32_t before[FLOW_BACKENDS], after[FLOW_BACKENDS], tcp = 0, moved = 0;
	struct judge *j = start(5);
	uint8_t *was = calloc(FLOWS, 1);

	assert_non_null(was);
	j->w.track[1] = CONF_TRACK_NONE;
	flow_world_publish(&j->w);
	open_flows(j, FLOWS);
	census(j, before);
	for (uint32_t id = 0; id < FLOWS; id++) {
		was[id] = j->flow[id].backend;
		tcp += is_tcp(id);
	}
	assert_int_equal(j->w.lane->flows->entries, tcp);
	for (uint32_t n = 0; n < 2; n++)
		j->w.be[10 + n] = (struct flow_backend){
			.place = FLOW_IN, .weight = 10, .mac = (uint16_t)((10 + n) << 8)};
	flow_world_publish(&j->w);
	send_range(j, 0, FLOWS, ACK);
	census(j, after);
	for (uint32_t id = 0; id < FLOWS; id++) {
		moved += j->flow[id].backend != was[id];
		assert_true(!is_tcp(id) || j->flow[id].backend == was[id]);
	}
	assert_int_equal(after[10], 0);
	assert_in_range(moved, FLOWS / 2 / 6 - 300, FLOWS / 2 / 4); /* a sixth, and a little */
	assert_int_equal(j->w.lane->flows->entries, tcp);
	/* tracked from now on: what flows there are is remembered as it is found */
	j->w.track[1] = CONF_TRACK_ALL;
	flow_world_publish(&j->w);
	send_range(j, 0, FLOWS, ACK);
	send_range(j, 0, FLOWS, ACK);
	assert_int_equal(j->w.lane->flows->entries, FLOWS);
	free(was);
	judge_end(j);
}

static uint64_t over(const struct judge *j)
{
	uint64_t sum = 0;

	for (uint32_t slot = 0; slot < BACKEND_SLOTS; slot++)
		sum += j->w.lane->backend_over[slot];
	return sum;
}

/* What the control thread does every few ms. */
static uint32_t count_flows(struct judge *j, struct load_view *load)
{
	uint32_t full = 0;

	lanes_count_flows(&j->w.lane, 1, j->w.g->counted, j->w.g->n_counted, load);
	for (size_t i = 0; i < j->w.g->n_counted; i++)
		load_judge(load, j->w.g->counted[i], j->w.g->max_flows[j->w.g->counted[i]]);
	for (uint32_t n = 0; n < FLOW_BACKENDS; n++) {
		j->w.be[n].saturated =
			j->w.be[n].place == FLOW_IN && load_saturated(load, j->w.be[n].slot);
		full += j->w.be[n].saturated;
	}
	return full;
}

/* New flows walk on from a backend that has enough, to the entry that the judge finds too, and come
 * back when it has room. With all of them full, each gets its own, counted. */
static void full_backends(void **state)
{
	struct load_view *load = load_new();
	struct judge *j = start(5);
	uint32_t on[FLOW_BACKENDS], most = 0, full = 0;

	assert_non_null(load);
	j->w.lane->load = load;
	j->w.be[0].weight = j->w.be[1].weight = 20;
	j->w.max_flows = 1200;
	flow_world_publish(&j->w);
	assert_int_equal(j->w.g->n_counted, 10);
	for (uint32_t i = 0; i < 11000 / 50; i++) {
		open_flows(j, 50);
		full = count_flows(j, load);
	}
	census(j, on);
	for (uint32_t n = 0; n < 10; n++) {
		most = on[n] > most ? on[n] : most;
		assert_int_equal(on[n], j->w.lane->flows->active[j->w.be[n].slot]);
	}
	assert_int_equal(full, 2);
	assert_in_range(most, 1200, 1260); /* a count is 50 flows old */
	assert_int_equal(over(j), 0);

	for (uint32_t i = 0; i < 2000 / 50; i++) {
		open_flows(j, 50);
		full = count_flows(j, load);
	}
	assert_int_equal(full, 10);
	const uint64_t before = over(j);

	open_flows(j, 500);
	assert_int_equal(over(j), before + 500);
	/* flows that there are mind no limit */
	send_range(j, 0, j->n_flows, ACK);

	j->w.max_flows = 0;
	flow_world_publish(&j->w);
	assert_int_equal(j->w.g->n_counted, 0);
	for (uint32_t n = 0; n < FLOW_BACKENDS; n++)
		j->w.be[n].saturated = false;
	open_flows(j, 500);
	assert_int_equal(over(j), before + 500);
	judge_end(j);
	load_free(load);
}

static uint64_t again(const struct judge *j)
{
	uint64_t sum = 0;

	for (uint32_t slot = 0; slot < BACKEND_SLOTS; slot++)
		sum += j->w.lane->backend_again[slot];
	return sum;
}

/* Only TCP counts, and only while nothing but SYNs came; each backend gets what is its own. */
static void judge_again(struct judge *j)
{
	uint32_t on[FLOW_BACKENDS], tcp = 0;

	for (uint32_t id = 0; id < FLOWS; id++) {
		j->flow[id].backend = FLOW_NOBODY;
		tcp += is_tcp(id);
	}
	j->n_flows = FLOWS;
	send_range(j, 0, FLOWS, SYN);
	assert_int_equal(again(j), 0);
	for (uint32_t n = 1; n <= 3; n++) {
		send_range(j, 0, FLOWS, SYN);
		assert_int_equal(again(j), n * tcp);
	}
	census(j, on);
	for (uint32_t n = 0; n < FLOW_BACKENDS; n += FLOW_POOLS)
		if (on[n])
			assert_int_equal(j->w.lane->backend_again[j->w.be[n].slot], 3 * on[n]);
	send_range(j, 0, FLOWS, ACK);
	send_range(j, 0, FLOWS, SYN); /* of a connection that there is: forged, or very late */
	send_range(j, 0, FLOWS, FIN | ACK);
	send_range(j, 0, FLOWS, SYN); /* begins the next one */
	assert_int_equal(again(j), 3 * tcp);
	send_range(j, 0, FLOWS, SYN);
	assert_int_equal(again(j), 4 * tcp);
	j->w.lane->clock = (uint16_t)(j->w.lane->clock + FLOW_SYN_S + 1);
	send_range(j, 0, FLOWS, SYN); /* was forgotten */
	assert_int_equal(again(j), 4 * tcp);
}

static void syns_that_come_again(void **state)
{
	static const uint8_t secret[HASH_SECRET_BYTES] = {1};

	for (uint32_t exact = 0; exact < 2; exact++) {
		struct judge *j = start(5);

		if (exact) {
			flow_free(j->w.lane->flows);
			assert_int_equal(lane_add_flows(j->w.lane,
						 &(struct flow_shape){
							 .entries = 8 * FLOWS, .exact_keys = true},
						 secret),
				0);
		}
		flow_world_publish(&j->w);
		judge_again(j);
		judge_end(j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(down_keeps_tcp_and_moves_udp),
		cmocka_unit_test(down_moves_all_where_the_pool_says_so),
		cmocka_unit_test(untracked_pool),
		cmocka_unit_test(full_backends),
		cmocka_unit_test(syns_that_come_again),
	};

	hash_init();
	pipeline_init();
	return cmocka_run_group_tests_name("flow_policy", tests, NULL, NULL);
}
