/* SPDX-License-Identifier: BSD-3-Clause */

/* The traffic of twins: frames of several kinds by a plan of random numbers. */

#include <netinet/in.h>

#include "twin.h"

/* Polls in a row with traffic of one kind: what a burst was like decides how the next is taken. */
#define PHASE_POLLS 8

enum phase { PHASE_USUAL4, PHASE_USUAL6, PHASE_FLOOD4, PHASE_FLOOD6, PHASE_MIXED, PHASES };

/* Client number c of the i-th packet of a burst. */
static uint16_t client(struct twin *t, uint32_t i)
{
	const uint32_t c = random_below(&t->r, t->plan->clients);

	return (uint16_t)(1024 + (t->plan->once ? c / BURST_MAX * BURST_MAX + i : c));
}

/* What a server sees when one service has the traffic; nearly nothing but data. */
static void usual_frame(struct twin *t, struct frame *f, uint32_t i, bool v6)
{
	static const uint8_t flags[64] = {[0 ... 61] = 16, 17, 2};
	const struct frame_spec spec = {
		.dst = v6 ? VIP6 : VIP4,
		.sport = client(t, i),
		.dport = PORT_OF(POOL_MANY4),
		.proto = v6 && !random_below(&t->r, 64) ? IPPROTO_UDP : IPPROTO_TCP,
		.tcp_flags = flags[random_below(&t->r, 64)],
		.tos = (uint8_t)random_next(&t->r),
		.payload = (uint16_t)random_below(&t->r, 64),
		.padding = (uint16_t)random_below(&t->r, 4),
	};

	harness_frame(f, &spec, WORLD_WAN);
}

/* SYNs from sources that nobody has seen. The flows above come as well, as they do in a flood. */
static void flood_frame(struct twin *t, struct frame *f, uint32_t i, bool v6)
{
	static char src[48];
	const uint32_t r = (uint32_t)random_next(&t->r);

	snprintf(src, sizeof src, v6 ? "2001:db8:f:%x::%x" : "10.%u.%u.1", r >> 8 & 255, r & 255);
	const struct frame_spec spec = {
		.src = src,
		.dst = v6 ? VIP6 : VIP4,
		.sport = client(t, i),
		.dport = random_below(&t->r, 16) ? PORT_OF(POOL_MANY4) : PORT_OF(POOL_MIXED),
		.tcp_flags = 2,
	};

	harness_frame(f, &spec, WORLD_WAN);
}

/* All pools; but pools that draw random numbers draw those of the lane, so where a flow goes
 * depends on what else is in the burst. */
static uint16_t port(struct twin *t)
{
	const uint32_t pool = random_below(&t->r, WORLD_POOLS + 1);
	const bool draws = pool == POOL_LC || pool == POOL_RANDOM;

	return (uint16_t)PORT_OF(draws && t->plan->once ? POOL_RR : pool);
}

/* A few flows over and over, SYN to FIN; all pools, both families. */
static void random_frame(struct twin *t, struct frame *f, uint32_t i)
{
	static const char *const vips[] = {VIP4, VIP6, VIP4_TWIN, VIP6_TWIN, VIP4_ANY, VIP6_ANY};
	static const uint8_t flags[] = {2, 16, 16, 16, 16, 24, 17, 4};
	const struct frame_spec spec = {
		.dst = vips[random_below(&t->r, 6)],
		.sport = client(t, i),
		.dport = port(t),
		.proto = random_below(&t->r, 8) ? IPPROTO_TCP : IPPROTO_UDP,
		.tcp_flags = flags[random_below(&t->r, 8)],
		.vlans = random_below(&t->r, 16) ? 0 : (uint8_t)random_below(&t->r, 4),
		.payload = (uint16_t)random_below(&t->r, 64),
	};

	harness_frame(f, &spec, WORLD_WAN);
}

/* Another byte somewhere in the headers; mostly with the checksum made right again, so that it does
 * not hide the rest. */
static void spoil(struct twin *t, struct frame *f)
{
	static const uint8_t near[] = {0, 1, 4, 20, 64, 128, 255};
	uint8_t *at = &f->b[random_below(&t->r, f->l4 + 16)];

	if (random_below(&t->r, 2))
		*at = (uint8_t)(*at + 1 - 2 * random_below(&t->r, 2));
	else
		*at ^= near[random_below(&t->r, sizeof near)];
	if (f->b[12] == 8 && f->b[13] == 0 && (f->b[14] & 15) == 5 && random_below(&t->r, 2))
		frame_fix_ipv4(f);
}

static void next_frame(struct twin *t, struct frame *f, uint32_t i)
{
	const uint32_t phase = random_below(&t->r, 256) ? t->phase : PHASE_MIXED;

	if (phase == PHASE_MIXED)
		random_frame(t, f, i);
	else if (phase == PHASE_USUAL4 || phase == PHASE_USUAL6 || !random_below(&t->r, 16))
		usual_frame(t, f, i, phase == PHASE_USUAL6 || phase == PHASE_FLOOD6);
	else
		flood_frame(t, f, i, phase == PHASE_FLOOD6);
	if (random_below(&t->r, 48) == 0)
		spoil(t, f);
}

/* What the device says of the checksums: nothing, that all are good, or this and that. */
static uint64_t csum_flags(struct twin *t, uint32_t how)
{
	static const uint64_t some[] = {RTE_MBUF_F_RX_IP_CKSUM_GOOD, 0, RTE_MBUF_F_RX_IP_CKSUM_NONE,
		RTE_MBUF_F_RX_IP_CKSUM_BAD};

	if (how < 4)
		return 0;
	return how == 4 ? RTE_MBUF_F_RX_IP_CKSUM_GOOD : some[random_below(&t->r, how == 7 ? 4 : 2)];
}

/* Also empty bursts, and full ones; for a while no empty ones, so that many follow each other. */
uint16_t twin_take(void *arg, struct burst *b)
{
	static struct frame f;
	struct twin *t = arg;

	if (!t->polls)
		return 0;
	if (--t->polls % PHASE_POLLS == 0)
		t->phase = random_below(&t->r, PHASES);
	const bool busy = t->polls / 64 % 2;
	const uint32_t size = busy + random_below(&t->r, 8 - busy), csum = random_below(&t->r, 8);

	b->n = (uint16_t)(size == 0  ? 0
			  : size < 5 ? BURST_MAX
				     : 1 + random_below(&t->r, BURST_MAX));
	b->rx_port = WORLD_WAN;
	for (uint16_t i = 0; i < b->n; i++) {
		next_frame(t, &f, i);
		b->mbuf[i] = random_below(&t->r, 512)
				     ? rig_mbuf(f.b, f.len, RIG_HEADROOM)
				     : rig_chain(f.b, f.len, RIG_HEADROOM, f.len - 4, 4);
		b->mbuf[i]->ol_flags |= csum_flags(t, csum);
	}
	t->taken += b->n;
	t->silent |= !b->n;
	return b->n;
}
