/* SPDX-License-Identifier: BSD-3-Clause */

/* Which backend a packet goes to, and what in the outer header tells one packet from the next. */

#include <netinet/in.h>

#include "harness.h"

static struct frame frame;
static struct outcome outcome;

/* Where a flow goes. */
static const struct world_way *go(const struct frame_spec *spec)
{
	harness_frame(&frame, spec, WORLD_WAN);
	harness_one(&outcome, WORLD_WAN, &frame);
	harness_expect(&outcome, VERDICT_FORWARDED, 1);
	const struct world_way *way = world_way_of(outcome.out[0].b);

	harness_expect_out(&outcome, 0, &frame, way);
	return way;
}

static uint32_t label(void)
{
	const uint8_t *ip = outcome.out[0].b + 14;

	return (ip[1] & 15u) << 16 | (uint32_t)ip[2] << 8 | ip[3];
}

/* How many backends of the pool see `n` flows that differ as `vary` makes them. */
static unsigned int spread(
	struct frame_spec spec, enum world_pool pool, int n, void (*vary)(struct frame_spec *, int))
{
	const struct world_way *seen[16];
	unsigned int n_seen = 0, k;

	spec.dport = PORT_OF(pool);
	for (int i = 0; i < n; i++) {
		if (vary)
			vary(&spec, i);
		const struct world_way *way = go(&spec);

		assert_int_equal(way->pool, pool);
		for (k = 0; k < n_seen && seen[k] != way; k++)
			;
		if (k == n_seen)
			seen[n_seen++] = way;
	}
	return n_seen;
}

static void by_sport(struct frame_spec *s, int i)
{
	s->sport = (uint16_t)(1024 + i * 37);
}

static void by_source4(struct frame_spec *s, int i)
{
	static char text[32];

	snprintf(text, sizeof text, "198.51.%d.%d", i / 200, 1 + i % 200);
	s->src = text;
}

static void by_source6(struct frame_spec *s, int i)
{
	static char text[40];

	snprintf(text, sizeof text, "2001:db8:c::%x", i + 1);
	s->src = text;
}

static void by_vip4(struct frame_spec *s, int i)
{
	by_source4(s, i / 2);
	by_sport(s, i);
	s->dst = i % 2 ? VIP4 : VIP4_TWIN;
}

static void flows_spread(void **state)
{
	assert_int_equal(spread((struct frame_spec){.dst = VIP4}, POOL_MANY4, 100, by_sport), 4);
	assert_int_equal(spread((struct frame_spec){.dst = VIP6}, POOL_MANY4, 100, by_sport), 4);
	assert_int_equal(spread((struct frame_spec){.dst = VIP4}, POOL_MANY4, 100, by_source4), 4);
	assert_int_equal(spread((struct frame_spec){.dst = VIP6}, POOL_MIXED, 100, by_source6), 4);
}

static void flow_stays(void **state)
{
	for (int i = 0; i < 20; i++) {
		struct frame_spec spec = {.dst = i % 2 ? VIP4 : VIP6};

		by_sport(&spec, i);
		assert_int_equal(spread(spec, POOL_MIXED, 10, NULL), 1);
	}
}

/* What is no part of the 5-tuple moves no flow. */
static void other_fields_do_not_matter(void **state)
{
	struct frame_spec spec = {.dst = VIP6, .dport = PORT_OF(POOL_MIXED)};

	for (int i = 0; i < 20; i++) {
		by_sport(&spec, i);
		const struct world_way *way = go(&spec);
		struct frame_spec other = spec;

		other.tos = 0xb8;
		other.vlans = 2;
		other.payload = 77;
		other.chain = "\x3c";
		other.n_chain = 1;
		other.eth_src = "02:cc:00:00:00:02";
		assert_ptr_equal(go(&other), way);
	}
}

static void source_hash_ignores_the_rest(void **state)
{
	for (int i = 0; i < 8; i++) {
		struct frame_spec s4 = {.dst = VIP4, .dport = PORT_OF(POOL_SOURCE)};
		struct frame_spec s6 = {.dst = VIP6, .dport = PORT_OF(POOL_SOURCE)};

		by_source4(&s4, i);
		by_source6(&s6, i);
		assert_int_equal(spread(s4, POOL_SOURCE, 30, by_sport), 1);
		assert_int_equal(spread(s6, POOL_SOURCE, 30, by_sport), 1);
		const struct world_way *way4 = go(&s4), *way6 = go(&s6);

		s4.dst = VIP4_TWIN;
		s6.dst = VIP6_TWIN;
		assert_ptr_equal(go(&s4), way4);
		assert_ptr_equal(go(&s6), way6);
	}
}

