/* SPDX-License-Identifier: BSD-3-Clause */

/* A flow table that grows, is kept and taken up again, and knows whole keys. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <cmocka.h>

#include "flow_steps.h"
#include "resident.h"
#include "slow.h"

static const uint8_t secret[HASH_SECRET_BYTES] = {7, 1, 9};
static const struct flow_timeouts usual = {{10, 900, 30, 60}};

static struct flow_table *table(uint32_t start, uint32_t most, bool exact_keys)
{
	const struct flow_shape shape = {most, start, exact_keys};
	struct flow_table *t = flow_new(&shape, secret);

	assert_non_null(t);
	return t;
}

/* A confirmed flow. */
static bool put(struct flow_table *t, uint64_t hash, const struct flow_key *key, uint16_t slot)
{
	const struct flow_arrival a = {
		.hash = hash, .key = key, .ev = FLOW_EV_UDP, .slot = slot, .to = &usual};
	const enum flow_remembered r = flow_remember(t, &a);

	return r == FLOW_BEGAN && flow_remember(t, &a) == FLOW_WENT_ON;
}

/* The n-th hash, all different. */
static uint64_t hash_of(uint32_t n)
{
	struct random r = {n * 0x9e3779b97f4a7c15};

	return random_next(&r);
}

static uint16_t slot_of(uint32_t n)
{
	return (uint16_t)(n % 1000);
}

/* Flows [from, end) that are not where they belong. */
static uint32_t lost(const struct flow_table *t, uint32_t from, uint32_t end)
{
	uint32_t wrong = 0;

	for (uint32_t n = from; n < end; n++) {
		const struct flow_at at = flow_find(t, hash_of(n));

		wrong += !at.b || flow_slot(at) != slot_of(n) || flow_state(at) != FLOW_UDP;
	}
	return wrong;
}

/* The counts, against the raw buckets. */
static void assert_counts(const struct flow_table *t)
{
	static uint32_t active[BACKEND_SLOTS];
	uint32_t entries = 0;

	memset(active, 0, sizeof active);
	for (uint32_t i = 0; i < (t->mask + 1) * FLOW_WAYS; i++)
		if (t->bucket[i / FLOW_WAYS].tag[i % FLOW_WAYS]) {
			entries++;
			active[t->bucket[i / FLOW_WAYS].note[i % FLOW_WAYS].backend & 0x3fff]++;
		}
	assert_int_equal(t->entries, entries);
	assert_memory_equal(t->active, active, sizeof active);
}

/* From 64 entries to 8192: every flow is found, and every count right, after every piece of every
 * doubling, while more flows come. */
static void test_right_at_every_step(void **state)
{
	struct flow_table *t = table(64, 8192, false);
	uint32_t n = 0, steps = 0, split = 0;

	while (t->mask + 1 < t->most || t->half) {
		assert_true(put(t, hash_of(n), NULL, slot_of(n)));
		n++;
		if (!flow_grow_due(t))
			continue;
		const uint32_t half = t->half, unsplit = t->unsplit;

		flow_grow(t);
		split = t->half ? t->unsplit - (half ? unsplit : 0) : split;
		assert_in_range(split, 0, 16);
		assert_int_equal(lost(t, 0, n), 0);
		assert_counts(t);
		assert_int_equal(t->head->buckets, t->mask + 1);
		assert_int_equal(t->head->half, t->half);
		assert_int_equal(t->head->unsplit, t->unsplit);
		steps++;
	}
	assert_int_equal(t->grown, 7);
	assert_int_equal(t->mask + 1, 1024);
	assert_true(steps >= 512 / 16 + 256 / 16 + 128 / 16);
	assert_null(t->spare);
	assert_false(flow_grow_due(t));
	flow_free(t);
}

/* Flows one by one; each time the table doubles it had one more than a quarter of its entries in
 * use while it was small, half of them once it was large. */
static void fill_and_watch(struct flow_table *t, uint32_t flows)
{
	for (uint32_t n = 0; n < flows; n++) {
		const uint32_t mask = t->mask, entries = t->entries;

		if (flow_grow_due(t))
			flow_grow(t);
		if (t->mask != mask)
			assert_int_equal(
				entries, (mask + 1) * FLOW_WAYS / (mask + 1 < 131072 ? 4 : 2) + 1);
		put(t, hash_of(n), NULL, slot_of(n));
	}
}

