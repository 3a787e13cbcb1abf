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
#include "kernel/rtnl.h"

struct link_entry {
	uint32_t ifindex;
	uint32_t mtu;
	uint32_t flags; /* those IFF_ flags that matter */
	uint8_t address[8];
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

#endif
