/* SPDX-License-Identifier: BSD-3-Clause */

/* decrement_ttl and mss_clamp: what of the packet changes, what does not, and whom a packet without
 * a hop left is answered to. */

#include <netinet/in.h>

#include "harness.h"

#define CLIENT4 "198.51.100.7"
#define CLIENT6 "2001:db8:c::7"
#define SYN     2
#define N(a)    (sizeof(a) / sizeof *(a))

static struct frame in, wanted;
static struct outcome out;

static uint32_t get16(const uint8_t *b)
{
	return (uint32_t)b[0] << 8 | b[1];
}

static void set16(uint8_t *b, uint32_t v)
{
	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

static uint8_t *ttl_of(struct frame *f, bool v6)
{
	return f->b + f->l3 + (v6 ? 7 : 8);
}

static void set_ttl(struct frame *f, bool v6, uint8_t ttl)
{
	*ttl_of(f, v6) = ttl;
	frame_fix_ipv4(f);
}

static void run(uint16_t n)
{
	struct rte_mbuf *m[BURST_MAX];

	for (uint16_t i = 0; i < n; i++)
		m[i] = rig_mbuf(in.b, in.len, RIG_HEADROOM);
	harness_run(&out, WORLD_WAN, m, n);
}

static void one_hop_less(void **state)
{
	for (int v6 = 0; v6 < 2; v6++)
		for (int ttl = 2; ttl < 256; ttl++) {
			const struct frame_spec spec = {
				.dst = v6 ? VIP6 : VIP4, .dport = PORT_OF(POOL_TTL), .payload = 5};

			harness_frame(&in, &spec, WORLD_WAN);
			set_ttl(&in, v6, (uint8_t)ttl);
			run(3);
			harness_expect(&out, VERDICT_FORWARDED, 3);
			set_ttl(&in, v6, (uint8_t)(ttl - 1));
			for (uint16_t i = 0; i < 3; i++)
				harness_expect_out(&out, i, &in, world_way_in(POOL_TTL));
		}
}

static void expect_expired(const struct frame_spec *spec, bool v6)
{
	const struct frame *got = &out.side[0];
	const uint32_t most = v6 ? 1280 - 48 : 576 - 28;

	assert_int_equal(out.n_side, 1);
	assert_int_equal(out.side_port[0], WORLD_WAN);
	frame_message(&wanted, &(struct frame_icmp){
				       .eth_dst = "02:cc:00:00:00:01",
				       .eth_src = world_mac(WORLD_WAN),
				       .src = spec->dst,
				       .dst = v6 ? CLIENT6 : CLIENT4,
				       .vlans = spec->vlans,
				       .tos = 0xc0,
				       .ttl = 64,
				       .id = v6 ? 0 : (uint16_t)get16(got->b + in.l3 + 4),
				       .type = v6 ? 3 : 11,
				       .data = in.b + in.l3,
				       .len = in.ip_len < most ? in.ip_len : most,
			       });
	assert_int_equal(got->len, wanted.len);
	assert_memory_equal(got->b, wanted.b, wanted.len);
}

static void last_hop_is_told(void **state)
{
	for (int v6 = 0; v6 < 2; v6++)
		for (uint8_t vlans = 0; vlans < 3; vlans++) {
			const struct frame_spec spec = {.dst = v6 ? VIP6 : VIP4,
				.dport = PORT_OF(POOL_TTL),
				.payload = 900,
				.vlans = vlans};

			harness_frame(&in, &spec, WORLD_WAN);
			set_ttl(&in, v6, 1);
			run(1);
			harness_expect(&out, VERDICT_ANSWERED, 1);
			expect_expired(&spec, v6);
		}
}

/* Elsewhere a TTL of 1 is enough, and one that is answered does not stop its neighbours. */
static void only_where_asked(void **state)
{
	const struct frame_spec via = {.dst = VIP4, .dport = PORT_OF(POOL_VIA4)};
	const struct frame_spec ttl = {.dst = VIP4, .dport = PORT_OF(POOL_TTL)};
	struct rte_mbuf *m[3];

	for (int i = 0; i < 3; i++) {
		harness_frame(&in, i == 0 ? &via : &ttl, WORLD_WAN);
		set_ttl(&in, false, i == 2 ? 2 : 1);
		m[i] = rig_mbuf(in.b, in.len, RIG_HEADROOM);
	}
	harness_run(&out, WORLD_WAN, m, 3);
	assert_int_equal(out.n, 2);
	assert_int_equal(out.count[VERDICT_ANSWERED], 1);
	set_ttl(&in, false, 1);
	harness_expect_out(&out, 1, &in, world_way_in(POOL_TTL));
	harness_frame(&in, &via, WORLD_WAN);
	set_ttl(&in, false, 1);
	harness_expect_out(&out, 0, &in, world_way_in(POOL_VIA4));
}

/* -- MSS -----------------------------------------------------------------------------------------
 */

/* The TCP checksum of `in` anew, the long way. */
static void fix_tcp(struct frame *f)
{
	const bool v6 = f->b[f->l3] >> 4 == 6;
	const uint8_t *addr = f->b + f->l3 + (v6 ? 8 : 12);
	const uint32_t len = f->l3 + f->ip_len - f->l4;
	uint64_t sum = 6 + len;

	set16(f->b + f->l4 + 16, 0);
	for (uint32_t i = 0; i < (v6 ? 32u : 8u); i += 2)
		sum += get16(addr + i);
	for (uint32_t i = 0; i < len; i++)
		sum += (uint32_t)f->b[f->l4 + i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	set16(f->b + f->l4 + 16, (uint32_t)~sum & 0xffff);
}

struct syn {
	const char *name;
	const char *options; /* a multiple of four bytes */
	uint8_t n;
	uint8_t mss_at; /* of the value in them; 0: must not change */
};

#define OPTIONS(bytes) bytes, sizeof(bytes) - 1

static const struct syn syns[] = {
	{"first", OPTIONS("\x02\x04\x23\x00"), 2},
	{"usual",
		OPTIONS("\x02\x04\x23\x00\x04\x02\x08\x0a\x01\x02\x03\x04\0\0\0\0\x01\x03\x03\x07"),
		2},
	{"at an odd byte", OPTIONS("\x01\x02\x04\x23\x00\x01\x01\x01"), 3},
	{"behind another", OPTIONS("\x04\x02\x02\x04\x23\x00\x00\x00"), 4},
	{"odd, behind another", OPTIONS("\x03\x03\x07\x02\x04\x23\x00\x00"), 5},
	{"at the end", OPTIONS("\x01\x01\x01\x01\x02\x04\x23\x00"), 6},
	{"small enough", OPTIONS("\x02\x04\x02\x18"), 0},
	{"behind the end", OPTIONS("\x00\x02\x04\x23\x00\x00\x00\x00"), 0},
	{"of a wrong length", OPTIONS("\x02\x03\x23\x00"), 0},
	{"cut short", OPTIONS("\x01\x01\x02\x04"), 0},
	{"behind one of no length", OPTIONS("\x03\x00\x02\x04\x23\x00\x00\x00"), 0},
	{"behind one that is too long", OPTIONS("\x03\x28\x02\x04\x23\x00\x00\x00"), 0},
	{"none", OPTIONS("\x01\x01\x01\x01"), 0},
};

static void build_syn(const struct syn *s, const char *dst, enum world_pool pool, uint8_t flags)
{
	const struct frame_spec spec = {
		.dst = dst, .dport = (uint16_t)PORT_OF(pool), .tcp_flags = flags, .payload = s->n};

	harness_frame(&in, &spec, WORLD_WAN);
	in.b[in.l4 + 12] = (uint8_t)((20 + s->n) / 4 << 4);
	memcpy(in.b + in.l4 + 20, s->options, s->n);
	fix_tcp(&in);
}

static void expect_clamped(const struct syn *s, enum world_pool pool, uint16_t most)
{
	harness_expect(&out, VERDICT_FORWARDED, 1);
	if (s->mss_at) {
		set16(in.b + in.l4 + 20 + s->mss_at, most);
		fix_tcp(&in);
	}
	harness_expect_out(&out, 0, &in, world_way_in(pool));
}

static void syn_is_clamped(void **state)
{
	static const struct {
		enum world_pool pool;
		uint16_t most4, most6;
	} rows[] = {
		{POOL_MSS, 1400 - 20 - 40, 1400 - 20 - 60},
		{POOL_MSS_L2, 1000, 1000},
	};

	for (size_t s = 0; s < N(syns); s++)
		for (size_t r = 0; r < N(rows); r++)
			for (int v6 = 0; v6 < 2; v6++) {
				build_syn(&syns[s], v6 ? VIP6 : VIP4, rows[r].pool, SYN);
				run(1);
				expect_clamped(
					&syns[s], rows[r].pool, v6 ? rows[r].most6 : rows[r].most4);
			}
}

static void only_a_syn(void **state)
{
	static const struct syn as_it_is = {"", OPTIONS("\x02\x04\x23\x00"), 0};

	build_syn(&as_it_is, VIP4, POOL_MSS, 16);
	run(1);
	expect_clamped(&as_it_is, POOL_MSS, 0);
	build_syn(&as_it_is, VIP4, POOL_NARROW4, SYN);
	run(1);
	expect_clamped(&as_it_is, POOL_NARROW4, 0);
}

/* What leaves by the side exit takes a hop too: echo that is carried on is told so, fragments as
 * the first or a later one may, errors never; and what is too large has to live first. */
static void odd_packets_take_a_hop(void **state)
{
	static const struct {
		uint8_t ttl;
		uint16_t ip_len, field;
		enum verdict verdict;
	} rows[] = {
		{2, 1000, 0x2000, VERDICT_FORWARDED},
		{1, 1000, 0x2000, VERDICT_ANSWERED},
		{1, 1500, 0, VERDICT_ANSWERED},
		{1, 1500, 0x4000, VERDICT_ANSWERED},
	};

	for (size_t i = 0; i < N(rows); i++) {
		const struct frame_spec spec = {.dst = VIP4,
			.dport = PORT_OF(POOL_TTL),
			.proto = IPPROTO_UDP,
			.ip_len = rows[i].ip_len};

		harness_frame(&in, &spec, WORLD_WAN);
		set16(in.b + in.l3 + 6, rows[i].field);
		set_ttl(&in, false, rows[i].ttl);
		if (rows[i].field & 0x2000)
			set16(in.b + in.l3 + 2, 20 + 8 * ((rows[i].ip_len - 20) / 8));
		frame_fix_ipv4(&in);
		run(1);
		harness_expect_count(&out, rows[i].verdict, 1);
		if (rows[i].verdict == VERDICT_ANSWERED)
			assert_int_equal(out.side[0].b[14 + 20], 11);
		else
			assert_int_equal(out.side[0].b[14 + 20 + 8], rows[i].ttl - 1);
	}
}

/* No error about an error. */
static void error_without_a_hop_ends(void **state)
{
	for (int v6 = 0; v6 < 2; v6++)
		for (uint8_t ttl = 1; ttl < 3; ttl++) {
			harness_too_big(&in, v6 ? VIP6 : VIP4, PORT_OF(POOL_TTL), 40000, 0, ttl);
			run(1);
			harness_expect_count(&out, ttl > 1 ? VERDICT_FORWARDED : VERDICT_TTL, 1);
			assert_int_equal(out.n_side, ttl > 1);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_packets_take_a_hop),
		cmocka_unit_test(error_without_a_hop_ends),
		cmocka_unit_test(one_hop_less),
		cmocka_unit_test(last_hop_is_told),
		cmocka_unit_test(only_where_asked),
		cmocka_unit_test(syn_is_clamped),
		cmocka_unit_test(only_a_syn),
	};

	return harness_main("adjust", tests, N(tests));
}
