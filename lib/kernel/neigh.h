/* SPDX-License-Identifier: BSD-3-Clause */

/* Neighbour entries in netlink's words. Pure: no sockets. */

#ifndef SLUICE_KERNEL_NEIGH_H
#define SLUICE_KERNEL_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "kernel/hop.h"
#include "kernel/rtnl.h"

struct neigh {
	uint32_t ifindex;
	struct sl_addr addr;
	uint16_t nud;
	bool has_mac; /* six bytes: other link layers have no MAC for us */
	struct sl_ether mac;
};

/* An RTM_NEWNEIGH or RTM_DELNEIGH. False: not one of an IP neighbour. */
bool neigh_parse(const struct nlmsghdr *nlh, struct neigh *out);

/* Add what the action says about the hop to the batch: one message. The tag is {h, action}. */
void neigh_say(struct rtnl_batch *b, struct hop *h, enum hop_action action);

/* May this socket change neighbours? 0, or -EPERM with a message. */
int neigh_check_permission(struct rtnl *r, struct sl_err *err);

#endif
