/* SPDX-License-Identifier: BSD-3-Clause */

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/links.h"

#define FLAGS_THAT_MATTER (IFF_UP | IFF_RUNNING | IFF_LOWER_UP | IFF_NOARP)

void links_free(struct links *l)
{
	sl_array_free(&l->list);
}

/* Index of the first entry not below ifindex. */
static size_t position(const struct links *l, uint32_t ifindex)
{
	size_t low = 0, high = l->list.count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (l->list.item[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool present(const struct links *l, size_t at, uint32_t ifindex)
{
	return at < l->list.count && l->list.item[at].ifindex == ifindex;
}

static bool forget(struct links *l, size_t at)
{
	struct link_entry *e = &l->list.item[at];

	memmove(e, e + 1, (--l->list.count - at) * sizeof *e);
	return true;
}

static bool insert(struct links *l, size_t at, const struct link_entry *entry)
{
	if (!sl_array_add(&l->list))
		return true;
	struct link_entry *e = &l->list.item[at];

	memmove(e + 1, e, (l->list.count - 1 - at) * sizeof *e);
	*e = *entry;
	return true;
}

static bool update(struct link_entry *e, const struct link_entry *entry)
{
	const bool news = memcmp(e, entry, sizeof *e) != 0;

	*e = *entry;
	return news;
}

static bool is_kind(const struct nlattr *attr, const char *kind)
{
	return attr && mnl_attr_get_payload_len(attr) >= strlen(kind) &&
	       strncmp(mnl_attr_get_payload(attr), kind, mnl_attr_get_payload_len(attr)) == 0;
}

/* A VLAN interface: `ip link add link PARENT name NAME type vlan id ID [proto 802.1ad]`. */
static void parse_vlan(const struct nlattr *const *attr, struct link_entry *out)
{
	const struct nlattr *info[IFLA_INFO_MAX + 1], *data[IFLA_VLAN_MAX + 1];

	if (!attr[IFLA_LINKINFO])
		return;
	rtnl_attrs_nested(attr[IFLA_LINKINFO], info, IFLA_INFO_MAX);
	if (!is_kind(info[IFLA_INFO_KIND], "vlan") || !info[IFLA_INFO_DATA])
		return;
	rtnl_attrs_nested(info[IFLA_INFO_DATA], data, IFLA_VLAN_MAX);
	out->vlan.id = rtnl_u16(data[IFLA_VLAN_ID]);
	out->vlan.type = data[IFLA_VLAN_PROTOCOL] ? be16toh(rtnl_u16(data[IFLA_VLAN_PROTOCOL]))
						  : SL_VLAN_TYPE_Q;
	/* numbers of interfaces are those of their own namespace */
	out->parent = attr[IFLA_LINK_NETNSID] ? 0 : rtnl_u32(attr[IFLA_LINK]);
}

static void parse(const struct nlmsghdr *nlh, const struct ifinfomsg *ifi, struct link_entry *out)
{
	const struct nlattr *attr[IFLA_MAX + 1];

	rtnl_attrs(nlh, sizeof *ifi, attr, IFLA_MAX);
	*out = (struct link_entry){.ifindex = (uint32_t)ifi->ifi_index,
		.mtu = rtnl_u32(attr[IFLA_MTU]),
		.flags = ifi->ifi_flags & FLAGS_THAT_MATTER};
	if (attr[IFLA_ADDRESS] &&
		mnl_attr_get_payload_len(attr[IFLA_ADDRESS]) <= sizeof out->address)
		memcpy(out->address, mnl_attr_get_payload(attr[IFLA_ADDRESS]),
			mnl_attr_get_payload_len(attr[IFLA_ADDRESS]));
	parse_vlan(attr, out);
}

bool links_hear(struct links *l, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct link_entry entry;

	/* A bridge tells of its ports in the same words, with its own family. */
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof *ifi || ifi->ifi_family != AF_UNSPEC)
		return false;
	parse(nlh, ifi, &entry);
	const size_t at = position(l, entry.ifindex);
	const bool known = present(l, at, entry.ifindex);

	if (nlh->nlmsg_type == RTM_DELLINK)
		return known && forget(l, at);
	return known ? update(&l->list.item[at], &entry) : insert(l, at, &entry);
}

/* NULL where it is not known. */
static const struct link_entry *find(const struct links *l, uint32_t ifindex)
{
	const size_t at = position(l, ifindex);

	return present(l, at, ifindex) ? &l->list.item[at] : NULL;
}

uint32_t links_mtu(const struct links *l, uint32_t ifindex)
{
	const struct link_entry *e = find(l, ifindex);

	return e ? e->mtu : 0;
}

bool links_tags(const struct links *l, uint32_t ifindex, uint32_t below, struct sl_vlans *out)
{
	struct sl_vlans v = {0};

	/* from the innermost tag outwards */
	while (ifindex != below) {
		const struct link_entry *e = find(l, ifindex);

		if (!e || !e->vlan.id || !e->parent || v.n == SL_VLANS_MAX)
			return false;
		v.tag[1] = v.tag[0];
		v.tag[0] = e->vlan;
		v.n++;
		ifindex = e->parent;
	}
	*out = v;
	return true;
}
