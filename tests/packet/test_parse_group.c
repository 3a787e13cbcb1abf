/* SPDX-License-Identifier: BSD-3-Clause */

/* Four frames parsed at once, against the same four one by one: all or nothing, and bit by bit what
 * parse_plain4 gives. */

#include <netinet/in.h>

#include "harness.h"
#include "net/parse_plain.h"
#include "random.h"

#if PARSE_HAS_GROUP

#define ROUNDS 400000

static struct random rnd;

/* A copy in memory of its own size: AddressSanitizer sees a read past its end. */
struct copy {
	uint8_t *b;
	uint32_t len;
};

static void plain_frame(struct frame *f)
{
	static const uint8_t flags[] = {2, 16, 16, 24, 17, 4, 18, 20};
	const bool udp = random_below(&rnd, 3) == 0;
	const struct frame_spec spec = {
		.dst = VIP4,
		.sport = (uint16_t)random_next(&rnd),
		.dport = (uint16_t)random_next(&rnd),
		.proto = udp ? IPPROTO_UDP : IPPROTO_TCP,
		.tcp_flags = flags[random_below(&rnd, 8)],
		.tos = (uint8_t)random_next(&rnd),
		.payload = (uint16_t)(udp ? 12 + random_below(&rnd, 40) : random_below(&rnd, 40)),
		.padding = (uint16_t)random_below(&rnd, 3),
	};

	harness_frame(f, &spec, WORLD_WAN);
}

/* Another value in one of the places that decide; mostly with the checksum made right again, so
 * that it does not hide the rest. */
static void spoil(struct frame *f)
{
	static const uint8_t places[] = {
		12, 13, 14, 15, 16, 17, 18, 20, 21, 22, 23, 24, 26, 29, 30, 33, 38, 39, 46, 47};
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

static void make_four(struct copy c[PARSE_GROUP])
{
	static struct frame f;

	for (int i = 0; i < PARSE_GROUP; i++) {
		plain_frame(&f);
		if (random_below(&rnd, 5) == 0)
			spoil(&f);
		c[i].len = f.len < PARSE_PLAIN_MIN ? PARSE_PLAIN_MIN : f.len;
		c[i].b = malloc(c[i].len);
		assert_non_null(c[i].b);
		memcpy(c[i].b, f.b, c[i].len);
	}
}

static bool one_by_one(
	const struct copy c[PARSE_GROUP], bool csum, struct parsed *out, struct flow_key *key)
{
	bool all = true;

	for (int i = 0; i < PARSE_GROUP; i++)
		all &= parse_plain4(c[i].b, c[i].len, csum, &out[i], &key[i]);
	return all;
}

static bool compare_four(const struct copy c[PARSE_GROUP], bool csum)
{
	struct parsed out[PARSE_GROUP], wanted[PARSE_GROUP];
	struct flow_key key[PARSE_GROUP] = {0}, wanted_key[PARSE_GROUP] = {0};
	const uint8_t *const frame[] = {c[0].b, c[1].b, c[2].b, c[3].b};
	const __m128i len =
		_mm_set_epi32((int)c[3].len, (int)c[2].len, (int)c[1].len, (int)c[0].len);
	const bool all = one_by_one(c, csum, wanted, wanted_key);

	assert_int_equal(parse_group4(frame, len, csum, out, key), all);
	if (all) {
		assert_memory_equal(out, wanted, sizeof out);
		assert_memory_equal(key, wanted_key, sizeof key);
	}
	return all;
}

static void as_one_by_one(void **state)
{
	uint32_t taken = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct copy c[PARSE_GROUP];

		make_four(c);
		taken += compare_four(c, round & 1);
		for (int i = 0; i < PARSE_GROUP; i++)
			free(c[i].b);
	}
	assert_in_range(taken, ROUNDS / 4, ROUNDS * 3 / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_one_by_one)};
	int failed;

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
