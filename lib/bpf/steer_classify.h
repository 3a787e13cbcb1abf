/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */

/* Which received frames are the load balancer's: the one decision behind the XDP program and its tc
 * twin. BPF side only.
 *
 * A frame is ours when its destination address is a VIP, or in the prefix of one, or when it is an
 * ICMP error to a source of our tunnels that quotes a packet as these tunnels send it: one that the
 * kernel never sent. What stays with the kernel:
 *   - everything that is not IPv4 or IPv6 below at most two VLAN tags (ARP among it);
 *   - neighbour discovery (ICMPv6 133 to 137, RFC 4861), which is sent to the unicast VIP too, and
 *     ICMPv6 too short to have a type;
 *   - what is for the host itself;
 *   - a frame too short to hold the destination address: the kernel counts it.
 * Only the first IPv6 next header is looked at. So everything behind extension headers is ours. The
 * kernel loses nothing it needs: neighbour discovery has no extension headers (fragments of it must
 * be ignored, RFC 6980), and MLD, which has a hop-by-hop header, goes to link-scope multicast,
 * never to a VIP. Malformed headers to a VIP are ours: the packet path drops them under their exact
 * name.
 */

#ifndef SLUICE_BPF_STEER_CLASSIFY_H
#define SLUICE_BPF_STEER_CLASSIFY_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/shared.h"

#define STEER_TAGS_MAX 2

#define STEER_ICMP_LEN 8
#define STEER_UDP_LEN  8

struct steer_tag {
	__be16 tci;
	__be16 type;
};

/* Bytes that the decision can need: a caller whose frame is not linear pulls this many. */
#define STEER_LINEAR                                                         \
	(sizeof(struct ethhdr) + STEER_TAGS_MAX * sizeof(struct steer_tag) + \
		2 * sizeof(struct ipv6hdr) + STEER_ICMP_LEN + STEER_UDP_LEN)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEER_VIPS_MAX);
	__type(key, struct bpf_addr);
	__type(value, __u32);
} sluice_vips SEC(".maps");

/* VIPs that are prefixes. A lookup in an empty one ends at its root. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, STEER_VIPS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct bpf_prefix);
	__type(value, __u32);
} sluice_nets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, STEER_SOURCES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct bpf_source);
	__type(value, __u32);
} sluice_sources SEC(".maps");

static __always_inline bool steer_is_vip(const struct bpf_addr *addr)
{
	const __u32 *why = bpf_map_lookup_elem(&sluice_vips, addr);

	if (!why) {
		struct bpf_prefix whole = {.len = 128};

		__builtin_memcpy(&whole.addr, addr, sizeof whole.addr);
		why = bpf_map_lookup_elem(&sluice_nets, &whole);
	}
	return why && (*why & STEER_VIP);
}

/* Is the quoted packet, with this protocol and what is behind its IP header at l4, one of the
 * tunnels that come from the address? */
static __always_inline bool steer_is_tunnel(
	const struct bpf_addr *addr, __u8 proto, const __u8 *l4, const void *end)
{
	struct bpf_source key = {.len = STEER_PORT_BITS + 128, .addr = *addr};

	if (proto == IPPROTO_UDP) {
		if ((const void *)(l4 + 4) > end || !(l4[2] | l4[3]))
			return false;
		key.port[0] = l4[2];
		key.port[1] = l4[3];
	} else if (proto != IPPROTO_IPIP && proto != IPPROTO_IPV6) {
		return false;
	}
	return bpf_map_lookup_elem(&sluice_sources, &key);
}

/* An error with neither options nor fragments, about a packet without options. */
static __always_inline bool steer_error4(
	const struct iphdr *ip, const struct bpf_addr *to, const void *end)
{
	const __u8 *icmp = (const __u8 *)(ip + 1);
	const struct iphdr *quoted = (const void *)(icmp + STEER_ICMP_LEN);

	if (ip->protocol != IPPROTO_ICMP || ip->ihl != 5 || (ip->frag_off & bpf_htons(0x3fff)) ||
		(const void *)(quoted + 1) > end)
		return false;
	if (icmp[0] != 3 && icmp[0] != 11 && icmp[0] != 12)
		return false;
	return steer_is_tunnel(to, quoted->protocol, (const __u8 *)(quoted + 1), end);
}

static __always_inline bool steer_error6(
	const struct ipv6hdr *ip, const struct bpf_addr *to, const void *end)
{
	const __u8 *icmp = (const __u8 *)(ip + 1);
	const struct ipv6hdr *quoted = (const void *)(icmp + STEER_ICMP_LEN);

	if (ip->nexthdr != IPPROTO_ICMPV6 || (const void *)(quoted + 1) > end)
		return false;
	if (icmp[0] < 1 || icmp[0] > 4)
		return false;
	return steer_is_tunnel(to, quoted->nexthdr, (const __u8 *)(quoted + 1), end);
}

static __always_inline bool steer_ip4(const struct iphdr *ip, const void *end)
{
	struct bpf_addr addr = {.b = {[10] = 0xff, [11] = 0xff}};

	if ((const void *)(ip + 1) > end)
		return false;
	__builtin_memcpy(addr.b + 12, &ip->daddr, 4);
	return steer_is_vip(&addr) || steer_error4(ip, &addr, end);
}

static __always_inline bool steer_is_nd(const __u8 *icmp, const void *end)
{
	return (const void *)(icmp + 1) > end || (*icmp >= 133 && *icmp <= 137);
}

static __always_inline bool steer_ip6(const struct ipv6hdr *ip, const void *end)
{
	struct bpf_addr addr;

	if ((const void *)(ip + 1) > end)
		return false;
	if (ip->nexthdr == IPPROTO_ICMPV6 && steer_is_nd((const __u8 *)(ip + 1), end))
		return false;
	__builtin_memcpy(addr.b, &ip->daddr, sizeof addr.b);
	return steer_is_vip(&addr) || steer_error6(ip, &addr, end);
}

/* True for a frame that is ours. tags: VLAN tags that may still stand in the frame. */
static __always_inline bool steer_is_ours(const void *data, const void *end, __u32 tags)
{
	const struct ethhdr *eth = data;
	const void *at = eth + 1;

	if (at > end)
		return false;
	__be16 type = eth->h_proto;

	for (__u32 i = 0; i < STEER_TAGS_MAX; i++) {
		const struct steer_tag *tag = at;

		if (i >= tags ||
			(type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD)))
			break;
		if ((const void *)(tag + 1) > end)
			return false;
		type = tag->type;
		at = tag + 1;
	}
	if (type == bpf_htons(ETH_P_IP))
		return steer_ip4(at, end);
	if (type == bpf_htons(ETH_P_IPV6))
		return steer_ip6(at, end);
	return false;
}

#endif
