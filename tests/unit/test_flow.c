/* SPDX-License-Identifier: BSD-3-Clause */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "flow_put.h"
#include "flow_steps.h"
#include "resident.h"
#include "slow.h"

static void test_sizes(void **state)
{
	static const uint32_t sizes[][2] = {{1, 8}, {64, 8}, {65, 16}, {128, 16}, {129, 32},
		{1048576, 131072}, {1048577, 262144}};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct flow_table *t = table(sizes[i][0]);

		assert_int_equal(t->mask + 1, sizes[i][1]);
		assert_int_equal((uintptr_t)t->bucket % 64, 0);
		assert_int_equal(t->entries, 0);
		flow_free(t);
	}
	flow_free(NULL);
}

/* The same answers from the vector code and from the plain one, for tags that are there, that
 * differ from one there by a bit, and for any others. */
static void test_match_is_match_plain(void **state)
{
	struct random r = random_start();
	struct flow_bucket b;

	for (uint32_t i = 0; i < 2000000 / SLOW; i++) {
		for (uint32_t way = 0; way < FLOW_WAYS; way++)
			b.tag[way] = random_below(&r, 3) ? (uint32_t)random_next(&r) : 0;
		if (random_below(&r, 2)) /* several ways with one tag */
			b.tag[random_below(&r, FLOW_WAYS)] = b.tag[random_below(&r, FLOW_WAYS)];
		uint32_t tag = b.tag[random_below(&r, FLOW_WAYS)];

		if (random_below(&r, 4) == 0)
			tag ^= 1u << random_below(&r, 32);
		uint32_t want = 0;

		for (uint32_t way = 0; way < FLOW_WAYS; way++)
			if (b.tag[way] == tag)
				want |= 1u << way;
		assert_int_equal(flow_match(&b, tag), want);
		assert_int_equal(flow_match_plain(&b, tag), want);
	}
}

/* The life of a connection as table/flow.h tells it, one row a state and event. */
static void test_states(void **state)
{
	static const struct {
		enum flow_state is;
		enum flow_event ev;
		enum flow_state becomes;
	} rows[] = {
		{FLOW_NEW, FLOW_EV_DATA, FLOW_ESTABLISHED},
		{FLOW_NEW, FLOW_EV_SYN, FLOW_NEW}, /* sent again: confirms nothing */
		{FLOW_NEW, FLOW_EV_END, FLOW_CLOSING},
		{FLOW_NEW, FLOW_EV_UDP, FLOW_UDP},
		{FLOW_ESTABLISHED, FLOW_EV_DATA, FLOW_ESTABLISHED},
		{FLOW_ESTABLISHED, FLOW_EV_SYN, FLOW_ESTABLISHED}, /* perhaps forged */
		{FLOW_ESTABLISHED, FLOW_EV_END, FLOW_CLOSING},
		{FLOW_ESTABLISHED, FLOW_EV_UDP, FLOW_ESTABLISHED},
		{FLOW_CLOSING, FLOW_EV_DATA, FLOW_CLOSING},
		{FLOW_CLOSING, FLOW_EV_SYN, FLOW_NEW}, /* begins again */
		{FLOW_CLOSING, FLOW_EV_END, FLOW_CLOSING},
		{FLOW_CLOSING, FLOW_EV_UDP, FLOW_CLOSING},
		{FLOW_UDP, FLOW_EV_DATA, FLOW_UDP},
		{FLOW_UDP, FLOW_EV_SYN, FLOW_UDP},
		{FLOW_UDP, FLOW_EV_END, FLOW_UDP},
		{FLOW_UDP, FLOW_EV_UDP, FLOW_UDP},
	};

	assert_int_equal(sizeof rows / sizeof rows[0], FLOW_STATES * FLOW_EVENTS);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct flow_bucket b = {.tag[3] = 5};
		const struct flow_at at = {&b, 3};

		b.note[3].backend = (uint16_t)(0x2abc | rows[i].is << FLOW_STATE_SHIFT);
		b.note[3].age = 7;
		flow_touch(at, rows[i].ev, 9);
		assert_int_equal(flow_state(at), rows[i].becomes);
		assert_int_equal(flow_slot(at), 0x2abc);
		assert_int_equal(b.note[3].age, 9);
		assert_int_equal(b.tag[3], 5);
	}
}

