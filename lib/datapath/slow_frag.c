/* SPDX-License-Identifier: BSD-3-Clause */

/* Fragments to a VIP: the first one of a datagram has the ports and decides, the others follow it;
 * those that come before it wait. */

#include "datapath/slow_odd.h"
#include "datapath/stage.h"
#include "net/key.h"

static struct frag_key key_of(const struct odd *p)
{
	struct frag_key k;

	key_address(k.w, icmp_src(p->ip, p->v6), p->v6);
	key_address(k.w + 2, icmp_dst(p->ip, p->v6), p->v6);
	k.w[4] = p->at.frag_id | (uint64_t)locate_frag_proto(&p->at, p->v6) << 32;
	return k;
}

/* End what waits in an entry under a verdict. */
static void give_up(struct lane *l, struct frag_entry *e, enum verdict v)
{
	struct frag_cache *c = &l->slow->frags;
	struct rte_mbuf *m;
	uint8_t rx_port;

	while ((m = frag_take(c, e, &rx_port))) {
		slow_count_held(l, -1);
		lane_count(l, v, 1);
		rte_pktmbuf_free(m);
	}
}

static bool is_over(const struct frag_entry *e, uint16_t now)
{
	const uint16_t age = (uint16_t)(now - e->born);

	return age > (e->state == FRAG_WAITING ? FRAG_WAIT_S : FRAG_LIFE_S);
}

static struct frag_entry *entry_of(struct lane *l, const struct odd *p)
{
	struct frag_cache *c = &l->slow->frags;
	const struct frag_key key = key_of(p);
	struct frag_entry *e = frag_find(c, &key);

	if (e && !is_over(e, l->clock))
		return e;
	if (!e)
		e = frag_place(c, &key);
	if (e->state != FRAG_FREE) {
		give_up(l, e, is_over(e, l->clock) ? VERDICT_FRAG : VERDICT_FRAG_CACHE_FULL);
		frag_end(c, e);
	}
	frag_begin(c, e, &key, l->clock);
	return e;
}

/* Does the pool of a flow want none? */
static bool refuses_fragments(const struct generation *g, const struct flow_key *key,
	uint16_t service, const struct odd *p)
{
	return slow_by_rules(&g->services[service], key, p->at.tos >> 2, p->v6)->fragments ==
	       SERVICE_FRAGMENTS_DROP;
}

/* The service and the backend of a datagram, from its first fragment. PARSE_OK; SLOW_TAKEN when the
 * packet has met its end on the way; or its end. */
static enum verdict decide_flow(
	struct lane *l, const struct generation *g, const struct odd *p, struct frag_entry *e)
{
	struct burst *b = &l->slow->odd;
	struct parsed info = {.l3_len = p->at.l3_len,
		.l3_off = p->l3_off,
		.proto = p->at.proto,
		.tos = p->at.tos,
		.v6 = p->v6};
	/* how long the datagram is, its first fragment does not say */
	const enum verdict v = parse_l4(p->l4, UINT16_MAX, p->here, &info);

	if (v != PARSE_OK)
		return v;
	b->n = 1;
	b->n_ended = 0;
	b->rx_port = p->rx_port;
	b->mbuf[0] = p->m;
	b->is6[0] = p->v6;
	b->info[0] = info;
	locate_key(p->ip, p->l4, p->at.proto, p->v6, &b->key[0]);
	stage_classify(l, g, b);
	if (b->n && refuses_fragments(g, &b->key[0], b->service[0], p))
		return VERDICT_FRAG;
	if (b->n) {
		stage_hash(l, g, b);
		stage_find(l, g, b);
		stage_flow(l, g, b);
		stage_source(l, g, b);
		stage_select(l, g, b);
	}
	if (!b->n) {
		rte_pktmbuf_free_bulk(b->ended, b->n_ended);
		return SLOW_TAKEN;
	}
	e->service = b->service[0];
	e->backend = b->backend[0];
	e->hash = b->hash[0];
	return PARSE_OK;
}

