/* SPDX-License-Identifier: BSD-3-Clause */

/* Frames in several mbufs: the first holds the headers, and what is behind them can be cut
 * anywhere. */

#include <netinet/in.h>

#include "harness.h"

static struct frame frame;
static struct outcome outcome;

static void run_chain(uint32_t first, uint32_t next)
{
	struct rte_mbuf *m = rig_chain(frame.b, frame.len, RIG_HEADROOM, first, next);

	harness_run(&outcome, WORLD_WAN, &m, 1);
}

static void make(
	const char *dst, enum world_pool pool, uint8_t vlans, uint16_t payload, uint16_t padding)
{
	const struct frame_spec spec = {
		.dst = dst,
		.dport = PORT_OF(pool),
		.vlans = vlans,
		.payload = payload,
		.padding = padding,
	};

	harness_frame(&frame, &spec, WORLD_WAN);
}

static const enum world_pool kinds[] = {POOL_VIA4, POOL_VIA6, POOL_L2};
static const char *const vips[] = {VIP4, VIP6};

/* Every transform, both families, tags or none, pieces of many sizes. */
static void payload_in_pieces(void **state)
{
	for (int c = 0; c < 3 * 2 * 3; c++) {
		const enum world_pool pool = kinds[c % 3];

		make(vips[c / 3 % 2], pool, (uint8_t)(c / 6), 1000, 0);
		for (uint32_t next = 1; next <= 1000; next = next * 3 + 1) {
			run_chain(frame.l4 + 20, next);
			harness_expect(&outcome, VERDICT_FORWARDED, 1);
			harness_expect_out(&outcome, 0, &frame, world_way_in(pool));
		}
	}
}

/* The first piece ends at any byte behind the headers. */
static void first_piece_ends_anywhere(void **state)
{
	make(VIP4, POOL_VIA4, 1, 60, 0);
	for (uint32_t first = frame.l4 + 20; first <= frame.len; first++) {
		run_chain(first, 7);
		harness_expect(&outcome, VERDICT_FORWARDED, 1);
		harness_expect_out(&outcome, 0, &frame, world_way_in(POOL_VIA4));
	}
}

/* Padding ends with the frame, whether it stands in the last piece, is all of it, or fills several.
 */
static void padding_in_pieces(void **state)
{
	for (int c = 0; c < 3 * 2; c++) {
		const enum world_pool pool = kinds[c % 3];

		make(vips[c / 3], pool, 0, 100, 40);
		for (uint32_t next = 3; next <= 140; next++) {
			run_chain(frame.l4 + 20, next);
			harness_expect(&outcome, VERDICT_FORWARDED, 1);
			harness_expect_out(&outcome, 0, &frame, world_way_in(pool));
		}
	}
}

/* The packet ends in the first piece, all others are padding. */
static void padding_is_the_rest(void **state)
{
	make(VIP6, POOL_VIA4, 2, 0, 30);
	for (uint32_t first = frame.l4 + 20; first < frame.len; first++) {
		run_chain(first, 4);
		harness_expect(&outcome, VERDICT_FORWARDED, 1);
		harness_expect_out(&outcome, 0, &frame, world_way_in(POOL_VIA4));
	}
}

/* Headers cut by the end of the first piece are dropped, and nothing behind it is read. */
static void headers_in_pieces(void **state)
{
	for (int c = 0; c < 2 * 3; c++) {
		make(vips[c % 2], POOL_VIA4, (uint8_t)(c / 2), 40, 0);
		for (uint32_t first = 0; first < frame.l4 + 20; first++) {
			run_chain(first, 0);
			assert_int_equal(outcome.n, 0);
			const uint64_t by_length = outcome.count[VERDICT_RUNT] +
						   outcome.count[VERDICT_IP_HDR_LEN] +
						   outcome.count[VERDICT_L4_TRUNCATED];

			assert_int_equal(by_length, 1);
		}
	}
}

static void total_beyond_all_pieces(void **state)
{
	make(VIP4, POOL_VIA4, 0, 500, 0);
	frame.len--;
	run_chain(100, 100);
	harness_expect(&outcome, VERDICT_IP_TOTAL_LEN, 1);
	make(VIP6, POOL_VIA4, 0, 500, 0);
	frame.len--;
	run_chain(100, 100);
	harness_expect(&outcome, VERDICT_IP_TOTAL_LEN, 1);
}

static void too_big_in_pieces(void **state)
{
	make(VIP4, POOL_VIA4, 0, 1441, 0);
	run_chain(64, 128);
	harness_expect(&outcome, VERDICT_ANSWERED, 1);
	make(VIP4, POOL_VIA4, 0, 1440, 0);
	run_chain(64, 128);
	harness_expect(&outcome, VERDICT_FORWARDED, 1);
	harness_expect_out(&outcome, 0, &frame, world_way_in(POOL_VIA4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payload_in_pieces),
		cmocka_unit_test(first_piece_ends_anywhere),
		cmocka_unit_test(padding_in_pieces),
		cmocka_unit_test(padding_is_the_rest),
		cmocka_unit_test(headers_in_pieces),
		cmocka_unit_test(total_beyond_all_pieces),
		cmocka_unit_test(too_big_in_pieces),
	};

	return harness_main("segments", tests, sizeof tests / sizeof *tests);
}
