/* SPDX-License-Identifier: BSD-3-Clause */

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/route.h"

void route_ask(struct rtnl_batch *b, const struct sl_addr *dst, struct rtnl_tag tag)
{
	struct nlmsghdr *nlh = rtnl_batch_add(b, RTM_GETROUTE, 0, tag);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof *rtm);

	rtm->rtm_family = rtnl_family(dst);
	rtm->rtm_dst_len = (uint8_t)(sl_addr_len(dst) * 8);
	rtnl_put_addr(nlh, RTA_DST, dst);
}

static bool addr_attr(uint8_t family, const struct nlattr *attr, struct sl_addr *out)
{
	return attr && rtnl_get_addr(family, mnl_attr_get_payload(attr),
			       mnl_attr_get_payload_len(attr), out);
}

/* A gateway of the other family: IPv4 by an IPv6 neighbour (RFC 5549). */
static bool via_attr(const struct nlattr *attr, struct sl_addr *out)
{
	if (!attr || mnl_attr_get_payload_len(attr) <= sizeof(struct rtvia))
		return false;
	const struct rtvia *via = mnl_attr_get_payload(attr);

	return rtnl_get_addr((uint8_t)via->rtvia_family, via->rtvia_addr,
		mnl_attr_get_payload_len(attr) - sizeof *via, out);
}

void route_parse(const struct nlmsghdr *nlh, const struct sl_addr *dst, struct route *out)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr[RTA_MAX + 1], *metric[RTAX_MAX + 1];

	*out = (struct route){0};
	if (nlh->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(nlh) < sizeof *rtm ||
		rtm->rtm_type != RTN_UNICAST)
		return;
	rtnl_attrs(nlh, sizeof *rtm, attr, RTA_MAX);
	out->ifindex = rtnl_u32(attr[RTA_OIF]);
	if (out->ifindex == 0)
		return;
	if (!addr_attr(rtm->rtm_family, attr[RTA_GATEWAY], &out->via) &&
		!via_attr(attr[RTA_VIA], &out->via))
		out->via = *dst;
	out->has_source = addr_attr(rtm->rtm_family, attr[RTA_PREFSRC], &out->source);
	if (attr[RTA_METRICS]) {
		rtnl_attrs_nested(attr[RTA_METRICS], metric, RTAX_MAX);
		out->mtu = rtnl_u32(metric[RTAX_MTU]);
	}
}

static void range_of(const struct sl_addr *prefix, uint32_t bits, struct route_range *out)
{
	for (uint32_t i = 0; i < sizeof prefix->b; i++) {
		const uint32_t left = bits > i * 8 ? bits - i * 8 : 0;
		const uint8_t host = (uint8_t)(left >= 8 ? 0 : 0xff >> left);

		out->low.b[i] = (uint8_t)(prefix->b[i] & ~host);
		out->high.b[i] = prefix->b[i] | host;
	}
}

bool route_range_family(uint8_t family, struct route_range *out)
{
	static const uint8_t none[4];
	const struct sl_addr mapped = sl_addr_from4(none);

	if (family == AF_INET)
		range_of(&mapped, 96, out);
	else if (family == AF_INET6)
		route_range_all(out);
	else
		return false;
	return true;
}

void route_range_all(struct route_range *out)
{
	static const struct sl_addr none;

	range_of(&none, 0, out);
}

bool route_event(const struct nlmsghdr *nlh, struct route_range *out)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr[RTA_MAX + 1];
	struct sl_addr prefix;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof *rtm || rtm->rtm_flags & RTM_F_CLONED)
		return false;
	rtnl_attrs(nlh, sizeof *rtm, attr, RTA_MAX);
	if (!addr_attr(rtm->rtm_family, attr[RTA_DST], &prefix))
		return rtm->rtm_dst_len == 0 && route_range_family(rtm->rtm_family, out);
	range_of(&prefix, rtm->rtm_dst_len + 128u - sl_addr_len(&prefix) * 8, out);
	return true;
}
