/* SPDX-License-Identifier: BSD-3-Clause */

/* The parser at its boundaries, and against a second opinion; parts of keys; the MSS option. Each
 * frame stands in a block of its own size, so that AddressSanitizer sees a read past its end. */

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "frame.h"
#include "model.h"
#include "net/key.h"
#include "net/parse.h"
#include "net/rewrite.h"
#include "random.h"

#define DST4 "203.0.113.10"
#define DST6 "2001:db8::10"

static struct random rnd;
static struct frame frame;

/* One of each shape that the parser takes. */
static const struct frame_spec shapes[] = {
	{.dst = DST4, .dport = 80},
	{.dst = DST4, .dport = 80, .vlans = 1, .tos = 0xb8, .payload = 3},
	{.dst = DST4, .dport = 80, .vlans = 2, .options = 10, .tcp_flags = 2},
	{.dst = DST4, .dport = 53, .proto = IPPROTO_UDP, .options = 1, .payload = 9},
	{.dst = DST4, .dport = 80, .padding = 6},
	{.dst = DST4, .dport = 53, .proto = IPPROTO_UDP, .padding = 18, .vlans = 1},
	{.dst = DST6, .dport = 80},
	{.dst = DST6, .dport = 80, .vlans = 1, .tos = 0x2e, .payload = 17},
	{.dst = DST6, .dport = 53, .proto = IPPROTO_UDP, .vlans = 2, .payload = 1},
	{.dst = DST6, .dport = 80, FRAME_CHAIN("\x00\x3c\x2b\x2c\x33\x3c")},
	{.dst = DST6, .dport = 80, FRAME_CHAIN("\x3c\x3c\x3c\x3c\x3c\x3c\x3c\x3c"), .padding = 4},
	{.dst = DST6, .dport = 53, .proto = IPPROTO_UDP, FRAME_CHAIN("\x2c"), .payload = 30},
};

#define N_SHAPES (sizeof shapes / sizeof *shapes)

/* What the parser says of `len` bytes, read from a block of exactly that size. */
static enum verdict parse(
	const uint8_t *b, uint32_t len, bool check_csum, struct parsed *out, struct flow_key *key)
{
	uint8_t *exact = malloc(len);
	enum verdict v;

	memcpy(exact, b, len);
	memset(out, 0xa5, sizeof *out);
	memset(key, 0xa5, sizeof *key);
	v = parse_frame(exact, len, len, check_csum, out, key);
	free(exact);
	return v;
}

static void expect_key(const struct flow_key *key, const struct model_packet *m)
{
	uint8_t wanted[48] = {0};
	const uint32_t alen = m->v6 ? 16 : 4;

	memcpy(wanted, m->src, alen);
	memcpy(wanted + alen, m->dst, alen);
	memcpy(wanted + 2 * alen, m->ports, 4);
	wanted[2 * alen + 4] = m->proto;
	assert_memory_equal(key->w, wanted, m->v6 ? 48 : 16);
}

/* The short cut for plain frames says what the whole parser says, or nothing. Returns whether it
 * spoke. */
static bool plain_agrees(const uint8_t *b, uint32_t len)
{
	struct parsed p = {0}, plain = {0};
	struct flow_key key, plain_key;

	if (len < PARSE_PLAIN_MIN)
		return false;
	/* of IPv6 so much may be read and no more; behind the frame stands what is no part of it */
	const uint32_t read6 = len < PARSE_PLAIN6_READ ? PARSE_PLAIN6_READ : len;
	uint8_t *exact = malloc(len), *exact6 = malloc(read6);

	memcpy(exact, b, len);
	memset(exact6, 0x50, read6);
	memcpy(exact6, b, len);
	const bool spoke = parse_plain4(exact, len, true, &plain, &plain_key) ||
			   parse_plain6(exact6, len, &plain, &plain_key);

	free(exact);
	free(exact6);
	if (!spoke)
		return false;
	memset(&p, 0, sizeof p);
	assert_int_equal(parse_frame(b, len, len, true, &p, &key), PARSE_OK);
	assert_memory_equal(&plain, &p, sizeof p);
	assert_memory_equal(&plain_key, &key, p.v6 ? sizeof key : 16);
	return true;
}

/* Ask both; returns whether the frame is taken. */
static bool agree(const uint8_t *b, uint32_t len)
{
	struct model_packet m = {0};
	struct parsed p;
	struct flow_key key;
	const uint64_t faults = model_faults(b, len, &m);
	const enum verdict v = parse(b, len, true, &p, &key);

	plain_agrees(b, len);
	if (v != PARSE_OK) {
		if (!(faults & MODEL_FAULT(v)))
			fail_msg("%s, but its faults are %#llx", verdict_name(v),
				(unsigned long long)faults);
		return false;
	}
	if (faults)
		fail_msg("taken with faults %#llx", (unsigned long long)faults);
	assert_int_equal(p.v6, m.v6);
	assert_int_equal(p.l3_off, m.l3_off);
	assert_int_equal(p.l3_len, m.l3_len);
	assert_int_equal(p.proto, m.proto);
	assert_int_equal(p.tos, m.tos);
	assert_int_equal(p.tcp_flags, m.tcp_flags);
	assert_int_equal(p.opening, m.proto == IPPROTO_UDP ? PARSED_UDP : m.tcp_flags & 7);
	expect_key(&key, &m);
	return true;
}

