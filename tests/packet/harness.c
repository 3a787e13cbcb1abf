/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/slow.h"

#include "harness.h"

struct world *world;
bool harness_flows;
void (*harness_device)(const struct rte_mbuf *m, struct frame *f);

int harness_start(void)
{
	const int rc = rig_start();

	if (rc)
		printf("DPDK does not start: %s\n", strerror(-rc));
	else
		world = world_new();
	pipeline_init();
	return rc;
}

void harness_stop(void)
{
	world_free(world);
	rig_stop();
}

struct lane *harness_lane(void)
{
	static const uint8_t secret[HASH_SECRET_BYTES] = "packet test";
	struct lane *l = lane_new(0, world->g->n_services);

	assert_non_null(l);
	if (harness_flows)
		assert_int_equal(
			lane_add_flows(l, &(struct flow_shape){.entries = 256}, secret), 0);
	return l;
}

int harness_main(const char *name, const struct CMUnitTest *tests, size_t n)
{
	char with[64];
	int failed;

	if (harness_start())
		return 1;
	failed = _cmocka_run_group_tests(name, tests, n, NULL, NULL);
	harness_flows = true;
	snprintf(with, sizeof with, "%s, flows remembered", name);
	failed += _cmocka_run_group_tests(with, tests, n, NULL, NULL);
	harness_stop();
	return failed != 0;
}

static void collect(struct outcome *o, const struct burst *b)
{
	o->n = b->n;
	for (uint16_t i = 0; i < b->n; i++) {
		rte_mbuf_sanity_check(b->mbuf[i], 1);
		o->out[i].len = rig_bytes(b->mbuf[i], o->out[i].b, FRAME_MAX);
		assert_int_equal(o->out[i].len, b->mbuf[i]->pkt_len);
		if (harness_device)
			harness_device(b->mbuf[i], &o->out[i]);
		o->service[i] = b->service[i];
		o->backend[i] = b->backend[i];
		o->tx_port[i] = brief_port(b->brief[i]);
	}
}

/* The packets that wait to be sent, counted as if they were. */
static void collect_side(struct lane *l, struct outcome *o)
{
	o->n_side = (uint16_t)l->slow_waiting;
	assert_true(o->n_side <= OUTCOME_SIDE_MAX);
	for (uint16_t i = 0; i < o->n_side; i++) {
		const struct slow_out *out = &l->slow->out[i];

		rte_mbuf_sanity_check(out->m, 1);
		o->side[i].len = rig_bytes(out->m, o->side[i].b, FRAME_MAX);
		assert_int_equal(o->side[i].len, out->m->pkt_len);
		if (harness_device)
			harness_device(out->m, &o->side[i]);
		o->side_port[i] = out->port;
		if (out->verdict != SLOW_TAKEN)
			o->count[out->verdict]++;
		rte_pktmbuf_free(out->m);
	}
	l->slow_waiting = 0;
}

/* Every received packet is counted under one verdict, those of the burst that leave not yet. */
static void expect_identity(const struct outcome *o, uint64_t rx, uint16_t n)
{
	uint64_t ended = 0;

	for (int v = 0; v < VERDICT_COUNT; v++)
		ended += o->count[v];
	assert_int_equal(rx, n);
	assert_int_equal(rx, o->n + ended);
}

void harness_run_on(
	struct lane *l, struct outcome *o, uint8_t port, struct rte_mbuf *const *m, uint16_t n)
{
	static struct burst b;
	uint32_t segments = 0;
	const uint64_t rx = l->rx;

	assert_true(n <= BURST_MAX);
	memset(&b, 0xa5, sizeof b);
	memset(o, 0, offsetof(struct outcome, out));
	o->n_side = 0;
	for (int v = 0; v < VERDICT_COUNT; v++)
		o->count[v] = l->verdict[v];
	for (uint16_t i = 0; i < n; i++)
		segments += m[i]->nb_segs;
	const uint32_t mbufs = rig_mbufs() - segments, buffers = rig_buffers() - segments;

	for (uint16_t i = 0; i < n; i++)
		b.mbuf[i] = m[i];
	b.n = n;
	b.rx_port = port;
	pipeline_run(l, world->g, &b);
	for (int v = 0; v < VERDICT_COUNT; v++)
		o->count[v] = l->verdict[v] - o->count[v];
	collect(o, &b);
	collect_side(l, o);
	rte_pktmbuf_free_bulk(b.mbuf, b.n);
	/* what waits stays, and what waited before has gone or ended */
	const uint32_t held = (uint32_t)o->count[VERDICT_HELD];

