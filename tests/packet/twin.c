/* SPDX-License-Identifier: BSD-3-Clause */

#include <netinet/in.h>
#include <rte_ethdev.h>

#include "datapath/slow.h"
#include "eal/hash.h"
#include "rings.h"
#include "twin.h"

static uint16_t dpdk_port[WORLD_PORTS];

void twin_devices(void)
{
	rings_start(dpdk_port);
}

/* Other tables for all pools: each entry moves on by `steps`. Flows that are remembered stay. */
static void turn_tables(uint32_t steps)
{
	static uint16_t old[1 << 12];

	for (size_t i = 0; i < world->g->n_tables; i++) {
		struct sched_table *s = world->g->tables[i];

		assert_true(s->size <= sizeof old / sizeof *old);
		memcpy(old, s->entry, s->size * sizeof *old);
		for (uint32_t k = 0; k < s->size; k++)
			s->entry[(k + steps) % s->size] = old[k];
	}
}

/* Time goes on while nothing comes, now and then by more than some states live; and now and then
 * the pools change. */
static void pass_time(struct twin *t)
{
	if (!t->silent)
		return;
	t->silent = false;
	t->l->clock = (uint16_t)(t->l->clock + random_below(&t->r, 3) * random_below(&t->r, 40));
	if (random_below(&t->r, 4) == 0) {
		turn_tables(1);
		t->turned++;
	}
}

/* As they were: a table has a prime number of entries, and all have the same. */
static void turn_back(struct twin *t)
{
	const uint32_t size = world->g->tables[0]->size;

	turn_tables(size - t->turned % size);
	t->turned = 0;
}

static void keep(struct twin *t, enum world_port port, struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct packets *list =
		&t->out[world_way_of(frame) ? (port == WORLD_WAN ? TWIN_WAN : TWIN_LAN)
					    : TWIN_ANSWERS];

	assert_true(list->n < list->room);
	list->p[list->n].len = rig_bytes(m, list->p[list->n].b, sizeof list->p->b);
	list->n++;
}

static void drain(struct twin *t, enum world_port port)
{
	struct rte_mbuf *m[BURST_MAX];
	uint16_t n;

	while ((n = rte_eth_rx_burst(dpdk_port[port], 0, m, BURST_MAX))) {
		for (uint16_t i = 0; i < n; i++)
			keep(t, port, m[i]);
		rte_pktmbuf_free_bulk(m, n);
	}
}

void twin_give(void *arg, struct lane *l, struct burst *b)
{
	struct twin *t = arg;

	pipeline_tx(l, b, dpdk_port);
	drain(t, WORLD_WAN);
	drain(t, WORLD_LAN);
}

void twin_start(struct twin *t, const struct twin_way *way, const struct twin_plan *plan)
{
	static const uint8_t secret[HASH_SECRET_BYTES] = "twins";
	const struct flow_shape shape = {way->most, way->start, way->exact_keys};

	*t = (struct twin){
		.way = way,
		.plan = plan,
		.r = random_start(),
		.l = lane_new(0, world->g->n_services),
		.polls = TWIN_POLLS,
		.mbufs = rig_mbufs(),
	};
	for (int i = 0; i < TWIN_LISTS; i++) {
		t->out[i].room = TWIN_POLLS * BURST_MAX;
		t->out[i].p = calloc(t->out[i].room, sizeof *t->out[i].p);
		assert_non_null(t->out[i].p);
	}
	assert_non_null(t->l);
	if (harness_flows)
		assert_int_equal(lane_add_flows(t->l, &shape, secret), 0);
	pipeline_now = way->pipeline;
	way->scalar ? hash_init_scalar() : hash_init();
}

void twin_end(struct twin *t)
{
	lane_free(t->l);
	assert_int_equal(rig_mbufs(), t->mbufs);
	for (int i = 0; i < TWIN_LISTS; i++)
		free(t->out[i].p);
}

static void run_ahead(struct twin *t)
{
	const struct ahead_ends ends = {twin_take, twin_give, t};
	static struct burst two[2];

	memset(two, 0xa5, sizeof two);
	while (t->polls) {
		ahead_run(t->l, world->g, &ends, two);
		pass_time(t);
	}
}

static void run_bursts(struct twin *t)
{
	static struct burst b;

	memset(&b, 0xa5, sizeof b);
	while (t->polls) {
		if (twin_take(t, &b)) {
			pipeline_run(t->l, world->g, &b);
			twin_give(t, t->l, &b);
		}
		pass_time(t);
	}
}

/* The companion goes no further than to the VIPs, but until there the burst is neither of one
 * family nor to one service: nothing that is quicker for such bursts is done. */
static struct rte_mbuf *companion(void)
{
	static struct frame f;
	const struct frame_spec spec = {.dst = VIP6, .dport = 9, .proto = IPPROTO_UDP};

	harness_frame(&f, &spec, WORLD_WAN);
	return rig_mbuf(f.b, f.len, RIG_HEADROOM);
}

