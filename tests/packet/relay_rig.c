/* SPDX-License-Identifier: BSD-3-Clause */

#include "relay_rig.h"

#define STEP 256 /* payload bytes of each fragment but the last */

struct lane *lanes[LANES_MOST];
uint32_t n_lanes;
struct rss_map maps[2];
struct frame whole, piece[PIECES], error;
uint32_t n_pieces;

uint32_t n_left, left_to[BACKEND_SLOTS], left_by[LANES_MOST];

void start(uint32_t n, bool known, uint16_t queue)
{
	static const uint8_t secret[HASH_SECRET_BYTES] = "relay test";

	n_lanes = n;
	n_left = 0;
	memset(left_to, 0, sizeof left_to);
	memset(left_by, 0, sizeof left_by);
	for (uint32_t i = 0; i < 2; i++) {
		maps[i] = (struct rss_map){
			.n_queues = (uint16_t)n,
			.known = known,
			.table_size = 1,
			.fields = {{RSS_PORTS, RSS_PORTS}, {RSS_PORTS, RSS_PORTS}},
			.table = {(uint8_t)queue},
		};
	}
	for (uint32_t i = 0; i < n; i++) {
		lanes[i] = lane_new((uint16_t)i, world->g->n_services);
		assert_non_null(lanes[i]);
		assert_int_equal(
			lane_add_flows(lanes[i], &(struct flow_shape){.entries = 256}, secret), 0);
	}
	assert_int_equal(relay_join(lanes, n, maps, 2), 0);
}

uint64_t total(enum verdict v)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n_lanes; i++)
		sum += lanes[i]->verdict[v];
	return sum;
}

static uint64_t total_rx(void)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n_lanes; i++)
		sum += lanes[i]->rx;
	return sum;
}

void collect(struct lane *l)
{
	for (uint32_t i = 0; i < l->slow_waiting; i++) {
		const struct slow_out *out = &l->slow->out[i];

		rte_mbuf_sanity_check(out->m, 1);
		if (out->verdict != SLOW_TAKEN)
			lane_count(l, out->verdict, 1);
		if (out->verdict == VERDICT_FORWARDED) {
			assert_memory_equal(rte_pktmbuf_mtod(out->m, const void *),
				world->g->backends[out->backend].tunnel.hdr, 6);
			left_to[out->backend]++;
			left_by[l->id]++;
			n_left++;
		}
		rte_pktmbuf_free(out->m);
	}
	l->slow_waiting = 0;
}

uint16_t receive(uint32_t lane, const struct frame *f)
{
	static struct burst b;
	struct lane *l = lanes[lane];
	uint16_t backend = 0xffff;

	b.n = 1;
	b.rx_port = WORLD_WAN;
	b.mbuf[0] = rig_mbuf(f->b, f->len, RIG_HEADROOM);
	pipeline_run(l, world->g, &b);
	collect(l);
	if (b.n) {
		backend = b.backend[0];
		lane_count(l, VERDICT_FORWARDED, 1);
		rte_pktmbuf_free_bulk(b.mbuf, b.n);
	}
	return backend;
}

static bool any_due(void)
{
	for (uint32_t i = 0; i < n_lanes; i++)
		if (relay_due(lanes[i]))
			return true;
	return false;
}

void settle(void)
{
	for (uint32_t rounds = 0; any_due(); rounds++) {
		assert_true(rounds < 1000);
		for (uint32_t i = 0; i < n_lanes; i++) {
			assert_true(relay_work(lanes[i], world->g) <= RELAY_WORK_MAX);
			collect(lanes[i]);
		}
	}
	for (uint32_t i = 0; i < n_lanes; i++)
		assert_int_equal(lanes[i]->relay->open, 0);
}

void finish(void)
{
	uint64_t ended = 0;

	settle();
	for (int v = 0; v < VERDICT_COUNT; v++)
		ended += total((enum verdict)v);
	assert_int_equal(ended, total_rx());
	assert_int_equal(total(VERDICT_HELD), 0);
	assert_int_equal(rig_mbufs(), 0);
	for (uint32_t i = 0; i < n_lanes; i++) {
		lanes[i]->clock = (uint16_t)(lanes[i]->clock + FRAG_LIFE_S + 1);
		slow_tick(lanes[i]); /* refused datagrams are known until then */
		assert_int_equal(lanes[i]->slow->frags.used, 0);
		lane_free(lanes[i]);
	}
}

static struct frame_spec flow_spec(bool six, enum world_pool pool, uint16_t sport)
{
	struct frame_spec s = {
		.dst = six ? VIP6 : VIP4, .dport = PORT_OF(pool), .sport = sport, .payload = 900};

	return s;
}

/* An IPv6 datagram is written with a fragment header, which the pieces take over. */
void make(bool six, enum world_pool pool, uint16_t sport, uint16_t id)
{
	struct frame_spec s = flow_spec(six, pool, sport);
	static struct frame long6;
	const struct frame *from = &whole;
	const uint32_t hdr = six ? 48 : 20;

	harness_frame(&whole, &s, WORLD_WAN);
	if (six) {
		s.chain = "\x2c";
		s.n_chain = 1;
		harness_frame(&long6, &s, WORLD_WAN);
		from = &long6;
	}
	const uint32_t all = from->ip_len - hdr;

	n_pieces = 0;
	for (uint32_t at = 0; at < all; at += STEP) {
		struct frame *f = &piece[n_pieces++];
		const uint32_t len = at + STEP < all ? STEP : all - at;
		uint8_t *id_at = f->b + from->l3 + (six ? 46 : 4);

		frame_cut(f, from, hdr, at, at + len, at + len < all);
		id_at[0] = (uint8_t)(id >> 8);
		id_at[1] = (uint8_t)id;
		if (!six)
			frame_fix_ipv4(f);
	}
	harness_too_big(&error, six ? VIP6 : VIP4, PORT_OF(pool), sport, 0, 60);
}

uint16_t remember_elsewhere(uint32_t lane)
{
	struct lane *l = lanes[lane];
	const uint16_t slot = receive(lane, &whole);
	uint16_t other = slot;
	struct flow_at at = {NULL, 0};

	assert_int_not_equal(slot, 0xffff);
	for (uint16_t i = 0; i < world->g->n_backends && other == slot; i++)
		if (i != slot && world->g->backends[i].state == BACKEND_READY &&
			world->g->backends[i].transform == world->g->backends[slot].transform)
			other = i;
	assert_int_not_equal(other, slot);
	for (uint32_t b = 0; b <= l->flows->mask; b++)
		for (uint32_t way = 0; way < FLOW_WAYS; way++)
			if (l->flows->bucket[b].tag[way] &&
				flow_slot((struct flow_at){&l->flows->bucket[b], way}) == slot)
				at = (struct flow_at){&l->flows->bucket[b], way};
	assert_non_null(at.b);
	at.b->note[at.way].backend =
		(uint16_t)((at.b->note[at.way].backend & ~BACKEND_SLOT_MASK) | other);
	return other;
}
