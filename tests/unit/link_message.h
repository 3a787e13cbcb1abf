/* SPDX-License-Identifier: BSD-3-Clause */

/* Interfaces as the kernel tells of them (rtnetlink(7), linux/if_link.h), without a kernel: the one
 * of the machine may have no VLANs. */

#ifndef SLUICE_TESTS_LINK_MESSAGE_H
#define SLUICE_TESTS_LINK_MESSAGE_H

#include <endian.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/rtnl.h"

struct link_message {
	uint32_t ifindex;
	const char *kind; /* NULL: a card's */
	uint32_t mtu;     /* 0: 1500 */
	uint32_t parent;
	uint16_t id;    /* kind vlan */
	uint16_t proto; /* the same; 0: not told, as by kernels before 3.10 */
	bool elsewhere; /* the parent is in another network namespace */
	bool gone;
};

static inline struct nlmsghdr *link_message(const struct link_message *l)
{
	static _Alignas(8) char buf[1024];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof *ifi);
	struct nlattr *info, *data;

	nlh->nlmsg_type = l->gone ? RTM_DELLINK : RTM_NEWLINK;
	ifi->ifi_index = (int)l->ifindex;
	ifi->ifi_flags = IFF_UP | IFF_RUNNING | IFF_LOWER_UP;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "link");
	mnl_attr_put_u32(nlh, IFLA_MTU, l->mtu ? l->mtu : 1500);
	if (l->parent)
		mnl_attr_put_u32(nlh, IFLA_LINK, l->parent);
	if (l->elsewhere)
		mnl_attr_put_u32(nlh, IFLA_LINK_NETNSID, 0);
	if (!l->kind)
		return nlh;
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, l->kind);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	if (l->id)
		mnl_attr_put_u16(nlh, IFLA_VLAN_ID, l->id);
	if (l->proto)
		mnl_attr_put_u16(nlh, IFLA_VLAN_PROTOCOL, htobe16(l->proto));
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return nlh;
}

#endif
