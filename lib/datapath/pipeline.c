/* SPDX-License-Identifier: BSD-3-Clause */

#include <rte_ethdev.h>

#include "datapath/level.h"
#include "datapath/pipeline.h"
#include "datapath/slow.h"
#include "datapath/stage.h"

static void begin(struct lane *l, const struct generation *g, struct burst *b)
{
	counter_add(&l->rx, b->n);
	b->n_ended = 0;
	stage_parse(l, g, b);
	stage_classify(l, g, b);
	stage_hash(l, g, b);
}

/* The table grows here and nowhere else: what a burst missed stays in the bucket where it is looked
 * for next. */
static void find(struct lane *l, const struct generation *g, struct burst *b)
{
	if (l->flows && flow_grow_due(l->flows))
		flow_grow(l->flows);
	stage_find(l, g, b);
}

static void finish(struct lane *l, const struct generation *g, struct burst *b)
{
	stage_flow(l, g, b);
	stage_source(l, g, b);
	stage_select(l, g, b);
	stage_transform(l, g, b);
	if (b->n_ended)
		rte_pktmbuf_free_bulk(b->ended, b->n_ended);
}

/* Each packet under its backend and its service; the latter in one go where there is only one,
 * since a sum in memory waits for itself from packet to packet. */
static void count_forwarded(struct lane *l, const struct burst *b, const uint8_t *list, uint32_t n)
{
	struct traffic *backend = l->backend;
	uint64_t bytes = 0;

	if (b->one_service && !list) {
		BURST_UNROLL
		for (uint32_t i = 0; i < n; i++) {
			traffic_add(&backend[b->backend[i]], 1, b->info[i].l3_len);
			bytes += b->info[i].l3_len;
		}
	} else {
		for (uint32_t j = 0; j < n; j++) {
			const uint32_t i = list ? list[j] : j;
			const uint32_t len = b->info[i].l3_len;

			traffic_add(&backend[b->backend[i]], 1, len);
			if (!b->one_service)
				traffic_add(&l->service[b->service[i]], 1, len);
			bytes += len;
		}
	}
	if (b->one_service && n)
		traffic_add(&l->service[b->service[0]], n, bytes);
	lane_count(l, VERDICT_FORWARDED, n);
}

/* Send n mbufs by one port. `list` numbers them in the burst; NULL means 0..n-1. */
static void send_port(struct lane *l, const struct burst *b, uint16_t dpdk_port,
	struct rte_mbuf **mbuf, const uint8_t *list, uint32_t n)
{
	uint16_t ready = (uint16_t)n;

	/* Devices that complete what frames are marked for may want to see them first. */
	if (__builtin_expect(brief_way(b->any) & BACKEND_AFTER, 0))
		ready = rte_eth_tx_prepare(dpdk_port, l->id, mbuf, ready);
	const uint16_t sent = rte_eth_tx_burst(dpdk_port, l->id, mbuf, ready);

	count_forwarded(l, b, list, sent);
	if (__builtin_expect(sent < n, 0)) {
		lane_count(l, VERDICT_TX_FULL, n - sent);
		rte_pktmbuf_free_bulk(mbuf + sent, n - sent);
	}
}

static bool one_port(const struct burst *b)
{
	return brief_port(b->any) == brief_port(b->every);
}

static void tx(struct lane *l, struct burst *b, const uint16_t *dpdk_port)
{
	struct rte_mbuf *mbuf[BURST_MAX];
	uint8_t list[BURST_MAX];
	uint32_t left = burst_all(b);

	if (__builtin_expect(l->slow_waiting, 0))
		slow_tx(l, dpdk_port);
	if (!b->n)
		return;
	if (__builtin_expect(one_port(b), 1)) {
		send_port(l, b, dpdk_port[brief_port(b->brief[0])], b->mbuf, NULL, b->n);
		return;
	}
	while (left) {
		const uint8_t port = brief_port(b->brief[__builtin_ctz(left)]);
		uint32_t n = 0;

		for (uint32_t i = 0; i < b->n; i++) {
			if (!(left >> i & 1) || brief_port(b->brief[i]) != port)
				continue;
			list[n] = (uint8_t)i;
			mbuf[n++] = b->mbuf[i];
			left &= ~(1u << i);
		}
		send_port(l, b, dpdk_port[port], mbuf, list, n);
	}
}

const struct pipeline LEVEL_NAME(pipeline) = {
	.name = LEVEL_TITLE,
	.begin = begin,
	.find = find,
	.finish = finish,
	.tx = tx,
	.stage = {stage_parse, stage_classify, stage_hash, stage_find, stage_flow, stage_select,
		stage_transform},
};
