/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/host_if.h"
#include "kernel/rtnl.h"

/* A VIP of which the kernel has something. A prefix takes two questions, so it may have half. */
struct held {
	struct sl_prefix vip;
	bool wanted;
	bool whole; /* else it is asked for again, while it is wanted */
	bool gone;
};

struct host_if {
	int tap;
	uint32_t ifindex;
	char name[IFNAMSIZ];
	struct rtnl rtnl;
	struct held *held; /* sorted by VIP */
	size_t count;
};

static int explain_open(struct sl_err *err, int code)
{
	if (code == ENOENT || code == ENODEV || code == ENXIO)
		return sl_err_sys(err, code,
			"/dev/net/tun: load the module (modprobe tun), or give the container the "
			"device");
	return sl_err_sys(err, code, "/dev/net/tun: run as root");
}

static int explain_attach(struct sl_err *err, int code, const char *name)
{
	if (code == EBUSY)
		return sl_err_sys(err, code,
			"interface \"%s\" exists already: stop its owner, `ip link del %s`, or "
			"take another name",
			name, name);
	if (code == EPERM)
		return sl_err_sys(
			err, code, "interface \"%s\": run as root or give CAP_NET_ADMIN", name);
	return sl_err_sys(err, code, "interface \"%s\"", name);
}

/* A name with '%' would be a pattern to the kernel. */
static bool name_ok(const char *name)
{
	const size_t len = strlen(name);

	return len > 0 && len < IFNAMSIZ && !strpbrk(name, "%/: \t\n") && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

/* The descriptor is the interface: it goes when the descriptor does. */
static int make_tap(struct host_if *h, const char *name, struct sl_err *err)
{
	struct ifreq req = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL};

	if (!name_ok(name))
		return sl_err_add(err, "\"%s\" cannot be the name of an interface", name);
	memcpy(h->name, name, strlen(name) + 1);
	memcpy(req.ifr_name, h->name, sizeof req.ifr_name);
	h->tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (h->tap < 0)
		return explain_open(err, errno);
	if (ioctl(h->tap, TUNSETIFF, &req) != 0)
		return explain_attach(err, errno, name);
	const int rc = rtnl_open(&h->rtnl, err);

	if (rc != 0)
		return rc;
	if (ioctl(mnl_socket_get_fd(h->rtnl.socket), SIOCGIFINDEX, &req) != 0)
		return sl_err_sys(err, errno, "interface \"%s\"", name);
	h->ifindex = (uint32_t)req.ifr_ifindex;
	return 0;
}

static struct ifinfomsg *put_link(struct nlmsghdr *nlh, uint32_t ifindex)
{
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof *ifi);

	ifi->ifi_index = (int)ifindex;
	return ifi;
}

/* Without a link-local address the kernel has nothing to solicit routers with. */
static int no_link_local(struct host_if *h)
{
	struct rtnl_batch b;

	rtnl_batch_start(&b, &h->rtnl);
	struct nlmsghdr *nlh =
		rtnl_batch_add(&b, RTM_NEWLINK, NLM_F_ACK, (struct rtnl_tag){NULL, 0});

	put_link(nlh, h->ifindex);
	struct nlattr *spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(nlh, AF_INET6);

	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, spec);
	const int rc = rtnl_batch_run_one(&b);

	/* A host without IPv6 has no such address anyhow. */
	return rc == -EAFNOSUPPORT || rc == -EOPNOTSUPP ? 0 : rc;
}

/* IFF_NOARP silences ARP, neighbour and multicast discovery on the TAP itself. ARP for a VIP on the
 * wire's interface does not ask for this flag. */
static int bring_up(struct host_if *h)
{
	struct rtnl_batch b;

	rtnl_batch_start(&b, &h->rtnl);
	struct nlmsghdr *nlh =
		rtnl_batch_add(&b, RTM_NEWLINK, NLM_F_ACK, (struct rtnl_tag){NULL, 0});
	struct ifinfomsg *ifi = put_link(nlh, h->ifindex);

	ifi->ifi_flags = IFF_UP | IFF_NOARP;
	ifi->ifi_change = IFF_UP | IFF_NOARP | IFF_MULTICAST;
	mnl_attr_put_u32(nlh, IFLA_TXQLEN, 1);
	return rtnl_batch_run_one(&b);
}

int host_if_open(const char *name, struct host_if **out, struct sl_err *err)
{
	struct host_if *h = calloc(1, sizeof *h);

	*out = NULL;
	if (!h)
		return sl_err_sys(err, ENOMEM, "interface \"%s\"", name);
	h->tap = -1;
	int rc = make_tap(h, name, err);

	if (rc == 0) {
		rc = no_link_local(h);
		if (rc == 0)
			rc = bring_up(h);
		if (rc != 0)
			sl_err_sys(err, rc, "interface \"%s\": cannot set it up", name);
	}
	if (rc != 0) {
		host_if_close(h);
		return rc;
	}
	*out = h;
	return 0;
}

void host_if_close(struct host_if *h)
{
	if (!h)
		return;
	rtnl_close(&h->rtnl);
	if (h->tap >= 0)
		close(h->tap);
	free(h->held);
	free(h);
}

enum what { ADD, REMOVE };

struct change {
	const struct host_if *h;
	struct sl_err *err;
	int rc;
};

