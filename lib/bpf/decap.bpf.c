/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */

/* tc ingress on a backend. Takes the outer header off 4in4, 6in6, 4in6, 6in4 and GUE packets whose
 * inner destination is a VIP, in place, so that the kernel sees the client's packet arrive on this
 * interface; and gives a packet of layer 3 DSR its VIP back (decap_dscp.h).
 *
 * GUE (draft-ietf-intarea-gue-09): version 0 with an IP packet behind a header of any length, and
 * version 1, which is an IP packet right behind UDP. Flags say that the packet is not there as it
 * was (fragmented, transformed, ...), so they must be zero. The UDP checksum is not looked at: the
 * inner packet has its own (RFC 6936, 4).
 *
 * Left exactly as it came, for the kernel to judge: any other packet; an outer fragment (the kernel
 * reassembles only after tc); an outer IPv6 extension header other than the tunnel encapsulation
 * limit (RFC 2473, 4.1.1, 8 bytes); a tagged frame (it is another interface's); a frame for another
 * host's MAC. */

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/shared.h"

/* Since kernel 6.3; newer than the headers of Debian 12. */
#define ADJ_ROOM_DECAP_L3_IPV4 (1ULL << 7)
#define ADJ_ROOM_DECAP_L3_IPV6 (1ULL << 8)

#define IP4_HDR_MAX            60
#define IP4_FRAGMENT           0x3fff /* "more fragments" and the offset */
#define VLAN_ID                0x0fff
#define ECN_MASK               3
#define ECN_CE                 3
#define ECN_CE_IP6             0x30 /* in the second byte of an IPv6 header */
#define OPTION_LIMIT           4    /* tunnel encapsulation limit */
#define OPTIONS_BYTES          8
#define GUE_BYTES              4
#define GUE_VERSION            0xc0
#define GUE_CONTROL            0x20
#define GUE_LEN                0x1f /* words of extensions */
#define GUE_OUTER_MAX          (sizeof(struct udphdr) + GUE_BYTES + 4 * GUE_LEN)
#define LINEAR                                                                 \
	(sizeof(struct ethhdr) + IP4_HDR_MAX + OPTIONS_BYTES + GUE_OUTER_MAX + \
		sizeof(struct ipv6hdr))
#define OUTER_MASK 0xff /* bounds outer.len for the verifier; it is at most 204 */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DECAP_VIPS_MAX);
	__type(key, struct bpf_addr);
	__type(value, __u32);
} decap_vips SEC(".maps");

/* VIPs that are prefixes. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, DECAP_VIPS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct bpf_prefix);
	__type(value, __u32);
} decap_nets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DECAP_DSCP_MAX);
	__type(key, __u32);
	__type(value, struct bpf_addr);
} decap_dscp SEC(".maps");

/* Not used by the program, only bound to it: what has to be undone lives as long as the filter. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct decap_state);
} decap_state SEC(".maps");

/* False makes the program do without the flags above, as it does by itself on a kernel before
 * 6.3. */
const volatile bool use_decap_flags = true;

/* UDP destination port of GUE, network order. */
const volatile __u16 gue_port = bpf_htons(DECAP_GUE_PORT);

static __always_inline bool is_vip(const struct bpf_addr *addr)
{
	const __u32 *flags = bpf_map_lookup_elem(&decap_vips, addr);

	if (!flags) {
		struct bpf_prefix whole = {.len = 128};

		__builtin_memcpy(&whole.addr, addr, sizeof whole.addr);
		flags = bpf_map_lookup_elem(&decap_nets, &whole);
	}
	return flags && (*flags & DECAP_VIP);
}

#include "bpf/decap_dscp.h"

struct outer {
	__u32 len;  /* header bytes to take off */
	__u8 inner; /* IPPROTO_IPIP or IPPROTO_IPV6 */
	bool is6;
	bool ce; /* congestion experienced on the way here */
};

