/* SPDX-License-Identifier: BSD-3-Clause */

/* The view of the network: for every backend of a configuration, port and MAC address of its next
 * hop, from the kernel's routes and neighbours or from a port's static next_hop_mac. */

#ifndef SLUICED_VIEW_H
#define SLUICED_VIEW_H

#include "compile/compile.h"
#include "kernel/netlink.h"
#include "port.h"

enum hop_state {
	HOP_RESOLVED,
	HOP_STATIC,
	HOP_UNRESOLVED, /* a route, but no MAC address yet */
	HOP_NO_ROUTE,   /* none, or one that leaves by no port of ours */
	HOP_ROUTER,     /* forward = "l2" needs the backend on the link, it is behind a router */
	HOP_NO_SOURCE,  /* no address of ours to tunnel from */
};

/* "resolved", "no_route" and so on, for JSON. */
const char *hop_state_name(enum hop_state s);

/* The next hop of one backend. mirror may be NULL: no port has a kernel interface. */
enum hop_state view_hop(const struct conf *conf, const struct port *ports,
	const struct mirror *mirror, const struct conf_pool *pool, const struct conf_backend *be,
	struct compile_hop *out);

/* The same for a backend that is leaving; fills its hop. */
void view_leaver(const struct conf *conf, const struct port *ports, const struct mirror *mirror,
	struct compile_leaver *leaver);

/* Every backend of one pool of the configuration, in its order. hops has room for all. */
void view_collect(const struct conf *conf, const struct port *ports, const struct mirror *mirror,
	const struct conf_pool *pool, struct compile_hop *hops);

/* True when no backend waits for a MAC address. Looked at are the pools from *pool on, which moves
 * on to the first that has such a backend. */
bool view_complete(const struct conf *conf, const struct port *ports, const struct mirror *mirror,
	size_t *pool);

#endif
