/* SPDX-License-Identifier: BSD-3-Clause */

/* ICMP errors about packets that we sent through a tunnel: they come to its source. The control
 * thread is told what they say. */

#include "datapath/report.h"
#include "datapath/slow_odd.h"
#include "net/key.h"
#include "net/tunnel_quote.h"

static struct sl_addr address(const uint8_t *at, bool v6)
{
	uint64_t words[2];
	struct sl_addr a;

	key_address(words, at, v6);
	memcpy(&a, words, sizeof a);
	return a;
}

bool slow_is_tunnel_source(const struct generation *g, const uint8_t *address, bool v6)
{
	uint64_t a[2];

	key_address(a, address, v6);
	return own_is_tunnel(&g->own, a);
}

enum verdict slow_source(const struct generation *g, const uint8_t *address, bool v6)
{
	uint64_t a[2];

	key_address(a, address, v6);
	if (own_is_tunnel(&g->own, a) || vip_has_address(&g->vips, address, v6))
		return VERDICT_MARTIAN_SRC;
	return own_find(&g->own, a) & OWN_PROBE ? VERDICT_OWN_PROBE : PARSE_OK;
}

static bool is_backend(const struct generation *g, const uint8_t *address, bool v6)
{
	uint64_t a[2];

	key_address(a, address, v6);
	return own_find(&g->own, a) & OWN_BACKEND;
}

bool slow_is_own_gue(const struct generation *g, const struct burst *b, uint32_t i)
{
	uint16_t sport, dport;
	uint8_t proto;
	struct odd p;

	key_transport(&b->key[i], b->is6[i], &sport, &dport, &proto);
	if (proto != PROTO_UDP || sport < TUNNEL_PORT_MIN ||
		slow_find_parts(&p, b->mbuf[i], b->rx_port) != PARSE_OK)
		return false;
	return tunnel_is_gue(p.l4, p.here) && is_backend(g, icmp_dst(p.ip, p.v6), p.v6) &&
	       slow_is_tunnel_source(g, icmp_src(p.ip, p.v6), p.v6);
}

/* A packet of ours: from the address to which the error came, to a backend, for a VIP as far as
 * that can be seen. */
static bool is_ours(const struct generation *g, const struct odd *p, const struct tunnel_quote *q)
{
	if (!is_backend(g, q->dst, p->v6))
		return false;
	return !q->inner || vip_has_address(&g->vips, icmp_dst(q->inner, q->inner_v6), q->inner_v6);
}

enum verdict slow_tunnel_error(struct lane *l, const struct generation *g, const struct odd *p)
{
	struct tunnel_quote q;

	if (!slow_is_tunnel_source(g, icmp_dst(p->ip, p->v6), p->v6))
		return VERDICT_NO_VIP;
	if (!slow_icmp_intact(p))
		return VERDICT_ICMP_QUOTE_BAD;
	if (!icmp_is_error(p->l4[0], p->v6))
		return VERDICT_ICMP_UNMATCHED;
	const enum quote quote = tunnel_quote_read(p->l4 + ICMP_LEN, p->here - ICMP_LEN, p->v6, &q);

	if (quote != QUOTE_FLOW)
		return slow_quote_verdict(quote);
	if (memcmp(q.src, icmp_dst(p->ip, p->v6), icmp_addr_len(p->v6)) != 0)
		return VERDICT_ICMP_QUOTE_BAD;
	if (!is_ours(g, p, &q))
		return VERDICT_ICMP_UNMATCHED;
	const uint32_t mtu = tunnel_quote_mtu(p->l4, q.total, p->v6);

	/* what fits is not too big */
	if (tunnel_quote_is_size(p->l4, p->v6) && (!mtu || mtu >= q.total))
		return VERDICT_ICMP_QUOTE_BAD;
	const struct report r = {
		.backend = address(q.dst, p->v6),
		.teller = address(icmp_src(p->ip, p->v6), p->v6),
		.mtu = (uint16_t)mtu,
		.port = q.port,
		.type = p->l4[0],
		.code = p->l4[1],
	};

	if (!report_push(l->reports, &r))
		return VERDICT_RATE_LIMITED;
	lane_count(l, VERDICT_ANSWERED, 1);
	rte_pktmbuf_free(p->m);
	return SLOW_TAKEN;
}
