/* SPDX-License-Identifier: BSD-3-Clause */

/* Routes in netlink's words: the question for one destination, its answer, and which destinations
 * an event speaks of. Pure: no sockets. */

#ifndef SLUICE_KERNEL_ROUTE_H
#define SLUICE_KERNEL_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "kernel/rtnl.h"

/* How the kernel would reach one destination. All zero: it would not. */
struct route {
	uint32_t ifindex; /* 0: no usable route */
	uint32_t mtu;     /* of the route or a learned path MTU; 0: none but the interface's */
	struct sl_addr via;
	struct sl_addr source;
	bool has_source;
};

/* All destinations between two addresses, both included, in the byte order of struct sl_addr. */
struct route_range {
	struct sl_addr low, high;
};

/* Ask for the route to dst. The kernel looks it up as for a packet of its own, policy rules
 * included. */
void route_ask(struct rtnl_batch *b, const struct sl_addr *dst, struct rtnl_tag tag);

/* The answer to that. Local, blackhole, unreachable, prohibited, broadcast and multicast routes are
 * no route: out becomes all zero. */
void route_parse(const struct nlmsghdr *nlh, const struct sl_addr *dst, struct route *out);

/* The destinations whose route may be another one after an RTM_NEWROUTE or RTM_DELROUTE.
 * False: none, the event is of no interest. */
bool route_event(const struct nlmsghdr *nlh, struct route_range *out);

/* Everything in the family: after a change of rules or addresses. False: a family that is not IP.
 */
bool route_range_family(uint8_t family, struct route_range *out);

/* Everything. */
void route_range_all(struct route_range *out);

static inline bool route_eq(const struct route *a, const struct route *b)
{
	return a->ifindex == b->ifindex && a->mtu == b->mtu && a->has_source == b->has_source &&
	       sl_addr_eq(&a->via, &b->via) && sl_addr_eq(&a->source, &b->source);
}

#endif