/* What is refused in part stays held: half of it may be there, to be completed or removed later. */
static void changed(void *ctx, struct rtnl_tag tag, const struct nlmsghdr *answer, int error)
{
	struct change *c = ctx;
	struct held *held = tag.who;
	bool *done = tag.what == ADD ? &held->whole : &held->gone;
	char text[SL_PREFIX_STRLEN];

	/* To be removed, and somebody else did it. */
	if (error == 0 || (tag.what == REMOVE && (error == -EADDRNOTAVAIL || error == -ESRCH)))
		return;
	c->rc = error;
	if (*done)
		sl_err_sys(c->err, error, "interface \"%s\": cannot %s %s", c->h->name,
			tag.what == ADD ? "add" : "remove",
			sl_prefix_format_short(&held->vip, text));
	*done = held->whole = false;
}

static void put_address(
	struct rtnl_batch *b, const struct host_if *h, enum what what, struct held *held)
{
	const struct sl_addr *addr = &held->vip.address;
	const uint16_t type = what == ADD ? RTM_NEWADDR : RTM_DELADDR,
		       flags = what == ADD ? NLM_F_CREATE | NLM_F_REPLACE : 0;
	struct nlmsghdr *nlh =
		rtnl_batch_add(b, type, NLM_F_ACK | flags, (struct rtnl_tag){held, what});
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof *ifa);

	ifa->ifa_family = rtnl_family(addr);
	ifa->ifa_prefixlen = (uint8_t)(sl_addr_len(addr) * 8);
	ifa->ifa_index = h->ifindex;
	rtnl_put_addr(nlh, IFA_LOCAL, addr);
	rtnl_put_addr(nlh, IFA_ADDRESS, addr);
	mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_NODAD);
}

/* local: makes every address of the prefix the host's own, in the table that is asked first;
 * unicast, in the main table: what a routing daemon learns. */
static void put_route(struct rtnl_batch *b, const struct host_if *h, enum what what,
	struct held *held, bool local)
{
	const struct sl_prefix *vip = &held->vip;
	const bool four = sl_addr_is4(&vip->address);
	const uint16_t type = what == ADD ? RTM_NEWROUTE : RTM_DELROUTE,
		       flags = what == ADD ? NLM_F_CREATE | NLM_F_REPLACE : 0;
	struct nlmsghdr *nlh =
		rtnl_batch_add(b, type, NLM_F_ACK | flags, (struct rtnl_tag){held, what});
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof *rtm);

	rtm->rtm_family = rtnl_family(&vip->address);
	rtm->rtm_dst_len = (uint8_t)(vip->len - (four ? 96 : 0));
	rtm->rtm_table = local ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
	rtm->rtm_type = local ? RTN_LOCAL : RTN_UNICAST;
	rtm->rtm_protocol = RTPROT_STATIC;
	if (four)
		rtm->rtm_scope = local ? RT_SCOPE_HOST : RT_SCOPE_LINK;
	rtnl_put_addr(nlh, RTA_DST, &vip->address);
	mnl_attr_put_u32(nlh, RTA_OIF, h->ifindex);
}

/* Most questions that a VIP takes. */
#define QUESTIONS 2

static void put_change(
	struct rtnl_batch *b, const struct host_if *h, enum what what, struct held *held)
{
	if (sl_prefix_is_one(&held->vip)) {
		put_address(b, h, what, held);
		return;
	}
	put_route(b, h, what, held, true);
	put_route(b, h, what, held, false);
}

/* Is it to be done? Then it counts as done, until the kernel says otherwise. */
static bool take(struct held *held, enum what what)
{
	const bool due = what == ADD ? held->wanted && !held->whole : !held->wanted;

	if (due && what == ADD)
		held->whole = true;
	else if (due)
		held->gone = true;
	return due;
}

static int apply(struct host_if *h, enum what what, struct sl_err *err)
{
	struct change c = {.h = h, .err = err};
	struct rtnl_batch b;

	rtnl_batch_start(&b, &h->rtnl);
	for (size_t i = 0; i < h->count; i++) {
		if (!take(&h->held[i], what))
			continue;
		if (b.count + QUESTIONS > RTNL_BATCH_MAX)
			rtnl_batch_run(&b, changed, &c);
		put_change(&b, h, what, &h->held[i]);
	}
	rtnl_batch_run(&b, changed, &c);
	return c.rc;
}

static int by_vip(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return memcmp(&x->vip, &y->vip, sizeof x->vip);
}

/* Sorted, each once: wanted if one of them is, whole if one of them is. Returns how many. */
static size_t merge(struct held *held, size_t n)
{
	size_t count = 0;

	qsort(held, n, sizeof *held, by_vip);
	for (size_t i = 0; i < n; i++) {
		if (count && sl_prefix_eq(&held[i].vip, &held[count - 1].vip)) {
			held[count - 1].wanted |= held[i].wanted;
			held[count - 1].whole |= held[i].whole;
		} else {
			held[count++] = held[i];
		}
	}
	return count;
}

static size_t leave_out_gone(struct held *held, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (!held[i].gone)
			held[count++] = held[i];
	return count;
}

int host_if_set_vips(struct host_if *h, const struct sl_prefix *vips, size_t n, struct sl_err *err)
{
	struct held *held = calloc(n + h->count + 1, sizeof *held);
	int rc;

	if (!held)
		return sl_err_sys(err, ENOMEM, "interface \"%s\"", h->name);
	for (size_t i = 0; i < h->count; i++)
		held[i] = (struct held){.vip = h->held[i].vip, .whole = h->held[i].whole};
	for (size_t i = 0; i < n; i++)
		held[h->count + i] = (struct held){.vip = vips[i], .wanted = true};
	free(h->held);
	h->held = held;
	h->count = merge(held, h->count + n);
	rc = apply(h, ADD, err);
	if (rc == 0)
		rc = apply(h, REMOVE, err);
	h->count = leave_out_gone(held, h->count);
	return rc;
}