static void test_life_of_an_entry(void **state)
{
	static const enum flow_state first[FLOW_EVENTS] = {
		[FLOW_EV_DATA] = FLOW_NEW,
		[FLOW_EV_SYN] = FLOW_NEW,
		[FLOW_EV_END] = FLOW_CLOSING,
		[FLOW_EV_UDP] = FLOW_NEW,
	};
	static const uint16_t age[FLOW_EVENTS] = {
		[FLOW_EV_DATA] = 100 + 900 - 10,
		[FLOW_EV_SYN] = 100,
		[FLOW_EV_END] = 100,
		[FLOW_EV_UDP] = 100 + 60 - 10,
	};

	for (enum flow_event ev = 0; ev < FLOW_EVENTS; ev++) {
		struct flow_table *t = table(64);
		const uint64_t hash = 0x123456789abcdef0;

		assert_null(flow_find(t, hash).b);
		assert_true(put(t, hash, 0x3ffe, ev, 100));
		struct flow_at at = flow_find(t, hash);

		assert_non_null(at.b);
		assert_true(at.b == flow_bucket1(t, hash));
		assert_int_equal(flow_slot(at), 0x3ffe);
		assert_int_equal(flow_state(at), first[ev]);
		assert_int_equal(at.b->note[at.way].age, age[ev]);
		assert_int_equal(t->entries, 1);
		assert_int_equal(t->inserts, 1);
		assert_int_equal(t->active[0x3ffe], 1);
		/* another tag, and another place */
		assert_null(flow_find(t, hash ^ 1ull << 40).b);
		assert_null(flow_find(t, hash ^ 1).b);

		assert_true(put(t, hash, 4, FLOW_EV_SYN, 130));
		at = flow_find(t, hash);
		assert_int_equal(flow_slot(at), 4);
		assert_int_equal(flow_state(at), FLOW_NEW);
		assert_int_equal(at.b->note[at.way].age, 130);
		assert_int_equal(t->entries, 1);
		assert_int_equal(t->active[0x3ffe], 0);
		assert_int_equal(t->active[4], 1);
		flow_free(t);
	}
}

/* Tags come from the upper half; 0 means empty and is never a tag. */
static void test_hash_without_upper_half(void **state)
{
	struct flow_table *t = table(64);

	assert_null(flow_find(t, 3).b);
	assert_true(put(t, 3, 1, FLOW_EV_SYN, 0));
	assert_non_null(flow_find(t, 3).b);
	assert_int_equal(flow_find(t, 3).b->tag[0], 1);
	flow_free(t);
}

/* A flow whose two buckets are one has 8 places, and no more. */
static void test_one_bucket_twice(void **state)
{
	struct flow_table *t = table(64);

	for (uint64_t i = 1; i <= 9; i++) {
		const uint64_t hash = i << 35 | 5; /* tag 8 * i: times anything leaves the bucket */

		assert_true(flow_bucket1(t, hash) == flow_bucket2(t, hash));
		assert_int_equal(put(t, hash, 2, FLOW_EV_DATA, 0), i < 9);
		if (i < 9)
			flow_touch(flow_find(t, hash), FLOW_EV_DATA, 0);
	}
	assert_int_equal(t->entries, 8);
	assert_int_equal(t->active[2], 8);
	assert_int_equal(t->bypass, 1);
	flow_free(t);
}

