/* SPDX-License-Identifier: BSD-3-Clause */

/* Packets that do not fit the way to their backend: the sender is told the MTU (RFC 1191, RFC
 * 8201), or the packet is cut (RFC 791, 3.2). The inner packet is cut and not the outer one, so
 * that a backend has nothing to put together before it can take the tunnel off. */

#include "datapath/adjust.h"
#include "datapath/chain.h"
#include "datapath/slow.h"
#include "datapath/stage.h"
#include "net/frag.h"
#include "net/icmp.h"

/* A packet that is being cut. */
struct cut {
	struct rte_mbuf *m;
	struct parsed info;
	uint32_t hdr_len; /* of its IP header */
	uint32_t step;    /* bytes of payload in each piece */
	uint32_t n;       /* pieces */
	uint16_t field;   /* its fragment field */
};

/* Fill an empty mbuf with piece k > 0. Returns the length of its IP packet. */
static uint16_t write_piece(struct rte_mbuf *to, const struct cut *c, uint32_t k)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(c->m, const uint8_t *, c->info.l3_off);
	uint8_t *at = rte_pktmbuf_mtod_offset(to, uint8_t *, ETH_LEN);
	const uint32_t payload = c->info.l3_len - c->hdr_len, off = k * c->step;
	const uint32_t len = k + 1 < c->n ? c->step : payload - off;
	const uint32_t hdr_len = frag_copy_header(at, ip, c->hdr_len);

	chain_copy(c->m, c->info.l3_off + c->hdr_len + off, len, at + hdr_len);
	frag_write_header(at, hdr_len, len, c->field, off, k + 1 < c->n);
	to->data_len = (uint16_t)(ETH_LEN + hdr_len + len);
	to->pkt_len = to->data_len;
	return (uint16_t)(hdr_len + len);
}

/* The packet itself becomes piece 0. */
static uint16_t cut_first(const struct cut *c)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(c->m, uint8_t *, c->info.l3_off);

	frag_write_header(ip, c->hdr_len, c->step, c->field, 0, true);
	chain_cut(c->m, c->info.l3_off + c->hdr_len + c->step);
	return (uint16_t)(c->hdr_len + c->step);
}

/* Send a piece off as packet i of b was to go. False: it has no headroom. */
static bool forward_piece(struct lane *l, const struct generation *g, const struct burst *b,
	uint32_t i, struct rte_mbuf *m, const struct parsed *info, bool last)
{
	struct burst *one = &l->slow->one;

	one->n = 1;
	one->mbuf[0] = m;
	one->info[0] = *info;
	one->backend[0] = b->backend[i];
	one->hash[0] = b->hash[i];
	one->brief[0] = b->brief[i];
	if (stage_transform_try(l, g, one))
		return false;
	slow_push(l, &(struct slow_out){
			     .m = m,
			     .port = brief_port(b->brief[i]),
			     .verdict = last ? VERDICT_FORWARDED : SLOW_TAKEN,
			     .service = b->service[i],
			     .backend = b->backend[i],
			     .bytes = b->info[i].l3_len,
		     });
	return true;
}

/* All pieces, in order. What is written of the later ones comes from the packet, so the first is
 * cut last; it leaves first. */
static enum verdict forward_pieces(struct lane *l, const struct generation *g,
	const struct burst *b, uint32_t i, const struct cut *c)
{
	struct rte_mbuf *m[SLOW_PIECES_MAX];
	uint16_t len[SLOW_PIECES_MAX];
	struct parsed info = {.tos = c->info.tos, .proto = c->info.proto};

	if (c->m->data_off + c->info.l3_off < backend_hdr_len(&g->backends[b->backend[i]]))
		return VERDICT_ENCAP_HEADROOM;
	if (rte_pktmbuf_alloc_bulk(c->m->pool, m + 1, c->n - 1))
		return VERDICT_MBUF_ALLOC;
	m[0] = c->m;
	for (uint32_t k = 1; k < c->n; k++)
		len[k] = write_piece(m[k], c, k);
	len[0] = cut_first(c);
	for (uint32_t k = 0; k < c->n; k++) {
		info.l3_len = len[k];
		info.l3_off = k ? ETH_LEN : c->info.l3_off;
		if (!forward_piece(l, g, b, i, m[k], &info, k + 1 == c->n))
			rte_pktmbuf_free(m[k]);
	}
	return SLOW_TAKEN;
}

/* Bytes that a fresh mbuf of the packet's pool has for an IP packet. */
static uint32_t fresh_room(const struct rte_mbuf *m)
{
	const uint32_t room = rte_pktmbuf_data_room_size(m->pool);

	return room > RTE_PKTMBUF_HEADROOM + ETH_LEN ? room - RTE_PKTMBUF_HEADROOM - ETH_LEN : 0;
}

static enum verdict cut_packet(
	struct lane *l, const struct generation *g, const struct burst *b, uint32_t i, uint32_t max)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(b->mbuf[i], uint8_t *, b->info[i].l3_off);
	const uint32_t room = fresh_room(b->mbuf[i]);
	struct cut c = {.m = b->mbuf[i], .info = b->info[i], .hdr_len = (ip[0] & 15) * 4u};

	c.step = frag_step(c.hdr_len, max < room ? max : room);
	if (!c.step)
		return VERDICT_TOO_BIG;
	c.n = (c.info.l3_len - c.hdr_len + c.step - 1) / c.step;
	c.field = hdr_be16(ip + 6);
	if (c.n > SLOW_PIECES_MAX)
		return VERDICT_TOO_BIG;
	return slow_has_room(l, c.n) ? forward_pieces(l, g, b, i, &c) : VERDICT_TX_FULL;
}

enum verdict slow_too_big(
	struct lane *l, const struct generation *g, const struct burst *b, uint32_t i)
{
	const struct parsed *p = &b->info[i];
	const uint8_t *ip = rte_pktmbuf_mtod_offset(b->mbuf[i], uint8_t *, p->l3_off);
	const uint32_t max = g->backends[b->backend[i]].inner_max;

	if (adjust_expired(g, b, i))
		return slow_expired(l, g, b, i);
	if (icmp_dont_fragment(ip, p->v6)) {
		const uint32_t mtu = icmp_mtu(max, p->l3_len, p->v6);
		const struct icmp_error e = icmp_too_big(mtu, p->v6);

		return mtu ? slow_error(l, g, b, i, &e, VERDICT_TOO_BIG) : VERDICT_TOO_BIG;
	}
	if (g->backends[b->backend[i]].oversize == BACKEND_OVERSIZE_DROP)
		return VERDICT_TOO_BIG;
	return cut_packet(l, g, b, i, max);
}
