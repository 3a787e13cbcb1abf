/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <net/if.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "lo.h"

#define LO      "lo"
#define FOREVER 0xffffffffu

int lo_check(struct sl_err *err)
{
	struct ifreq ifr = {.ifr_name = LO};
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return sl_err_sys(err, errno, "interface %s", LO);
	const int rc = ioctl(fd, SIOCGIFFLAGS, &ifr) ? -errno : 0;

	close(fd);
	if (rc)
		return sl_err_sys(err, rc, "interface %s", LO);
	if (!(ifr.ifr_flags & IFF_UP))
		return sl_err_add(err, "interface %s is down: ip link set %s up", LO, LO);
	return 0;
}

static struct nlmsghdr *address_message(char *buf, bool add, const struct sl_addr *addr)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa;
	const uint32_t len = sl_addr_len(addr);
	const bool v4 = sl_addr_is4(addr);

	nlh->nlmsg_type = add ? RTM_NEWADDR : RTM_DELADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0);
	nlh->nlmsg_seq = (uint32_t)time(NULL);
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof *ifa);
	ifa->ifa_family = v4 ? AF_INET : AF_INET6;
	ifa->ifa_prefixlen = len * 8;
	ifa->ifa_index = if_nametoindex(LO);
	/* Source addresses are chosen by scope (IPv4) and by preference (IPv6): see lo_add. */
	ifa->ifa_scope = v4 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
	mnl_attr_put(nlh, IFA_LOCAL, len, sl_addr_bytes(addr));
	mnl_attr_put(nlh, IFA_ADDRESS, len, sl_addr_bytes(addr));
	if (add && !v4) {
		const struct ifa_cacheinfo life = {.ifa_prefered = 0, .ifa_valid = FOREVER};

		mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_NODAD);
		mnl_attr_put(nlh, IFA_CACHEINFO, sizeof life, &life);
	}
	return nlh;
}

/* A local route makes every address of the prefix the host's own. */
static struct nlmsghdr *route_message(char *buf, bool add, const struct sl_prefix *p)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	const bool v4 = sl_addr_is4(&p->address);
	struct rtmsg *rtm;

	nlh->nlmsg_type = add ? RTM_NEWROUTE : RTM_DELROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0);
	nlh->nlmsg_seq = (uint32_t)time(NULL);
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof *rtm);
	rtm->rtm_family = v4 ? AF_INET : AF_INET6;
	rtm->rtm_dst_len = (uint8_t)(p->len - (v4 ? 96 : 0));
	rtm->rtm_table = RT_TABLE_LOCAL;
	rtm->rtm_type = RTN_LOCAL;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = v4 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
	mnl_attr_put(nlh, RTA_DST, sl_addr_len(&p->address), sl_addr_bytes(&p->address));
	mnl_attr_put_u32(nlh, RTA_OIF, if_nametoindex(LO));
	return nlh;
}

static struct nlmsghdr *message(char *buf, bool add, const struct sl_prefix *vip)
{
	return sl_prefix_is_one(vip) ? address_message(buf, add, &vip->address)
				     : route_message(buf, add, vip);
}

/* Send and read the kernel's answer. 0 or -errno. */
static int talk(const struct nlmsghdr *nlh)
{
	char buf[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int rc = 0;

	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
		mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0) {
		rc = -errno;
	} else {
		const ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof buf);

		if (n < 0 || mnl_cb_run(buf, (size_t)n, nlh->nlmsg_seq, mnl_socket_get_portid(nl),
				     NULL, NULL) < 0)
			rc = -errno;
	}
	mnl_socket_close(nl);
	return rc;
}

int lo_add(const struct sl_prefix *vip, struct sl_err *err)
{
	char buf[512] __attribute__((aligned(NLMSG_ALIGNTO))), text[SL_PREFIX_STRLEN];
	const int rc = talk(message(buf, true, vip));

	if (rc == 0 || rc == -EEXIST)
		return rc;
	return sl_err_sys(err, rc, "cannot put %s on %s", sl_prefix_format_short(vip, text), LO);
}

int lo_remove(const struct sl_prefix *vip, struct sl_err *err)
{
	char buf[512] __attribute__((aligned(NLMSG_ALIGNTO))), text[SL_PREFIX_STRLEN];
	const int rc = talk(message(buf, false, vip));

	if (rc == 0 || rc == -EADDRNOTAVAIL || rc == -ESRCH)
		return 0;
	return sl_err_sys(err, rc, "cannot take %s off %s", sl_prefix_format_short(vip, text), LO);
}
