/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/stage.h"
#include "net/key.h"

void stage_classify(struct lane *l, const struct generation *g, struct burst *b)
{
	const struct vip_table *vips = &g->vips;
	const bool shared = g->ports[b->rx_port].shared;
	uint64_t last_key = 0; /* no IPv4 key is 0: its protocol is not */
	uint16_t last = VIP_NONE;
	uint32_t k = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		uint16_t service;

		if (b->is6[i]) {
			service = vip_find6(vips, &b->key[i]);
		} else {
			const uint64_t key = vip4_key_of(&b->key[i]);

			if (key != last_key) {
				last_key = key;
				last = vip_find4(vips, &b->key[i]);
			}
			service = last;
		}
		if (__builtin_expect(service == VIP_NONE, 0)) {
			const void *dst = key_destination(&b->key[i], b->is6[i]);

			burst_end(l, b, i,
				shared && !vip_has_address(vips, dst, b->is6[i]) ? VERDICT_PUNTED
										 : VERDICT_NO_VIP);
			continue;
		}
		b->service[i] = service;
		burst_move(b, k++, i);
	}
	b->n = (uint16_t)k;
}
