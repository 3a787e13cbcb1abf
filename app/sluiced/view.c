/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "view.h"

const char *hop_state_name(enum hop_state s)
{
	static const char *const names[] = {
		[HOP_RESOLVED] = "resolved",
		[HOP_STATIC] = "static",
		[HOP_UNRESOLVED] = "unresolved",
		[HOP_NO_ROUTE] = "no_route",
		[HOP_ROUTER] = "behind_router",
		[HOP_NO_SOURCE] = "no_source",
	};

	return names[s];
}

/* The port with a static next hop that serves a pool: its egress port, or the only one there is. */
static const struct conf_port *static_port(const struct conf *conf, const struct conf_pool *pool)
{
	if (pool->egress_port >= 0) {
		const struct conf_port *p = &conf->ports[pool->egress_port];

		return p->has_next_hop_mac ? p : NULL;
	}
	return conf->n_ports == 1 && conf->ports[0].has_next_hop_mac ? &conf->ports[0] : NULL;
}

/* The kernel's route must leave by one of our ports, or by a VLAN interface on one, and by the
 * egress port where one is named. A port may be a VLAN interface itself: of two that are below the
 * route's, the nearest it is, which adds the fewest tags. */
static int port_of_route(const struct conf *conf, const struct port *ports,
	const struct mirror *mirror, const struct conf_pool *pool, uint32_t ifindex,
	struct sl_vlans *vlans)
{
	struct sl_vlans v;
	int best = -1;

	for (size_t i = 0; i < conf->n_ports; i++) {
		if (!ports[i].ifindex ||
			(pool->egress_port >= 0 && (size_t)pool->egress_port != i) ||
			!mirror_tags(mirror, ifindex, ports[i].ifindex, &v) ||
			(best >= 0 && v.n >= vlans->n))
			continue;
		*vlans = v;
		best = (int)i;
	}
	return best;
}

static enum hop_state kernel_hop(const struct conf *conf, const struct port *ports,
	const struct mirror *mirror, const struct conf_pool *pool, const struct conf_backend *be,
	struct compile_hop *out)
{
	struct nexthop nh;

	if (!mirror || !mirror_find(mirror, &be->address, &nh) || nh.state == NEXTHOP_NO_ROUTE)
		return HOP_NO_ROUTE;
	if (nh.state == NEXTHOP_UNRESOLVED && !nh.ifindex)
		return HOP_UNRESOLVED;
	const int port = port_of_route(conf, ports, mirror, pool, nh.ifindex, &out->vlans);

	if (port < 0)
		return HOP_NO_ROUTE;
	out->port = (uint8_t)port;
	out->on_link = sl_addr_eq(&nh.via, &be->address);
	out->has_source = nh.has_source;
	out->source = nh.source;
	out->mtu = nh.mtu;
	if (conf->ports[port].has_next_hop_mac) {
		out->on_link = true;
		out->mac = conf->ports[port].next_hop_mac;
		out->vlans = conf->ports[port].vlans;
		return HOP_STATIC;
	}
	out->mac = nh.mac;
	return nh.state == NEXTHOP_RESOLVED ? HOP_RESOLVED : HOP_UNRESOLVED;
}

/* A port with a static next hop needs the kernel for one thing only: our address on the way. */
static enum hop_state static_hop(const struct conf *conf, const struct conf_port *port,
	const struct mirror *mirror, const struct conf_backend *be, struct compile_hop *out)
{
	struct nexthop nh;

	out->port = (uint8_t)(port - conf->ports);
	out->on_link = true;
	out->mac = port->next_hop_mac;
	out->vlans = port->vlans;
	if (mirror && port->interface && mirror_find(mirror, &be->address, &nh)) {
		out->has_source = nh.has_source;
		out->source = nh.source;
	}
	return HOP_STATIC;
}

enum hop_state view_hop(const struct conf *conf, const struct port *ports,
	const struct mirror *mirror, const struct conf_pool *pool, const struct conf_backend *be,
	struct compile_hop *out)
{
	const struct conf_port *fixed = static_port(conf, pool);

	*out = (struct compile_hop){0};
	const enum hop_state state = fixed ? static_hop(conf, fixed, mirror, be, out)
					   : kernel_hop(conf, ports, mirror, pool, be, out);

	if (state > HOP_STATIC)
		return state;
	if (pool->forward == CONF_FORWARD_L2 && !out->on_link)
		return HOP_ROUTER;
	if (compile_has_outer(pool->forward) && !out->has_source &&
		!pool->has_tunnel_source[conf_family(&be->address)] &&
		!pool->has_source_prefix[conf_family(&be->address)])
		return HOP_NO_SOURCE;
	out->resolved = true;
	return state;
}

void view_leaver(const struct conf *conf, const struct port *ports, const struct mirror *mirror,
	struct compile_leaver *leaver)
{
	view_hop(conf, ports, mirror, &leaver->pool, &leaver->be, &leaver->hop);
}

void view_collect(const struct conf *conf, const struct port *ports, const struct mirror *mirror,
	const struct conf_pool *pool, struct compile_hop *hops)
{
	for (size_t i = 0; i < pool->n_backends; i++)
		view_hop(conf, ports, mirror, pool, &pool->backends[i], &hops[i]);
}

bool view_complete(const struct conf *conf, const struct port *ports, const struct mirror *mirror,
	size_t *pool)
{
	struct compile_hop hop;

	for (; *pool < conf->n_pools; ++*pool)
		for (size_t i = 0; i < conf->pools[*pool].n_backends; i++)
			if (view_hop(conf, ports, mirror, &conf->pools[*pool],
				    &conf->pools[*pool].backends[i], &hop) == HOP_UNRESOLVED)
				return false;
	return true;
}
