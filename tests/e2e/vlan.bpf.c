/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */

/* tc programs that put a namespace into a VLAN, for kernels without VLAN interfaces. OUTER and
 * INNER are the tags, INNER 0 for a single one. pop: takes them off what comes; what has others,
 * and what Sluice sends without any (tunnels and answers to a ping), is dropped. push: puts them on
 * what goes to a VIP. */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

static __always_inline int byte_at(struct __sk_buff *skb, int off)
{
	unsigned char b = 0;

	return bpf_skb_load_bytes(skb, off, &b, 1) ? -1 : b;
}

static __always_inline int from_sluice(struct __sk_buff *skb)
{
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		const int proto = byte_at(skb, 23);

		return proto == 4 || proto == 41 || (proto == 1 && byte_at(skb, 34) == 0);
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		const int proto = byte_at(skb, 20);

		return proto == 4 || proto == 41 || (proto == 58 && byte_at(skb, 54) == 129);
	}
	return 0;
}

/* A driver of the balancer gets the outer tag without its type, so an answer may have the other. */
static __always_inline int is_tag(struct __sk_buff *skb, int id)
{
	return skb->vlan_present && (skb->vlan_tci & 0xfff) == id;
}

SEC("tc/pop")
int vlan_pop(struct __sk_buff *skb)
{
	if (!skb->vlan_present)
		return from_sluice(skb) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
	if (!is_tag(skb, OUTER))
		return TC_ACT_SHOT;
	bpf_skb_vlan_pop(skb);
	if (INNER) {
		if (!is_tag(skb, INNER))
			return TC_ACT_SHOT;
		bpf_skb_vlan_pop(skb);
	}
	return skb->vlan_present ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

/* 203.0.113.0/24 and 2001:db8:77::/64, but for neighbour discovery. */
static __always_inline int to_vip(struct __sk_buff *skb)
{
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return byte_at(skb, 30) == 203 && byte_at(skb, 32) == 113;
	return skb->protocol == bpf_htons(ETH_P_IPV6) && byte_at(skb, 38) == 0x20 &&
	       byte_at(skb, 43) == 0x77 && (byte_at(skb, 20) != 58 || byte_at(skb, 54) == 128);
}

SEC("tc/push")
int vlan_push(struct __sk_buff *skb)
{
	if (!to_vip(skb))
		return TC_ACT_UNSPEC;
	if (INNER) {
		bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), INNER);
		bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021AD), OUTER);
	} else {
		bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), OUTER);
	}
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
