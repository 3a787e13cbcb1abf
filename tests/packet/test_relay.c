/* SPDX-License-Identifier: BSD-3-Clause */

/* Packets whose flow is another lane's: ICMP errors and fragments that come in by any lane reach
 * the backend that the flow's lane remembers, where it is known which one that is and where it is
 * not. */

#include "random.h"
#include "relay_rig.h"

/* In by every lane, the flow on every lane, of 2 to 5. */
static void error_finds_its_flow(void **state)
{
	for (uint32_t i = 0; i < 2 * 2 * 4 * 25; i++) {
		const bool six = i & 1, known = i >> 1 & 1;
		const uint32_t n = 2 + (i >> 2) % 4, in = (i >> 4) % n, on = (i / 80) % n;

		make(six, POOL_MANY4, 3000, 1);
		start(n, known, (uint16_t)on);
		const uint16_t other = remember_elsewhere(on);

		assert_int_equal(receive(in, &error), 0xffff);
		if (in != on) {
			assert_int_equal(lanes[in]->relay->asked, 1);
			assert_int_equal(total(VERDICT_HELD), 1);
			assert_int_equal(n_left, 0);
		}
		settle();
		assert_int_equal(left_to[other], 1);
		assert_int_equal(left_by[on], 1);
		assert_int_equal(total(VERDICT_FORWARDED), 2);
		assert_int_equal(lanes[on]->relay->taken, in != on);
		finish();
	}
}

/* Where RSS is known no other lane is asked; where it is not, a flow of nobody goes by the table.
 */
static void table_decides_about_strangers(void **state)
{
	for (uint32_t i = 0; i < 8; i++) {
		const bool six = i & 1, known = i >> 1 & 1;
		const uint32_t home = known ? 2 + (i >> 2) : 0;

		make(six, POOL_MANY4, 3000, 1);
		start(4, known, (uint16_t)home);
		if (known)
			remember_elsewhere(1); /* which is not its lane, and is passed first */
		const uint64_t before = n_left;

		receive(0, &error);
		settle();
		assert_int_equal(n_left, before + 1);
		assert_int_equal(left_by[home], 1);
		assert_int_equal(lanes[0]->relay->asked, 1);
		const uint16_t by_table = receive(2, &whole);

		assert_int_equal(left_to[by_table], 1);
		finish();
	}
}

/* Errors that this lane can deal with, or that nobody can, stay. */
static void nothing_is_asked_in_vain(void **state)
{
	make(false, POOL_MANY4, 3000, 1);
	start(3, false, 0);
	remember_elsewhere(1);
	receive(1, &error);
	assert_int_equal(lanes[1]->relay->asked, 0);
	assert_int_equal(n_left, 1);
	make(false, WORLD_POOLS + 100, 3000, 1); /* a port that nobody serves */
	receive(0, &error);
	for (uint32_t i = 0; i < n_pieces; i++)
		receive(0, &piece[i]);
	assert_int_equal(total(VERDICT_ICMP_UNMATCHED), 1);
	assert_int_equal(total(VERDICT_NO_VIP), 1);
	assert_int_equal(total(VERDICT_FRAG), n_pieces - 1);
	make(false, POOL_STRICT, 3000, 2); /* which wants no fragments */
	for (uint32_t i = 0; i < n_pieces; i++)
		receive(0, &piece[i]);
	assert_int_equal(total(VERDICT_FRAG), 2 * n_pieces - 1);
	assert_int_equal(lanes[0]->relay->asked, 0);
	finish();
}

static void shuffle(struct random *r)
{
	for (uint32_t i = 0; i < n_pieces; i++) {
		const uint32_t k = i + random_below(r, n_pieces - i);
		const struct frame t = piece[i];

		piece[i] = piece[k];
		piece[k] = t;
	}
}

/* All of a datagram follow the flow, in any order, while messages are under way or not. */
static void fragments_find_their_flow(void **state)
{
	struct random r = random_start();

	for (uint32_t i = 0; i < 400; i++) {
		const bool six = i & 1, known = i >> 1 & 1;
		const uint32_t n = 2 + random_below(&r, 4), in = random_below(&r, n),
			       on = random_below(&r, n);

		make(six, POOL_MANY4, 3000, (uint16_t)i);
		start(n, known, (uint16_t)on);
		const uint16_t other = remember_elsewhere(on);

		if (i >> 2 & 1)
			shuffle(&r);
		for (uint32_t k = 0; k < n_pieces; k++) {
			receive(in, &piece[k]);
			if (i >> 3 & 1)
				settle();
		}
		settle();
		assert_int_equal(n_left, n_pieces);
		assert_int_equal(left_to[other], n_pieces);
		assert_int_equal(lanes[in]->relay->asked, in != on || !known);
		assert_int_equal(lanes[in]->slow->frags.used, 0);
		/* the flow has seen a second packet: the datagram */
		assert_int_equal(lanes[on]->flows->inserts, 1);
		assert_int_equal(receive(on, &whole), other);
		finish();
	}
}