static void run_lonely(struct twin *t)
{
	static struct burst all, b;

	while (t->polls) {
		twin_take(t, &all);
		for (uint16_t i = 0; i < all.n; i++) {
			memset(&b, 0xa5, sizeof b);
			b.mbuf[0] = all.mbuf[i];
			b.mbuf[1] = companion();
			b.n = 2;
			b.rx_port = all.rx_port;
			t->lonely++;
			pipeline_run(t->l, world->g, &b);
			twin_give(t, t->l, &b);
		}
		pass_time(t);
	}
}

void twin_run(struct twin *t, const struct twin_way *way, const struct twin_plan *plan)
{
	twin_start(t, way, plan);
	if (way->lonely)
		run_lonely(t);
	else if (way->ahead)
		run_ahead(t);
	else
		run_bursts(t);
	turn_back(t);
	pipeline_init();
	hash_init();
}

/* The identification of an IPv4 header that is ours, an outer one or that of an answer, and with it
 * the checksum, which is right. */
static void mask(struct twin_packet *p, bool answers)
{
	uint32_t off = 12, sum = 0;

	while ((p->b[off] == 0x81 || p->b[off] == 0x88) && off < 20) /* tags */
		off += 4;
	const bool v4 = p->b[off] == 8 && p->b[off + 1] == 0;
	uint8_t *ip = p->b + off + 2;

	if (!v4 || (!answers && ip[9] != 4 && ip[9] != 41 && ip[9] != 17))
		return;
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
	memset(ip + 4, 0, 2);
	memset(ip + 10, 0, 2);
}

static void compare_packets(
	const struct twin *t, const struct twin *wanted, enum twin_list list, bool masked)
{
	const struct packets *a = &t->out[list], *b = &wanted->out[list];

	if (a->n != b->n)
		fail_msg("%s: %u packets, not %u", t->way->name, a->n, b->n);
	for (uint32_t i = 0; i < a->n; i++) {
		static struct twin_packet p, q;

		p = a->p[i];
		q = b->p[i];
		if (masked) {
			mask(&p, list == TWIN_ANSWERS);
			mask(&q, list == TWIN_ANSWERS);
		}
		assert_int_equal(p.len, q.len);
		assert_memory_equal(p.b, q.b, p.len);
	}
}

/* What a lane counts, but for the companions. */
static void verdicts(const struct twin *t, uint64_t out[VERDICT_COUNT])
{
	memcpy(out, t->l->verdict, sizeof t->l->verdict);
	out[VERDICT_NO_VIP] -= t->lonely;
}

static void compare_counters(const struct twin *a, const struct twin *b, bool masked)
{
	const struct lane *l = a->l, *m = b->l;
	const uint32_t n = world->g->n_services;
	uint64_t v[VERDICT_COUNT], w[VERDICT_COUNT];

	verdicts(a, v);
	verdicts(b, w);
	assert_int_equal(l->rx - a->lonely, m->rx - b->lonely);
	assert_int_equal(l->rx - a->lonely, a->taken);
	for (int i = 0; i < VERDICT_COUNT; i++)
		if (v[i] != w[i])
			fail_msg("%s: %llu %s, not %llu", a->way->name, (unsigned long long)v[i],
				verdict_name(i), (unsigned long long)w[i]);
	assert_memory_equal(l->service, m->service, n * sizeof *l->service);
	assert_memory_equal(l->backend, m->backend, BACKEND_SLOTS * sizeof *l->backend);
	assert_memory_equal(l->service_new, m->service_new, n * sizeof *l->service_new);
	assert_memory_equal(l->backend_new, m->backend_new, BACKEND_SLOTS * sizeof *l->backend_new);
	assert_memory_equal(
		l->backend_over, m->backend_over, BACKEND_SLOTS * sizeof *l->backend_over);
	assert_memory_equal(
		l->backend_again, m->backend_again, BACKEND_SLOTS * sizeof *l->backend_again);
	if (!masked)
		assert_int_equal(l->ip_id, m->ip_id);
}

void twin_compare_flows(const struct flow_table *a, const struct flow_table *b)
{
	assert_int_equal(a->mask, b->mask);
	assert_int_equal(a->half, b->half);
	assert_int_equal(a->entries, b->entries);
	assert_int_equal(a->evicted, b->evicted);
	assert_int_equal(a->expired, b->expired);
	assert_int_equal(a->bypass, b->bypass);
	assert_memory_equal(a->bucket, b->bucket, (a->mask + 1) * sizeof *a->bucket);
}

void twin_compare(const struct twin *a, const struct twin *b, bool masked)
{
	for (int i = 0; i < TWIN_LISTS; i++)
		compare_packets(a, b, i, masked);
	compare_counters(a, b, masked);
	/* in a smaller table idle entries make room, and their flows begin anew */
	if (!a->l->flows || a->way->most != b->way->most)
		return;
	assert_int_equal(a->l->flows->inserts, b->l->flows->inserts);
	assert_memory_equal(a->l->flows->active, b->l->flows->active,
		BACKEND_SLOTS * sizeof *a->l->flows->active);
}
