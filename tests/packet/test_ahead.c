/* SPDX-License-Identifier: BSD-3-Clause */

/* The packet path for each level of CPU, burst after burst or looking one burst ahead, does what
 * the plainest code does that takes packet by packet: the same packets leave in the same order, the
 * same counters grow, and the flow tables end up equal bit by bit. */

#include <netinet/in.h>

#include "datapath/ahead.h"
#include "datapath/slow.h"
#include "harness.h"
#include "random.h"

#define POLLS   400
#define CLIENTS 3000

/* Fewer entries than there are flows, which take them from each other; and a table that grows. */
static const struct flow_shape tables[] = {
	{.entries = 1024},
	{.entries = 65536, .start = 64},
};

#define TABLES (sizeof tables / sizeof *tables)

struct packet {
	uint32_t len;
	uint8_t tx_port;
	uint16_t backend, service;
	uint8_t b[FRAME_MAX];
};

/* Without vectors: compiled for this test alone. */
extern const struct pipeline pipeline_plain;

/* One of the sides that are compared: its bursts come from a copy of the same plan. */
struct side {
	struct random r;
	struct lane *l;
	uint32_t polls; /* left */
	struct packet *out;
	uint32_t n_out, room;
};

/* What a server sees when one service has the traffic; nearly nothing but data. */
static void usual_frame(struct random *r, struct frame *f, bool v6)
{
	const struct frame_spec spec = {
		.dst = v6 ? VIP6 : VIP4,
		.sport = (uint16_t)(1024 + random_below(r, CLIENTS)),
		.dport = PORT_OF(0),
		.proto = v6 && !random_below(r, 64) ? IPPROTO_UDP : IPPROTO_TCP,
		.tcp_flags = random_below(r, 64) ? 16 : 2,
		.tos = (uint8_t)random_next(r),
		.payload = (uint16_t)random_below(r, 64),
		.padding = (uint16_t)random_below(r, 4),
	};

	harness_frame(f, &spec, WORLD_WAN);
}

/* A few flows over and over, SYN to FIN; all pools, both families; now and then a broken frame. */
static void random_frame(struct random *r, struct frame *f)
{
	static const char *const vips[] = {VIP4, VIP6, VIP4_TWIN, VIP6_TWIN, VIP4_ANY, VIP6_ANY};
	static const uint8_t flags[] = {2, 16, 16, 16, 16, 24, 17, 4};
	const struct frame_spec spec = {
		.dst = vips[random_below(r, 6)],
		.sport = (uint16_t)(1024 + random_below(r, CLIENTS)),
		.dport = (uint16_t)PORT_OF(random_below(r, WORLD_POOLS + 1)),
		.proto = random_below(r, 8) ? IPPROTO_TCP : IPPROTO_UDP,
		.tcp_flags = flags[random_below(r, 8)],
		.payload = (uint16_t)random_below(r, 64),
	};

	harness_frame(f, &spec, WORLD_WAN);
	if (random_below(r, 32) == 0)
		f->b[random_below(r, f->l4)] ^= (uint8_t)random_next(r);
}

/* Also empty bursts and full ones; for a while no empty ones, so that many follow each other. */
static uint16_t side_take(void *arg, struct burst *b)
{
	struct side *s = arg;
	static struct frame f;

	if (!s->polls)
		return 0;
	s->polls--;
	const bool busy = s->polls / 64 % 2;
	const uint32_t size = busy + random_below(&s->r, 4 - busy);
	const bool usual = random_below(&s->r, 2), v6 = random_below(&s->r, 2);

	b->n = (uint16_t)(size == 0   ? 0
			  : size == 1 ? BURST_MAX
				      : 1 + random_below(&s->r, BURST_MAX));
	b->rx_port = WORLD_WAN;
	for (uint16_t i = 0; i < b->n; i++) {
		if (usual && random_below(&s->r, 256))
			usual_frame(&s->r, &f, v6);
		else
			random_frame(&s->r, &f);
		b->mbuf[i] = rig_mbuf(f.b, f.len, RIG_HEADROOM);
	}
	return b->n;
}

static struct packet *next_out(struct side *s)
{
	assert_true(s->n_out < s->room);
	return &s->out[s->n_out++];
}

/* What the side exit answers leaves with the burst that made it. */
static void give_answers(struct side *s, struct lane *l)
{
	for (uint32_t i = 0; i < l->slow_waiting; i++) {
		const struct slow_out *o = &l->slow->out[i];
		struct packet *p = next_out(s);

		p->len = rig_bytes(o->m, p->b, sizeof p->b);
		p->tx_port = o->port;
		rte_pktmbuf_free(o->m);
	}
	l->slow_waiting = 0;
}

