/* SPDX-License-Identifier: BSD-3-Clause */

/* Work that is left to the device, against the same done in software. No device of the machine does
 * all of it in hardware, so one is emulated here: it takes tags off and judges checksums before,
 * and completes what frames are marked for behind the packet path, by what DPDK documents of the
 * marks (rte_mbuf_core.h). What is on the wire must be the same, byte by byte, and so must every
 * verdict. */

#include <netinet/in.h>

#include "base/offload.h"
#include "harness.h"
#include "random.h"

#define N(a)   (sizeof(a) / sizeof *(a))
#define ALL    ((1u << OFFLOAD_COUNT) - 1)
#define ROUNDS 400

static struct random rnd;
static struct outcome out, plain;
static uint32_t completed, inserted; /* by the device */
static uint32_t device;              /* what it can do */

static uint32_t get16(const uint8_t *b)
{
	return (uint32_t)b[0] << 8 | b[1];
}

static void put16(uint8_t *b, uint32_t v)
{
	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

static uint32_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t sum_of(const uint8_t *b, uint32_t n)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum = fold(sum + (i & 1 ? b[i] : (uint32_t)b[i] << 8));
	return sum;
}

/* A UDP checksum whose place has the sum over the pseudo header; l2_len and l3_len say where. */
static void complete_udp(const struct rte_mbuf *m, struct frame *f)
{
	const uint32_t off = m->l2_len, l4 = off + m->l3_len, len = f->len - l4;
	const bool six = m->ol_flags & RTE_MBUF_F_TX_IPV6;
	const uint8_t *ip = f->b + off;
	const uint32_t pseudo = fold(sum_of(ip + (six ? 8 : 12), six ? 32 : 8) + IPPROTO_UDP + len);

	assert_int_equal(!six, (m->ol_flags & RTE_MBUF_F_TX_IPV4) != 0);
	assert_int_equal(get16(ip - 2), six ? 0x86dd : 0x0800);
	assert_int_equal(ip[0] >> 4, six ? 6 : 4);
	assert_int_equal(m->l3_len, six ? 40 : (ip[0] & 15) * 4);
	assert_int_equal(m->l4_len, 8);
	assert_int_equal(ip[six ? 6 : 9], IPPROTO_UDP);
	assert_int_equal(get16(f->b + l4 + 4), len);
	assert_int_equal(get16(f->b + l4 + 6), pseudo);
	const uint32_t csum = ~sum_of(f->b + l4, len) & 0xffff;

	put16(f->b + l4 + 6, csum ? csum : 0xffff);
	completed++;
}

static void insert_tag(const struct rte_mbuf *m, struct frame *f)
{
	memmove(f->b + 16, f->b + 12, f->len - 12);
	put16(f->b + 12, 0x8100);
	put16(f->b + 14, m->vlan_tci);
	f->len += 4;
	inserted++;
}