static __always_inline bool outer_ip4(const struct iphdr *ip, const void *end, struct outer *o)
{
	if ((const void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return false;
	if (ip->frag_off & bpf_htons(IP4_FRAGMENT))
		return false;
	o->is6 = false;
	o->inner = ip->protocol;
	o->len = ip->ihl * 4;
	o->ce = (ip->tos & ECN_MASK) == ECN_CE;
	return true;
}

static __always_inline bool outer_ip6(const struct ipv6hdr *ip, const void *end, struct outer *o)
{
	const __u8 *option = (const void *)(ip + 1);

	if ((const void *)option > end || ip->version != 6)
		return false;
	o->is6 = true;
	o->inner = ip->nexthdr;
	o->len = sizeof *ip;
	o->ce = (((const __u8 *)ip)[1] & ECN_CE_IP6) == ECN_CE_IP6;
	if (ip->nexthdr != IPPROTO_DSTOPTS)
		return true;
	if ((const void *)(option + OPTIONS_BYTES) > end || option[1] != 0 ||
		option[2] != OPTION_LIMIT)
		return false;
	o->inner = option[0];
	o->len += OPTIONS_BYTES;
	return true;
}

/* What stands behind a GUE header at `at` becomes the inner packet. */
static __always_inline bool outer_gue(const void *at, const void *end, struct outer *o)
{
	const struct udphdr *udp = at;
	const __u8 *gue = (const void *)(udp + 1);

	if ((const void *)(gue + GUE_BYTES) > end || udp->dest != gue_port)
		return false;
	o->len += sizeof *udp;
	if ((gue[0] & GUE_VERSION) == 1 << 6) { /* version 1 looks like the IP versions 4 and 6 */
		o->inner = gue[0] >> 4 == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
		return true;
	}
	if ((gue[0] & (GUE_VERSION | GUE_CONTROL)) || gue[2] || gue[3])
		return false;
	o->inner = gue[1];
	o->len += GUE_BYTES + 4 * (gue[0] & GUE_LEN);
	return true;
}

/* Whether an inner packet of the promised family stands at `at` and is for a VIP. */
static __always_inline bool inner_is_for_vip(const void *at, const void *end, __u8 proto)
{
	struct bpf_addr addr = {.b = {[10] = 0xff, [11] = 0xff}};

	if (proto == IPPROTO_IPIP) {
		const struct iphdr *ip = at;

		if ((const void *)(ip + 1) > end || ip->version != 4)
			return false;
		__builtin_memcpy(addr.b + 12, &ip->daddr, 4);
	} else {
		const struct ipv6hdr *ip = at;

		if (proto != IPPROTO_IPV6 || (const void *)(ip + 1) > end || ip->version != 6)
			return false;
		__builtin_memcpy(addr.b, &ip->daddr, sizeof addr.b);
	}
	return is_vip(&addr);
}

static __always_inline bool is_tunnel_to_vip(struct __sk_buff *skb, struct outer *o)
{
	const void *data = (void *)(long)skb->data;
	const void *end = (void *)(long)skb->data_end;
	const struct ethhdr *eth = data;
	const void *ip = eth + 1;

	if (ip > end)
		return false;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		if (!outer_ip4(ip, end, o))
			return false;
	} else if (eth->h_proto != bpf_htons(ETH_P_IPV6) || !outer_ip6(ip, end, o)) {
		return false;
	}
	if (o->inner == IPPROTO_UDP && !outer_gue(ip + (o->len & OUTER_MASK), end, o))
		return false;
	return inner_is_for_vip(ip + (o->len & OUTER_MASK), end, o->inner);
}

/* Take len bytes off behind the MAC header. Segment sizes count payload, so they do not change. */
static __always_inline long shrink(struct __sk_buff *skb, __u32 len, __u64 flags)
{
	return bpf_skb_adjust_room(
		skb, -(__s32)len, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO | flags);
}

/* Outer and inner of different families: the kernel's idea of the protocol and the EtherType change
 * too. An older kernel knows only a translation that resizes the header by 20 bytes; the rest is
 * cut as usual. */
static __always_inline int strip_cross(struct __sk_buff *skb, const struct outer *o)
{
	const __be16 type = bpf_htons(o->is6 ? ETH_P_IP : ETH_P_IPV6);
	const __s32 grown = sizeof(struct ipv6hdr) - sizeof(struct iphdr);

	if (!use_decap_flags ||
		shrink(skb, o->len, o->is6 ? ADJ_ROOM_DECAP_L3_IPV4 : ADJ_ROOM_DECAP_L3_IPV6)) {
		if (bpf_skb_change_proto(skb, type, 0))
			return TC_ACT_UNSPEC;
		if (shrink(skb, o->is6 ? o->len - grown : o->len + grown, 0))
			return TC_ACT_SHOT;
	}
	if (bpf_skb_store_bytes(skb, offsetof(struct ethhdr, h_proto), &type, sizeof type, 0))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

SEC("tc")
int sluice_decap(struct __sk_buff *skb)
{
	const __u32 need = skb->len < LINEAR ? skb->len : LINEAR;
	struct outer o = {0};

	if (skb->pkt_type != PACKET_HOST || (skb->vlan_present && (skb->vlan_tci & VLAN_ID)))
		return TC_ACT_UNSPEC;
	if ((void *)(long)skb->data + need > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, need);
	if (!is_tunnel_to_vip(skb, &o))
		return dscp_restore(skb);

	if (o.is6 == (o.inner == IPPROTO_IPV6)) {
		if (shrink(skb, o.len, 0))
			return TC_ACT_UNSPEC;
	} else {
		const int verdict = strip_cross(skb, &o);

		if (verdict != TC_ACT_OK)
			return verdict;
	}
	/* A mark of congestion goes over to the inner header; one that the inner sender did not ask
	 * for means that the packet is dropped (RFC 6040, 4.2). */
	if (o.ce && !bpf_skb_ecn_set_ce(skb))
		return TC_ACT_SHOT;
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
