/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/adjust.h"
#include "datapath/slot_key.h"
#include "datapath/slow_odd.h"
#include "datapath/stage.h"
#include "table/flow_keys.h"

enum verdict slow_find_parts(struct odd *p, struct rte_mbuf *m, uint8_t rx_port)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t type;

	*p = (struct odd){.m = m, .rx_port = rx_port};
	if (parse_link(frame, m->data_len, &p->l3_off, &type) != PARSE_OK)
		return VERDICT_RUNT;
	p->ip = frame + p->l3_off;
	p->v6 = type == ETH_TYPE_IPV6;
	const uint32_t here = m->data_len - p->l3_off;
	const enum verdict v = locate(p->ip, here, p->v6, &p->at);

	if (v != PARSE_OK)
		return v;
	if (p->at.l4_off > p->at.l3_len || p->at.l4_off > here)
		return VERDICT_EXT_HDR;
	p->l4 = p->ip + p->at.l4_off;
	p->l4_len = p->at.l3_len - p->at.l4_off;
	p->here = here - p->at.l4_off < p->l4_len ? here - p->at.l4_off : p->l4_len;
	return PARSE_OK;
}

/* A tunnelled packet that came from us. */
static bool is_our_tunnel(const struct generation *g, const struct odd *p)
{
	return (p->at.proto == PROTO_IPIP || p->at.proto == PROTO_IPV6) &&
	       slow_is_tunnel_source(g, icmp_src(p->ip, p->v6), p->v6);
}

enum verdict slow_odd(struct lane *l, const struct generation *g, struct rte_mbuf *m,
	uint8_t rx_port, enum verdict v)
{
	struct odd p;

	if (v != VERDICT_L4_PROTO && v != VERDICT_FRAG)
		return v;
	const enum verdict wrong = slow_find_parts(&p, m, rx_port);

	if (wrong != PARSE_OK)
		return wrong;
	if (p.at.fragment)
		return slow_fragment(l, g, &p);
	if (p.at.proto == icmp_proto(p.v6))
		return slow_icmp(l, g, &p);
	return is_our_tunnel(g, &p) ? VERDICT_LOOP : v;
}

const struct service *slow_by_rules(
	const struct service *s, const struct flow_key *key, uint8_t dscp, bool v6)
{
	uint64_t source[2];

	if (!s->rules)
		return s;
	key_source_number(key, v6, source);
	const uint16_t target = rules_find(s->rules, source, dscp);

	return target == RULES_NONE ? s : &s->rules->service[target];
}

struct flow_at slow_find_flow(const struct lane *l, const struct generation *g,
	const struct flow_key *key, bool v6, uint64_t *hash)
{
	const uint8_t is6 = v6;

	hash_burst(&l->flows->key, key, &is6, 1, hash);
	const struct flow_at at = flow_find_known(l->flows, *hash, key, v6);

	if (at.b && flow_slot(at) < g->n_backends && !flow_idle(at, l->clock, &g->flow_timeouts) &&
		g->backends[flow_slot(at)].state != BACKEND_GONE)
		return at;
	return (struct flow_at){NULL, 0};
}

uint16_t slow_find_backend(struct lane *l, const struct generation *g, const struct flow_key *key,
	bool v6, uint16_t service, uint64_t *hash)
{
	/* what its DSCP was is not known */
	const struct service *s = slow_by_rules(&g->services[service], key, 0, v6);
	const uint8_t is6 = v6;
	struct flow_key k = *key;

	if (l->flows) {
		const struct flow_at at = slow_find_flow(l, g, key, v6, hash);

		if (at.b)
			return flow_slot(at);
	}
	if (s->fields != SLOT_FIELDS_5TUPLE)
		slot_key_narrow(&k, v6, s->fields);
	hash_burst(&g->slot_key, &k, &is6, 1, hash);
	const uint16_t slot = s->entry[sched_index(*hash, s->size)];

	return slot == MAGLEV_NONE ? slot : slot & BACKEND_SLOT_MASK;
}

/* About an error there is no error (RFC 1122, 3.2.2). */
static bool is_error(const struct odd *p)
{
	return p->at.proto == icmp_proto(p->v6) && !p->at.frag_off &&
	       icmp_is_error(p->l4[0], p->v6);
}

enum verdict slow_forward(struct lane *l, const struct generation *g, const struct odd *p,
	uint16_t service, uint16_t backend, uint64_t hash)
{
	const struct backend *be = &g->backends[backend];
	struct burst *b = &l->slow->odd;

	if (be->transform == TRANSFORM_UNRESOLVED)
		return VERDICT_NEIGH_UNRESOLVED;
	b->n = 1;
	b->rx_port = p->rx_port;
	b->mbuf[0] = p->m;
	b->info[0] = (struct parsed){.l3_len = p->at.l3_len,
		.l3_off = p->l3_off,
		.proto = p->at.proto,
		.tos = p->at.tos,
		.v6 = p->v6};
	b->is6[0] = p->v6;
	b->service[0] = service;
	b->backend[0] = backend;
	b->hash[0] = hash;
	b->brief[0] = backend_brief(be);
	if (adjust_expired(g, b, 0))
		return is_error(p) ? VERDICT_TTL : slow_expired(l, g, b, 0);
	if (p->at.l3_len > be->inner_max)
		return slow_too_big(l, g, b, 0);
	if (!slow_has_room(l, 1))
		return VERDICT_TX_FULL;
	if (stage_transform_try(l, g, b))
		return VERDICT_ENCAP_HEADROOM;
	slow_push(l, &(struct slow_out){.m = p->m,
			     .port = be->port,
			     .verdict = VERDICT_FORWARDED,
			     .service = service,
			     .backend = backend,
			     .bytes = p->at.l3_len});
	return SLOW_TAKEN;
}
