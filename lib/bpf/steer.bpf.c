/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */

/* XDP on an af_xdp port: VIP traffic goes to the AF_XDP socket of its queue, the rest to the
 * kernel. The DPDK driver loads this object and fills xsks_map; sluiced finds sluice_vips and fills
 * it. */

#include "bpf/steer_classify.h"

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, STEER_QUEUE_MAX);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

/* On a queue without a socket (start, stop, more queues than lanes) VIP traffic is dropped: the
 * kernel, which holds the VIP as a local address but has no listener, would answer with RST and end
 * connections. */
SEC("xdp")
int sluice_steer(struct xdp_md *ctx)
{
	const void *data = (void *)(long)ctx->data;
	const void *end = (void *)(long)ctx->data_end;

	if (!steer_is_ours(data, end, STEER_TAGS_MAX))
		return XDP_PASS;
	return bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_DROP);
}

char _license[] SEC("license") = "Dual BSD/GPL";