/* To the size it may have and no further. */
static void test_when(void **state)
{
	struct flow_table *t = table(0, 16384, false);

	assert_int_equal(t->mask + 1, FLOW_START_ENTRIES / FLOW_WAYS);
	fill_and_watch(t, 40000);
	assert_int_equal(t->mask + 1, 2048);
	assert_true(t->entries <= 16384 && t->bypass > 0);
	assert_counts(t);
	flow_free(t);
}

static void test_when_large(void **state)
{
	struct flow_table *t = table(0, 1u << 22, false);

	fill_and_watch(t, 520000);
	assert_int_equal(t->mask + 1, 131072);
	flow_free(t);
	t = table(0, 1u << 22, false);
	fill_and_watch(t, 530000);
	assert_int_equal(t->mask + 1, 262144);
	flow_free(t);
}

/* Ten million flows, from the smallest table on; and what they take. */
static void test_ten_million(void **state)
{
	enum { MILLION = 1000000, FLOWS = 10 * MILLION / (SLOW * SLOW * SLOW) };
	const long before = resident_bytes();
	struct flow_table *t = table(0, 1u << 24, false);
	uint32_t refused = 0;

	for (uint32_t n = 0; n < FLOWS; n++) {
		if (flow_grow_due(t))
			flow_grow(t);
		refused += !put(t, hash_of(n), NULL, slot_of(n));
		if (n == MILLION)
			print_message("%ld bytes for a million flows\n", resident_bytes() - before);
	}
	while (flow_grow_due(t))
		flow_grow(t);
	print_message("%ld bytes for %d flows\n", resident_bytes() - before, FLOWS);
	assert_in_range(refused, 0, 5); /* it is 60 % full */
	assert_int_equal(lost(t, 0, FLOWS), refused);
	assert_int_equal(t->entries, FLOWS - refused);
	assert_counts(t);
	flow_free(t);
}

/* A table of 200 flows at the moment when it doubles, with names. */
static struct flow_table *half_grown(bool exact_keys)
{
	struct flow_table *t = table(256, 4096, exact_keys);

	for (uint32_t n = 0; n < 200; n++) {
		const struct flow_key key = {{n, n}};

		assert_true(put(t, hash_of(n), &key, slot_of(n)));
	}
	flow_grow(t);
	assert_true(t->half && t->unsplit < t->half);
	flow_name_set(t, 0, "web/10.0.0.1");
	flow_name_set(t, 199, "web/2001:db8::1");
	return t;
}

static void *image_of(const struct flow_table *t, size_t *bytes)
{
	*bytes = flow_image_bytes(t);
	void *image = malloc(*bytes);

	assert_non_null(image);
	flow_image_write(t, 4711, image);
	return image;
}

static void test_image(void **state)
{
	for (int exact = 0; exact <= 1; exact++) {
		struct flow_table *t = half_grown(exact), *u;
		const struct flow_shape shape = {1 << 14, 0, exact};
		struct sl_err err = SL_ERR_INIT;
		uint16_t clock;
		size_t bytes;
		void *image = image_of(t, &bytes);

		assert_int_equal(flow_adopt(image, bytes, &shape, &u, &clock, &err), 0);
		assert_ptr_not_equal(u->bucket, t->bucket);
		flow_free(t);
		free(image);
		assert_int_equal(clock, 4711);
		assert_string_equal(flow_name(u, 0), "web/10.0.0.1");
		assert_string_equal(flow_name(u, 199), "web/2001:db8::1");
		assert_string_equal(flow_name(u, 1), "");
		assert_int_equal(lost(u, 0, 200), 0);
		assert_counts(u);
		for (uint32_t n = 0; n < 200; n++) {
			const struct flow_at at = flow_find(u, hash_of(n));
			struct flow_key key;
			bool is6;

			assert_int_equal(flow_key_of(u, at, &key, &is6), exact);
			assert_true(!exact || (key.w[0] == n && key.w[1] == n && !is6));
		}
		/* the same secret, and it goes on growing, further than its model could */
		struct hash_key key;

		hash_key_init(&key, secret);
		assert_memory_equal(&u->key, &key, sizeof key);
		for (uint32_t n = 200; n < 7000; n++) {
			const struct flow_key k = {{n, n}};

			if (flow_grow_due(u))
				flow_grow(u);
			assert_true(put(u, hash_of(n), &k, slot_of(n)));
		}
		assert_int_equal(u->mask + 1, 2048);
		assert_int_equal(lost(u, 0, 7000), 0);
		flow_free(u);
	}
}

