/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "kernel/mirror.h"

/* Messages of one call: some 1.5 ms of work when somebody loads a full routing table. The caller
 * comes again while there are more. */
#define DRAIN_MAX   512

/* Events come in bursts: a link that goes down takes its routes along one by one. */
#define DEBOUNCE_MS 20

/* An older kernel may lack one of them; then the others have to do, and the full round of
 * mirror_tick(). Those that cannot be missed come first. */
static const int groups[] = {RTNLGRP_NEIGH, RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
	RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE,
	RTNLGRP_NEXTHOP};

#define GROUPS_NEEDED 2

int listen_open(struct mirror *m, struct sl_err *err)
{
	const int rc = rtnl_open(&m->events, err);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(
			    m->events.socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0 &&
			i < GROUPS_NEEDED)
			return sl_err_sys(err, errno, "netlink socket: group %d", group);
	}
	return 0;
}

static void mark(struct mirror *m, const struct route_range *range)
{
	targets_mark(&m->targets, range);
	ask_arm(m, DEBOUNCE_MS);
}

static void mark_all(struct mirror *m)
{
	struct route_range range;

	route_range_all(&range);
	mark(m, &range);
}

static void mark_family(struct mirror *m, uint8_t family)
{
	struct route_range range;

	if (route_range_family(family, &range))
		mark(m, &range);
}

static void hear_route(struct mirror *m, const struct nlmsghdr *nlh)
{
	struct route_range range;

	if (route_event(nlh, &range))
		mark(m, &range);
}

/* The MTU of an interface is part of the answer of all that leave by it. */
static void hear_link(struct mirror *m, const struct nlmsghdr *nlh)
{
	if (!links_hear(&m->links, nlh))
		return;
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	for (size_t i = 0; i < m->targets.count && !m->changed; i++)
		m->changed = m->targets.item[i].route.ifindex == (uint32_t)ifi->ifi_index;
	mark_all(m);
}

/* struct ifaddrmsg and struct fib_rule_hdr both begin with the family. */
static void hear_family(struct mirror *m, const struct nlmsghdr *nlh)
{
	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(struct fib_rule_hdr) ||
		mnl_nlmsg_get_payload_len(nlh) >= sizeof(struct ifaddrmsg))
		mark_family(m, *(const uint8_t *)mnl_nlmsg_get_payload(nlh));
}

static void hear(struct mirror *m, const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		ask_heard_neigh(m, nlh);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		hear_route(m, nlh);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		hear_link(m, nlh);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
	case RTM_NEWRULE:
	case RTM_DELRULE:
		hear_family(m, nlh);
		break;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		mark_all(m);
		break;
	default:
		break;
	}
}

void listen_drain(struct mirror *m)
{
	_Alignas(8) char buf[RTNL_ANSWER_BYTES];

	for (int i = 0; i < DRAIN_MAX; i++) {
		const ssize_t got = mnl_socket_recvfrom(m->events.socket, buf, sizeof buf);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno != EAGAIN) {
			m->resync = true; /* ENOBUFS: the kernel threw events away */
			ask_arm(m, DEBOUNCE_MS);
			continue;
		}
		if (got <= 0)
			return;
		int left = (int)got;

		for (const struct nlmsghdr *n = (void *)buf; mnl_nlmsg_ok(n, left);
			n = mnl_nlmsg_next(n, &left))
			hear(m, n);
	}
}
