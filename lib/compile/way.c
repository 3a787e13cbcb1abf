/* SPDX-License-Identifier: BSD-3-Clause */

#include "compile/way.h"

bool compile_has_outer(enum conf_forward forward)
{
	return forward == CONF_FORWARD_IPIP || forward == CONF_FORWARD_GUE;
}

uint32_t compile_overhead(enum conf_forward forward, const struct sl_addr *backend)
{
	if (!compile_has_outer(forward))
		return 0;
	return tunnel_overhead(backend) + (forward == CONF_FORWARD_GUE ? TUNNEL_GUE_LEN : 0);
}

/* Largest IP packet that can be handed to a backend. */
static uint16_t inner_max(
	const struct compile_input *in, const struct compile_hop *hop, uint32_t overhead)
{
	/* Every Ethernet takes one tag on top of its MTU (IEEE 802.3, 3.2.7), not each two. */
	const uint32_t second = hop->vlans.n > 1 ? VLAN_LEN : 0;
	const uint32_t all = in->ports[hop->port].mtu, port = all > second ? all - second : 0;
	const uint32_t mtu = hop->mtu && hop->mtu < port ? hop->mtu : port;
	const uint32_t room = mtu > overhead ? mtu - overhead : 0;

	return (uint16_t)(room < UINT16_MAX ? room : UINT16_MAX);
}

/* The outer source: the prefix's or the address that is configured, or ours on the way. NULL: none
 * of these. */
static const struct sl_addr *outer_source(
	const struct conf_pool *pool, unsigned int family, const struct compile_hop *hop)
{
	if (pool->has_source_prefix[family])
		return &pool->source_prefix[family].address;
	if (pool->has_tunnel_source[family])
		return &pool->tunnel_source[family];
	return hop->has_source ? &hop->source : NULL;
}

/* Transforms by family of the outer header. */
static const uint8_t push[] = {TRANSFORM_PUSH4, TRANSFORM_PUSH6};
static const uint8_t vary[] = {TRANSFORM_VARY4, TRANSFORM_VARY6};
static const uint8_t gue[] = {TRANSFORM_GUE4, TRANSFORM_GUE6};

static void compile_ipip(struct backend *out, const struct conf_pool *pool,
	const struct conf_backend *be, const struct compile_hop *hop, const struct sl_ether *own,
	const struct sl_addr *source)
{
	const unsigned int family = conf_family(&be->address);

	tunnel_compile_ip(&out->tunnel, &hop->mac, own, source, &be->address);
	out->transform = push[family];
	if (!pool->has_source_prefix[family])
		return;
	tunnel_vary_source(&out->tunnel, 128u - pool->source_prefix[family].len);
	out->transform = vary[family];
}

/* False: this pool cannot send there. */
static bool compile_header(struct backend *out, const struct conf_pool *pool,
	const struct conf_backend *be, const struct compile_hop *hop, const struct sl_ether *own)
{
	const unsigned int family = conf_family(&be->address);
	const struct sl_addr *source = outer_source(pool, family, hop);

	switch (pool->forward) {
	case CONF_FORWARD_L2:
		tunnel_compile_l2(&out->tunnel, &hop->mac, own);
		out->transform = TRANSFORM_SET_MAC;
		return hop->on_link;
	case CONF_FORWARD_DSCP:
		tunnel_compile_dscp(&out->tunnel, &hop->mac, own, &be->address, (uint8_t)be->dscp);
		out->transform = TRANSFORM_SET_DSCP;
		return true;
	default:
		break;
	}
	if (!source)
		return false;
	if (pool->forward == CONF_FORWARD_IPIP) {
		compile_ipip(out, pool, be, hop, own, source);
		return true;
	}
	tunnel_compile_gue(
		&out->tunnel, &hop->mac, own, source, &be->address, (uint16_t)pool->gue_port);
	out->transform = gue[family];
	return true;
}

/* Bits of backend.way beside the transform's. */
static uint16_t adjustments(const struct conf_pool *pool)
{
	const bool full =
		pool->forward == CONF_FORWARD_GUE && pool->gue_checksum == CONF_GUE_CHECKSUM_FULL;

	return (uint16_t)((pool->decrement_ttl ? BACKEND_TTL : 0) |
			  (pool->mss_clamp ? BACKEND_MSS : 0) | (full ? BACKEND_UDP_CSUM : 0));
}

static_assert(SL_VLANS_MAX <= VLAN_MAX, "a backend has room for the tags of its way");

static void compile_tags(struct backend *out, const struct sl_vlans *vlans)
{
	for (uint32_t i = 0; i < vlans->n; i++) {
		hdr_store16(out->tags + out->tags_len, htobe16(vlans->tag[i].type));
		hdr_store16(out->tags + out->tags_len + 2, htobe16(vlans->tag[i].id));
		out->tags_len += VLAN_LEN;
	}
}

/* A device puts in tags of 802.1Q, one: what else it may do differs from one to the other. */
static uint8_t nic_work(const struct backend *out, const struct sl_vlans *vlans, uint32_t offloads)
{
	const bool plain_tag = vlans->n == 1 && vlans->tag[0].type == SL_VLAN_TYPE_Q;

	return (uint8_t)(offloads & ((out->way & BACKEND_UDP_CSUM ? OFFLOAD_TX_UDP_CSUM : 0) |
					    (plain_tag ? OFFLOAD_TX_VLAN : 0)));
}

void compile_way(struct backend *out, const struct compile_input *in, const struct conf_pool *pool,
	const struct conf_backend *be, const struct compile_hop *hop)
{
	out->transform = TRANSFORM_UNRESOLVED;
	if (hop->resolved) {
		out->port = hop->port;
		out->inner_max = inner_max(in, hop, compile_overhead(pool->forward, &be->address));
		out->oversize = pool->oversize == CONF_OVERSIZE_DROP ? BACKEND_OVERSIZE_DROP
								     : BACKEND_OVERSIZE_CUT;
		out->mss = (uint16_t)(pool->mss_clamp > 0 ? pool->mss_clamp : 0);
		if (!compile_header(out, pool, be, hop, &in->ports[hop->port].mac))
			out->transform = TRANSFORM_UNRESOLVED;
	}
	out->way = (uint16_t)(1u << out->transform);
	if (out->transform == TRANSFORM_UNRESOLVED)
		return;
	compile_tags(out, &hop->vlans);
	out->way |= adjustments(pool) | (out->tags_len ? BACKEND_TAGS : 0);
	out->nic = nic_work(out, &hop->vlans, in->ports[hop->port].offloads);
}
