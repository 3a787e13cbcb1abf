/* SPDX-License-Identifier: BSD-3-Clause */

/* A connection never changes its backend: a million flows go through the pipeline while backends
 * come, go and change. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

#include "flow_judge.h"

/* Flows of the big test; instrumented builds walk fewer. SLUICE_TEST_FLOWS sets another number. */
#define FLOWS_PLAIN 1000000
#define FLOWS_SLOW  300000
#define CHANGES     1000

enum change { ADD, RETURN, REMOVE, GO, WEIGHT, ZERO, MAC, DOWN, UP, DRAIN, READY, KINDS };

/* Make this change to that backend. False where it makes no sense. */
static bool change(struct judge *j, enum change kind, uint32_t n)
{
	struct flow_backend *be = &j->w.be[n];
	const bool spare = !flow_world_takes_new(be) || flow_world_ready(&j->w, n % FLOW_POOLS) > 3;
	const uint32_t weight = 1 + random_below(&j->r, 20);

	switch (kind) {
	case ADD:
	case RETURN:
		if (be->place != (kind == ADD ? FLOW_OUT : FLOW_LEAVING))
			return false;
		be->place = FLOW_IN;
		be->weight = weight;
		return true;
	case REMOVE:
		if (be->place != FLOW_IN || !spare)
			return false;
		be->place = FLOW_LEAVING;
		return true;
	case GO:
		if (be->place != FLOW_LEAVING)
			return false;
		be->place = FLOW_OUT;
		be->gone++;
		return true;
	case WEIGHT:
	case ZERO:
		if (be->place != FLOW_IN || !spare || be->weight == (kind == ZERO ? 0 : weight))
			return false;
		be->weight = kind == ZERO ? 0 : weight;
		return true;
	case DOWN:
	case UP:
		if (be->place != FLOW_IN || be->down != (kind == UP) || (kind == DOWN && !spare))
			return false;
		be->down = kind == DOWN;
		return true;
	case DRAIN:
	case READY:
		if (be->place != FLOW_IN || (be->admin == CONF_ADMIN_DRAIN) != (kind == READY) ||
			(kind == DRAIN && !spare))
			return false;
		be->admin = kind == DRAIN ? CONF_ADMIN_DRAIN : CONF_ADMIN_READY;
		return true;
	default:
		be->mac ^= (uint16_t)(1 + random_below(&j->r, 255));
		return be->place != FLOW_OUT;
	}
}

static void change_something(struct judge *j, uint32_t made[KINDS])
{
	enum change kind;

	do
		kind = random_below(&j->r, KINDS);
	while (!change(j, kind, random_below(&j->r, FLOW_BACKENDS)));
	made[kind]++;
	flow_world_publish(&j->w);
}

static uint32_t flows_wanted(void)
{
	const char *text = getenv("SLUICE_TEST_FLOWS");

	if (text)
		return (uint32_t)strtoul(text, NULL, 0);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return FLOWS_SLOW;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	return FLOWS_SLOW;
#endif
#endif
	return FLOWS_PLAIN;
}

/* What a worker does beside packets, in the second after a change. */
static void second_passes(struct judge *j)
{
	j->w.lane->clock++;
	judge_sweep(j, 8);
}

static void test_changes_move_no_live_flow(void **state)
{
	const uint32_t n = flows_wanted();
	struct judge *j = judge_new(n + CHANGES * 300, 2 * n + 2 * CHANGES * 300);
	uint32_t made[KINDS] = {0};

	j->w.lane->clock = 65400; /* wraps on the way */
	judge_bring_in(j, 0, 12 * FLOW_POOLS);
	open_flows(j, n);
	for (uint32_t i = 1; i <= CHANGES && !j->wrong; i++) {
		change_something(j, made);
		send_random(j, n / 100, ACK);
		send_random(j, 200, SYN);
		open_flows(j, 300);
		send_random(j, 2000, ACK);
		for (uint32_t pass = 0; i % 200 == 0 && pass < 2; pass++)
			send_range(j, 0, j->n_flows, ACK);
		second_passes(j);
	}
	printf("%u flows, %lu packets, %lu rehashed, %lu left a drained backend by SYN; changes: "
	       "add "
	       "%u return %u remove %u gone %u weight %u zero %u mac %u down %u up %u drain %u "
	       "ready %u\n",
		j->n_flows, (unsigned long)j->packets, (unsigned long)j->rehashed,
		(unsigned long)j->refused_drain, made[ADD], made[RETURN], made[REMOVE], made[GO],
		made[WEIGHT], made[ZERO], made[MAC], made[DOWN], made[UP], made[DRAIN],
		made[READY]);
	judge_says(j);
	for (enum change kind = 0; kind < KINDS; kind++)
		assert_true(made[kind] >= 10);
	assert_true(j->rehashed > 1000 && j->refused_drain > 100);
	assert_true(j->w.lane->flows->grown > 5); /* meanwhile */
	assert_int_equal(
		j->w.lane->flows->bypass, 0); /* else there were flows nobody promised to keep */
	judge_end(j);
}

/* 20000 flows on the first five backends of each pool, counted in `before`. */
static struct judge *open_on_five(uint32_t before[FLOW_BACKENDS])
{
	struct judge *j = judge_new(20000, 80000);

	judge_bring_in(j, 0, 5 * FLOW_POOLS);
	open_flows(j, 20000);
	census(j, before);
	return j;
}

/* Weight 0, as a drain by configuration: flows stay, a SYN on the tuple of one of them leaves, and
 * what follows it too. */
