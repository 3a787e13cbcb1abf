/* SPDX-License-Identifier: BSD-3-Clause */

/* Which entry a new flow takes, and how long one of a single packet stays. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "../packet/random.h"
#include "flow_put.h"
#include "slow.h"
#include "eal/cpu.h"
#include "table/flow_place.h"

static void random_limits(struct random *r, struct flow_timeouts *to)
{
	for (int s = 0; s < FLOW_STATES; s++)
		to->idle_s[s] = (uint16_t)(1 + random_below(r, random_below(r, 2) ? 20 : 32000));
}

static void random_bucket(struct random *r, struct flow_bucket *b, const struct flow_timeouts *to)
{
	for (uint32_t way = 0; way < FLOW_WAYS; way++) {
		const uint16_t limit = to->idle_s[random_below(r, FLOW_STATES)];

		b->note[way].backend = (uint16_t)random_next(r);
		b->note[way].age = (uint16_t)(random_below(r, 2) ? random_next(r)
								 : 0u - limit - random_below(r, 2));
	}
}

/* The classes of a bucket's entries, by the vector code, by the plain one, and by a third way. */
static void test_places_are_places_plain(void **state)
{
	struct random r = random_start();
	struct flow_bucket b[2] = {{{0}}};
	struct flow_timeouts to;
	uint32_t idle = 0, new = 0, closing = 0;

	for (uint32_t i = 0; i < 500000 / SLOW; i++) {
		const uint16_t now = (uint16_t)(random_below(&r, 2) ? random_next(&r) : 0);

		random_limits(&r, &to);
		random_bucket(&r, &b[0], &to);
		random_bucket(&r, &b[1], &to);
		const struct flow_places a = flow_places(&b[0], &b[1], now, &to),
					 p = flow_places_plain(&b[0], &b[1], now, &to);

		assert_memory_equal(&a, &p, sizeof a);
		for (uint32_t way = 0; way < 2 * FLOW_WAYS; way++) {
			const struct flow_bucket *in = &b[way / FLOW_WAYS];
			const uint32_t is = in->note[way % FLOW_WAYS].backend / 0x4000,
				       ago = (uint16_t)(now - in->note[way % FLOW_WAYS].age);

			assert_int_equal(
				a.of[PLACE_IDLE] >> way & 1, ago < 32768 && ago > to.idle_s[is]);
			assert_int_equal(a.of[PLACE_NEW] >> way & 1, is == FLOW_NEW);
			assert_int_equal(a.of[PLACE_CLOSING] >> way & 1, is == FLOW_CLOSING);
		}
		assert_int_equal((a.of[0] | a.of[1] | a.of[2]) >> 2 * FLOW_WAYS, 0);
		idle += a.of[PLACE_IDLE] != 0 && a.of[PLACE_IDLE] != 0xffff;
		new += a.of[PLACE_NEW] != 0;
		closing += a.of[PLACE_CLOSING] != 0;
	}
	assert_true(idle > 100000 / SLOW && new > 100000 / SLOW &&closing > 100000 / SLOW);
}

/* Sixteen entries that nothing speaks against, then a few of them changed. */
static void test_crowded_is_crowded_plain(void **state)
{
	struct random r = random_start();
	struct flow_bucket b[2] = {{{0}}};
	uint32_t crowded = 0;

	for (uint32_t i = 0; i < 500000 / SLOW; i++) {
		const uint16_t now = (uint16_t)random_next(&r);
		const uint16_t limit = (uint16_t)random_below(&r, FLOW_IDLE_MAX_S);
		const uint32_t tag = 1 + (uint32_t)random_next(&r) / 2;

		for (uint32_t w = 0; w < 2 * FLOW_WAYS; w++) {
			const uint32_t odd = random_below(&r, 64);

			b[w / FLOW_WAYS].tag[w % FLOW_WAYS] = odd == 0   ? 0
							      : odd == 1 ? tag
									 : tag + 1 + w;
			b[w / FLOW_WAYS].note[w % FLOW_WAYS] = (struct flow_note){
				.backend = (uint16_t)random_next(&r),
				.age = (uint16_t)(now - limit - (odd == 2) +
						  random_below(&r, 2) *
							  random_below(&r, limit + 9u)),
			};
		}
		const bool is = flow_crowded(&b[0], &b[1], tag, now, limit);

		assert_int_equal(is, flow_crowded_plain(&b[0], &b[1], tag, now, limit));
		crowded += is;
	}
	assert_in_range(crowded, 100000 / SLOW, 400000 / SLOW);
}