static void emulated(const struct rte_mbuf *m, struct frame *f)
{
	const uint64_t udp = RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6;
	const uint64_t marks = m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK;

	/* nothing that it was not asked for at the start */
	assert_int_equal(marks & ~((device & OFFLOAD_TX_UDP_CSUM ? udp : 0) |
					 (device & OFFLOAD_TX_VLAN ? RTE_MBUF_F_TX_VLAN : 0)),
		0);
	if ((marks & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_UDP_CKSUM)
		complete_udp(m, f);
	else
		assert_int_equal(marks & udp, 0);
	if (marks & RTE_MBUF_F_TX_VLAN)
		insert_tag(m, f);
}

/* A frame as this device hands it up. */
static struct rte_mbuf *receive(const struct frame *wire, bool pieces)
{
	static struct frame f;
	uint64_t flags = 0;
	uint16_t tci = 0;

	f = *wire;
	if (device & OFFLOAD_RX_IP_CSUM && f.len >= f.l3 + 20 && f.b[f.l3] >> 4 == 4) {
		const uint32_t hdr = (f.b[f.l3] & 15) * 4u;
		const bool good = hdr >= 20 && sum_of(f.b + f.l3, hdr) == 0xffff;

		flags |= good ? RTE_MBUF_F_RX_IP_CKSUM_GOOD : RTE_MBUF_F_RX_IP_CKSUM_BAD;
	}
	if (device & OFFLOAD_RX_VLAN && get16(f.b + 12) == 0x8100) {
		tci = (uint16_t)get16(f.b + 14);
		flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		memmove(f.b + 12, f.b + 16, f.len - 16);
		f.len -= 4;
	}
	struct rte_mbuf *m = pieces ? rig_chain(f.b, f.len, RIG_HEADROOM, 150, 90)
				    : rig_mbuf(f.b, f.len, RIG_HEADROOM);

	m->ol_flags |= flags;
	m->vlan_tci = tci;
	return m;
}

static const struct world_net nets[2] = {
	{.tags = {NULL, "100", "200.300"}},
	{.tags = {"9ad", "7q.8", "4094"}},
};

static struct world *usual, *with[2][1 << OFFLOAD_COUNT];

/* From now on there are VLANs, and devices that do this work. */
static void plug(int net, uint32_t offloads)
{
	struct world_net n = nets[net];

	n.offloads = offloads;
	if (!usual)
		usual = world;
	if (!with[net][offloads])
		with[net][offloads] = world_new_in(&n);
	world = with[net][offloads];
	device = offloads;
	harness_device = emulated;
}

static void unplug(void)
{
	world = usual;
	device = 0;
	harness_device = NULL;
}

static void throw_away(void)
{
	for (int net = 0; net < 2; net++)
		for (size_t i = 0; i < N(with[net]); i++)
			if (with[net][i])
				world_free(with[net][i]);
}

struct shot {
	struct frame f;
	bool pieces;
};

static const enum world_pool pools[] = {POOL_VIA4, POOL_VIA6, POOL_L2, POOL_MANY4, POOL_MIXED,
	POOL_GUE4, POOL_GUE6, POOL_GUE_FULL4, POOL_GUE_FULL6, POOL_GUE_FULL4, POOL_GUE_FULL6,
	POOL_VARY4, POOL_TTL, POOL_MSS, POOL_REFUSES};

/* What may come: whole packets, and now and then one of which something is wrong, that is too big,
 * or that is to be answered. */
static void random_shot(struct shot *s)
{
	struct frame_spec spec = {.dst = random_below(&rnd, 2) ? VIP4 : VIP6,
		.dport = (uint16_t)PORT_OF(pools[random_below(&rnd, N(pools))]),
		.sport = (uint16_t)(1024 + random_below(&rnd, 60000)),
		.tcp_flags = random_below(&rnd, 2) ? 2 : 0x18,
		.vlans = (uint8_t)random_below(&rnd, 3),
		.payload = (uint16_t)random_below(&rnd, random_below(&rnd, 8) ? 300 : 1450),
		.padding = (uint16_t)(random_below(&rnd, 4) ? 0 : 7)};

	harness_frame(&s->f, &spec, WORLD_WAN);
	s->pieces = random_below(&rnd, 4) == 0;
	uint8_t *ip = s->f.b + s->f.l3;

	switch (random_below(&rnd, 12)) {
	case 0: /* wrong checksum of IPv4, another source of IPv6 */
		ip[13] ^= 4;
		break;
	case 1: /* may be cut */
		if (ip[0] >> 4 == 4) {
			ip[6] &= (uint8_t)~0x40;
			frame_fix_ipv4(&s->f);
		}
		break;
	case 2: /* the last hop */
		ip[ip[0] >> 4 == 4 ? 8 : 7] = 1;
		frame_fix_ipv4(&s->f);
		break;
	case 3: /* two tags of 802.1Q */
		if (spec.vlans == 2)
			put16(s->f.b + 12, 0x8100);
		break;
	default:
		break;
	}
}

static void run(struct outcome *o, const struct shot *shots, uint16_t n)
{
	struct rte_mbuf *m[BURST_MAX];

	for (uint16_t i = 0; i < n; i++)
		m[i] = receive(&shots[i].f, shots[i].pieces);
	harness_run(o, WORLD_WAN, m, n);
}

static void expect_frame(const struct frame *got, const struct frame *wanted)
{
	assert_int_equal(got->len, wanted->len);
	for (uint32_t i = 0; i < wanted->len; i++)
		if (got->b[i] != wanted->b[i])
			fail_msg("byte %u is %02x, not %02x", i, got->b[i], wanted->b[i]);
}

static void expect_same(void)
{
	for (int v = 0; v < VERDICT_COUNT; v++)
		if (out.count[v] != plain.count[v])
			fail_msg("%s: %llu, in software %llu", verdict_name(v),
				(unsigned long long)out.count[v],
				(unsigned long long)plain.count[v]);
	assert_int_equal(out.n, plain.n);
	assert_int_equal(out.n_side, plain.n_side);
	for (uint16_t i = 0; i < plain.n; i++)
		expect_frame(&out.out[i], &plain.out[i]);
	for (uint16_t i = 0; i < plain.n_side; i++) {
		assert_int_equal(out.side_port[i], plain.side_port[i]);
		expect_frame(&out.side[i], &plain.side[i]);
	}
}

static void compare(uint32_t offloads, int rounds)
{
	static struct shot shots[BURST_MAX];
	uint32_t answered = 0, ended = 0;

	completed = inserted = 0;
	for (int round = 0; round < rounds; round++) {
		const uint16_t n = (uint16_t)(1 + random_below(&rnd, BURST_MAX));

		for (uint16_t i = 0; i < n; i++)
			random_shot(&shots[i]);
		plug(round & 1, 0);
		run(&plain, shots, n);
		plug(round & 1, offloads);
		run(&out, shots, n);
		expect_same();
		answered += (uint32_t)plain.count[VERDICT_ANSWERED];
		ended += (uint32_t)plain.count[VERDICT_IP_CHECKSUM];
	}
	unplug();
	assert_true(answered > (uint32_t)rounds / 4);
	assert_true(ended > (uint32_t)rounds / 4);
	assert_int_equal(completed > 0, (offloads & OFFLOAD_TX_UDP_CSUM) != 0);
	assert_int_equal(inserted > 0, (offloads & OFFLOAD_TX_VLAN) != 0);
}

static void each_by_itself(void **state)
{
	for (uint32_t i = 0; i < OFFLOAD_COUNT; i++)
		compare(1u << i, ROUNDS / 4);
}

static void all_together(void **state)
{
	compare(ALL, ROUNDS);
}

/* n frames alike, with these marks. */
static void marked(uint16_t n, const struct frame *f, uint64_t flags, uint8_t port)
{
	struct rte_mbuf *m[BURST_MAX];

	for (uint16_t i = 0; i < n; i++) {
		m[i] = rig_mbuf(f->b, f->len, RIG_HEADROOM);
		m[i]->ol_flags |= flags;
		m[i]->vlan_tci = 77;
	}
	harness_run(&out, port, m, n);
}

/* What the device says of the header counts, not what the header says; where it says nothing, or
 * that it has looked and the sum is not there, software looks. Alone, in groups, and in what is no
 * group. */
static void word_of_the_device(void **state)
{
	const struct frame_spec spec = {.dst = VIP4, .dport = PORT_OF(POOL_VIA4), .payload = 9};
	static const struct {
		uint64_t flags;
		bool right;
		enum verdict v;
	} rows[] = {
		{RTE_MBUF_F_RX_IP_CKSUM_GOOD, true, VERDICT_FORWARDED},
		{RTE_MBUF_F_RX_IP_CKSUM_GOOD, false, VERDICT_FORWARDED},
		{RTE_MBUF_F_RX_IP_CKSUM_BAD, true, VERDICT_IP_CHECKSUM},
		{RTE_MBUF_F_RX_IP_CKSUM_BAD, false, VERDICT_IP_CHECKSUM},
		{RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN, true, VERDICT_FORWARDED},
		{RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN, false, VERDICT_IP_CHECKSUM},
		{RTE_MBUF_F_RX_IP_CKSUM_NONE, true, VERDICT_FORWARDED},
		{RTE_MBUF_F_RX_IP_CKSUM_NONE, false, VERDICT_IP_CHECKSUM},
	};
	static struct frame f;

	for (size_t r = 0; r < N(rows); r++)
		for (uint16_t n = 1; n <= 9; n++) {
			harness_frame(&f, &spec, WORLD_WAN);
			if (!rows[r].right)
				f.b[f.l3 + 10] ^= 1;
			marked(n, &f, rows[r].flags, WORLD_WAN);
			harness_expect(&out, rows[r].v, n);
		}
}

/* The tag that the device took off counts as one of two. On a port that the kernel shares, the
 * steering program counts it too, and leaves the frame to the kernel. */
static void stripped_tag_counts(void **state)
{
	const uint64_t stripped = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	static struct frame f;

	for (uint8_t vlans = 0; vlans <= 2; vlans++)
		for (uint8_t port = WORLD_WAN; port <= WORLD_SHARED; port += WORLD_SHARED) {
			const struct frame_spec spec = {
				.dst = VIP6, .dport = PORT_OF(POOL_VIA4), .vlans = vlans};

			harness_frame(&f, &spec, port);
			marked(5, &f, stripped, port);
			harness_expect(&out,
				vlans < 2              ? VERDICT_FORWARDED
				: port == WORLD_SHARED ? VERDICT_PUNTED
						       : VERDICT_VLAN,
				5);
			f.b[f.l3] = 0x95; /* whatever stands behind them */
			marked(1, &f, stripped, WORLD_WAN);
			if (port == WORLD_WAN)
				harness_expect(
					&out, vlans < 2 ? VERDICT_IP_VERSION : VERDICT_VLAN, 1);
		}
}

/* The tag does not fit in front of the answer, in which all headroom went. */
static void no_room_for_the_tag(void **state)
{
	const struct frame_spec spec = {
		.dst = VIP4, .dport = PORT_OF(POOL_TTL), .proto = IPPROTO_TCP, .payload = 40};
	static struct frame f;

	for (uint16_t headroom = 28; headroom <= 32; headroom++) {
		struct rte_mbuf *m;

		harness_frame(&f, &spec, WORLD_WAN);
		f.b[f.l3 + 8] = 1;
		frame_fix_ipv4(&f);
		m = rig_mbuf(f.b, f.len, headroom);
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		m->vlan_tci = 0x6000 | 77;
		harness_run(&out, WORLD_WAN, &m, 1);
		if (headroom < 32) {
			harness_expect(&out, VERDICT_ENCAP_HEADROOM, 1);
			assert_int_equal(out.n_side, 0);
			continue;
		}
		harness_expect_count(&out, VERDICT_ANSWERED, 1);
		assert_int_equal(get16(out.side[0].b + 12), 0x8100);
		assert_int_equal(get16(out.side[0].b + 14), 0x6000 | 77);
		assert_int_equal(get16(out.side[0].b + 16), 0x0800);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_by_itself),
		cmocka_unit_test(all_together),
		cmocka_unit_test(word_of_the_device),
		cmocka_unit_test(stripped_tag_counts),
		cmocka_unit_test(no_room_for_the_tag),
	};

	rnd = random_start();
	const int failed = harness_main("offload", tests, N(tests));

	throw_away();
	return failed;
}