/* IPv4 without options, or IPv6 without extension headers; long enough, without tag. */
static bool is_plain(const struct frame *f)
{
	const bool v4 = f->b[12] == 0x08 && f->b[14] == 0x45;
	const bool v6 = f->b[12] == 0x86 && (f->b[20] == IPPROTO_TCP || f->b[20] == IPPROTO_UDP);

	return f->l3 == 14 && f->len >= PARSE_PLAIN_MIN && (v4 || v6);
}

/* The short cuts take what they are made for. */
static void plain_frames_are_plain(void **state)
{
	int plain = 0;

	for (size_t s = 0; s < N_SHAPES; s++) {
		frame_build(&frame, &shapes[s]);
		assert_int_equal(plain_agrees(frame.b, frame.len), is_plain(&frame));
		plain += is_plain(&frame);
	}
	assert_in_range(plain, 1, N_SHAPES - 1);
}

/* Any number of bytes from the start of a good frame: only what holds the whole packet is taken. */
static void every_prefix(void **state)
{
	for (size_t s = 0; s < N_SHAPES; s++) {
		frame_build(&frame, &shapes[s]);
		for (uint32_t len = 0; len <= frame.len; len++)
			assert_int_equal(agree(frame.b, len), len >= frame.l3 + frame.ip_len);
	}
}

/* The same with the rest of the frame in another mbuf: dropped while headers are missing, not
 * later. */
static void every_first_piece(void **state)
{
	struct parsed p;
	struct flow_key key;

	for (size_t s = 0; s < N_SHAPES; s++) {
		const uint32_t l4_len = shapes[s].proto == IPPROTO_UDP ? 8 : 20;

		frame_build(&frame, &shapes[s]);
		for (uint32_t len = 0; len <= frame.len; len++) {
			uint8_t *exact = malloc(len);

			memcpy(exact, frame.b, len);
			const enum verdict v = parse_frame(exact, len, frame.len, true, &p, &key);

			assert_int_equal(v == PARSE_OK, len >= frame.l4 + l4_len);
			if (v != PARSE_OK)
				assert_true(v == VERDICT_RUNT || v == VERDICT_IP_HDR_LEN ||
					    v == VERDICT_EXT_HDR || v == VERDICT_L4_TRUNCATED);
			free(exact);
		}
	}
}

/* Each byte of the headers takes each value. */
static void every_byte(void **state)
{
	int taken = 0;

	for (size_t s = 0; s < N_SHAPES; s++) {
		frame_build(&frame, &shapes[s]);
		for (uint32_t at = 12; at < frame.l4 + 20 && at < frame.len; at++) {
			const uint8_t was = frame.b[at];

			for (int v = 0; v < 256; v++) {
				frame.b[at] = (uint8_t)v;
				taken += agree(frame.b, frame.len);
			}
			frame.b[at] = was;
		}
	}
	assert_in_range(taken, 30000, 200000);
}

/* Change some bytes of the headers, mend the checksum in half of the cases, cut in a few. */
static void mutate(struct frame *f)
{
	const uint32_t l3 = f->l3;

	for (uint32_t n = 1 + random_below(&rnd, 4); n; n--) {
		const uint32_t at = random_below(&rnd, 8) ? l3 + random_below(&rnd, f->l4 + 20 - l3)
							  : random_below(&rnd, f->len);

		if (at < f->len)
			f->b[at] = random_below(&rnd, 3)
					   ? (uint8_t)random_next(&rnd)
					   : f->b[at] ^ (uint8_t)(1 << random_below(&rnd, 8));
	}
	if (random_below(&rnd, 2) && l3 + (f->b[l3] & 15) * 4u <= f->len)
		frame_fix_ipv4(f);
	if (random_below(&rnd, 8) == 0)
		f->len -= random_below(&rnd, 30);
}

static void random_mutations(void **state)
{
	int taken = 0;

	for (int i = 0; i < 200000; i++) {
		frame_build(&frame, &shapes[i % N_SHAPES]);
		mutate(&frame);
		taken += agree(frame.b, frame.len);
	}
	/* neither all nor none: both sides of the question were asked */
	assert_in_range(taken, 20000, 150000);
}

static void random_bytes(void **state)
{
	for (int i = 0; i < 50000; i++) {
		frame.len = random_below(&rnd, 120);
		for (uint32_t k = 0; k < frame.len; k++)
			frame.b[k] = (uint8_t)random_next(&rnd);
		if (frame.len > 14) { /* or nearly all would end at the EtherType */
			frame.b[12] = i & 1 ? 0x08 : 0x86;
			frame.b[13] = i & 1 ? 0x00 : 0xdd;
			frame.b[14] = i & 1 ? 0x45 : 0x60;
		}
		agree(frame.b, frame.len);
	}
}

