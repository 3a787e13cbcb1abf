/* SPDX-License-Identifier: BSD-3-Clause */

/* New flows of a pool that says no when all its backends are down: TCP gets an RST, UDP an ICMP
 * error, so that clients need not wait for a timeout. Rate limited like every answer. */

#include "datapath/chain.h"
#include "datapath/slow.h"
#include "net/reject.h"

static enum verdict reset(struct lane *l, const struct generation *g, struct rte_mbuf *m,
	const struct parsed *p, uint8_t rx_port)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3_off);
	const uint32_t have = m->data_len - p->l3_off;
	const uint32_t at = reject_l4_offset(ip, have, p->v6);

	if ((p->tcp_flags & TCP_RST) || !at || at + TCP_LEN > have)
		return VERDICT_NO_BACKEND; /* no RST for an RST */
	if (!slow_may_answer(l, icmp_src(ip, p->v6), p->v6))
		return VERDICT_RATE_LIMITED;
	const uint32_t len = reject_write_reset(ip, ip + at, p->l3_len - at, l->ip_id++, p->v6);

	chain_cut(m, p->l3_off + len);
	slow_push_answer(l, g, m, rx_port);
	return SLOW_TAKEN;
}

static enum verdict unreachable(struct lane *l, const struct generation *g, struct rte_mbuf *m,
	const struct parsed *p, uint8_t rx_port)
{
	const uint32_t hdr = icmp_error_hdr(p->v6), most = icmp_quote_max(p->v6);
	const uint32_t quote = p->l3_len < most ? p->l3_len : most;
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), *ip = frame + p->l3_off;

	if (m->data_off < hdr || icmp_later_fragment(ip, p->v6))
		return VERDICT_NO_BACKEND;
	if (!slow_may_answer(l, icmp_src(ip, p->v6), p->v6))
		return VERDICT_RATE_LIMITED;
	memmove(frame - hdr, frame, p->l3_off); /* VLAN tags stay: back the way it came */
	reject_write_unreachable(ip, quote, chain_sum(m, p->l3_off, quote), l->ip_id++, p->v6);
	m->data_off = (uint16_t)(m->data_off - hdr);
	m->data_len = (uint16_t)(m->data_len + hdr);
	m->pkt_len += hdr;
	chain_cut(m, p->l3_off + hdr + quote);
	slow_push_answer(l, g, m, rx_port);
	return SLOW_TAKEN;
}

enum verdict slow_reject(
	struct lane *l, const struct generation *g, const struct burst *b, uint32_t i)
{
	const struct parsed *p = &b->info[i];

	if (!slow_has_room(l, 1))
		return VERDICT_NO_BACKEND;
	return p->proto == PROTO_TCP ? reset(l, g, b->mbuf[i], p, b->rx_port)
				     : unreachable(l, g, b->mbuf[i], p, b->rx_port);
}
