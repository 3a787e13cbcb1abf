/* SPDX-License-Identifier: BSD-3-Clause */

/* Questions to a lane: what it lists is what the judge has seen, whatever the room for the answer;
 * what is dropped is gone and nothing else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "datapath/ask.h"
#include "flow_judge.h"

#define FLOWS 20000

static int start(void **state)
{
	struct judge *j = judge_new(FLOWS, 4 * FLOWS);

	judge_bring_in(j, 0, 5 * FLOW_POOLS);
	open_flows(j, FLOWS);
	*state = j;
	return 0;
}

static int end(void **state)
{
	judge_end(*state);
	return 0;
}

static struct ask *ask_of(enum ask_kind kind, uint16_t slot, uint32_t room)
{
	struct ask *a = calloc(1, sizeof *a + room * sizeof *a->flow);

	assert_non_null(a);
	a->kind = kind;
	a->slot = slot;
	a->room = room;
	return a;
}

/* What the worker's loop does until the lane has no question. Returns the loops. */
static uint32_t serve(struct judge *j, struct ask *a)
{
	uint32_t loops = 0;

	ask_post(j->w.lane, a);
	for (; !ask_answered(j->w.lane); loops++)
		ask_serve(j->w.lane, j->w.g);
	return loops;
}

/* Flows listed by backend, over as many answers as it takes. */
static void list(struct judge *j, uint16_t slot, uint32_t room, uint32_t by_slot[BACKEND_SLOTS])
{
	struct ask *a = ask_of(ASK_LIST, slot, room);

	memset(by_slot, 0, BACKEND_SLOTS * sizeof *by_slot);
	while (!a->end) {
		a->n = 0;
		serve(j, a);
		assert_true(a->n <= room);
		for (uint64_t i = 0; i < a->n; i++)
			by_slot[a->flow[i].slot]++;
	}
	free(a);
}

static void list_is_what_was_sent(void **state)
{
	static const uint32_t rooms[] = {8, 9, 100, 1024, 2 * FLOWS};
	static uint32_t by_slot[BACKEND_SLOTS];
	struct judge *j = *state;
	uint32_t on[FLOW_BACKENDS];

	census(j, on);
	for (size_t r = 0; r < sizeof rooms / sizeof *rooms; r++) {
		list(j, ASK_ANY_BACKEND, rooms[r], by_slot);
		for (uint32_t n = 0; n < 5 * FLOW_POOLS; n++)
			assert_int_equal(by_slot[j->w.be[n].slot], on[n]);
	}
	list(j, j->w.be[3].slot, 64, by_slot);
	for (uint32_t n = 0; n < 5 * FLOW_POOLS; n++)
		assert_int_equal(by_slot[j->w.be[n].slot], n == 3 ? on[n] : 0);
}

/* Flows that no packet would find are not listed: of a backend that is gone, or idle for too long.
 */
static void dead_flows_are_not_listed(void **state)
{
	static uint32_t by_slot[BACKEND_SLOTS];
	struct judge *j = *state;
	uint32_t on[FLOW_BACKENDS], sum = 0;

	census(j, on);
	j->w.be[2].admin = CONF_ADMIN_MAINT;
	flow_world_publish(&j->w);
	list(j, ASK_ANY_BACKEND, 500, by_slot);
	assert_int_equal(by_slot[j->w.be[2].slot], 0);
	assert_int_equal(by_slot[j->w.be[4].slot], on[4]);
	j->w.lane->clock += FLOW_IDLE_S + 1;
	list(j, ASK_ANY_BACKEND, 500, by_slot);
	for (uint32_t i = 0; i < BACKEND_SLOTS; i++)
		sum += by_slot[i];
	assert_int_equal(sum, 0);
}

static void drop_forgets_what_it_says(void **state)
{
	struct judge *j = *state;
	const struct flow_table *t = j->w.lane->flows;
	struct ask *a = ask_of(ASK_DROP, j->w.be[1].slot, 0);
	uint32_t on[FLOW_BACKENDS];

	census(j, on);
	assert_true(serve(j, a) > 10); /* a bounded piece at a time */
	assert_int_equal(a->n, on[1]);
	assert_int_equal(t->entries, FLOWS - on[1]);
	assert_int_equal(t->active[j->w.be[1].slot], 0);
	assert_int_equal(t->active[j->w.be[0].slot], on[0]);
	free(a);
	a = ask_of(ASK_DROP, ASK_ANY_BACKEND, 0);
	serve(j, a);
	assert_int_equal(a->n, FLOWS - on[1]);
	assert_int_equal(t->entries, 0);
	free(a);
}

/* The key of a flow of the judge's, as its frame says. */
static struct flow_key key_of(const struct judge *j, uint32_t id, bool v6)
{
	const struct frame *f = &j->frame[service_of(id)];
	const uint8_t *ip = f->b + f->l3, *l4 = f->b + f->l4;
	const uint32_t len = v6 ? 16 : 4;
	struct flow_key k = {{0}};
	uint8_t *b = (uint8_t *)k.w;

	memcpy(b, ip + (v6 ? 8 : 12), 2 * len);
	b[v6 ? 13 : 1] = (uint8_t)(id >> 16);
	b[v6 ? 14 : 2] = (uint8_t)(id >> 8);
	b[v6 ? 15 : 3] = (uint8_t)id;
	memcpy(b + 2 * len, l4, 4);
	b[2 * len] = (uint8_t)(4 + id % 200);
	b[2 * len + 4] = is_tcp(id) ? 6 : 17;
	return k;
}

static void one_flow_is_found_and_dropped(void **state)
{
	struct judge *j = *state;
	struct ask *a = ask_of(ASK_FIND, 0, 1);

	for (uint32_t id = 0; id < 400; id++) {
		a->v6 = service_of(id) & 1;
		a->key = key_of(j, id, a->v6);
		a->kind = ASK_FIND;
		a->n = 0;
		assert_int_equal(serve(j, a), 1);
		assert_int_equal(a->n, 1);
		assert_int_equal(a->flow[0].slot, j->w.be[j->flow[id].backend].slot);
		assert_int_equal(a->flow[0].idle_s, 0);
		if (id % 3)
			continue;
		a->kind = ASK_DROP;
		a->one = true;
		a->n = 0;
		serve(j, a);
		assert_int_equal(a->n, 1);
		a->kind = ASK_FIND;
		a->n = 0;
		serve(j, a);
		assert_int_equal(a->n, 0);
		assert_int_equal(j->w.lane->flows->entries, FLOWS - 1 - id / 3);
	}
	free(a);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)
	const struct CMUnitTest tests[] = {
		TEST(list_is_what_was_sent),
		TEST(dead_flows_are_not_listed),
		TEST(drop_forgets_what_it_says),
		TEST(one_flow_is_found_and_dropped),
	};

	printf("hash: %s, code: %s\n", hash_init(), pipeline_init());
	return cmocka_run_group_tests_name("ask", tests, NULL, NULL);
}