/* Where the NIC has looked at the checksum, a wrong one is nobody's business. */
static void checksum_not_asked_for(void **state)
{
	struct parsed p;
	struct flow_key key;

	frame_build(&frame, &shapes[2]);
	frame.b[frame.l3 + 10] ^= 0x40;
	assert_int_equal(parse(frame.b, frame.len, true, &p, &key), VERDICT_IP_CHECKSUM);
	assert_int_equal(parse(frame.b, frame.len, false, &p, &key), PARSE_OK);
}

static void destination_of_broken_frames(void **state)
{
	const uint8_t *dst;
	uint8_t address[16];
	bool v6, nd;

	for (size_t s = 0; s < N_SHAPES; s++) {
		frame_build(&frame, &shapes[s]);
		const uint32_t alen = frame_address(shapes[s].dst, address);

		for (uint32_t len = 0; len <= frame.len; len++) {
			uint8_t *exact = malloc(len);

			memcpy(exact, frame.b, len);
			const bool known = parse_destination(exact, len, &dst, &v6, &nd);

			assert_int_equal(known, len >= frame.l3 + (alen == 4 ? 20 : 40));
			if (known) {
				assert_int_equal(v6, alen == 16);
				assert_memory_equal(dst, address, alen);
				assert_int_equal(nd,
					alen == 16 && frame.b[frame.l3 + 6] == 58 &&
						(len == frame.l3 + 40 ||
							(frame.b[frame.l3 + 40] >= 133 &&
								frame.b[frame.l3 + 40] <= 137)));
			}
			free(exact);
		}
	}
}

/* Neighbour discovery is five types of ICMPv6, and nothing of IPv4. */
static void destination_tells_neighbour_discovery(void **state)
{
	const uint8_t *dst;
	bool v6, nd;

	for (int six = 0; six < 2; six++)
		for (int type = 0; type < 256; type++) {
			frame_build(&frame, &shapes[six ? 6 : 0]);
			frame.b[frame.l3 + (six ? 6 : 9)] = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
			frame.b[frame.l3 + (six ? 40 : 20)] = (uint8_t)type;
			assert_true(parse_destination(frame.b, frame.len, &dst, &v6, &nd));
			assert_int_equal(nd, six && type >= 133 && type <= 137);
			frame.b[frame.l3 + (six ? 6 : 9)] = IPPROTO_UDP;
			assert_true(parse_destination(frame.b, frame.len, &dst, &v6, &nd));
			assert_false(nd);
		}
}

/* What is left of a key, byte by byte as base/flow_key.h has it. */
static void parts_of_keys(void **state)
{
	for (int six = 0; six < 2; six++) {
		const uint32_t alen = six ? 16 : 4, used = six ? 48 : 16;
		uint8_t full[48] = {0}, wanted[48];
		struct flow_key k;

		for (uint32_t i = 0; i < 2 * alen + 5; i++)
			full[i] = (uint8_t)(i + 1);
		memcpy(k.w, full, sizeof full);
		assert_memory_equal(key_destination(&k, six), full + alen, alen);
		key_keep_addresses(&k, six);
		memset(wanted, 0, sizeof wanted);
		memcpy(wanted, full, 2 * alen);
		assert_memory_equal(k.w, wanted, used);
		memcpy(k.w, full, sizeof full);
		key_keep_source(&k, six);
		memset(wanted + alen, 0, alen);
		assert_memory_equal(k.w, wanted, used);
	}
}

/* The MSS option at every place of a TCP header, and every number of bytes of it that can be read:
 * it is lowered and the checksum right, or nothing is written. */
static void mss_of_every_place(void **state)
{
	for (uint32_t nops = 0; nops < 8; nops++)
		for (uint32_t len = 20; len <= 40; len++) {
			uint8_t tcp[40] = {[12] = 10 << 4}, *block = malloc(len);
			const uint32_t at = 20 + nops;

			memset(tcp + 20, 1, nops);
			memcpy(tcp + at, "\2\4\x7f\xff", 4);
			hdr_store16(tcp + 16, (uint16_t)~csum_fold(csum_words(tcp, 40)));
			memcpy(block, tcp, len);
			rewrite_mss(block, len, 1400);
			if (memcmp(block, tcp, len) == 0) {
				assert_true(len < at + 4 + (at & 1));
			} else {
				memcpy(tcp, block, len);
				assert_memory_equal(tcp + at, "\2\4\5\x78", 4);
				assert_int_equal(csum_fold(csum_words(tcp, 40)), 0xffff);
			}
			free(block);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_frames_are_plain),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(every_first_piece),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(random_mutations),
		cmocka_unit_test(random_bytes),
		cmocka_unit_test(checksum_not_asked_for),
		cmocka_unit_test(destination_of_broken_frames),
		cmocka_unit_test(destination_tells_neighbour_discovery),
		cmocka_unit_test(parts_of_keys),
		cmocka_unit_test(mss_of_every_place),
	};

	rnd = random_start();
	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
