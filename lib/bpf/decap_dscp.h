/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */

/* Layer 3 DSR on the backend: a packet for one of the host's own addresses whose DSCP stands for a
 * VIP gets the VIP as destination and DSCP 0, and its checksums are corrected. A packet for a VIP
 * stays as it is. Part of decap.bpf.c, which has the maps and is_vip(). */

#ifndef SLUICE_BPF_DECAP_DSCP_H
#define SLUICE_BPF_DECAP_DSCP_H

#define AF_INET            2
#define AF_INET6           10
#define IP_OFF             sizeof(struct ethhdr)
#define EXT_HEADERS_MAX    8
#define IP4_LATER_FRAGMENT 0x1fff
#define IP6_LATER_FRAGMENT 0xfff8
#define PROTO_NONE         59 /* also here for: no transport header in this packet */

/* Where the transport header is, and its protocol. */
struct dscp_l4 {
	__u32 off;
	__u8 proto;
};

/* The VIP of a DSCP, or NULL. `family`: 0 IPv4, 1 IPv6. */
static __always_inline const struct bpf_addr *dscp_vip(__u8 dscp, __u32 family)
{
	const __u32 key = dscp + DECAP_DSCP_VALUES * family;
	const struct bpf_addr *vip = dscp ? bpf_map_lookup_elem(&decap_dscp, &key) : NULL;

	/* IPv4 is mapped, so one of the last six bytes of every address that is set is not 0 */
	return vip && (*(const __u64 *)vip->b | *(const __u64 *)(vip->b + 8)) ? vip : NULL;
}

/* A destination that the kernel would not forward is the host's own. */
static __always_inline bool dscp_is_own(struct __sk_buff *skb, struct bpf_fib_lookup *to)
{
	to->ifindex = skb->ifindex;
	const long rc = bpf_fib_lookup(skb, to, sizeof *to, 0);

	return rc == BPF_FIB_LKUP_RET_NOT_FWDED || rc == BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/* The addresses of the pseudo header changed by `diff`. False only for a header that is cut. */
static __always_inline bool dscp_l4_csum(
	struct __sk_buff *skb, const struct dscp_l4 *l4, __s64 diff)
{
	__u64 flags = BPF_F_PSEUDO_HDR;
	__u32 at = l4->off;

	switch (l4->proto) {
	case IPPROTO_TCP:
		at += 16;
		break;
	case IPPROTO_UDP:
		at += 6;
		flags |= BPF_F_MARK_MANGLED_0; /* zero stays: not used */
		break;
	case IPPROTO_ICMPV6:
		at += 2;
		break;
	default:
		return true;
	}
	return bpf_l4_csum_replace(skb, at, 0, diff, flags) == 0;
}

/* Fewer bytes of a transport header than its checksum needs: nothing is to be changed. */
static __always_inline bool dscp_l4_whole(struct __sk_buff *skb, const struct dscp_l4 *l4)
{
	const __u32 need = l4->proto == IPPROTO_TCP      ? 18
			   : l4->proto == IPPROTO_UDP    ? 8
			   : l4->proto == IPPROTO_ICMPV6 ? 4
							 : 0;

	return skb->len >= l4->off + need;
}

static __always_inline int dscp_restore4(struct __sk_buff *skb)
{
	struct iphdr ip;
	struct bpf_fib_lookup to = {.family = AF_INET};
	struct bpf_addr was = {.b = {[10] = 0xff, [11] = 0xff}};
	const __u32 at = IP_OFF + offsetof(struct iphdr, daddr);

	if (bpf_skb_load_bytes(skb, IP_OFF, &ip, sizeof ip) || ip.version != 4 || ip.ihl < 5)
		return TC_ACT_UNSPEC;
	const struct bpf_addr *vip = dscp_vip(ip.tos >> 2, 0);

	__builtin_memcpy(was.b + 12, &ip.daddr, 4);
	to.ipv4_src = ip.saddr;
	to.ipv4_dst = ip.daddr;
	if (!vip || is_vip(&was) || !dscp_is_own(skb, &to))
		return TC_ACT_UNSPEC;
	const bool later = ip.frag_off & bpf_htons(IP4_LATER_FRAGMENT);
	const struct dscp_l4 l4 = {.off = IP_OFF + ip.ihl * 4,
		.proto = later || ip.protocol == IPPROTO_ICMPV6 ? PROTO_NONE : ip.protocol};
	const __be32 dst = *(const __be32 *)(vip->b + 12);
	const __be16 head = *(const __be16 *)&ip;
	const __be16 new_head = head & bpf_htons(0xff00 | ECN_MASK);
	const __u32 sum_at = IP_OFF + offsetof(struct iphdr, check);

	if (!dscp_l4_whole(skb, &l4))
		return TC_ACT_UNSPEC;
	__be32 from = ip.daddr, to_addr = dst;
	const __s64 diff = bpf_csum_diff(&from, 4, &to_addr, 4, 0);

	if (!dscp_l4_csum(skb, &l4, diff) || bpf_l3_csum_replace(skb, sum_at, 0, diff, 0) ||
		bpf_l3_csum_replace(skb, sum_at, head, new_head, 2) ||
		bpf_skb_store_bytes(skb, IP_OFF, &new_head, 2, 0) ||
		bpf_skb_store_bytes(skb, at, &dst, 4, BPF_F_INVALIDATE_HASH))
		return TC_ACT_SHOT;
	return TC_ACT_UNSPEC;
}

/* Walk the extension headers. False when they do not end, or the end is missing. */
static __always_inline bool dscp_l4_of_ip6(struct __sk_buff *skb, __u8 next, struct dscp_l4 *l4)
{
	l4->off = IP_OFF + sizeof(struct ipv6hdr);
	for (int i = 0; i < EXT_HEADERS_MAX; i++) {
		__u8 ext[4]; /* next header, length, offset of a fragment */

		l4->proto = next;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_DSTOPTS && next != IPPROTO_ROUTING &&
			next != IPPROTO_FRAGMENT && next != IPPROTO_AH)
			return true;
		if (bpf_skb_load_bytes(skb, l4->off, ext, sizeof ext))
			return false;
		if (next == IPPROTO_FRAGMENT) {
			if ((ext[2] << 8 | ext[3]) & IP6_LATER_FRAGMENT) {
				l4->proto = PROTO_NONE;
				return true;
			}
			l4->off += 8;
		} else {
			l4->off += next == IPPROTO_AH ? (ext[1] + 2) * 4 : (ext[1] + 1) * 8;
		}
		next = ext[0];
	}
	return false;
}

