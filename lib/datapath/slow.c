/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>
#include <sys/random.h>

#include <rte_ethdev.h>
#include <rte_ether.h>

#include "datapath/slow.h"
#include "datapath/tags.h"
#include "net/key.h"

struct slow *slow_new(void)
{
	const size_t bytes = (sizeof(struct slow) + 127) / 128 * 128;
	uint8_t secret[HASH_SECRET_BYTES];
	struct slow *s = aligned_alloc(128, bytes);

	if (!s)
		return NULL;
	memset(s, 0, bytes);
	if (getrandom(secret, sizeof secret, 0) != sizeof secret) {
		free(s);
		return NULL;
	}
	hash_key_init(&s->key, secret);
	frag_cache_init(&s->frags, secret);
	s->lane.left = SLOW_LANE_RATE;
	for (uint32_t i = 0; i < SLOW_PREFIXES; i++)
		s->prefix[i].left = SLOW_PREFIX_RATE;
	return s;
}

void slow_free(struct lane *l)
{
	if (!l->slow)
		return;
	for (uint32_t i = 0; i < l->slow_waiting; i++)
		rte_pktmbuf_free(l->slow->out[i].m);
	slow_drop_held(l);
	free(l->slow);
}

static bool budget_has(struct slow_budget *b, uint16_t now, uint16_t rate)
{
	if (b->second != now)
		*b = (struct slow_budget){.second = now, .left = rate};
	return b->left > 0;
}

bool slow_may_answer(struct lane *l, const void *src, bool v6)
{
	struct slow *s = l->slow;
	uint64_t prefix[2];

	key_prefix(prefix, src, v6);
	struct slow_budget *b = &s->prefix[hash16(&s->key, prefix) % SLOW_PREFIXES];

	if (!budget_has(b, l->clock, SLOW_PREFIX_RATE) ||
		!budget_has(&s->lane, l->clock, SLOW_LANE_RATE))
		return false;
	b->left--;
	s->lane.left--;
	return true;
}

void slow_push(struct lane *l, const struct slow_out *out)
{
	l->slow->out[l->slow_waiting++] = *out;
}

void slow_push_answer(
	struct lane *l, const struct generation *g, struct rte_mbuf *m, uint8_t rx_port)
{
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED && !tags_restore(m)) {
		lane_count(l, VERDICT_ENCAP_HEADROOM, 1);
		rte_pktmbuf_free(m);
		return;
	}
	uint8_t *eth = rte_pktmbuf_mtod(m, uint8_t *);

	hdr_store32(eth, hdr_load32(eth + 6));
	hdr_store16(eth + 4, hdr_load16(eth + 10));
	memcpy(eth + 6, g->ports[rx_port].mac.b, 6);
	slow_push(l, &(struct slow_out){.m = m, .port = rx_port, .verdict = VERDICT_ANSWERED});
}

static void count_sent(struct lane *l, const struct slow_out *out)
{
	if (out->verdict == SLOW_TAKEN)
		return;
	lane_count(l, out->verdict, 1);
	if (out->verdict != VERDICT_FORWARDED)
		return;
	traffic_add(&l->service[out->service], 1, out->bytes);
	traffic_add(&l->backend[out->backend], 1, out->bytes);
}

/* n packets by one port. */
static void send_run(struct lane *l, const struct slow_out *out, uint32_t n, uint16_t dpdk_port)
{
	struct rte_mbuf *m[BURST_MAX];
	uint16_t ready = (uint16_t)n;
	uint64_t flags = 0;

	for (uint32_t i = 0; i < n; i++) {
		m[i] = out[i].m;
		flags |= m[i]->ol_flags;
	}
	if (flags & RTE_MBUF_F_TX_OFFLOAD_MASK)
		ready = rte_eth_tx_prepare(dpdk_port, l->id, m, ready);
	const uint32_t sent = rte_eth_tx_burst(dpdk_port, l->id, m, ready);

	for (uint32_t i = 0; i < n; i++) {
		if (i < sent) {
			count_sent(l, &out[i]);
			continue;
		}
		if (out[i].verdict != SLOW_TAKEN)
			lane_count(l, VERDICT_TX_FULL, 1);
		rte_pktmbuf_free(m[i]);
	}
}

void slow_tx(struct lane *l, const uint16_t *dpdk_port)
{
	const struct slow_out *out = l->slow->out;
	const uint32_t all = l->slow_waiting;
	uint32_t n;

	for (uint32_t i = 0; i < all; i += n) {
		for (n = 1; n < BURST_MAX && i + n < all && out[i + n].port == out[i].port; n++)
			;
		send_run(l, &out[i], n, dpdk_port[out[i].port]);
	}
	l->slow_waiting = 0;
}