/* A ping in fragments: a backend may put it together, we do not. */
static enum verdict decide_echo(
	struct lane *l, const struct generation *g, const struct odd *p, struct frag_entry *e)
{
	e->service = vip_find_address(&g->vips, icmp_dst(p->ip, p->v6), p->v6);
	const struct service *s = &g->services[e->service];

	if (!icmp_is_echo(p->l4[0], p->v6) || s->echo != SERVICE_ECHO_BACKEND ||
		s->fragments == SERVICE_FRAGMENTS_DROP)
		return VERDICT_FRAG;
	const enum verdict source = slow_source(g, icmp_src(p->ip, p->v6), p->v6);

	if (source != PARSE_OK)
		return source;
	e->backend = slow_echo_backend(l, g, p, e->service, &e->hash);
	return e->backend == MAGLEV_NONE ? VERDICT_NO_BACKEND : PARSE_OK;
}

static enum verdict decide(
	struct lane *l, const struct generation *g, const struct odd *p, struct frag_entry *e)
{
	return p->at.proto == icmp_proto(p->v6) ? decide_echo(l, g, p, e) : decide_flow(l, g, p, e);
}

static enum verdict forward(
	struct lane *l, const struct generation *g, const struct odd *p, const struct frag_entry *e)
{
	if (e->backend >= g->n_backends || g->backends[e->backend].state == BACKEND_GONE)
		return VERDICT_FRAG;
	return slow_forward(l, g, p, e->service, e->backend, e->hash);
}

/* Those that waited, behind the first one. */
static void release(struct lane *l, const struct generation *g, struct frag_entry *e)
{
	struct frag_cache *c = &l->slow->frags;
	struct rte_mbuf *m;
	uint8_t rx_port;

	while ((m = frag_take(c, e, &rx_port))) {
		struct odd p;
		enum verdict v = slow_find_parts(&p, m, rx_port);

		slow_count_held(l, -1);
		if (v == PARSE_OK)
			v = forward(l, g, &p, e);
		if (v == SLOW_TAKEN)
			continue;
		lane_count(l, v, 1);
		rte_pktmbuf_free(m);
	}
}

/* Nothing of the datagram passes. */
static void refuse(struct lane *l, struct frag_entry *e, enum verdict v)
{
	e->state = FRAG_REFUSED;
	e->verdict = (uint8_t)v;
	give_up(l, e, v);
}

/* Does another lane have to say where the flow goes? Then the fragment is sent off to it, and the
 * others wait. */
static bool ask_its_lane(struct lane *l, const struct generation *g, const struct odd *p)
{
	struct flow_key key;

	if (!l->relay || !l->flows || (p->at.proto != PROTO_TCP && p->at.proto != PROTO_UDP))
		return false;
	locate_key(p->ip, p->l4, p->at.proto, p->v6, &key);
	const uint16_t service = vip_find(&g->vips, &key, p->v6);

	if (service == VIP_NONE || g->services[service].forgotten ||
		refuses_fragments(g, &key, service, p))
		return false;
	return relay_ask(l, p, &key, true);
}

static enum verdict first_fragment(
	struct lane *l, const struct generation *g, const struct odd *p, struct frag_entry *e)
{
	if (ask_its_lane(l, g, p))
		return SLOW_TAKEN;
	enum verdict v = decide(l, g, p, e);

	if (v != PARSE_OK) {
		refuse(l, e, VERDICT_FRAG);
		return v;
	}
	e->state = FRAG_KNOWN;
	v = forward(l, g, p, e);
	release(l, g, e);
	return v;
}

enum verdict slow_fragment_take(
	struct lane *l, const struct generation *g, const struct odd *p, struct relay_msg *msg)
{
	struct frag_entry e = {.key = key_of(p)};
	enum verdict v = decide(l, g, p, &e);

