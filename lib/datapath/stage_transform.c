/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/adjust.h"
#include "datapath/chain.h"
#include "datapath/slow.h"
#include "datapath/stage.h"
#include "net/rewrite.h"

/* Bytes from the start of the frame to its IP header become bytes in front of the mbuf or are taken
 * from its headroom, and the link padding behind the IP packet goes. `hdr`: bytes that stand before
 * the packet when done. False without headroom. */
static inline bool frame_resize(
	struct rte_mbuf *m, const struct parsed *p, uint32_t hdr, const bool plain)
{
	const int32_t grow = (int32_t)hdr - (plain ? ETH_LEN : p->l3_off);
	const uint32_t frame_len = hdr + p->l3_len;

	if (grow > (int32_t)m->data_off)
		return false;
	if (plain || __builtin_expect(m->nb_segs == 1, 1)) {
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

/* What others see of a flow in outer headers: 32 bits that hang on all bits of the secret hash, so
 * that neither the bucket nor the tag of the flow can be told from them. */
static inline uint32_t entropy(uint64_t hash)
{
	return (uint32_t)((hash ^ hash >> 32) * 0x9e3779b97f4a7c15 >> 32);
}

/* Bytes in front of the packet when done. */
static inline uint32_t header_len(enum transform kind)
{
	switch (kind) {
	case TRANSFORM_PUSH4:
	case TRANSFORM_VARY4:
		return ETH_LEN + IPV4_LEN;
	case TRANSFORM_PUSH6:
	case TRANSFORM_VARY6:
		return ETH_LEN + IPV6_LEN;
	case TRANSFORM_GUE4:
		return ETH_LEN + IPV4_LEN + TUNNEL_GUE_LEN;
	case TRANSFORM_GUE6:
		return ETH_LEN + IPV6_LEN + TUNNEL_GUE_LEN;
	default:
		return ETH_LEN;
	}
}

static inline bool outer_v4(enum transform kind)
{
	return kind == TRANSFORM_PUSH4 || kind == TRANSFORM_VARY4 || kind == TRANSFORM_GUE4;
}

static inline void write_dscp(struct rte_mbuf *m, const struct tunnel *t, const struct parsed *p)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	tunnel_write_l2(frame, t, p->v6);
	rewrite_destination(frame + ETH_LEN, m->data_len - ETH_LEN, t->hdr + TUNNEL_DSCP_TO,
		t->hdr[TUNNEL_DSCP], p->v6);
}

/* Write what stands in front of a packet. */
static inline __attribute__((always_inline)) void write_header(enum transform kind,
	struct rte_mbuf *m, const struct tunnel *t, const struct tunnel_packet *tp,
	const bool plain, const struct parsed *p)
{
	uint8_t *at = rte_pktmbuf_mtod(m, uint8_t *);

	switch (kind) {
	case TRANSFORM_SET_MAC:
		tunnel_write_l2(at, t, !plain && p->v6);
		break;
	case TRANSFORM_PUSH4:
	case TRANSFORM_VARY4:
		tunnel_write_ip4(at, t, tp, kind == TRANSFORM_VARY4);
		break;
	case TRANSFORM_PUSH6:
	case TRANSFORM_VARY6:
		tunnel_write_ip6(at, t, tp, kind == TRANSFORM_VARY6);
		break;
	case TRANSFORM_GUE4:
		tunnel_write_gue4(at, t, tp);
		break;
	case TRANSFORM_GUE6:
		tunnel_write_gue6(at, t, tp);
		break;
	default:
		write_dscp(m, t, p);
	}
}

/* The packets of one kind. `kind` is a literal at every call, so each kind gets a loop of its own.
 */
static inline __attribute__((always_inline)) void transform_kind(struct lane *l,
	const struct generation *g, struct burst *b, const enum transform kind, const bool plain,
	const uint8_t *list, uint32_t n, uint32_t *failed)
{
	const uint32_t hdr = header_len(kind);
	uint16_t ip_id = l->ip_id;

	for (uint32_t j = 0; j < n; j++) {
		const uint32_t i = list ? list[j] : j;
		const struct backend *be = &g->backends[b->backend[i]];
		const struct parsed *p = &b->info[i];
		struct rte_mbuf *m = b->mbuf[i];
		const struct tunnel_packet tp = {
			.inner_len = p->l3_len,
			.id = ip_id,
			.entropy = entropy(b->hash[i]),
			.tos = p->tos,
			.inner_v6 = !plain && p->v6,
		};

		if (__builtin_expect(p->l3_len > be->inner_max, 0) ||
			__builtin_expect(!frame_resize(m, p, hdr, plain), 0)) {
			*failed |= 1u << i;
			continue;
		}
		write_header(kind, m, &be->tunnel, &tp, plain, p);
		ip_id++;
	}
	if (outer_v4(kind))
		l->ip_id = ip_id;
}

#define KIND(name)                                                                 \
	case TRANSFORM_##name:                                                     \
		transform_kind(l, g, b, TRANSFORM_##name, plain, list, n, failed); \
		break

/* One call a kind, with the numbers of its packets; NULL means all of the burst. */
static inline __attribute__((always_inline)) void transform_run(struct lane *l,
	const struct generation *g, struct burst *b, enum transform kind, const bool plain,
	const uint8_t *list, uint32_t n, uint32_t *failed)
{
	switch (kind) {
		KIND(SET_MAC);
		KIND(PUSH4);
		KIND(PUSH6);
		KIND(VARY4);
		KIND(VARY6);
		KIND(GUE4);
		KIND(GUE6);
		KIND(SET_DSCP);
	default:
		for (uint32_t j = 0; j < n; j++)
			*failed |= 1u << (list ? list[j] : j);
	}
}

/* Several kinds in one burst: one list of packet numbers each. Packets in `not` are left out. */
static __attribute__((noinline)) void transform_grouped(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t not, uint32_t *failed)
{
	uint8_t list[TRANSFORM_COUNT][BURST_MAX];
	uint32_t n[TRANSFORM_COUNT] = {0};

	for (uint32_t i = 0; i < b->n; i++) {
		const uint8_t kind = brief_transform(b->brief[i]);

		if (!(not >> i & 1))
			list[kind][n[kind]++] = (uint8_t)i;
	}
	for (uint32_t kind = 0; kind < TRANSFORM_COUNT; kind++)
		if (n[kind])
			transform_run(l, g, b, kind, false, list[kind], n[kind], failed);
}

/* With what few backends ask for, before and after. */
static __attribute__((noinline)) uint32_t transform_adjusted(
	struct lane *l, const struct generation *g, struct burst *b)
{
	const uint32_t stay = brief_way(b->any) & BACKEND_BEFORE ? adjust_before(g, b) : 0;
	uint32_t failed = stay;

	transform_grouped(l, g, b, stay, &failed);
	if (brief_way(b->any) & BACKEND_AFTER)
		adjust_after(g, b, failed);
	return failed;
}

static enum verdict why_failed(const struct generation *g, const struct burst *b, uint32_t i)
{
	if (brief_transform(b->brief[i]) == TRANSFORM_UNRESOLVED)
		return VERDICT_NEIGH_UNRESOLVED;
	if (b->info[i].l3_len > g->backends[b->backend[i]].inner_max)
		return VERDICT_TOO_BIG;
	return adjust_expired(g, b, i) ? VERDICT_TTL : VERDICT_ENCAP_HEADROOM;
}

static __attribute__((noinline)) void take_out_failed(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t failed)
{
	for (uint32_t left = failed; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);

		enum verdict v = why_failed(g, b, i);

		if (v == VERDICT_TOO_BIG)
			v = slow_too_big(l, g, b, i);
		else if (v == VERDICT_TTL)
			v = slow_expired(l, g, b, i);
		if (v != SLOW_TAKEN)
			burst_end(l, b, i, v);
	}
	burst_close(b, failed);
}

/* What the backends of all packets have in common. */
static inline void plan(struct burst *b)
{
	const uint32_t n = b->n;
	uint64_t any = 0, every = ~UINT64_C(0);

	for (uint32_t i = 0; i < n; i++) {
		any |= b->brief[i];
		every &= b->brief[i];
	}
	b->any = any;
	b->every = every;
}

uint32_t stage_transform_try(struct lane *l, const struct generation *g, struct burst *b)
{
	plan(b);
	const uint32_t ways = brief_way(b->any);
	const bool one = ways && (ways & (ways - 1)) == 0;
	uint32_t failed = 0;

	static_assert(BURST_MAX <= 32, "one bit a packet in failed");
	/* NULL and true are literals here: the usual loop has nothing to ask. */
	if (__builtin_expect(one && b->plain, 1))
		transform_run(l, g, b, __builtin_ctz(ways), true, NULL, b->n, &failed);
	else if (one)
		transform_run(l, g, b, __builtin_ctz(ways), false, NULL, b->n, &failed);
	else if (ways < 1u << TRANSFORM_COUNT)
		transform_grouped(l, g, b, 0, &failed);
	else
		failed = transform_adjusted(l, g, b);
	return failed;
}

void stage_transform(struct lane *l, const struct generation *g, struct burst *b)
{
	const uint32_t failed = stage_transform_try(l, g, b);

	if (__builtin_expect(failed, 0))
		take_out_failed(l, g, b, failed);
}
