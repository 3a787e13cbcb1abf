/* SPDX-License-Identifier: BSD-3-Clause */

/* Any bytes as a received frame, through the whole pipeline: dropped under a reason that it
 * deserves, or sent on with its IP packet untouched behind a right header; and no byte read or
 * written beyond it. build-fuzz/tests/fuzz/fuzz_packet -max_len=2000 -max_total_time=60 CORPUS
 *
 * The first four bytes say how the frame comes in, what of it to mend so that most inputs get
 * further than the first check, and which good frame the rest changes: a bit set is a bit flipped.
 */

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/pipeline.h"
#include "datapath/report.h"
#include "datapath/slow.h"

#include "../packet/frame.h"
#include "../packet/model.h"
#include "../packet/rig.h"
#include "../packet/world.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	HOW_PORT = 3,      /* port */
	HOW_MAC = 4,       /* as it comes; else the port's */
	HOW_CSUM = 8,      /* as it comes; else mended */
	HOW_PIECES = 16,   /* several mbufs */
	HOW_HEADROOM = 32, /* little */
	HOW_TWICE = 64,    /* a burst of two */
	HOW_FLOWS = 128,   /* on a lane that remembers flows */
};

/* Where the input starts from; a number above stands for no frame at all. */
static const struct frame_spec shapes[] = {
	{.dst = VIP4, .dport = PORT_OF(POOL_VIA4)},
	{.dst = VIP4, .dport = PORT_OF(POOL_MIXED), .vlans = 1, .options = 2, .payload = 40},
	{.dst = VIP4, .dport = 53, .proto = IPPROTO_UDP, .vlans = 2, .padding = 10},
	{.dst = VIP4_ANY, .dport = 8443, .payload = 1440},
	{.dst = VIP6, .dport = PORT_OF(POOL_L2)},
	{.dst = VIP6, .dport = PORT_OF(POOL_VIA6), .vlans = 1, .payload = 33},
	{.dst = VIP6, .dport = 53, .proto = IPPROTO_UDP, FRAME_CHAIN("\x00\x3c\x33\x2c")},
	{.dst = VIP6, .dport = PORT_OF(POOL_SOURCE), FRAME_CHAIN("\x2b\x3c")},
	{.dst = VIP4, .dport = 0x1234, .sport = 0x0800, .proto = IPPROTO_ICMP, .payload = 64},
	{.dst = VIP6, .dport = 0x1234, .sport = 0x8000, .proto = IPPROTO_ICMPV6, .payload = 64},
	{.dst = VIP4, .dport = PORT_OF(POOL_VIA4), .ip_len = 1490},
	{.dst = VIP4, .dport = PORT_OF(POOL_GUE4), .payload = 30},
	{.dst = VIP6, .dport = PORT_OF(POOL_GUE_FULL6), .proto = IPPROTO_UDP, .payload = 77},
	{.dst = VIP4, .dport = PORT_OF(POOL_GUE_FULL4), .vlans = 1, .payload = 1},
	{.dst = VIP6, .dport = PORT_OF(POOL_VARY6), .payload = 9},
	{.dst = VIP4, .dport = PORT_OF(POOL_VARY4), .proto = IPPROTO_UDP},
	{.dst = VIP4, .dport = PORT_OF(POOL_DSCP4), .proto = IPPROTO_UDP, .payload = 5},
	{.dst = VIP6,
		.dport = PORT_OF(POOL_DSCP6),
		.proto = IPPROTO_UDP,
		FRAME_CHAIN("\x2c"),
		.payload = 900},
	{.dst = VIP4, .dport = PORT_OF(POOL_TTL), .payload = 5},
	{.dst = VIP4, .dport = PORT_OF(POOL_MSS), .tcp_flags = 2, .payload = 40},
	{.dst = VIP4, .dport = PORT_OF(POOL_TTL), .proto = IPPROTO_UDP, .ip_len = 1490},
	{.dst = "10.0.0.250",
		.dport = 0x1234,
		.sport = 0x0304,
		.proto = IPPROTO_ICMP,
		.payload = 64},
	{.dst = "fd00::250",
		.dport = 0x1234,
		.sport = 0x0200,
		.proto = IPPROTO_ICMPV6,
		.payload = 90},
};