	msg->datagram = e.key;
	if (v != PARSE_OK)
		return v;
	v = forward(l, g, p, &e);
	msg->state = RELAY_CARRIED;
	msg->hash = e.hash;
	msg->service = e.service;
	msg->backend = e.backend;
	return v;
}

/* The entry may have gone meanwhile, or have been refused for what came behind the first fragment.
 */
void slow_fragment_answer(struct lane *l, const struct generation *g, const struct relay_msg *msg)
{
	struct frag_cache *c = &l->slow->frags;
	struct frag_entry *e = frag_find(c, &msg->datagram);

	if (!e || e->state != FRAG_WAITING || !e->n_parts || e->part[0].from)
		return;
	if (msg->state == RELAY_REFUSED) {
		refuse(l, e, VERDICT_FRAG);
	} else {
		e->state = FRAG_KNOWN;
		e->service = msg->service;
		e->backend = msg->backend;
		e->hash = msg->hash;
		release(l, g, e);
	}
	if (frag_complete(e))
		frag_end(c, e);
}

/* An overlap is an attack or a fault: nothing more of the datagram passes (RFC 5722; the same for
 * IPv4, RFC 1858). */
static enum verdict refuse_overlap(struct lane *l, struct frag_entry *e)
{
	refuse(l, e, VERDICT_FRAG_OVERLAP);
	return VERDICT_FRAG_OVERLAP;
}

static enum verdict place_fragment(
	struct lane *l, const struct generation *g, const struct odd *p, struct frag_entry *e)
{
	const uint32_t from = p->at.frag_off, to = from + p->at.frag_len;

	if (e->state == FRAG_REFUSED)
		return e->verdict;
	switch (frag_note(e, from, to, p->at.more)) {
	case FRAG_PART_OVERLAP:
		return refuse_overlap(l, e);
	case FRAG_PART_FULL:
		return VERDICT_FRAG_CACHE_FULL;
	case FRAG_PART_NEW:
		break;
	}
	if (from == 0)
		return first_fragment(l, g, p, e);
	if (e->state == FRAG_KNOWN)
		return forward(l, g, p, e);
	if (!frag_hold(&l->slow->frags, e, p->m, p->rx_port))
		return VERDICT_FRAG_CACHE_FULL;
	slow_count_held(l, 1);
	return SLOW_TAKEN;
}

enum verdict slow_fragment(struct lane *l, const struct generation *g, const struct odd *p)
{
	if (!vip_has_address(&g->vips, icmp_dst(p->ip, p->v6), p->v6))
		return VERDICT_NO_VIP;
	if (locate_frag_bad(&p->at, p->l4, p->here, p->v6))
		return VERDICT_FRAG_TINY;
	struct frag_entry *e = entry_of(l, p);
	const enum verdict v = place_fragment(l, g, p, e);

	if (frag_complete(e) && e->state != FRAG_WAITING)
		frag_end(&l->slow->frags, e);
	return v;
}

void slow_tick(struct lane *l)
{
	struct frag_cache *c = &l->slow->frags;

	for (uint32_t i = 0; c->used && i < FRAG_SETS * FRAG_WAYS; i++) {
		struct frag_entry *e = &c->entry[i / FRAG_WAYS][i % FRAG_WAYS];

		if (e->state == FRAG_FREE || !is_over(e, l->clock))
			continue;
		give_up(l, e, VERDICT_FRAG);
		frag_end(c, e);
	}
}

void slow_drop_held(struct lane *l)
{
	struct frag_cache *c = &l->slow->frags;

	for (uint32_t i = 0; c->used && i < FRAG_SETS * FRAG_WAYS; i++) {
		struct frag_entry *e = &c->entry[i / FRAG_WAYS][i % FRAG_WAYS];

		if (e->state == FRAG_FREE)
			continue;
		give_up(l, e, VERDICT_FRAG);
		frag_end(c, e);
	}
}
