/* SPDX-License-Identifier: BSD-3-Clause */

/* Frames parsed in groups, against the same frames one by one: bit by bit what parse_plain4 and
 * parse_plain6 give, whatever their neighbours are. */

#include <netinet/in.h>

#include "eal/cpu.h"
#include "harness.h"
#include "net/parse_plain.h"
#include "random.h"
#include "table/vip.h"

#if PARSE_HAS_GROUP

#define ROUNDS 100000

static struct random rnd;

/* A copy in memory that ends where it may be read: AddressSanitizer sees a read past that. */
struct copy {
	uint8_t *b;
	uint32_t len;
};

static void plain_frame(struct frame *f, bool v6)
{
	static const uint8_t flags[] = {2, 16, 16, 24, 17, 4, 18, 20};
	const bool udp = random_below(&rnd, 3) == 0;
	const struct frame_spec spec = {
		.dst = v6 ? VIP6 : VIP4,
		.sport = (uint16_t)random_next(&rnd),
		.dport = random_below(&rnd, 2) ? 80 : (uint16_t)random_below(&rnd, 81),
		.proto = udp ? IPPROTO_UDP : IPPROTO_TCP,
		.tcp_flags = flags[random_below(&rnd, 8)],
		.tos = (uint8_t)random_next(&rnd),
		.payload = (uint16_t)((udp && !v6 ? 12 : 0) + random_below(&rnd, 40)),
		.padding = (uint16_t)random_below(&rnd, 3),
	};

	harness_frame(f, &spec, WORLD_WAN);
}

/* Another value in one of the places that decide; mostly with the checksum made right again, so
 * that it does not hide the rest. */
static void spoil(struct frame *f)
{
	static const uint8_t places[] = {0, 5, 12, 13, 14, 15, 16, 17, 18, 20, 21, 22, 23, 24, 26,
		29, 30, 33, 38, 39, 46, 47};
	const uint8_t at = places[random_below(&rnd, sizeof places)];
	static const uint8_t values[] = {
		0, 1, 2, 6, 7, 8, 17, 0x45, 0x46, 0x50, 127, 223, 224, 255};

	f->b[at] = random_below(&rnd, 2) ? values[random_below(&rnd, sizeof values)]
					 : (uint8_t)random_next(&rnd);
	if (random_below(&rnd, 16) == 0)
		memcpy(f->b + 26, f->b + 30, 4);
	if (random_below(&rnd, 4))
		frame_fix_ipv4(f);
}

/* The same for IPv6, with addresses that no host has and one that sends to itself. */
static void spoil6(struct frame *f)
{
	static const uint8_t places[] = {
		0, 5, 12, 13, 14, 15, 18, 19, 20, 21, 22, 37, 58, 59, 66, 67};
	static const uint8_t values[] = {0, 1, 2, 6, 7, 8, 17, 44, 0x45, 0x50, 0x60, 0x6f, 255};

	switch (random_below(&rnd, 8)) {
	case 0:
		memcpy(f->b + 22, f->b + 38, 16);
		break;
	case 1:
		memset(f->b + 22, 0, 16);
		f->b[37] = (uint8_t)random_below(&rnd, 3);
		break;
	case 2:
		memcpy(f->b + 22, f->b + 38, 16);
		f->b[22 + random_below(&rnd, 16)] ^= 1;
		break;
	default:
		f->b[places[random_below(&rnd, sizeof places)]] =
			random_below(&rnd, 2) ? values[random_below(&rnd, sizeof values)]
					      : (uint8_t)random_next(&rnd);
	}
}

static void make_group(struct copy c[PARSE_GROUP], bool v6)
{
	const uint32_t least = v6 ? PARSE_PLAIN6_READ : PARSE_PLAIN_MIN;
	static struct frame f;

	for (int i = 0; i < PARSE_GROUP; i++) {
		plain_frame(&f, v6);
		if (random_below(&rnd, 5) == 0)
			v6 ? spoil6(&f) : spoil(&f);
		c[i].len = f.len;
		c[i].b = malloc(f.len < least ? least : f.len);
		assert_non_null(c[i].b);
		for (uint32_t j = 0; j < least; j++)
			c[i].b[j] = (uint8_t)random_next(&rnd);
		memcpy(c[i].b, f.b, f.len);
	}
}