static void side_give(void *arg, struct lane *l, struct burst *b)
{
	struct side *s = arg;

	for (uint16_t i = 0; i < b->n; i++) {
		struct packet *p = next_out(s);

		p->len = rig_bytes(b->mbuf[i], p->b, sizeof p->b);
		p->tx_port = brief_port(b->brief[i]);
		p->backend = b->backend[i];
		p->service = b->service[i];
	}
	rte_pktmbuf_free_bulk(b->mbuf, b->n);
	give_answers(s, l);
}

static void side_start(struct side *s, const struct flow_shape *table)
{
	static const uint8_t secret[HASH_SECRET_BYTES] = "look ahead";

	*s = (struct side){
		.r = random_start(),
		.l = lane_new(0, world->g->n_services),
		.polls = POLLS,
		.room = POLLS * BURST_MAX,
	};
	s->out = calloc(s->room, sizeof *s->out);
	assert_non_null(s->l);
	assert_non_null(s->out);
	if (harness_flows)
		assert_int_equal(lane_add_flows(s->l, table, secret), 0);
}

static void side_end(struct side *s)
{
	lane_free(s->l);
	free(s->out);
}

static void run_ahead(struct side *s)
{
	const struct ahead_ends ends = {side_take, side_give, s};
	static struct burst two[2];

	memset(two, 0xa5, sizeof two);
	while (s->polls)
		ahead_run(s->l, world->g, &ends, two);
}

static void run_plain(struct side *s)
{
	static struct burst b;

	memset(&b, 0xa5, sizeof b);
	while (s->polls) {
		if (!side_take(s, &b))
			continue;
		pipeline_run(s->l, world->g, &b);
		side_give(s, s->l, &b);
	}
}

static void compare_flows(const struct flow_table *a, const struct flow_table *b)
{
	assert_int_equal(a->mask, b->mask);
	assert_int_equal(a->entries, b->entries);
	assert_int_equal(a->inserts, b->inserts);
	assert_int_equal(a->evicted, b->evicted);
	assert_int_equal(a->bypass, b->bypass);
	assert_int_equal(a->grown, b->grown);
	assert_true(a->evicted > 0 || a->grown > 4);
	assert_memory_equal(a->bucket, b->bucket, (a->mask + 1) * sizeof *a->bucket);
	assert_memory_equal(a->active, b->active, BACKEND_SLOTS * sizeof *a->active);
}

static void compare(const struct side *a, const struct side *b)
{
	assert_int_equal(a->n_out, b->n_out);
	assert_true(a->n_out > POLLS);
	for (uint32_t i = 0; i < a->n_out; i++) {
		const struct packet *p = &a->out[i], *q = &b->out[i];

		assert_int_equal(p->len, q->len);
		assert_int_equal(p->tx_port, q->tx_port);
		assert_int_equal(p->backend, q->backend);
		assert_int_equal(p->service, q->service);
		assert_memory_equal(p->b, q->b, p->len);
	}
	assert_int_equal(a->l->rx, b->l->rx);
	assert_memory_equal(a->l->verdict, b->l->verdict, sizeof a->l->verdict);
	if (a->l->flows)
		compare_flows(a->l->flows, b->l->flows);
}

static void compare_way(const struct side *plain, const struct pipeline *p,
	const struct flow_shape *table, void (*run)(struct side *s))
{
	const uint32_t mbufs = rig_mbufs();
	struct side s;

	pipeline_now = p;
	side_start(&s, table);
	run(&s);
	compare(&s, plain);
	assert_int_equal(rig_mbufs(), mbufs);
	side_end(&s);
}

static void all_as_plain(void **state)
{
	const struct pipeline *all[PIPELINES_MAX];
	const uint32_t n = pipeline_list(all);
	struct side plain;

	for (size_t t = 0; t < TABLES; t++) {
		pipeline_now = &pipeline_plain;
		side_start(&plain, &tables[t]);
		run_plain(&plain);
		for (uint32_t i = 0; i < n; i++) {
			printf("code %s, %u entries\n", all[i]->name, tables[t].entries);
			compare_way(&plain, all[i], &tables[t], run_plain);
			compare_way(&plain, all[i], &tables[t], run_ahead);
		}
		side_end(&plain);
	}
	pipeline_init();
}

/* A burst that nothing follows is not kept back. */
static void last_burst_leaves(void **state)
{
	struct side s;
	const struct ahead_ends ends = {side_take, side_give, &s};
	static struct burst two[2];

	side_start(&s, &tables[0]);
	while (s.polls) {
		const uint32_t n = ahead_run(s.l, world->g, &ends, two);
		uint64_t ended = 0;

		for (int v = VERDICT_PUNTED; v < VERDICT_COUNT; v++)
			ended += v == VERDICT_FORWARDED ? 0 : s.l->verdict[v];
		assert_int_equal(s.l->rx, s.n_out + ended);
		assert_true(n <= AHEAD_BURSTS * BURST_MAX);
	}
	side_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_as_plain),
		cmocka_unit_test(last_burst_leaves),
	};

	return harness_main("ahead", tests, sizeof tests / sizeof *tests);
}
