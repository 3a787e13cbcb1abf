/* SPDX-License-Identifier: BSD-3-Clause */

/* New flows of a pool that says no when all its backends are down: TCP gets an RST, UDP an ICMP
 * error, so that clients need not wait for a timeout. Rate limited like every answer. */

#include "datapath/chain.h"
#include "datapath/slow.h"
#include "net/reject.h"
#include "net/rewrite.h"

static enum verdict reset(struct lane *l, const struct generation *g, struct rte_mbuf *m,
	const struct parsed *p, uint8_t rx_port)
{
	uint8_t proto, *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3_off);
	const uint32_t room = m->data_len - p->l3_off;
	const uint32_t have = p->l3_len < room ? p->l3_len : room;
	const uint8_t *tcp = rewrite_l4(ip, have, &proto, p->v6);

	if ((p->tcp_flags & TCP_RST) || !tcp || (uint32_t)(tcp - ip) + TCP_LEN > have)
		return VERDICT_NO_BACKEND; /* no RST for an RST */
	if (!slow_has_room(l, 1))
		return VERDICT_NO_BACKEND;
	if (!slow_may_answer(l, icmp_src(ip, p->v6), p->v6))
		return VERDICT_RATE_LIMITED;
	const uint32_t len =
		reject_write_reset(ip, tcp, p->l3_len - (uint32_t)(tcp - ip), l->ip_id++, p->v6);

	chain_cut(m, p->l3_off + len);
	slow_push_answer(l, g, m, rx_port);
	return SLOW_TAKEN;
}

enum verdict slow_reject(
	struct lane *l, const struct generation *g, const struct burst *b, uint32_t i)
{
	const struct parsed *p = &b->info[i];
	const struct icmp_error e = icmp_port_unreachable(p->v6);

	return p->proto == PROTO_TCP ? reset(l, g, b->mbuf[i], p, b->rx_port)
				     : slow_error(l, g, b, i, &e, VERDICT_NO_BACKEND);
}