/* Idle when more than idle_s seconds have passed, wherever the 16-bit clock stands. */
static void test_clock_wraps(void **state)
{
	static const uint16_t idle_s[] = {1, 10, 900, FLOW_IDLE_MAX_S};
	struct flow_timeouts to;
	struct backend backend = {.state = BACKEND_READY};

	for (size_t i = 0; i < sizeof idle_s / sizeof idle_s[0]; i++) {
		for (uint32_t began = 0; began<65536; began += began> 60000 ? 1 : 97) {
			struct flow_bucket b = {0};
			const struct flow_at at = {&b, 2};

			to = (struct flow_timeouts){{idle_s[i], idle_s[i], idle_s[i], idle_s[i]}};
			b.note[2].age = (uint16_t)began;
			assert_false(flow_idle(at, (uint16_t)began, &to));
			assert_false(flow_idle(at, (uint16_t)(began + idle_s[i]), &to));
			assert_true(flow_idle(at, (uint16_t)(began + idle_s[i] + 1), &to));
			assert_true(flow_idle(at, (uint16_t)(began + 32767), &to));
			assert_false(flow_idle(at, (uint16_t)(began - 31999), &to)); /* ahead */
		}
	}
	struct flow_table *t = table(64);

	assert_true(put(t, 99, 0, FLOW_EV_SYN, 65535));
	flow_sweep(t, 8, 9, &usual, &backend, 1); /* 10 s later */
	assert_int_equal(t->entries, 1);
	flow_sweep(t, 8, 10, &usual, &backend, 1);
	assert_int_equal(t->entries, 0);
	assert_int_equal(t->active[0], 0);
	assert_int_equal(t->expired, 1);
	flow_free(t);
}

/* Each state has a timeout of its own. */
static void test_timeouts(void **state)
{
	static const struct flow_timeouts to = {{11, 22, 33, 44}};
	static const enum flow_event then[FLOW_STATES] = {
		FLOW_EV_SYN, FLOW_EV_DATA, FLOW_EV_END, FLOW_EV_UDP};
	const struct backend backend = {.state = BACKEND_DRAIN}; /* a drained one keeps its flows */

	for (enum flow_state s = 0; s < FLOW_STATES; s++) {
		struct flow_table *t = table(64);

		put_with(t, 1, 0, FLOW_EV_SYN, 0, &to);
		flow_touch(flow_find(t, 1), then[s], 0);
		assert_int_equal(flow_state(flow_find(t, 1)), s);
		flow_sweep(t, 8, to.idle_s[s], &to, &backend, 1);
		assert_int_equal(t->entries, 1);
		flow_sweep(t, 8, (uint16_t)(to.idle_s[s] + 1), &to, &backend, 1);
		assert_int_equal(t->entries, 0);
		flow_free(t);
	}
}

/* The sweep frees what belongs to a backend that is gone or beyond the last one, and nothing else.
 */
static void test_sweep_of_gone_backends(void **state)
{
	struct backend backend[3] = {
		{.state = BACKEND_READY}, {.state = BACKEND_GONE}, {.state = BACKEND_DRAIN}};
	struct random r = random_start();
	struct flow_table *t = table(4096);
	uint32_t placed[4] = {0};

	for (uint32_t i = 0; i < 2000; i++) {
		const uint64_t hash = random_next(&r);

		placed[i % 4] += put(t, hash, (uint16_t)(i % 4), FLOW_EV_DATA, 5);
		flow_touch(flow_find(t, hash), FLOW_EV_DATA, 5);
	}
	assert_int_equal(t->entries, 2000);
	flow_sweep(t, t->mask + 1, 5, &usual, backend, 3);
	assert_int_equal(t->active[0], placed[0]);
	assert_int_equal(t->active[1], 0);
	assert_int_equal(t->active[2], placed[2]);
	assert_int_equal(t->active[3], 0);
	assert_int_equal(t->entries, placed[0] + placed[2]);
	assert_int_equal(t->expired, 0);
	flow_free(t);
}

/* As the head of flow_new says: places for all of half as many flows, and for nearly all at 75 %.
 */
static void test_fills_evenly(void **state)
{
	struct random r = random_start();
	struct flow_table *t = table(1u << 20);
	uint32_t refused[101] = {0};

	for (uint32_t percent = 1; percent <= 100; percent++) {
		for (uint32_t i = 0; i < (1u << 20) / 100; i++) {
			const uint64_t hash = random_next(&r);

			refused[percent] += !put(t, hash, 1, FLOW_EV_DATA, 0);
			if (flow_find(t, hash).b)
				flow_touch(flow_find(t, hash), FLOW_EV_DATA, 0);
		}
		refused[percent] += refused[percent - 1];
	}
	assert_int_equal(refused[50], 0);
	assert_in_range(refused[75], 1, (1u << 20) * 0.75 * 0.0008);
	assert_in_range(refused[100], 1, (1u << 20) * 0.06);
	flow_free(t);
}

