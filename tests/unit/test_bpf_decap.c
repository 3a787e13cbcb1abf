/* SPDX-License-Identifier: BSD-3-Clause */

/* Decapsulation, byte for byte, with the flags of new kernels and without. */

#include "bpf_frame.h"

#include "bpf/decap.skel.h"

#define VIP4    "203.0.113.10"
#define VIP6    "2001:db8::10"
#define OTHER4  "203.0.113.11"
#define OTHER6  "2001:db8::11"
#define OUTER4  "10.0.0.2"
#define OUTER6  "2001:db8:1::2"

#define IP4     0x0800
#define IP6     0x86dd
#define IPIP    4
#define IPV6    41
#define DSTOPTS 60

#define PAYLOAD 24u
#define CE      3
#define ECT0    2

static struct decap_bpf *with_flags, *without_flags;

struct tunnel {
	const char *what;
	uint16_t outer, inner; /* EtherTypes */
	uint8_t options;       /* IPv4: words of options; IPv6: 1 = encapsulation limit */
	uint8_t outer_tos, inner_tos;
};

static const struct tunnel tunnels[] = {
	{"4in4", IP4, IP4, 0, 0, 0},
	{"6in6", IP6, IP6, 0, 0, 0},
	{"4in6", IP6, IP4, 0, 0, 0},
	{"6in4", IP4, IP6, 0, 0, 0},
	{"4in4, DSCP and ECT", IP4, IP4, 0, 0xba, 0xba},
	{"4in4, one word of options", IP4, IP4, 1, 0, 0},
	{"4in4, most options", IP4, IP4, 10, 0, 0},
	{"6in4, most options", IP4, IP6, 10, 0, 0},
	{"6in6, encapsulation limit", IP6, IP6, 1, 0, 0},
	{"4in6, encapsulation limit", IP6, IP4, 1, 0, 0},
	{"6in6, DSCP and ECT", IP6, IP6, 0, 0xba, 0xba},
	{"4in6, DSCP and ECT", IP6, IP4, 0, 0xba, 0xba},
};

/* The packet for the VIP (or another address), without Ethernet header. */
static void put_inner(struct frame *f, const struct tunnel *t, bool vip, uint8_t tos)
{
	uint8_t payload[PAYLOAD];

	for (uint8_t i = 0; i < PAYLOAD; i++)
		payload[i] = 0xa0 + i;
	if (t->inner == IP6)
		frame_put_ip6(f, vip ? VIP6 : OTHER6, 17, tos, PAYLOAD);
	else
		frame_put_ip4(f, vip ? VIP4 : OTHER4, 17, tos, 0, PAYLOAD);
	frame_put(f, payload, PAYLOAD);
}

static void put_outer(struct frame *f, const struct tunnel *t)
{
	const uint8_t proto = t->inner == IP6 ? IPV6 : IPIP;
	const uint16_t inner_len = (t->inner == IP6 ? 40 : 20) + PAYLOAD;

	frame_put_eth(f, t->outer);
	if (t->outer == IP4) {
		frame_put_ip4(f, OUTER4, proto, t->outer_tos, t->options, inner_len);
		return;
	}
	frame_put_ip6(
		f, OUTER6, t->options ? DSTOPTS : proto, t->outer_tos, inner_len + 8 * t->options);
	if (t->options)
		frame_put(f, (uint8_t[]){proto, 0, 4, 1, 4, 1, 1, 0}, 8);
}

static void build(struct frame *f, const struct tunnel *t, bool vip)
{
	f->len = 0;
	put_outer(f, t);
	put_inner(f, t, vip, t->inner_tos);
}

/* What must come out, with this TOS. */
static void build_expected(struct frame *f, const struct tunnel *t, uint8_t tos)
{
	f->len = 0;
	frame_put_eth(f, t->inner);
	put_inner(f, t, true, tos);
}

static void expect_same(const char *what, const struct frame *got, const struct frame *want)
{
	if (got->len != want->len || memcmp(got->b, want->b, want->len))
		fail_msg("%s: %u bytes for %u, or other bytes", what, got->len, want->len);
}

static uint32_t run(struct decap_bpf *skel, const struct frame *in, struct frame *out)
{
	return frame_run(bpf_program__fd(skel->progs.sluice_decap), in, out);
}

static void inner_packet_comes_out(void **state)
{
	struct decap_bpf *const skels[] = {with_flags, without_flags};
	struct frame in, out, want;

	for (size_t i = 0; i < 2 * sizeof tunnels / sizeof *tunnels; i++) {
		const struct tunnel *t = &tunnels[i / 2];

		build(&in, t, true);
		build_expected(&want, t, t->inner_tos);
		assert_int_equal(run(skels[i % 2], &in, &out), TC_PASS);
		expect_same(t->what, &out, &want);
	}
}

/* False when the kernel did not run the program. */
static bool expect_untouched(const char *what, const struct frame *in)
{
	struct frame out;

	const uint32_t answer = run(with_flags, in, &out);

	if (answer == REFUSED)
		return false;
	if (answer != TC_PASS)
		fail_msg("%s: not passed", what);
	expect_same(what, &out, in);
	return true;
}