static __always_inline int dscp_restore6(struct __sk_buff *skb)
{
	struct ipv6hdr ip;
	struct bpf_fib_lookup to = {.family = AF_INET6};
	struct bpf_addr was, dst;
	struct dscp_l4 l4;
	const __u32 at = IP_OFF + offsetof(struct ipv6hdr, daddr);

	if (bpf_skb_load_bytes(skb, IP_OFF, &ip, sizeof ip) || ip.version != 6)
		return TC_ACT_UNSPEC;
	const __u16 head = bpf_ntohs(*(const __be16 *)&ip);
	const struct bpf_addr *vip = dscp_vip(head >> 6 & 63, 1);

	__builtin_memcpy(was.b, &ip.daddr, sizeof was.b);
	__builtin_memcpy(to.ipv6_src, &ip.saddr, sizeof to.ipv6_src);
	__builtin_memcpy(to.ipv6_dst, &ip.daddr, sizeof to.ipv6_dst);
	if (!vip || is_vip(&was) || !dscp_is_own(skb, &to))
		return TC_ACT_UNSPEC;
	if (!dscp_l4_of_ip6(skb, ip.nexthdr, &l4) || !dscp_l4_whole(skb, &l4))
		return TC_ACT_UNSPEC;
	const __be16 new_head = bpf_htons(head & 0xf03f);

	dst = *vip;
	const __s64 diff =
		bpf_csum_diff((__be32 *)was.b, sizeof was.b, (__be32 *)dst.b, sizeof dst.b, 0);

	/* The header has no checksum: a sum that the device took over the packet is corrected by
	 * BPF_F_RECOMPUTE_CSUM for what changes here, and by the transport's for that. */
	if (!dscp_l4_csum(skb, &l4, diff) ||
		bpf_skb_store_bytes(skb, IP_OFF, &new_head, 2, BPF_F_RECOMPUTE_CSUM) ||
		bpf_skb_store_bytes(
			skb, at, dst.b, sizeof dst.b, BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH))
		return TC_ACT_SHOT;
	return TC_ACT_UNSPEC;
}

static __always_inline int dscp_restore(struct __sk_buff *skb)
{
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return dscp_restore4(skb);
	return skb->protocol == bpf_htons(ETH_P_IPV6) ? dscp_restore6(skb) : TC_ACT_UNSPEC;
}

#endif