	assert_int_equal(rig_mbufs(), mbufs + held);
	assert_int_equal(rig_buffers(), buffers + held);
	expect_identity(o, l->rx - rx, n);
}

void harness_run(struct outcome *o, uint8_t port, struct rte_mbuf *const *m, uint16_t n)
{
	struct lane *l = harness_lane();

	harness_run_on(l, o, port, m, n);
	lane_free(l);
}

void harness_frame(struct frame *f, const struct frame_spec *s, uint8_t port)
{
	struct frame_spec to_port = *s;

	if (!s->eth_dst)
		to_port.eth_dst = world_mac(port);
	frame_build(f, &to_port);
}

void harness_too_big(struct frame *f, const char *vip, uint16_t port, uint16_t client_port,
	uint8_t vlans, uint8_t ttl)
{
	static struct frame answer;
	const bool six = strchr(vip, ':');

	frame_build(&answer, &(struct frame_spec){.src = vip,
				     .dst = six ? "2001:db8:c::7" : "198.51.100.7",
				     .sport = port,
				     .dport = client_port,
				     .ip_len = 1400});
	frame_message(f, &(struct frame_icmp){.eth_dst = world_mac(WORLD_WAN),
				 .src = six ? "2001:db8:e::77" : "192.0.2.77",
				 .dst = vip,
				 .vlans = vlans,
				 .ttl = ttl,
				 .type = six ? 2 : 3,
				 .code = six ? 0 : 4,
				 .rest = 1300,
				 .data = answer.b + answer.l3,
				 .len = 64});
}

void harness_one(struct outcome *o, uint8_t port, const struct frame *f)
{
	struct rte_mbuf *m = rig_mbuf(f->b, f->len, RIG_HEADROOM);

	harness_run(o, port, &m, 1);
}

void harness_expect_count(const struct outcome *o, enum verdict v, uint16_t n)
{
	for (int i = 0; i < VERDICT_COUNT; i++) {
		const uint64_t wanted = i == (int)v ? n : 0;

		if (o->count[i] != wanted)
			fail_msg("%s: %llu, not %llu", verdict_name(i),
				(unsigned long long)o->count[i], (unsigned long long)wanted);
	}
}

void harness_expect(const struct outcome *o, enum verdict v, uint16_t n)
{
	const bool forwarded = v == VERDICT_FORWARDED;

	harness_expect_count(o, v, forwarded ? 0 : n);
	assert_int_equal(o->n, forwarded ? n : 0);
}

static void expect_bytes(const struct frame *got, const struct frame *wanted)
{
	for (uint32_t i = 0; i < got->len && i < wanted->len; i++)
		if (got->b[i] != wanted->b[i])
			fail_msg("byte %u is %02x, not %02x", i, got->b[i], wanted->b[i]);
	assert_int_equal(got->len, wanted->len);
}

/* One frame that left. */
static void expect_way(const struct frame *got, uint8_t tx_port, const struct frame *in,
	const struct world_way *way)
{
	static struct frame wanted;
	const bool inner6 = in->b[in->l3] >> 4 == 6;
	const uint8_t *ip = in->b + in->l3;

	assert_non_null(way);
	assert_true(got->len >= 34);
	frame_wrap(&wanted, in,
		&(struct frame_outer){
			.eth_dst = way->eth_dst,
			.eth_src = way->eth_src,
			.src = way->source,
			.dst = way->source ? way->address : NULL,
			.tos = inner6 ? (uint8_t)(ip[0] << 4 | ip[1] >> 4) : ip[1],
			.id = (uint16_t)(got->b[18] << 8 | got->b[19]),
			.label = (got->b[15] & 15u) << 16 | (uint32_t)got->b[16] << 8 | got->b[17],
		});
	expect_bytes(got, &wanted);
	assert_int_equal(tx_port, way->port);
	if (frame_checksums(got->b, got->len) < 1)
		fail_msg("a checksum is missing or wrong");
}

void harness_expect_out(
	const struct outcome *o, uint16_t i, const struct frame *in, const struct world_way *way)
{
	assert_true(i < o->n);
	expect_way(&o->out[i], o->tx_port[i], in, way);
}

void harness_expect_side(
	const struct outcome *o, uint16_t i, const struct frame *in, const struct world_way *way)
{
	assert_true(i < o->n_side);
	expect_way(&o->side[i], o->side_port[i], in, way);
}
