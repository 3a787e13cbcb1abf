/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/link.h"
#include "kernel/rtnl.h"

/* Names that an error sentence lists at most. */
#define NAMES_SHOWN 8

struct search {
	const char *name;
	struct link_info *out;
	bool found;
	uint32_t others;
	char names[NAMES_SHOWN * (IFNAMSIZ + 2)]; /* "lo, eth0" */
};

static void copy_mac(struct link_info *out, const struct ifinfomsg *ifi, const struct nlattr *attr)
{
	if (ifi->ifi_type == ARPHRD_ETHER && attr &&
		mnl_attr_get_payload_len(attr) == sizeof out->mac)
		memcpy(out->mac.b, mnl_attr_get_payload(attr), sizeof out->mac);
}

static void fill(struct link_info *out, const char *name, const struct ifinfomsg *ifi,
	const struct nlattr *const *attr)
{
	*out = (struct link_info){
		.ifindex = (uint32_t)ifi->ifi_index,
		.mtu = rtnl_u32(attr[IFLA_MTU]),
		.up = ifi->ifi_flags & IFF_UP,
		.rx_queues = rtnl_u32(attr[IFLA_NUM_RX_QUEUES]),
		.tx_queues = rtnl_u32(attr[IFLA_NUM_TX_QUEUES]),
	};
	snprintf(out->name, sizeof out->name, "%s", name);
	out->carrier = attr[IFLA_CARRIER] && mnl_attr_get_u8(attr[IFLA_CARRIER]);
	copy_mac(out, ifi, attr[IFLA_ADDRESS]);
}

static void look(void *ctx, const struct nlmsghdr *nlh)
{
	struct search *s = ctx;
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr[IFLA_MAX + 1];

	rtnl_attrs(nlh, sizeof *ifi, attr, IFLA_MAX);
	if (!attr[IFLA_IFNAME])
		return;
	const char *name = mnl_attr_get_str(attr[IFLA_IFNAME]);

	if (strcmp(name, s->name) == 0) {
		fill(s->out, name, ifi, attr);
		s->found = true;
	} else if (s->others++ < NAMES_SHOWN) {
		const size_t used = strlen(s->names);

		snprintf(s->names + used, sizeof s->names - used, "%s%s", used ? ", " : "", name);
	}
}

/* Netlink tells how many queues the device could have, ethtool how many it uses. Devices without an
 * ethtool interface (tun) use what they have. */
static void count_queues(struct link_info *link)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq req = {.ifr_data = (void *)&channels};
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(req.ifr_name, link->name, sizeof req.ifr_name);
	if (fd >= 0 && ioctl(fd, SIOCETHTOOL, &req) == 0) {
		link->rx_queues = channels.rx_count + channels.combined_count;
		link->tx_queues = channels.tx_count + channels.combined_count;
	}
	if (fd >= 0)
		close(fd);
	if (link->rx_queues == 0)
		link->rx_queues = 1;
	if (link->tx_queues == 0)
		link->tx_queues = 1;
}

int link_find(const char *name, struct link_info *out, struct sl_err *err)
{
	struct search s = {.name = name, .out = out};
	struct rtnl r;

	if (name[0] == '\0' || strlen(name) >= IFNAMSIZ)
		return sl_err_add(err,
			"\"%s\" cannot be the name of an interface: 1 to %d characters", name,
			IFNAMSIZ - 1);
	int rc = rtnl_open(&r, err);

	if (rc != 0)
		return rc;
	rc = rtnl_dump(&r, RTM_GETLINK, look, &s);
	rtnl_close(&r);
	if (rc != 0 && !s.found)
		return sl_err_sys(err, rc, "cannot list the interfaces");
	if (!s.found) {
		sl_err_add(err, "no interface \"%s\" here; there are: %s%s", name, s.names,
			s.others > NAMES_SHOWN ? ", ..." : "");
		return -ENODEV;
	}
	count_queues(out);
	return 0;
}

bool link_has_carrier(const char *name)
{
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = {0};
	bool carrier;

	snprintf(req.ifr_name, sizeof req.ifr_name, "%s", name);
	carrier = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &req) == 0 && (req.ifr_flags & IFF_UP) &&
		  (req.ifr_flags & IFF_RUNNING);
	if (fd >= 0)
		close(fd);
	return carrier;
}