#define ETH_HEADER 14
#define N_SHAPES   (sizeof shapes / sizeof *shapes)

static struct world *world;
static struct lane *lanes[2];
static struct frame in, out, wanted;

#define must(what)                                      \
	do {                                            \
		if (!(what)) {                          \
			fprintf(stderr, "%s\n", #what); \
			abort();                        \
		}                                       \
	} while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const uint8_t secret[HASH_SECRET_BYTES] = "fuzz";

	must(rig_start() == 0);
	world = world_new();
	for (int i = 0; i < 2; i++)
		lanes[i] = lane_new(0, world->g->n_services);
	must(lanes[0] && lanes[1] &&
		lane_add_flows(lanes[1], &(struct flow_shape){.entries = 64}, secret) == 0);
	return 0;
}

/* Put the frame into `in`. */
static void make(const uint8_t *data, uint32_t size, uint8_t shape, uint8_t cut)
{
	in.len = 0;
	if (shape < N_SHAPES)
		frame_build(&in, &shapes[shape]);
	if (cut < in.len)
		in.len -= cut;
	if (in.len < size) {
		memset(in.b + in.len, 0, size - in.len);
		in.len = size;
	}
	for (uint32_t i = 0; i < size; i++)
		in.b[i] ^= data[i];
}

/* Mend what is to be mended. Returns the faults; l3 and ip_len become what the model finds. */
static uint64_t mend(uint8_t how)
{
	struct model_packet m = {0};

	if (!(how & HOW_MAC) && in.len >= 6)
		frame_mac(world_mac(how & HOW_PORT), in.b);
	model_faults(in.b, in.len, &m);
	in.l3 = m.l3_off;
	if (!(how & HOW_CSUM) && in.l3 && in.len >= in.l3 + 20 &&
		in.len >= in.l3 + (in.b[in.l3] & 15) * 4u)
		frame_fix_ipv4(&in);
	if (!(how & HOW_CSUM) && in.l3 && in.len >= in.l3 + 60)
		frame_fix_icmp(&in);
	const uint64_t faults = model_faults(in.b, in.len, &m);

	in.ip_len = m.l3_len;
	return faults;
}

static void expect_out(const struct rte_mbuf *m, uint8_t tx_port)
{
	out.len = rig_bytes(m, out.b, FRAME_MAX);
	const struct world_way *way = world_way_of(out.b);
	const uint8_t *ip = in.b + in.l3;

	must(out.len == m->pkt_len && out.len >= 34 && way && way->port == tx_port);
	if (way->pool >= POOL_GUE4)
		return; /* test_modes.c and test_adjust.c judge these */
	frame_wrap(&wanted, &in,
		&(struct frame_outer){
			.eth_dst = way->eth_dst,
			.eth_src = way->eth_src,
			.src = way->source,
			.dst = way->source ? way->address : NULL,
			.tos = ip[0] >> 4 == 6 ? (uint8_t)(ip[0] << 4 | ip[1] >> 4) : ip[1],
			.id = (uint16_t)(out.b[18] << 8 | out.b[19]),
			.label = (out.b[15] & 15u) << 16 | (uint32_t)out.b[16] << 8 | out.b[17],
		});
	must(out.len == wanted.len && memcmp(out.b, wanted.b, out.len) == 0);
}

/* No fault, but no plain packet: the side exit has the say. */
#define ODD (MODEL_FAULT(VERDICT_L4_PROTO) | MODEL_FAULT(VERDICT_FRAG))

