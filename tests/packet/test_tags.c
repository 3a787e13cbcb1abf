/* SPDX-License-Identifier: BSD-3-Clause */

/* Frames to backends in different VLANs, in one burst; pieces of a packet; too little headroom. And
 * what Sluice answers itself: with the tags that came, bit by bit. */

#include <netinet/in.h>

#include "harness.h"
#include "random.h"

#define N(a) (sizeof(a) / sizeof *(a))

/* Backend i is in network i % 3: without tag, in one, in two. */
static const struct world_net mixed = {.tags = {NULL, "100", "200.300"}};
static const struct world_net twice = {.tags = {"200.300", "200.300", "200.300"}};

static const uint8_t tag_bytes[3][8] = {
	{0},
	{0x81, 0x00, 0x00, 0x64},
	{0x88, 0xa8, 0x00, 0xc8, 0x81, 0x00, 0x01, 0x2c},
};

static struct random rnd;
static struct outcome out, plain;
static struct frame in;

static struct world *worlds[3];

/* NULL: the usual one, without VLANs. */
static void into(const struct world_net *net)
{
	const int k = net == &mixed ? 1 : net == &twice ? 2 : 0;

	if (!worlds[0])
		worlds[0] = world;
	if (!worlds[k])
		worlds[k] = world_new_in(net);
	world = worlds[k];
}

/* Which network a frame's backend is in, by the MAC address that no other has. */
static uint32_t network_of(const struct frame *f)
{
	return (f->b[5] - 1u) % 3;
}

/* `tagged` is `bare` with the tags of its network. Without bare->len it is taken as it comes. */
static void expect_tagged(const struct frame *tagged, const struct frame *bare)
{
	const uint32_t k = network_of(bare), n = 4 * k;

	assert_int_equal(tagged->len, bare->len + n);
	assert_memory_equal(tagged->b, bare->b, 12);
	assert_memory_equal(tagged->b + 12, tag_bytes[k], n);
	assert_memory_equal(tagged->b + 12 + n, bare->b + 12, bare->len - 12);
}

static const enum world_pool pools[] = {POOL_VIA4, POOL_VIA6, POOL_L2, POOL_MANY4, POOL_MIXED,
	POOL_GUE4, POOL_GUE6, POOL_GUE_FULL4, POOL_GUE_FULL6, POOL_VARY4, POOL_VARY6, POOL_TTL,
	POOL_MSS, POOL_MSS_L2};

struct shot {
	struct frame_spec spec;
	bool pieces;
};

static void random_burst(struct shot *shots, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		shots[i] = (struct shot){
			.spec = {.dst = random_below(&rnd, 2) ? VIP4 : VIP6,
				.dport = (uint16_t)PORT_OF(pools[random_below(&rnd, N(pools))]),
				.sport = (uint16_t)(1024 + random_below(&rnd, 60000)),
				.tcp_flags = random_below(&rnd, 2) ? 2 : 0x18,
				.tos = (uint8_t)random_next(&rnd),
				.vlans = (uint8_t)random_below(&rnd, 3),
				.payload = (uint16_t)random_below(&rnd, 900)},
			.pieces = random_below(&rnd, 4) == 0};
}

static void run(struct outcome *o, const struct shot *shots, uint16_t n)
{
	struct rte_mbuf *m[BURST_MAX];

	for (uint16_t i = 0; i < n; i++) {
		harness_frame(&in, &shots[i].spec, WORLD_WAN);
		m[i] = shots[i].pieces ? rig_chain(in.b, in.len, RIG_HEADROOM, 150, 90)
				       : rig_mbuf(in.b, in.len, RIG_HEADROOM);
	}
	harness_run(o, WORLD_WAN, m, n);
	harness_expect(o, VERDICT_FORWARDED, n);
}

/* The same bursts without and with VLANs: tags are all that differs. */
static void differs_by_tags_alone(void **state)
{
	struct shot shots[BURST_MAX];
	uint32_t seen[3] = {0};

	for (int round = 0; round < 300; round++) {
		const uint16_t n = (uint16_t)(1 + random_below(&rnd, BURST_MAX));

		random_burst(shots, n);
		run(&plain, shots, n);
		into(&mixed);
		run(&out, shots, n);
		into(NULL);
		for (uint16_t i = 0; i < n; i++) {
			seen[network_of(&plain.out[i])]++;
			assert_int_equal(out.tx_port[i], plain.tx_port[i]);
			expect_tagged(&out.out[i], &plain.out[i]);
		}
	}
	for (int k = 0; k < 3; k++)
		assert_true(seen[k] > 300);
}

/* Each piece of a packet that is cut has the tags. */
static void cut_packets(void **state)
{
	uint32_t pieces = 0;

	for (size_t p = 0; p < N(pools); p++) {
		const struct frame_spec spec = {.dst = VIP4,
			.dport = (uint16_t)PORT_OF(pools[p]),
			.tcp_flags = 16,
			.ip_len = 1499};
		struct rte_mbuf *m;

		harness_frame(&in, &spec, WORLD_WAN);
		in.b[in.l3 + 6] = 0; /* DF */
		frame_fix_ipv4(&in);
		m = rig_mbuf(in.b, in.len, RIG_HEADROOM);
		harness_run(&plain, WORLD_WAN, &m, 1);
		into(&mixed);
		m = rig_mbuf(in.b, in.len, RIG_HEADROOM);
		harness_run(&out, WORLD_WAN, &m, 1);
		into(NULL);
		if (plain.n_side == 0 || network_of(&plain.side[0]) == 2)
			continue; /* fits; or a second tag makes the pieces smaller */
		assert_int_equal(out.n_side, plain.n_side);
		for (uint16_t i = 0; i < out.n_side; i++, pieces++)
			expect_tagged(&out.side[i], &plain.side[i]);
	}
	assert_true(pieces >= 10);
}