static void test_match2_is_match2_plain(void **state)
{
	struct random r = random_start();
	struct flow_bucket b[2] = {{{0}}};
	uint32_t found = 0;

	for (uint32_t i = 0; i < 500000 / SLOW; i++) {
		const uint32_t few[] = {0, 1, (uint32_t)random_next(&r)};
		const uint32_t tag = few[random_below(&r, 3)];
		uint32_t m;

		for (uint32_t w = 0; w < 2 * FLOW_WAYS; w++)
			b[w / FLOW_WAYS].tag[w % FLOW_WAYS] = random_below(&r, 8)
								      ? (uint32_t)random_next(&r)
								      : few[random_below(&r, 3)];
		m = flow_match2(&b[0], &b[1], tag);
		assert_int_equal(m, flow_match2_plain(&b[0], &b[1], tag));
		found += m != 0;
	}
	assert_in_range(found, 100000 / SLOW, 400000 / SLOW);
}

/* Empty, expired, unconfirmed, closing, in this order, whichever of the two buckets has it. */
static void test_order_of_eviction(void **state)
{
	enum { EMPTY, EXPIRED, NEW, CLOSING, LIVE, KINDS };
	static const struct {
		uint16_t state, age;
	} make[KINDS] = {
		[EXPIRED] = {FLOW_ESTABLISHED, 99},
		[NEW] = {FLOW_NEW, 1000},
		[CLOSING] = {FLOW_CLOSING, 990},
		[LIVE] = {FLOW_UDP, 1000},
	};
	struct random r = random_start();
	struct flow_table *t = table(64);
	uint32_t seen[KINDS] = {0};

	for (uint32_t i = 0; i < 200000 / SLOW; i++) {
		const uint64_t hash = random_next(&r);
		const uint32_t least = random_below(&r, KINDS);
		struct flow_bucket *b[2] = {flow_bucket1(t, hash), flow_bucket2(t, hash)};
		uint32_t best = LIVE, kind[2][FLOW_WAYS];

		if (b[0] == b[1])
			continue;
		for (uint32_t k = 0; k < 2 * FLOW_WAYS; k++) {
			struct flow_bucket *at = b[k / FLOW_WAYS];
			const uint32_t way = k % FLOW_WAYS,
				       is = least + random_below(&r, KINDS - least);

			kind[k / FLOW_WAYS][way] = is;
			best = is < best ? is : best;
			at->tag[way] = is == EMPTY ? 0 : (flow_tag(hash) ^ (k + 1)) | 1u << 31;
			at->note[way].backend = (uint16_t)(9 | make[is].state << FLOW_STATE_SHIFT);
			at->note[way].age = make[is].age;
		}
		if (flow_find(t, hash).b)
			continue;
		const bool ok = put(t, hash, 8, FLOW_EV_SYN, 1000);
		const struct flow_at at = flow_find(t, hash);

		seen[best]++;
		assert_int_equal(ok, best != LIVE);
		if (ok)
			assert_int_equal(kind[at.b == b[1]][at.way], best);
	}
	for (uint32_t k = 0; k < KINDS; k++)
		assert_true(seen[k] > 1000 / SLOW);
	flow_free(t);
}

/* A UDP flow, and one that was met in its middle, whose packets are far apart: the second one finds
 * the entry and confirms it. A SYN alone is forgotten soon. */
static void test_few_packets_confirm(void **state)
{
	static const struct {
		enum flow_event ev;
		uint16_t life_s;
		enum flow_state then;
	} rows[] = {
		{FLOW_EV_SYN, 10, FLOW_NEW},
		{FLOW_EV_UDP, 60, FLOW_UDP},
		{FLOW_EV_DATA, 900, FLOW_ESTABLISHED},
	};
	const struct backend backend = {.state = BACKEND_READY};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct flow_table *t = table(64);
		const uint16_t from = 65500, last = (uint16_t)(from + rows[i].life_s);

		assert_true(put(t, 77, 0, rows[i].ev, from));
		flow_sweep(t, 8, last, &usual, &backend, 1);
		const struct flow_at at = flow_find(t, 77);

		assert_non_null(at.b);
		assert_int_equal(flow_state(at), FLOW_NEW);
		assert_false(flow_idle(at, last, &usual));
		assert_true(flow_idle(at, (uint16_t)(last + 1), &usual));
		flow_touch(at, rows[i].ev, last);
		assert_int_equal(flow_state(at), rows[i].then);
		assert_int_equal(at.b->note[at.way].age, last);
		flow_sweep(t, 8, (uint16_t)(last + rows[i].life_s), &usual, &backend, 1);
		assert_int_equal(t->entries, 1);
		flow_sweep(t, 8, (uint16_t)(last + rows[i].life_s + 1), &usual, &backend, 1);
		assert_int_equal(t->entries, 0);
		flow_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_are_places_plain),
		cmocka_unit_test(test_crowded_is_crowded_plain),
		cmocka_unit_test(test_match2_is_match2_plain),
		cmocka_unit_test(test_order_of_eviction),
		cmocka_unit_test(test_few_packets_confirm),
	};

#ifdef __AVX2__
	if (!cpu_has_v3()) {
		printf("SKIP this CPU has no AVX2\n");
		return 77;
	}
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