static void sources_spread(void **state)
{
	assert_int_equal(spread((struct frame_spec){.dst = VIP4}, POOL_SOURCE, 200, by_source4), 8);
	assert_int_equal(spread((struct frame_spec){.dst = VIP6}, POOL_SOURCE, 200, by_source6), 8);
	assert_int_equal(spread((struct frame_spec){.dst = VIP4}, POOL_SRCDST, 200, by_source4), 8);
	assert_int_equal(spread((struct frame_spec){.dst = VIP6}, POOL_SRCDST, 200, by_source6), 8);
}

/* hash = "source+dest": ports do not matter, the VIP does. */
static void source_dest_hash(void **state)
{
	int moved = 0;

	for (int i = 0; i < 40; i++) {
		struct frame_spec spec = {.dst = VIP4, .dport = PORT_OF(POOL_SRCDST)};

		by_source4(&spec, i);
		assert_int_equal(spread(spec, POOL_SRCDST, 8, by_sport), 1);
		const struct world_way *way = go(&spec);

		spec.dst = VIP4_TWIN;
		moved += go(&spec) != way;
	}
	assert_in_range(moved, 20, 40); /* 7 of 8 in the mean */
	assert_int_equal(spread((struct frame_spec){0}, POOL_SRCDST, 200, by_vip4), 8);
}

static void label_follows_the_flow(void **state)
{
	uint32_t seen[64];

	for (int i = 0; i < 64; i++) {
		struct frame_spec spec = {.dst = i % 2 ? VIP4 : VIP6, .dport = PORT_OF(POOL_VIA6)};

		by_sport(&spec, i);
		go(&spec);
		seen[i] = label();
		spec.payload = 100;
		spec.tos = 8;
		go(&spec);
		assert_int_equal(label(), seen[i]);
		for (int k = 0; k < i; k++)
			assert_int_not_equal(seen[k], seen[i]);
	}
}

/* The label is of the flow, and shows no part of the secret hash: not its bucket, not its tag. */
static void label_keeps_the_hash_secret(void **state)
{
	struct lane *l = harness_lane();

	for (int i = 0; l->flows && i < 64; i++) {
		struct frame_spec spec = {.dst = VIP4, .dport = PORT_OF(POOL_VIA6)};
		uint8_t key[16] = {0};

		by_sport(&spec, i);
		harness_frame(&frame, &spec, WORLD_WAN);
		struct rte_mbuf *m = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);

		harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
		assert_int_equal(outcome.n, 1);
		memcpy(key, frame.b + frame.l3 + 12, 8);
		memcpy(key + 8, frame.b + frame.l4, 4);
		key[12] = IPPROTO_TCP;
		const uint64_t hash = hash16(&l->flows->key, key);

		assert_non_null(flow_find(l->flows, hash).b);
		for (int shift = 0; shift <= 44; shift++)
			assert_int_not_equal(label(), hash >> shift & 0xfffff);
	}
	lane_free(l);
}

/* Two lanes would take their numbers from different places; one takes the next for every packet. */
static void identification_changes(void **state)
{
	const struct frame_spec spec = {.dst = VIP4, .dport = PORT_OF(POOL_VIA4)};
	struct lane *l = harness_lane();
	struct rte_mbuf *m[BURST_MAX];
	static uint8_t seen[65536];

	memset(seen, 0, sizeof seen);
	harness_frame(&frame, &spec, WORLD_WAN);
	for (int round = 0; round < 65536 / BURST_MAX; round++) {
		for (int i = 0; i < BURST_MAX; i++)
			m[i] = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
		harness_run_on(l, &outcome, WORLD_WAN, m, BURST_MAX);
		for (uint16_t i = 0; i < outcome.n; i++) {
			const uint8_t *id = outcome.out[i].b + 18;

			assert_int_equal(frame_checksums(outcome.out[i].b, outcome.out[i].len), 3);
			assert_int_equal(seen[id[0] << 8 | id[1]]++, 0);
		}
	}
	lane_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_spread),
		cmocka_unit_test(flow_stays),
		cmocka_unit_test(other_fields_do_not_matter),
		cmocka_unit_test(source_hash_ignores_the_rest),
		cmocka_unit_test(sources_spread),
		cmocka_unit_test(source_dest_hash),
		cmocka_unit_test(label_follows_the_flow),
		cmocka_unit_test(label_keeps_the_hash_secret),
		cmocka_unit_test(identification_changes),
	};

	return harness_main("select", tests, sizeof tests / sizeof *tests);
}