static const enum verdict odd_ends[] = {VERDICT_ANSWERED, VERDICT_FORWARDED, VERDICT_RATE_LIMITED,
	VERDICT_NO_VIP, VERDICT_NO_BACKEND, VERDICT_NEIGH_UNRESOLVED, VERDICT_TOO_BIG,
	VERDICT_ENCAP_HEADROOM, VERDICT_MBUF_ALLOC, VERDICT_ICMP_UNMATCHED, VERDICT_ICMP_QUOTE_BAD,
	VERDICT_HELD, VERDICT_FRAG_TINY, VERDICT_FRAG_OVERLAP, VERDICT_FRAG_CACHE_FULL,
	VERDICT_EXT_HDR, VERDICT_TCP_FLAGS, VERDICT_MARTIAN_SRC, VERDICT_OWN_PROBE, VERDICT_TTL,
	VERDICT_L4_PROTO, VERDICT_L4_TRUNCATED};

/* What waits to be sent has every checksum right, and is counted and freed as if it were. */
static void take_waiting(struct lane *l)
{
	for (uint32_t i = 0; i < l->slow_waiting; i++) {
		const struct slow_out *o = &l->slow->out[i];

		out.len = rig_bytes(o->m, out.b, FRAME_MAX);
		must(out.len == o->m->pkt_len && out.len > ETH_HEADER);
		if (o->verdict != SLOW_TAKEN)
			l->verdict[o->verdict]++;
		rte_pktmbuf_free(o->m);
	}
	l->slow_waiting = 0;
}

/* What the counters of a lane sum up to, and under how many of the faults. */
static void count(const struct lane *l, uint64_t faults, uint64_t *ended, uint64_t *faulty)
{
	*ended = *faulty = 0;
	for (int v = 0; v < VERDICT_COUNT; v++) {
		*ended += l->verdict[v];
		if (faults & MODEL_FAULT(v))
			*faulty += l->verdict[v];
	}
	/* what the side exit may say of ICMP and fragments */
	if (faults & ODD)
		for (unsigned int i = 0; i < sizeof odd_ends / sizeof *odd_ends; i++)
			if (!(faults & MODEL_FAULT(odd_ends[i])))
				*faulty += l->verdict[odd_ends[i]];
	*faulty += l->verdict[VERDICT_PUNTED] + l->verdict[VERDICT_NOT_OUR_MAC] +
		   l->verdict[VERDICT_LOOP];
}

/* What was reported is about a backend of ours. */
static void drain(struct lane *l)
{
	struct report r;

	while (report_pop(l->reports, &r)) {
		uint64_t a[2];

		memcpy(a, &r.backend, sizeof a);
		must(own_find(&world->g->own, a) & OWN_BACKEND);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct burst b;

	if (size < 4 || size > 2000)
		return 0;
	const uint8_t how = data[0], more = data[1];
	struct lane *l = lanes[!!(how & HOW_FLOWS)];
	const uint16_t headroom = how & HOW_HEADROOM ? more % 64 : RIG_HEADROOM;
	make(data + 4, (uint32_t)size - 4, data[2], data[3]);
	const uint64_t faults = mend(how);
	uint64_t ended, faulty, ended_before, faulty_before;

	b.n = how & HOW_TWICE ? 2 : 1;
	b.rx_port = how & HOW_PORT;
	for (uint16_t i = 0; i < b.n; i++)
		b.mbuf[i] = how & HOW_PIECES
				    ? rig_chain(in.b, in.len, headroom, 1 + more, 1 + more / 4)
				    : rig_mbuf(in.b, in.len, headroom);
	const uint16_t n = b.n;

	count(l, faults, &ended_before, &faulty_before);
	pipeline_run(l, world->g, &b);
	take_waiting(l);
	count(l, faults, &ended, &faulty);
	must(b.n + ended - ended_before == n);
	/* a frame with a fault ends by one of them, a frame without by none; in pieces, what is
	 * missing in the first piece is a fault as well */
	must(!faults || !b.n);
	if (faults && !(how & HOW_PIECES))
		must(faulty - faulty_before == n);
	for (uint16_t i = 0; i < b.n; i++)
		expect_out(b.mbuf[i], brief_port(b.brief[i]));
	rte_pktmbuf_free_bulk(b.mbuf, b.n);
	slow_drop_held(l);
	drain(l);
	must(rig_mbufs() == 0 && rig_buffers() == 0);
	return 0;
}