/* A flow that begins with a datagram in fragments is remembered by its lane, where that is known,
 * else by the lane that has the fragments; the next datagram finds it. */
static void fragments_begin_a_flow(void **state)
{
	for (uint32_t i = 0; i < 4; i++) {
		const bool six = i & 1, known = i >> 1;
		const uint32_t on = known ? 2 : 0;

		start(3, known, (uint16_t)on);
		for (uint16_t id = 0; id < 3; id++) {
			make(six, POOL_MANY4, 3000, id);
			for (uint32_t k = 0; k < n_pieces; k++)
				receive(0, &piece[k]);
			settle();
		}
		assert_int_equal(n_left, 3 * n_pieces);
		for (uint32_t l = 0; l < 3; l++)
			assert_int_equal(lanes[l]->flows->inserts, l == on);
		assert_int_equal(left_to[receive(on, &whole)], 3 * n_pieces);
		finish();
	}
}

/* The first fragment ends where its flow is: the others end where they are. */
static void fragments_are_refused_together(void **state)
{
	make(false, POOL_EMPTY, 3000, 1);
	for (int known = 0; known < 2; known++) {
		start(3, known, 2);
		receive(0, &piece[1]);
		receive(0, &piece[0]);
		receive(0, &piece[2]);
		settle();
		receive(0, &piece[3]);
		assert_int_equal(lanes[0]->relay->asked, 1);
		assert_int_equal(lanes[known ? 2 : 0]->verdict[VERDICT_NO_BACKEND], 1);
		assert_int_equal(lanes[0]->verdict[VERDICT_FRAG], 3);
		assert_int_equal(n_left, 0);
		finish();
	}
}

/* While the first one is on its way the rest is judged as ever. */
static void overlap_on_the_way(void **state)
{
	make(false, POOL_MANY4, 3000, 1);
	start(2, false, 0);
	remember_elsewhere(1);
	receive(0, &piece[0]);
	receive(0, &piece[1]);
	receive(0, &piece[1]);
	assert_int_equal(lanes[0]->verdict[VERDICT_FRAG_OVERLAP], 2);
	settle();
	receive(0, &piece[2]);
	assert_int_equal(lanes[0]->verdict[VERDICT_FRAG_OVERLAP], 3);
	assert_int_equal(n_left, 1); /* the first one, which was on its way */
	finish();
}

/* What waited for too long is gone when the answer comes, which harms nothing. */
static void answer_comes_too_late(void **state)
{
	make(false, POOL_MANY4, 3000, 1);
	start(2, false, 0);
	const uint16_t other = remember_elsewhere(1);

	receive(0, &piece[0]);
	receive(0, &piece[1]);
	lanes[0]->clock += FRAG_WAIT_S + 1;
	slow_tick(lanes[0]);
	assert_int_equal(lanes[0]->verdict[VERDICT_FRAG], 1);
	settle();
	assert_int_equal(left_to[other], 1);
	assert_int_equal(n_left, 1);
	finish();
}

/* More than may be under way: the rest is dealt with at once, by the table. */
static void no_message_left(void **state)
{
	make(false, POOL_MANY4, 3000, 1);
	start(LANES_MOST, false, 0);
	const uint16_t other = remember_elsewhere(3);
	const uint32_t most = lanes[0]->relay->open_max;

	for (uint32_t round = 1; round <= 3; round++) {
		for (uint32_t lane = 0; lane < LANES_MOST; lane++)
			for (uint32_t i = 0; i < most + 5 && lane != 3; i++)
				receive(lane, &error);
		for (uint32_t lane = 0; lane < LANES_MOST; lane++)
			assert_int_equal(lanes[lane]->relay->refused, lane == 3 ? 0 : 5 * round);
		assert_int_equal(total(VERDICT_HELD), 4 * most);
		assert_int_equal(n_left, (round - 1) * 4 * (most + 5) + 20);
		settle();
		assert_int_equal(left_to[other], round * 4 * most);
	}
	finish();
}

/* Lanes end with packets in their rings, and fragments that wait for an answer. */
static void lanes_end_on_the_way(void **state)
{
	for (uint32_t worked = 0; worked < 3; worked++) {
		start(3, false, 0);
		for (uint16_t i = 0; i < 20; i++) {
			make(i & 1, POOL_MANY4, (uint16_t)(3000 + i), i);
			receive(i % 3, &error);
			receive(i % 3, &piece[0]);
			receive(i % 3, &piece[1]);
		}
		for (uint32_t i = 0; i < worked; i++)
			relay_work(lanes[i], world->g);
		assert_int_not_equal(rig_mbufs(), 0);
		for (uint32_t i = 0; i < n_lanes; i++)
			lane_free(lanes[i]);
		assert_int_equal(rig_mbufs(), 0);
	}
}