/* With exactly the headroom that the header needs a frame leaves; with a byte less it ends, as it
 * came: a hop that pools take has not been taken, and no error is told. */
static void headroom(void **state)
{
	static const struct {
		enum world_pool pool;
		uint16_t need; /* bytes in front of the frame: header with two tags, less 14 */
	} rows[] = {{POOL_L2, 8}, {POOL_VIA4, 28}, {POOL_VIA6, 48}, {POOL_GUE4, 40},
		{POOL_GUE_FULL6, 60}, {POOL_TTL, 28}, {POOL_MSS_L2, 8}};

	into(&twice);
	for (size_t r = 0; r < N(rows); r++)
		for (uint16_t less = 0; less <= 1; less++) {
			const struct frame_spec spec = {
				.dst = VIP4, .dport = (uint16_t)PORT_OF(rows[r].pool)};
			struct rte_mbuf *m;

			harness_frame(&in, &spec, WORLD_WAN);
			in.b[in.l3 + 8] = 2; /* TTL: one hop is left for the pool to take */
			frame_fix_ipv4(&in);
			m = rig_mbuf(in.b, in.len, rows[r].need - less);
			harness_run(&out, WORLD_WAN, &m, 1);
			harness_expect(&out, less ? VERDICT_ENCAP_HEADROOM : VERDICT_FORWARDED, 1);
			if (!less)
				assert_memory_equal(out.out[0].b + 12, tag_bytes[2], 8);
		}
	into(NULL);
}

static void expect_same_tags(uint8_t vlans, const char *what)
{
	harness_expect_count(&out, VERDICT_ANSWERED, 1);
	assert_int_equal(out.n_side, 1);
	assert_int_equal(out.side_port[0], WORLD_WAN);
	if (memcmp(out.side[0].b + 12, in.b + 12, 4u * vlans + 2) != 0)
		fail_msg("%s: other tags than those of the %u that came", what, vlans);
	assert_memory_equal(out.side[0].b, in.b + 6, 6);
	assert_memory_equal(out.side[0].b + 6, in.b, 6);
}

static void answer(const struct frame_spec *spec, uint8_t ttl, const char *what)
{
	harness_frame(&in, spec, WORLD_WAN);
	if (ttl) {
		in.b[in.l3 + (in.b[in.l3] >> 4 == 6 ? 7 : 8)] = ttl;
		frame_fix_ipv4(&in);
	}
	for (uint8_t i = 0; i < spec->vlans; i++)
		in.b[14 + 4 * i] |= 0xb0; /* priority and drop eligible stay, too */
	harness_one(&out, WORLD_WAN, &in);
	expect_same_tags(spec->vlans, what);
}

static void echo(const char *vip, uint8_t vlans)
{
	const bool six = strchr(vip, ':');

	frame_message(&in, &(struct frame_icmp){.eth_dst = world_mac(WORLD_WAN),
				   .src = six ? "2001:db8:e::77" : "192.0.2.77",
				   .dst = vip,
				   .vlans = vlans,
				   .ttl = 60,
				   .type = six ? 128 : 8,
				   .data = "12345678",
				   .len = 8});
	harness_one(&out, WORLD_WAN, &in);
	expect_same_tags(vlans, "echo");
}

/* Wherever the backends are. */
static void answers(const char *vip, uint8_t vlans)
{
	echo(vip, vlans);
	answer(
		&(struct frame_spec){
			.dst = vip, .dport = PORT_OF(POOL_VIA6), .vlans = vlans, .ip_len = 1480},
		0, "too big");
	answer(&(struct frame_spec){.dst = vip, .dport = PORT_OF(POOL_TTL), .vlans = vlans}, 1,
		"time exceeded");
	answer(
		&(struct frame_spec){
			.dst = vip, .dport = PORT_OF(POOL_REFUSES), .vlans = vlans, .tcp_flags = 2},
		0, "RST");
	answer(&(struct frame_spec){.dst = vip,
		       .dport = PORT_OF(POOL_REFUSES),
		       .vlans = vlans,
		       .proto = IPPROTO_UDP},
		0, "unreachable");
}

static void answers_go_back_by_their_vlan(void **state)
{
	for (int net = 0; net < 2; net++) {
		into(net ? &mixed : NULL);
		for (uint8_t vlans = 0; vlans <= 2; vlans++) {
			answers(VIP4, vlans);
			answers(VIP6, vlans);
		}
	}
	into(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differs_by_tags_alone),
		cmocka_unit_test(cut_packets),
		cmocka_unit_test(headroom),
		cmocka_unit_test(answers_go_back_by_their_vlan),
	};

	rnd = random_start();
	const int failed = harness_main("tags", tests, N(tests));

	world_free(worlds[1]);
	world_free(worlds[2]);
	return failed;
}