static bool is_type(const uint8_t *frame, bool v6)
{
	return hdr_be16(frame + ETH_TYPE_OFF) == (v6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4);
}

/* What the group says of all Ethernet headers, against each of them. */
static void compare_ether(
	const struct parse_common *common, const uint8_t *const frame[PARSE_GROUP], bool v6)
{
	bool all = true;

	for (int i = 0; i < PARSE_GROUP; i++)
		all &= memcmp(frame[i], frame[0], 6) == 0 && is_type(frame[i], v6);
	assert_int_equal(parse_group_ether(common, frame, v6), all);
}

static bool parse_one(
	const struct copy *c, bool csum, struct parsed *out, struct flow_key *key, bool v6)
{
	return v6 ? parse_plain6(c->b, c->len, out, key)
		  : parse_plain4(c->b, c->len, csum, out, key);
}

/* The group, against its packets one by one. Returns how many were taken. */
static uint32_t compare_group(const struct copy c[PARSE_GROUP], bool csum, bool v6)
{
	struct parsed out[PARSE_GROUP], wanted;
	struct flow_key key[PARSE_GROUP] = {0};
	const uint8_t *frame[PARSE_GROUP];
	struct parse_common common;
	parse_signed len;
	uint64_t differs = 0;
	uint32_t taken = 0;

	for (int i = 0; i < PARSE_GROUP; i++) {
		frame[i] = c[i].b;
		len[i] = (int32_t)c[i].len;
	}
	parse_common_start(&common, frame[0], frame[0]);
	compare_ether(&common, frame, v6);
	const uint32_t odd =
		v6 ? parse_group6(parse_numbers(), frame, len, out, key)
		   : parse_group4(parse_numbers(), &common, frame, len, csum, out, key);

	for (int i = 0; i < PARSE_GROUP; i++) {
		struct flow_key wanted_key = {0};
		const bool ok = parse_one(&c[i], csum, &wanted, &wanted_key, v6);

		assert_int_equal(is_type(frame[i], v6) && !(odd >> i & 1), ok);
		if (!ok)
			continue;
		taken++;
		assert_memory_equal(&out[i], &wanted, sizeof wanted);
		assert_memory_equal(&key[i], &wanted_key, sizeof wanted_key);
		differs |= vip4_key_of(&key[i]) ^ vip4_key_of(&key[0]);
	}
	if (taken == PARSE_GROUP && !v6)
		assert_int_equal(parse_bits(common.differs != 0) != 0, differs != 0);
	return taken;
}

static void as_one_by_one(bool v6)
{
	uint32_t taken = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct copy c[PARSE_GROUP];

		make_group(c, v6);
		taken += compare_group(c, round & 1, v6);
		for (int i = 0; i < PARSE_GROUP; i++)
			free(c[i].b);
	}
	assert_in_range(taken, ROUNDS * PARSE_GROUP / 2, ROUNDS * PARSE_GROUP - 1);
}

static void of_ipv4(void **state)
{
	as_one_by_one(false);
}

static void of_ipv6(void **state)
{
	as_one_by_one(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(of_ipv4), cmocka_unit_test(of_ipv6)};
	int failed;

#ifdef __AVX2__
	if (!cpu_has_v3()) {
		printf("SKIP this CPU has no AVX2\n");
		return 77;
	}
#endif
	if (harness_start())
		return 1;
	rnd = random_start();
	failed = cmocka_run_group_tests_name("parse_group", tests, NULL, NULL);
	harness_stop();
	return failed;
}

#else

int main(void)
{
	printf("SKIP no SSE4.1 in this build: frames are parsed one by one\n");
	return 77;
}

#endif
