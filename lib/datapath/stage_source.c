/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/slow.h"
#include "datapath/stage.h"
#include "net/key.h"

/* The mask without the bits in `gone`, closed up: what burst_close does to the packets. */
static uint32_t mask_close(uint32_t mask, uint32_t gone, uint32_t n)
{
	uint32_t out = 0, k = 0;

	for (uint32_t i = 0; i < n; i++)
		if (!(gone >> i & 1))
			out |= (mask >> i & 1) << k++;
	return out;
}

static __attribute__((noinline)) void take_out(
	struct lane *l, const struct generation *g, struct burst *b, uint32_t doubtful)
{
	const uint32_t n = b->n;
	uint32_t gone = 0;

	for (; doubtful; doubtful &= doubtful - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(doubtful);
		const enum verdict v = slow_source(g, (const uint8_t *)b->key[i].w, b->is6[i]);

		if (v == PARSE_OK)
			continue;
		burst_end(l, b, i, v);
		gone |= 1u << i;
	}
	if (!gone) /* the filter was wrong, as it is now and then */
		return;
	burst_close(b, gone);
	b->new_flows = mask_close(b->new_flows, gone, n);
	b->crowded = mask_close(b->crowded, gone, n);
}

static inline bool maybe_ours(
	const struct own_set *own, const struct burst *b, uint32_t i, bool is6)
{
	uint64_t addr[2];

	key_address(addr, b->key[i].w, is6);
	return own_maybe(own, addr);
}

/* New flows that may come from a prefix of which our tunnels choose addresses. */
static __attribute__((noinline)) uint32_t maybe_varied(
	const struct own_set *own, const struct burst *b)
{
	uint32_t doubtful = 0;
	uint64_t addr[2];

	for (uint32_t left = b->new_flows; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);

		key_address(addr, b->key[i].w, b->is6[i]);
		doubtful |= (uint32_t)own_maybe_varied(own, addr) << i;
	}
	return doubtful;
}

void stage_source(struct lane *l, const struct generation *g, struct burst *b)
{
	const struct own_set own = g->own;
	const uint32_t n = b->n;
	uint32_t doubtful = 0;

	if (b->new_flows == burst_all(b) && b->plain) { /* the same without questions */
		for (uint32_t i = 0; i < n; i++)
			if (__builtin_expect(maybe_ours(&own, b, i, false), 0))
				doubtful |= 1u << i;
	} else {
		for (uint32_t left = b->new_flows; left; left &= left - 1) {
			const uint32_t i = (uint32_t)__builtin_ctz(left);

			if (__builtin_expect(maybe_ours(&own, b, i, b->is6[i]), 0))
				doubtful |= 1u << i;
		}
	}
	if (__builtin_expect(own.varied != 0, 0))
		doubtful |= maybe_varied(&own, b);
	if (__builtin_expect(doubtful, 0))
		take_out(l, g, b, doubtful);
}
