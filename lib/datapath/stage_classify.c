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

static uint32_t mask_of_v6(const struct burst *b)
{
	/* It is so anyway; gcc 12 wants to be told when it builds with sanitizers. */
	const uint32_t n = b->n < BURST_MAX ? b->n : BURST_MAX;
	uint32_t six = 0;

	for (uint32_t i = 0; i < n; i++)
		six |= (uint32_t)b->is6[i] << i;
	return six;
}

static __attribute__((noinline)) void take_out_strangers(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t gone)
{
	for (uint32_t left = gone; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);

		burst_end(l, b, i, no_vip(g, b, i));
	}
	burst_close(b, gone);
}

/* A lookup for each packet, one family after the other: a branch on the family of each would be
 * guessed wrong by the CPU every other time where both have traffic. (So would a memory of the last
 * answer where two VIPs have it, which costs more than the lookup.) */
static void classify_each(struct lane *l, const struct generation *g, struct burst *b)
{
	const uint32_t six = mask_of_v6(b);
	uint32_t gone = 0;

	for (uint32_t left = burst_all(b) & ~six; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);

		b->service[i] = vip_find4(&g->vips, &b->key[i]);
		gone |= (uint32_t)(b->service[i] == VIP_NONE) << i;
	}
	for (uint32_t left = six; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);

		b->service[i] = vip_find6(&g->vips, &b->key[i]);
		gone |= (uint32_t)(b->service[i] == VIP_NONE) << i;
	}
	if (__builtin_expect(gone, 0))
		take_out_strangers(l, g, b, gone);
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
