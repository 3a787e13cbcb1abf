/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/chain.h"
#include "datapath/slow.h"

enum verdict slow_error(struct lane *l, const struct generation *g, const struct burst *b,
	uint32_t i, const struct icmp_error *e, enum verdict silent)
{
	struct rte_mbuf *m = b->mbuf[i];
	const struct parsed *p = &b->info[i];
	const uint32_t hdr = icmp_error_hdr(p->v6), most = icmp_quote_max(p->v6);
	const uint32_t quote = p->l3_len < most ? p->l3_len : most;
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), *ip = frame + p->l3_off;

	if (m->data_off < hdr || icmp_later_fragment(ip, p->v6) || !slow_has_room(l, 1))
		return silent;
	if (!slow_may_answer(l, icmp_src(ip, p->v6), p->v6))
		return VERDICT_RATE_LIMITED;
	memmove(frame - hdr, frame, p->l3_off); /* VLAN tags stay: back the way it came */
	icmp_write_error(ip, quote, chain_sum(m, p->l3_off, quote), e, l->ip_id++, p->v6);
	m->data_off = (uint16_t)(m->data_off - hdr);
	m->data_len = (uint16_t)(m->data_len + hdr);
	chain_cut(m, p->l3_off + hdr + quote);
	slow_push_answer(l, g, m, b->rx_port);
	return SLOW_TAKEN;
}

enum verdict slow_expired(
	struct lane *l, const struct generation *g, const struct burst *b, uint32_t i)
{
	const struct icmp_error e = icmp_expired(b->info[i].v6);

	return slow_error(l, g, b, i, &e, VERDICT_TTL);
}
