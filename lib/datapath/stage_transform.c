/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/chain.h"
#include "datapath/slow.h"
#include "datapath/stage.h"

/* Bytes from the start of the frame to its IP header become bytes in front of the mbuf or are taken
 * from its headroom, and the link padding behind the IP packet goes. `hdr`: bytes that stand before
 * the packet when done. False without headroom. */
static inline bool frame_resize(struct rte_mbuf *m, const struct parsed *p, uint32_t hdr)
{
	const int32_t grow = (int32_t)hdr - p->l3_off;
	const uint32_t frame_len = hdr + p->l3_len;

	if (grow > (int32_t)m->data_off)
		return false;
	if (__builtin_expect(m->nb_segs == 1, 1)) {
		m->data_off = (uint16_t)(m->data_off - grow);
		m->data_len = (uint16_t)frame_len;
		m->pkt_len = frame_len;
		return true;
	}
	m->data_off = (uint16_t)(m->data_off - grow);
	m->data_len = (uint16_t)(m->data_len + grow);
	m->pkt_len = (uint32_t)((int32_t)m->pkt_len + grow);
	if (m->pkt_len > frame_len)
		chain_cut(m, frame_len);
	return true;
}

/* The flow label of an outer header, which others see: 20 bits that hang on all bits of the secret
 * hash, so that neither the bucket nor the tag of a flow can be told from them. */
static inline uint32_t flow_label(uint64_t hash)
{
	return (uint32_t)((hash ^ hash >> 32) * 0x9e3779b97f4a7c15 >> 44);
}

/* The packets of one kind. `kind` is a literal at every call, so each kind gets a loop of its own.
 */
static inline __attribute__((always_inline)) void transform_kind(struct lane *l,
	const struct generation *g, struct burst *b, const enum transform kind, const uint8_t *list,
	uint32_t n, uint32_t *failed)
{
	uint16_t ip_id = l->ip_id;

	for (uint32_t j = 0; j < n; j++) {
		const uint32_t i = list ? list[j] : j;
		const struct backend *be = &g->backends[b->backend[i]];
		const struct parsed *p = &b->info[i];
		struct rte_mbuf *m = b->mbuf[i];
		const uint32_t hdr = kind == TRANSFORM_SET_MAC ? ETH_LEN
				     : kind == TRANSFORM_PUSH4 ? ETH_LEN + IPV4_LEN
							       : ETH_LEN + IPV6_LEN;
		const struct tunnel_packet tp = {
			.inner_len = p->l3_len,
			.id = ip_id,
			.label = flow_label(b->hash[i]),
			.tos = p->tos,
			.inner_v6 = p->v6,
		};

		if (__builtin_expect(p->l3_len > be->inner_max, 0) ||
			__builtin_expect(!frame_resize(m, p, hdr), 0)) {
			*failed |= 1u << i;
			continue;
		}
		uint8_t *at = rte_pktmbuf_mtod(m, uint8_t *);

		if (kind == TRANSFORM_SET_MAC)
			tunnel_write_l2(at, &be->tunnel, p->v6);
		else if (kind == TRANSFORM_PUSH4)
			tunnel_write_ip4(at, &be->tunnel, &tp);
		else
			tunnel_write_ip6(at, &be->tunnel, &tp);
		ip_id++;
	}
	if (kind == TRANSFORM_PUSH4)
		l->ip_id = ip_id;
}

/* One call a kind, with the numbers of its packets; NULL means all of the burst. */
static inline __attribute__((always_inline)) void transform_run(struct lane *l,
	const struct generation *g, struct burst *b, enum transform kind, const uint8_t *list,
	uint32_t n, uint32_t *failed)
{
	switch (kind) {
	case TRANSFORM_SET_MAC:
		transform_kind(l, g, b, TRANSFORM_SET_MAC, list, n, failed);
		break;
	case TRANSFORM_PUSH4:
		transform_kind(l, g, b, TRANSFORM_PUSH4, list, n, failed);
		break;
	case TRANSFORM_PUSH6:
		transform_kind(l, g, b, TRANSFORM_PUSH6, list, n, failed);
		break;
	default:
		for (uint32_t j = 0; j < n; j++)
			*failed |= 1u << (list ? list[j] : j);
	}
}

/* Several kinds in one burst: one list of packet numbers each. */
static void transform_grouped(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t *failed)
{
	uint8_t list[TRANSFORM_COUNT][BURST_MAX];
	uint32_t n[TRANSFORM_COUNT] = {0};

	for (uint32_t i = 0; i < b->n; i++) {
		const uint8_t kind = b->transform[i];

		list[kind][n[kind]++] = (uint8_t)i;
	}
	for (uint32_t kind = 0; kind < TRANSFORM_COUNT; kind++)
		if (n[kind])
			transform_run(l, g, b, kind, list[kind], n[kind], failed);
}

static enum verdict why_failed(const struct generation *g, const struct burst *b, uint32_t i)
{
	if (b->transform[i] == TRANSFORM_UNRESOLVED)
		return VERDICT_NEIGH_UNRESOLVED;
	if (b->info[i].l3_len > g->backends[b->backend[i]].inner_max)
		return VERDICT_TOO_BIG;
	return VERDICT_ENCAP_HEADROOM;
}

static __attribute__((noinline)) void take_out_failed(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t failed)
{
	for (uint32_t left = failed; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);

		enum verdict v = why_failed(g, b, i);

		if (v == VERDICT_TOO_BIG)
			v = slow_too_big(l, g, b, i);
		if (v != SLOW_TAKEN)
			burst_end(l, b, i, v);
	}
	burst_close(b, failed);
}

uint32_t stage_transform_try(struct lane *l, const struct generation *g, struct burst *b)
{
	const uint8_t kinds = b->transforms;
	uint32_t failed = 0;

	static_assert(BURST_MAX <= 32, "one bit a packet in failed");
	/* NULL is a literal here: the usual loop has no list to look at. */
	if (__builtin_expect(kinds && (kinds & (kinds - 1)) == 0, 1))
		transform_run(l, g, b, __builtin_ctz(kinds), NULL, b->n, &failed);
	else
		transform_grouped(l, g, b, &failed);
	return failed;
}

void stage_transform(struct lane *l, const struct generation *g, struct burst *b)
{
	const uint32_t failed = stage_transform_try(l, g, b);

	if (__builtin_expect(failed, 0))
		take_out_failed(l, g, b, failed);
}