static void inner_destination_must_be_a_vip(void **state)
{
	struct frame in;

	for (size_t i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
		build(&in, &tunnels[i], false);
		assert_true(expect_untouched(tunnels[i].what, &in));
	}
}

/* Known on lo by us, but not to be decapsulated. */
static void only_the_vip_flag_counts(void **state)
{
	struct frame in;

	build(&in, &tunnels[0], true);
	frame_vip(bpf_map__fd(with_flags->maps.decap_vips), VIP4, DECAP_ADDED);
	assert_true(expect_untouched("flag", &in));
	frame_vip(bpf_map__fd(with_flags->maps.decap_vips), VIP4, DECAP_VIP | DECAP_ADDED);
}

static void truncated_is_untouched(void **state)
{
	struct frame in;

	for (size_t i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
		build(&in, &tunnels[i], true);
		const uint32_t cut = in.len - PAYLOAD - 1;
		uint32_t runs = 0;

		for (in.len = cut; in.len >= FRAME_LEN_MIN; in.len--)
			runs += expect_untouched(tunnels[i].what, &in);
		assert_true(runs >= (tunnels[i].inner == IP6 ? 40 : 20));
	}
}

static void no_tunnel_is_untouched(void **state)
{
	static const struct {
		const char *what;
		size_t tunnel;
		uint32_t at;
		uint8_t value;
	} rows[] = {
		{"EtherType", 0, 13, 0x06},
		{"frame for another host", 0, 5, 0x09},
		{"multicast frame", 0, 0, 0x01},
		{"outer version", 0, 14, 0x65},
		{"outer header length", 0, 14, 0x44},
		{"outer protocol", 0, 23, 17},
		{"outer more fragments", 0, 20, 0x20},
		{"outer fragment offset", 0, 21, 0x01},
		{"inner version", 0, 34, 0x65},
		{"inner version, 6", 3, 34, 0x45},
		{"outer version, 6", 1, 14, 0x40},
		{"outer next header", 1, 20, 17},
		{"fragment header", 1, 20, 44},
		{"hop-by-hop header", 8, 20, 0},
		{"longer options", 8, 55, 1},
		{"another option", 8, 56, 5},
		{"no tunnel behind the options", 8, 54, 17},
	};
	struct frame in;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		build(&in, &tunnels[rows[i].tunnel], true);
		assert_int_not_equal(in.b[rows[i].at], rows[i].value);
		in.b[rows[i].at] = rows[i].value;
		assert_true(expect_untouched(rows[i].what, &in));
	}
}

/* A header length below 20 bytes, where what would be the inner header then looks right. */
static void short_outer_header_is_untouched(void **state)
{
	struct frame in;
	struct sl_addr vip;

	build(&in, &tunnels[0], true);
	assert_int_equal(sl_addr_parse(VIP4, &vip), 0);
	in.b[14] = 0x44;
	in.b[14 + 16] = 0x45;
	memcpy(in.b + 14 + 16 + 16, sl_addr_bytes(&vip), 4);
	assert_true(expect_untouched("outer header of 16 bytes", &in));
}

/* Each family inside each: the mark reaches an inner header that can carry it, its checksum
 * included; where it cannot the packet ends. */
static void congestion_mark_is_kept(void **state)
{
	struct decap_bpf *const skels[] = {with_flags, without_flags};
	struct frame in, out, want;

	for (size_t i = 0; i < 8; i++) {
		struct tunnel t = tunnels[i / 2];

		t.outer_tos = 0xb8 | CE;
		t.inner_tos = 0xb8 | ECT0;
		build(&in, &t, true);
		build_expected(&want, &t, 0xb8 | CE);
		assert_int_equal(run(skels[i % 2], &in, &out), TC_PASS);
		expect_same(t.what, &out, &want);

		t.inner_tos = 0xb8;
		build(&in, &t, true);
		assert_int_equal(run(skels[i % 2], &in, &out), TC_DROP);
	}
}

static struct decap_bpf *load_one(bool flags)
{
	struct decap_bpf *skel = decap_bpf__open();

	if (!skel)
		return NULL;
	skel->rodata->use_decap_flags = flags;
	if (decap_bpf__load(skel)) {
		decap_bpf__destroy(skel);
		return NULL;
	}
	frame_vip(bpf_map__fd(skel->maps.decap_vips), VIP4, DECAP_VIP);
	frame_vip(bpf_map__fd(skel->maps.decap_vips), VIP6, DECAP_VIP | DECAP_ADDED);
	return skel;
}

static int load(void **state)
{
	with_flags = load_one(true);
	without_flags = load_one(false);
	return with_flags && without_flags ? 0 : -1;
}

static int unload(void **state)
{
	decap_bpf__destroy(with_flags);
	decap_bpf__destroy(without_flags);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(inner_packet_comes_out),
		cmocka_unit_test(inner_destination_must_be_a_vip),
		cmocka_unit_test(only_the_vip_flag_counts),
		cmocka_unit_test(truncated_is_untouched),
		cmocka_unit_test(no_tunnel_is_untouched),
		cmocka_unit_test(short_outer_header_is_untouched),
		cmocka_unit_test(congestion_mark_is_kept),
	};
	const int skip_code = frame_skip("test_bpf_decap");

	return skip_code ? skip_code : cmocka_run_group_tests(tests, load, unload);
}
