/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/neigh.h"

bool neigh_parse(const struct nlmsghdr *nlh, struct neigh *out)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr[NDA_MAX + 1];

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof *ndm || ndm->ndm_flags & NTF_PROXY)
		return false;
	rtnl_attrs(nlh, sizeof *ndm, attr, NDA_MAX);
	*out = (struct neigh){.ifindex = (uint32_t)ndm->ndm_ifindex, .nud = ndm->ndm_state};
	if (!attr[NDA_DST] || !rtnl_get_addr(ndm->ndm_family, mnl_attr_get_payload(attr[NDA_DST]),
				      mnl_attr_get_payload_len(attr[NDA_DST]), &out->addr))
		return false;
	out->has_mac =
		attr[NDA_LLADDR] && mnl_attr_get_payload_len(attr[NDA_LLADDR]) == sizeof out->mac.b;
	if (out->has_mac)
		memcpy(out->mac.b, mnl_attr_get_payload(attr[NDA_LLADDR]), sizeof out->mac.b);
	return true;
}

/* How each action is said. Facts of the kernel that this rests on (linux, net/core/neighbour.c; the
 * unit test runs them):
 * - NUD_PROBE sends a unicast question at once. Without an address attribute and without
 *   NLM_F_REPLACE the known MAC, and the router flag of an IPv6 neighbour, stay as they are.
 * - NTF_USE starts a broadcast search at once in an entry that is new or failed. It would turn a
 *   permanent entry into an ordinary one: so it is said only to those, and with NLM_F_EXCL where we
 *   believe that there is none.
 * - NTF_EXT_LEARNED keeps the entry out of garbage collection and out of the count that gc_thresh3
 *   limits (1024 for all namespaces together), so thousands of backends need no sysctl. Saying
 *   anything without the flag takes it off again: this is how an entry is handed back.
 */
static const struct {
	uint16_t type, flags, nud;
	uint8_t ntf;
} words[] = {
	[HOP_DO_READ] = {RTM_GETNEIGH, 0, 0, 0},
	[HOP_DO_PROBE] = {RTM_NEWNEIGH, NLM_F_ACK, NUD_PROBE, NTF_EXT_LEARNED},
	[HOP_DO_FAIL] = {RTM_NEWNEIGH, NLM_F_ACK, NUD_FAILED, NTF_EXT_LEARNED},
	[HOP_DO_SEARCH] = {RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE, 0, NTF_USE | NTF_EXT_LEARNED},
	[HOP_DO_CREATE] = {RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 0,
		NTF_USE | NTF_EXT_LEARNED},
	[HOP_DO_RELEASE] = {RTM_NEWNEIGH, NLM_F_ACK, NUD_STALE, 0},
};

void neigh_say(struct rtnl_batch *b, struct hop *h, enum hop_action action)
{
	const bool forget = action == HOP_DO_RELEASE && !h->has_mac;
	struct nlmsghdr *nlh = rtnl_batch_add(b, forget ? RTM_DELNEIGH : words[action].type,
		words[action].flags, (struct rtnl_tag){h, (int)action});
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof *ndm);

	ndm->ndm_family = rtnl_family(&h->via);
	ndm->ndm_ifindex = (int)h->ifindex;
	ndm->ndm_state = words[action].nud;
	ndm->ndm_flags = words[action].ntf;
	rtnl_put_addr(nlh, NDA_DST, &h->via);
}

/* The kernel looks at the permission before it looks at the question: this one has no address and
 * is refused to everybody, to the privileged as invalid. */
int neigh_check_permission(struct rtnl *r, struct sl_err *err)
{
	struct rtnl_batch b;

	rtnl_batch_start(&b, r);
	struct nlmsghdr *nlh =
		rtnl_batch_add(&b, RTM_DELNEIGH, NLM_F_ACK, (struct rtnl_tag){NULL, 0});
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof *ndm);

	ndm->ndm_family = AF_INET;
	if (rtnl_batch_run_one(&b) != -EPERM)
		return 0;
	sl_err_add(err, "no permission to resolve neighbours: run as root or give CAP_NET_ADMIN");
	return -EPERM;
}
