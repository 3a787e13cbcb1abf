/* SPDX-License-Identifier: BSD-3-Clause */

/* ICMP to a VIP: echo is answered or carried, an error goes to the backend of the flow that it
 * quotes. */

#include "datapath/chain.h"
#include "datapath/slow_odd.h"
#include "net/key.h"

bool slow_icmp_intact(const struct odd *p)
{
	const uint64_t pseudo =
		icmp_pseudo(icmp_src(p->ip, p->v6), icmp_dst(p->ip, p->v6), p->l4_len, p->v6);

	return p->here >= ICMP_LEN &&
	       csum_fold(chain_sum(p->m, p->l3_off + p->at.l4_off, p->l4_len) + pseudo) == 0xffff;
}

/* Turn the echo request into its answer, without the options or extension headers it had. */
static enum verdict answer_echo(struct lane *l, const struct generation *g, const struct odd *p)
{
	const uint32_t hdr = icmp_ip_len(p->v6), off = p->at.l4_off - hdr;
	uint8_t *frame = rte_pktmbuf_mtod(p->m, uint8_t *);

	if (!slow_has_room(l, 1))
		return VERDICT_TX_FULL;
	if (!slow_may_answer(l, icmp_src(p->ip, p->v6), p->v6))
		return VERDICT_RATE_LIMITED;
	const uint16_t rest = chain_sum(p->m, p->l3_off + p->at.l4_off + 4u, p->l4_len - 4);

	icmp_write_echo_reply(p->l4, p->ip, p->l4_len, rest, l->ip_id++, p->v6);
	if (off) /* an answer without them begins later */
		memmove(frame + off, frame, p->l3_off);
	rte_pktmbuf_adj(p->m, (uint16_t)off);
	chain_cut(p->m, p->l3_off + hdr + p->l4_len);
	slow_push_answer(l, g, p->m, p->rx_port);
	return SLOW_TAKEN;
}

/* All echoes of a client go to one backend, whatever their identifiers. */
uint16_t slow_echo_backend(struct lane *l, const struct generation *g, const struct odd *p,
	uint16_t service, uint64_t *hash)
{
	struct flow_key key;

	key_of_addresses(&key, icmp_src(p->ip, p->v6), icmp_proto(p->v6), p->v6);
	return slow_find_backend(l, g, &key, p->v6, service, hash);
}

static enum verdict carry_echo(
	struct lane *l, const struct generation *g, const struct odd *p, uint16_t service)
{
	uint64_t hash;
	const uint16_t backend = slow_echo_backend(l, g, p, service, &hash);

	return backend == MAGLEV_NONE ? VERDICT_NO_BACKEND
				      : slow_forward(l, g, p, service, backend, hash);
}

static enum verdict echo(
	struct lane *l, const struct generation *g, const struct odd *p, uint16_t service)
{
	switch (g->services[service].echo) {
	case SERVICE_ECHO_ANSWER:
		return answer_echo(l, g, p);
	case SERVICE_ECHO_BACKEND:
		return carry_echo(l, g, p, service);
	default:
		return VERDICT_ICMP_UNMATCHED;
	}
}

enum verdict slow_error_take(
	struct lane *l, const struct generation *g, const struct odd *p, const struct flow_key *key)
{
	const uint16_t service = vip_find(&g->vips, key, p->v6);
	uint64_t hash;

	if (service == VIP_NONE)
		return VERDICT_ICMP_UNMATCHED;
	const uint16_t backend = slow_find_backend(l, g, key, p->v6, service, &hash);

	if (backend == MAGLEV_NONE)
		return VERDICT_NO_BACKEND;
	/* no error about an error (RFC 1122, 3.2.2) */
	if (p->at.l3_len > g->backends[backend].inner_max && icmp_dont_fragment(p->ip, p->v6))
		return VERDICT_TOO_BIG;
	return slow_forward(l, g, p, service, backend, hash);
}

/* Does another lane have to say where the flow goes? Then the error is sent off to it. */
static bool ask_its_lane(
	struct lane *l, const struct generation *g, const struct odd *p, const struct flow_key *key)
{
	const uint16_t service = vip_find(&g->vips, key, p->v6);
	uint64_t hash;

	if (!l->relay || !l->flows || service == VIP_NONE || g->services[service].forgotten ||
		slow_find_flow(l, g, key, p->v6, &hash).b)
		return false;
	return relay_ask(l, p, key, false);
}

/* An error: to the backend whose packet it quotes. */
static enum verdict carry_error(struct lane *l, const struct generation *g, const struct odd *p)
{
	const uint8_t *quoted = p->l4 + ICMP_LEN;
	struct flow_key key;
	const enum quote quote =
		quote_read(quoted, p->here - ICMP_LEN, icmp_dst(p->ip, p->v6), p->v6, &key);

	if (quote != QUOTE_FLOW)
		return slow_quote_verdict(quote);
	return ask_its_lane(l, g, p, &key) ? SLOW_TAKEN : slow_error_take(l, g, p, &key);
}

enum verdict slow_icmp(struct lane *l, const struct generation *g, const struct odd *p)
{
	const uint16_t service = vip_find_address(&g->vips, icmp_dst(p->ip, p->v6), p->v6);

	if (service == VIP_NONE)
		return slow_tunnel_error(l, g, p);
	const enum verdict source = slow_source(g, icmp_src(p->ip, p->v6), p->v6);

	if (source != PARSE_OK)
		return source;
	if (!slow_icmp_intact(p))
		return VERDICT_ICMP_QUOTE_BAD;
	if (icmp_is_echo(p->l4[0], p->v6))
		return echo(l, g, p, service);
	return icmp_is_error(p->l4[0], p->v6) ? carry_error(l, g, p) : VERDICT_ICMP_UNMATCHED;
}