/* Each with the reason it is refused for. */
static void test_image_refused(void **state)
{
	struct flow_table *t = half_grown(false), *u = NULL;
	const struct flow_shape usual_shape = {4096, 0, false}, keys = {4096, 0, true},
				small = {256, 0, false};
	struct sl_err err = SL_ERR_INIT;
	uint16_t clock;
	size_t bytes;
	uint8_t *image = image_of(t, &bytes);

#define REFUSED(size, shape, rc, why)                                                   \
	do {                                                                            \
		assert_int_equal(flow_adopt(image, size, shape, &u, &clock, &err), rc); \
		assert_null(u);                                                         \
		assert_non_null(strstr(sl_err_first(&err), why));                       \
		sl_err_clear(&err);                                                     \
	} while (0)
	REFUSED(100, &usual_shape, -EINVAL, "too short");
	REFUSED(bytes - 8, &usual_shape, -EINVAL, "bytes, the image says");
	REFUSED(bytes, &keys, -EINVAL, "does not hold whole keys");
	REFUSED(bytes, &small, -E2BIG, "more than 256");
	image[0]++;
	REFUSED(bytes, &usual_shape, -EINVAL, "not the image of a flow table");
	image[0]--;
	image[8]++;
	REFUSED(bytes, &usual_shape, -EINVAL, "layout 3, this version reads layout 2");
	image[8]--;
	/* any bit of the head or of the parts */
	uint32_t refused = 0;

	for (size_t bit = 0; bit < bytes * 8; bit += bit < 8 * sizeof(struct flow_head) ? 1 : 97) {
		if (bit / 8 >= sizeof(struct flow_head) && bit / 8 < 512)
			continue; /* padding */
		image[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(flow_adopt(image, bytes, &usual_shape, &u, &clock, &err), -EINVAL);
		image[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused++;
	}
	sl_err_clear(&err);
	assert_true(refused > 1000);
	assert_int_equal(flow_adopt(image, bytes, &usual_shape, &u, &clock, &err), 0);
	flow_free(u);
	flow_free(t);
	free(image);
}

/* Two flows with one hash: one flow for a table of tags, two where whole keys are known. */
static void test_exact_identity(void **state)
{
	struct flow_key six = {{1, 2, 0, 0, 9}}, other = six;

	other.w[4]++;
	for (int exact = 0; exact <= 1; exact++) {
		struct flow_table *t = table(64, 64, exact);
		struct flow_arrival a = {
			.hash = 5, .key = &six, .is6 = true, .slot = 1, .to = &usual};

		assert_int_equal(flow_remember(t, &a), FLOW_BEGAN);
		a.key = &other;
		assert_int_equal(flow_remember(t, &a), exact ? FLOW_BEGAN : FLOW_WENT_ON);
		a.is6 = false; /* the first 16 bytes are the same */
		assert_int_equal(flow_remember(t, &a), exact ? FLOW_BEGAN : FLOW_WENT_ON);
		assert_int_equal(t->entries, exact ? 3 : 1);
		if (exact) {
			const struct flow_at first = flow_find_exact(t, 5, &six, true),
					     second = flow_find_exact(t, 5, &other, true);

			assert_true(first.b && second.b && first.way != second.way);
			flow_forget(t, first);
			assert_null(flow_find_exact(t, 5, &six, true).b);
			assert_non_null(flow_find_exact(t, 5, &other, true).b);
			assert_int_equal(t->active[1], 2);
		}
		flow_free(t);
	}
}

static void life(uint32_t most, bool exact, uint32_t flows, uint32_t steps, uint32_t every)
{
	const struct flow_shape shape = {most, 64, exact};

	against_model(&shape, flows, steps, every, &usual, true);
}

static void test_model_small(void **state)
{
	life(512, false, 2000, 200000 / SLOW, 2);
}

static void test_model_keys(void **state)
{
	life(1024, true, 3000, 150000 / SLOW, 5);
}

static void test_model_large(void **state)
{
	life(65536, false, 80000, 2000000 / SLOW, 200000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_at_every_step),
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_when_large),
		cmocka_unit_test(test_ten_million),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_image_refused),
		cmocka_unit_test(test_exact_identity),
		cmocka_unit_test(test_model_small),
		cmocka_unit_test(test_model_keys),
		cmocka_unit_test(test_model_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