static void test_syn_leaves_a_drained_backend(void **state)
{
	uint32_t before[FLOW_BACKENDS], after[FLOW_BACKENDS];
	struct judge *j = open_on_five(before);

	j->w.be[0].weight = 0; /* serves TCP */
	j->w.be[1].weight = 0; /* serves UDP */
	flow_world_publish(&j->w);
	send_range(j, 0, j->n_flows, ACK);
	census(j, after);
	assert_memory_equal(before, after, sizeof before);
	assert_true(before[0] > 1000 && before[1] > 1000);

	send_range(j, 0, j->n_flows, SYN);
	census(j, after);
	assert_int_equal(after[0], 0);
	assert_int_equal(after[1], before[1]);
	for (uint32_t n = 2; n < 10; n += 2)
		assert_true(after[n] > before[n]);
	send_range(j, 0, j->n_flows, ACK);

	j->w.be[1].place = FLOW_LEAVING;
	flow_world_publish(&j->w);
	send_range(j, 0, j->n_flows, ACK);
	census(j, after);
	assert_int_equal(after[1], before[1]);
	j->w.be[1].place = FLOW_OUT;
	j->w.be[1].gone++;
	flow_world_publish(&j->w);
	send_range(j, 0, j->n_flows, ACK);
	census(j, after);
	assert_int_equal(after[1], 0);
	judge_end(j);
}

/* After a FIN the flow stays where it is, through changes, to its last packet; the next SYN on its
 * tuple follows the table that is in force then. */
static void test_syn_after_fin_follows_the_table(void **state)
{
	uint32_t before[FLOW_BACKENDS], after[FLOW_BACKENDS];
	struct judge *j = open_on_five(before);

	judge_bring_in(j, 0, 10 * FLOW_POOLS);
	send_range(j, 0, j->n_flows, SYN); /* not after a FIN: perhaps forged */
	send_range(j, 0, j->n_flows, FIN | ACK);
	send_range(j, 0, j->n_flows, ACK);
	census(j, after);
	assert_memory_equal(before, after, sizeof before);

	send_range(j, 0, j->n_flows, SYN);
	send_range(j, 0, j->n_flows, SYN);
	send_range(j, 0, j->n_flows, ACK);
	census(j, after);
	for (uint32_t n = 0; n < 20; n++) {
		const uint32_t tcp = n % 2 ? 0 : 1;

		assert_in_range(after[n], tcp ? 800 : before[n], tcp ? 1200 : before[n]);
	}
	judge_end(j);
}

/* Silent for as long as a flow is remembered: it stays. For a second more: it begins anew, swept or
 * not. */
static void test_idle_flows_follow_the_table(void **state)
{
	uint32_t before[FLOW_BACKENDS], after[FLOW_BACKENDS];
	struct judge *j = open_on_five(before);

	judge_bring_in(j, 0, 10 * FLOW_POOLS);
	j->w.lane->clock = FLOW_IDLE_S;
	send_range(j, 0, j->n_flows, ACK);
	census(j, after);
	assert_memory_equal(before, after, sizeof before);

	j->w.lane->clock = 2 * FLOW_IDLE_S + 1;
	send_range(j, 0, j->n_flows, ACK);
	census(j, after);
	for (uint32_t n = 0; n < 20; n++)
		assert_in_range(after[n], 800, 1200);
	judge_end(j);
}

/* Backend slots of every entry of a table, as backends. */
static void copy_table(const struct judge *j, uint32_t service, uint8_t *to)
{
	for (uint32_t i = 0; i < FLOW_TABLE; i++)
		to[i] = flow_world_choice(
			&j->w, service, (((uint64_t)i << 32) / FLOW_TABLE + 1) << 32);
}

/* Without a flow table, what moves is what the tables say: entries that differ, and no others. */
static void test_without_table_the_tables_decide(void **state)
{
	static uint8_t was[FLOW_TABLE], is[FLOW_TABLE];
	const uint32_t n = flows_wanted();
	struct judge *j = judge_new(n, 0);
	uint8_t *old = calloc(n, 1);
	uint32_t differ = 0, moved[FLOW_POOLS] = {0}, on[FLOW_BACKENDS];

	assert_non_null(old);
	judge_bring_in(j, 0, 10 * FLOW_POOLS);
	open_flows(j, n);
	for (uint32_t id = 0; id < n; id++)
		old[id] = j->flow[id].backend;
	census(j, on);
	copy_table(j, 0, was);
	j->w.be[4].place = FLOW_OUT;
	flow_world_publish(&j->w);
	copy_table(j, 0, is);
	send_range(j, 0, n, ACK);
	for (uint32_t id = 0; id < n; id++)
		moved[!is_tcp(id)] += j->flow[id].backend != old[id];
	for (uint32_t i = 0; i < FLOW_TABLE; i++)
		differ += was[i] != is[i];
	const double share = (double)differ / FLOW_TABLE, tcp = n / 2.0;

	printf("table %.4f, moved %.4f\n", share, moved[0] / tcp);
	assert_true(share >= 0.0999 && share < 0.12);
	assert_true(moved[0] >= on[4]);
	assert_true(fabs(moved[0] / tcp - share) < 5 * sqrt(share / tcp));
	assert_int_equal(moved[1], 0);
	free(old);
	judge_end(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syn_leaves_a_drained_backend),
		cmocka_unit_test(test_syn_after_fin_follows_the_table),
		cmocka_unit_test(test_idle_flows_follow_the_table),
		cmocka_unit_test(test_without_table_the_tables_decide),
		cmocka_unit_test(test_changes_move_no_live_flow),
	};

	printf("hash: %s, code: %s\n", hash_init(), pipeline_init());
	return cmocka_run_group_tests_name("flow_changes", tests, NULL, NULL);
}
