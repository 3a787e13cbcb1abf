/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */

/* tc ingress on an af_packet port: the packet socket has its copy before tc runs, so VIP traffic is
 * dropped here and the kernel does not answer it with RST. The rest goes on to the next filter, or
 * to the kernel. */

#include <linux/pkt_cls.h>

#include "bpf/steer_classify.h"

SEC("tc")
int sluice_steer_tc(struct __sk_buff *skb)
{
	const __u32 tags = STEER_TAGS_MAX -
			   (skb->vlan_present ? 1 : 0); /* the outer one is out of the frame */
	const __u32 need = skb->len < STEER_LINEAR ? skb->len : STEER_LINEAR;

	if ((void *)(long)skb->data + need > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, need);

	const void *data = (void *)(long)skb->data;
	const void *end = (void *)(long)skb->data_end;

	return steer_is_ours(data, end, tags) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