/* Confirmed flows everywhere: a new one finds no place, is counted, and changes not a byte. */
static void test_full_table(void **state)
{
	struct random r = random_start();
	struct flow_table *t = table(1024);
	const size_t bytes = (t->mask + 1) * sizeof *t->bucket;
	struct flow_bucket *was = malloc(bytes);

	assert_non_null(was);
	for (uint32_t i = 0; t->entries < 1024; i++) {
		const uint64_t hash = random_next(&r);

		assert_true(i < 1000000);
		if (!flow_find(t, hash).b && put(t, hash, 6, FLOW_EV_UDP, 50))
			flow_touch(flow_find(t, hash), i & 1 ? FLOW_EV_UDP : FLOW_EV_DATA, 50);
	}
	memcpy(was, t->bucket, bytes);
	const uint64_t bypass = t->bypass;

	for (uint32_t i = 0; i < 100000; i++)
		assert_false(put(t, random_next(&r), 7, i % FLOW_EVENTS, (uint16_t)(50 + i % 60)));
	assert_int_equal(t->bypass, bypass + 100000);
	assert_memory_equal(was, t->bucket, bytes);
	assert_int_equal(t->active[6], 1024);
	assert_int_equal(t->active[7], 0);
	free(was);
	flow_free(t);
}

/* SYNs of random sources, each once or twice, recycle their own entries. */
static void test_syn_flood(void **state)
{
	enum { CONFIRMED = 40000, FLOOD = 6000000 / SLOW };
	struct random r = random_start();
	struct flow_table *t = table(65536);
	uint64_t *hash = calloc(CONFIRMED, sizeof *hash);
	uint32_t lost = 0;

	assert_non_null(hash);
	for (uint32_t n = 0; n < CONFIRMED; n++) {
		do
			hash[n] = random_next(&r);
		while (!put(t, hash[n], (uint16_t)(n % 1000), FLOW_EV_SYN, 0));
		flow_touch(flow_find(t, hash[n]), FLOW_EV_DATA, 0);
	}
	assert_int_equal(t->entries, CONFIRMED);
	long before = 0;

	for (uint32_t i = 0; i < FLOOD; i++) {
		const uint64_t syn = random_next(&r);
		const uint16_t now = (uint16_t)((uint64_t)i * 800 / FLOOD);
		const struct flow_at at = flow_find(t, syn);

		if (i == FLOOD / 2)
			before = resident_bytes();
		if (at.b) /* as like as not one of the flood; see the head of table/flow.h */
			continue;
		put(t, syn, 5000, FLOW_EV_SYN, now);
		if (i % 3 == 0 && flow_find(t, syn).b)
			flow_touch(flow_find(t, syn), FLOW_EV_SYN, now);
	}
	assert_in_range(resident_bytes(), 0, before + 64 * 4096);
	for (uint32_t i = 0; i < CONFIRMED; i++) {
		const struct flow_at at = flow_find(t, hash[i]);

		lost += !at.b || flow_slot(at) != i % 1000 || flow_state(at) != FLOW_ESTABLISHED;
	}
	assert_int_equal(lost, 0);
	assert_int_equal(t->active[5000], t->entries - CONFIRMED);
	assert_true(t->evicted + t->expired > FLOOD / 2);
	free(hash);
	flow_free(t);
}

static void fixed(uint32_t entries, uint32_t flows, uint32_t steps, uint32_t every)
{
	const struct flow_shape shape = {.entries = entries, .start = entries};

	against_model(&shape, flows, steps, every, &usual, false);
}

static void test_model_small(void **state)
{
	fixed(64, 200, 1000000 / SLOW, 1);
}

static void test_model_middle(void **state)
{
	fixed(4096, 6000, 2000000 / SLOW, 5000);
}

static void test_model_large(void **state)
{
	fixed(65536, 80000, 8000000 / SLOW, 400000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_match_is_match_plain),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_life_of_an_entry),
		cmocka_unit_test(test_hash_without_upper_half),
		cmocka_unit_test(test_one_bucket_twice),
		cmocka_unit_test(test_clock_wraps),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_sweep_of_gone_backends),
		cmocka_unit_test(test_fills_evenly),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_syn_flood),
		cmocka_unit_test(test_model_small),
		cmocka_unit_test(test_model_middle),
		cmocka_unit_test(test_model_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
