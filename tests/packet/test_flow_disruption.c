/* SPDX-License-Identifier: BSD-3-Clause */

/* Without flow tables, or with track = "none", what moves when backends leave a pool of 1,000 is
 * what Maglev disturbs: the share of flows that change their backend though it stayed, read from
 * the packets that leave, against the share of table entries that do so in the mean of many tables.
 * (Eisenbud et al., "Maglev", 2016, section 5.3, has the same question.) */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <cmocka.h>

#include "../unit/slow.h"
#include "compile/compile.h"
#include "datapath/pipeline.h"
#include "frame.h"
#include "random.h"

#define BACKENDS 1000
#define FLOWS    100000
#define TABLES   (12 / SLOW)
#define VIP      "203.0.113.1"
#define MAC      "02:aa:00:00:00:01"

struct pool {
	struct random r;
	bool out[BACKENDS];
	struct generation *g;
	struct lane *lane;
	struct frame frame;
	uint16_t to[2][FLOWS]; /* before and after */
};

static void build(struct pool *p, enum conf_track track)
{
	struct conf_backend *be = calloc(BACKENDS, sizeof *be);
	struct compile_hop *hop = calloc(BACKENDS, sizeof *hop);
	uint16_t slot[BACKENDS], service = 0;
	struct sl_err err = SL_ERR_INIT;
	size_t n = 0;

	assert_true(be && hop);
	for (uint32_t i = 0; i < BACKENDS; i++) {
		const uint8_t a[4] = {10, 9, (uint8_t)(i >> 8), (uint8_t)i};

		if (p->out[i])
			continue;
		be[n] = (struct conf_backend){.address = sl_addr_from4(a), .weight = 100};
		hop[n] = (struct compile_hop){.resolved = true, .mac = {{2, 0xbe, 0, 0, 0, 1}}};
		slot[n++] = (uint16_t)i;
	}
	struct conf_pool pool = {.name = "p",
		.table_size = 65537,
		.forward = CONF_FORWARD_IPIP,
		.has_tunnel_source = {true},
		.tunnel_source = {sl_addr_from4((const uint8_t[]){10, 0, 0, 250})},
		.egress_port = -1,
		.track = track,
		.backends = be,
		.n_backends = n};
	struct conf_vip vip = {.prefix = {sl_addr_from4((const uint8_t[]){203, 0, 113, 1}), 128},
		.ports = {80, 80},
		.protocol = IPPROTO_TCP};
	struct conf_port conf_port = {0};
	struct compile_port port = {.mtu = 1500};
	const struct conf conf = {.ports = &conf_port,
		.n_ports = 1,
		.pools = &pool,
		.n_pools = 1,
		.vips = &vip,
		.n_vips = 1,
		.flows = {.tcp_syn_s = 10,
			.tcp_established_s = 900,
			.tcp_closing_s = 30,
			.udp_s = 60}};
	const struct compile_input in = {.conf = &conf,
		.ports = &port,
		.hops = hop,
		.slots = slot,
		.services = &service,
		.n_slots = BACKENDS,
		.n_services = 1};

	frame_mac(MAC, port.mac.b);
	generation_free(p->g);
	assert_int_equal(compile_generation(&in, &p->g, &err), 0);
	free(be);
	free(hop);
}

