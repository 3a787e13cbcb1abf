/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/slow.h"
#include "datapath/stage.h"
#include "net/key.h"

/* Is everything IPv4 to one address, port and protocol? */
static inline bool all_alike(const struct burst *b, uint64_t key)
{
	uint64_t differs = 0;

	for (uint32_t i = b->alike; i < b->n; i++)
		differs |= (vip4_key_of(&b->key[i]) ^ key) | b->is6[i];
	return !differs;
}

static enum verdict no_vip(const struct generation *g, const struct burst *b, uint32_t i)
{
	const bool is6 = b->is6[i];

	if (slow_is_own_gue(g, b, i))
		return VERDICT_LOOP;
	const bool vip = vip_has_address(&g->vips, key_destination(&b->key[i], is6), is6);

	return g->ports[b->rx_port].shared && !vip ? VERDICT_PUNTED : VERDICT_NO_VIP;
}

/* A lookup for each packet. (A memory of the last answer would be guessed wrong by the CPU every
 * other time when two VIPs have the traffic, which costs more than the lookup.) */
static void classify_each(struct lane *l, const struct generation *g, struct burst *b)
{
	const uint32_t n = b->n;
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++) {
		const uint16_t service = b->is6[i] ? vip_find6(&g->vips, &b->key[i])
						   : vip_find4(&g->vips, &b->key[i]);

		if (__builtin_expect(service == VIP_NONE, 0)) {
			burst_end(l, b, i, no_vip(g, b, i));
			continue;
		}
		b->service[i] = service;
		burst_move(b, k++, i);
	}
	b->n = (uint16_t)k;
}

void stage_classify(struct lane *l, const struct generation *g, struct burst *b)
{
	const uint64_t key = vip4_key_of(&b->key[0]);

	b->one_service = false;
	if (b->n && all_alike(b, key)) {
		const uint16_t service = vip_find4(&g->vips, &b->key[0]);

		if (__builtin_expect(service != VIP_NONE, 1)) {
			for (uint32_t i = 0; i < b->n; i++)
				b->service[i] = service;
			b->one_service = true;
			return;
		}
	}
	classify_each(l, g, b);
}
