/* SPDX-License-Identifier: BSD-3-Clause */

/* What the mirror remembers of each interface: enough to tell a change that can move routes or
 * next hops from the many that cannot (statistics, qdiscs, wireless events). Pure: no sockets. */

#ifndef SLUICE_KERNEL_LINKS_H
#define SLUICE_KERNEL_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/array.h"
#include "base/vlan.h"
#include "kernel/rtnl.h"

struct link_entry {
	uint32_t ifindex;
	uint32_t mtu;
	uint32_t flags; /* those IFF_ flags that matter */
	uint8_t address[8];
	uint32_t parent;     /* of a VLAN interface: the one below it, 0 = in another namespace */
	struct sl_vlan vlan; /* its tag; id 0 = no VLAN interface */
};

/* Sorted by ifindex. Start value: all zero. */
struct links {
	sl_array(struct link_entry) list;
};

void links_free(struct links *l);

/* An RTM_NEWLINK or RTM_DELLINK. True when it says something new that matters. Without memory a new
 * interface stays unknown: its MTU is then 0. */
bool links_hear(struct links *l, const struct nlmsghdr *nlh);

/* In bytes; 0: unknown. */
uint32_t links_mtu(const struct links *l, uint32_t ifindex);

/* The tags that a frame sent by interface `ifindex` has when it leaves interface `below`, which is
 * the same or one under it. False: what is sent there does not leave by `below` as it is, or with
 * more tags than SL_VLANS_MAX. */
bool links_tags(const struct links *l, uint32_t ifindex, uint32_t below, struct sl_vlans *out);

#endif