/* One packet of each flow; the last two bytes of the outer destination say where it went. */
static void send_all(struct pool *p, uint16_t to[FLOWS])
{
	static uint8_t room[BURST_MAX][512];
	static struct rte_mbuf m[BURST_MAX];
	static struct burst b;

	for (uint32_t flow = 0; flow < FLOWS; flow += BURST_MAX) {
		for (uint32_t i = 0; i < BURST_MAX; i++) {
			const uint32_t id = flow + i;

			p->frame.b[p->frame.l4] = (uint8_t)(4 + id / 256 % 200);
			p->frame.b[p->frame.l4 + 1] = (uint8_t)id;
			p->frame.b[p->frame.l3 + 15] = (uint8_t)(1 + id / 51200);
			frame_fix_ipv4(&p->frame);
			memcpy(room[i] + 128, p->frame.b, p->frame.len);
			m[i] = (struct rte_mbuf){.buf_addr = room[i],
				.data_off = 128,
				.refcnt = 2,
				.nb_segs = 1,
				.data_len = (uint16_t)p->frame.len,
				.pkt_len = p->frame.len};
			b.mbuf[i] = &m[i];
		}
		b.n = BURST_MAX;
		b.rx_port = 0;
		pipeline_run(p->lane, p->g, &b);
		assert_int_equal(b.n, BURST_MAX);
		for (uint32_t i = 0; i < BURST_MAX; i++) {
			const uint8_t *ip = rte_pktmbuf_mtod(b.mbuf[i], uint8_t *) + 14;

			assert_true(ip[16] == 10 && ip[17] == 9);
			to[flow + i] = (uint16_t)(ip[18] << 8 | ip[19]);
		}
	}
}

/* Share of flows, in percent, that moved though their backend stayed, when k backends leave. */
static double moved(struct pool *p, uint32_t k, enum conf_track track)
{
	uint32_t n = 0;

	memset(p->out, 0, sizeof p->out);
	build(p, track);
	send_all(p, p->to[0]);
	for (uint32_t left = k; left;) {
		const uint32_t i = random_below(&p->r, BACKENDS);

		left -= !p->out[i];
		p->out[i] = true;
	}
	build(p, track);
	send_all(p, p->to[1]);
	for (uint32_t i = 0; i < FLOWS; i++) {
		assert_false(p->out[p->to[1][i]]);
		n += !p->out[p->to[0][i]] && p->to[0][i] != p->to[1][i];
	}
	return 100.0 * n / FLOWS;
}

static void moves(bool with_table)
{
	/* docs/architecture.md, Maglev */
	static const struct {
		uint32_t k;
		double percent;
	} rows[] = {{1, 0.58}, {2, 0.99}, {5, 1.82}, {10, 2.34}, {20, 2.65}, {50, 3.26},
		{100, 3.56}, {200, 3.50}};
	static const uint8_t secret[HASH_SECRET_BYTES] = {1};
	const struct frame_spec spec = {.eth_dst = MAC,
		.src = "11.0.0.1",
		.dst = VIP,
		.dport = 80,
		.proto = IPPROTO_TCP,
		.payload = 8};
	struct pool *p = calloc(1, sizeof *p);

	assert_non_null(p);
	p->r = random_start();
	p->lane = lane_new(0, 1);
	assert_non_null(p->lane);
	if (with_table)
		assert_int_equal(lane_add_flows(p->lane, &(struct flow_shape){1 << 20}, secret), 0);
	frame_build(&p->frame, &spec);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const uint32_t tables = rows[i].k < 5 ? TABLES : TABLES / 2 + 1;
		double sum = 0;

		for (uint32_t t = 0; t < tables; t++)
			sum += moved(p, rows[i].k, with_table ? CONF_TRACK_NONE : CONF_TRACK_ALL);
		printf("%u of %d leave: %.2f %% of the flows move, %.2f %% expected\n", rows[i].k,
			BACKENDS, sum / tables, rows[i].percent);
		assert_true(sum / tables > 0.8 * rows[i].percent &&
			    sum / tables < 1.2 * rows[i].percent);
	}
	assert_true(!with_table || p->lane->flows->entries == 0);
	generation_free(p->g);
	lane_free(p->lane);
	free(p);
}

static void without_tables(void **state)
{
	moves(false);
}

static void untracked(void **state)
{
	moves(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_tables),
		cmocka_unit_test(untracked),
	};

	hash_init();
	pipeline_init();
	return cmocka_run_group_tests_name("flow_disruption", tests, NULL, NULL);
}