/* Flows on all lanes, errors and datagrams of each in by all lanes, lanes worked in any order: a
 * flow has one backend, which is the remembered one where there is one. */
static void many_at_once(void **state)
{
	struct random r = random_start();

	for (uint32_t round = 0; round < 40; round++) {
		enum { FLOWS = 12 };
		uint16_t backend[FLOWS];
		uint32_t expected[BACKEND_SLOTS] = {0};

		start(LANES_MOST, false, 0);
		for (uint32_t f = 0; f < FLOWS; f++) {
			make(f & 1, POOL_MANY4, (uint16_t)(3000 + f), 0);
			backend[f] = receive(random_below(&r, n_lanes), &whole);
		}
		for (uint16_t i = 0; i < 100; i++) {
			const uint32_t f = random_below(&r, FLOWS), in = random_below(&r, n_lanes);

			make(f & 1, POOL_MANY4, (uint16_t)(3000 + f), i);
			if (random_below(&r, 2)) {
				receive(in, &error);
				expected[backend[f]]++;
			} else {
				shuffle(&r);
				for (uint32_t k = 0; k < n_pieces; k++)
					receive(in, &piece[k]);
				expected[backend[f]] += n_pieces;
			}
			for (uint32_t k = random_below(&r, 6); k--;) {
				struct lane *l = lanes[random_below(&r, n_lanes)];

				relay_work(l, world->g);
				collect(l);
			}
		}
		settle();
		assert_memory_equal(left_to, expected, sizeof expected);
		finish();
	}
}

/* The lane of a flow that ports disagree about is not known. */
static void ports_may_disagree(void **state)
{
	make(false, POOL_MANY4, 3000, 1);
	start(4, true, 1);
	maps[1].table[0] = 2;
	const uint16_t other = remember_elsewhere(3);

	receive(0, &error);
	settle();
	assert_int_equal(left_to[other], 1);
	maps[1].n_queues = 1; /* all by lane 0 */
	receive(1, &error);
	settle();
	assert_int_equal(left_to[other], 2);
	maps[1].n_queues = 4;
	maps[0].table[0] = maps[1].table[0] = 9; /* no lane of ours */
	receive(1, &error);
	settle();
	assert_int_equal(left_to[other], 3);
	finish();
}

/* Halves of a flow on several lanes, of which each begins it, and other numbers of lanes: one
 * backend, by the table. */
static void every_lane_says_the_same(void **state)
{
	uint16_t by_one[2][50];

	for (uint32_t n = 1; n <= LANES_MOST; n++) {
		start(n, false, 0);
		for (uint32_t i = 0; i < 100; i++) {
			uint16_t *backend = &by_one[i & 1][i / 2];

			make(i & 1, POOL_MANY4, (uint16_t)(3000 + i), 0);
			for (uint32_t lane = 0; lane < n; lane++) {
				const uint16_t got = receive(lane, &whole);

				if (n == 1)
					*backend = got;
				assert_int_equal(got, *backend);
			}
		}
		if (n > 1)
			finish();
		else
			lane_free(lanes[0]);
	}
}

/* One lane asks nobody; nor does a lane that remembers nothing. */
static void alone(void **state)
{
	make(false, POOL_MANY4, 3000, 1);
	start(1, false, 0);
	assert_null(lanes[0]->relay);
	receive(0, &error);
	for (uint32_t k = 0; k < n_pieces; k++)
		receive(0, &piece[k]);
	assert_int_equal(n_left, 1 + n_pieces);
	lane_free(lanes[0]);
	start(2, false, 0);
	for (int i = 0; i < 2; i++) {
		flow_free(lanes[i]->flows);
		lanes[i]->flows = NULL;
	}
	receive(0, &error);
	for (uint32_t k = 0; k < n_pieces; k++)
		receive(0, &piece[k]);
	assert_int_equal(n_left, 1 + n_pieces);
	assert_int_equal(lanes[0]->relay->asked, 0);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_finds_its_flow),
		cmocka_unit_test(table_decides_about_strangers),
		cmocka_unit_test(nothing_is_asked_in_vain),
		cmocka_unit_test(fragments_find_their_flow),
		cmocka_unit_test(fragments_begin_a_flow),
		cmocka_unit_test(fragments_are_refused_together),
		cmocka_unit_test(overlap_on_the_way),
		cmocka_unit_test(answer_comes_too_late),
		cmocka_unit_test(no_message_left),
		cmocka_unit_test(lanes_end_on_the_way),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(ports_may_disagree),
		cmocka_unit_test(every_lane_says_the_same),
		cmocka_unit_test(alone),
	};

	if (harness_start())
		return 1;
	const int failed = cmocka_run_group_tests_name("relay", tests, NULL, NULL);

	harness_stop();
	return failed != 0;
}
