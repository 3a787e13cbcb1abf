/* SPDX-License-Identifier: BSD-3-Clause */

/* The memory of datagrams in fragments against plain models of it: parts, what is held, places. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "datapath/frag_cache.h"
#include "random.h"

#define UNITS 48 /* of 8 bytes, in the datagrams here */

static struct random rnd;
static struct frag_cache cache;

static void start(uint8_t secret)
{
	uint8_t key[HASH_SECRET_BYTES] = {secret};

	memset(&cache, 0xa5, sizeof cache);
	frag_cache_init(&cache, key);
}

/* Which units were seen, and where the datagram ends; 0: not known. */
struct model {
	bool seen[UNITS];
	uint32_t end;
};

static uint32_t runs(const bool *seen)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < UNITS; i++)
		n += seen[i] && (!i || !seen[i - 1]);
	return n;
}

static bool overlaps(const struct model *m, uint32_t from, uint32_t to, bool more)
{
	if (m->end && (to > m->end || (!more && to != m->end)))
		return true;
	for (uint32_t i = from; i < UNITS; i++)
		if (m->seen[i] && (i < to || !more))
			return true;
	return false;
}

static enum frag_part_result model_note(struct model *m, uint32_t from, uint32_t to, bool more)
{
	struct model then = *m;

	if (overlaps(m, from, to, more))
		return FRAG_PART_OVERLAP;
	memset(then.seen + from, true, to - from);
	if (!more)
		then.end = to;
	if (runs(then.seen) > FRAG_PARTS)
		return FRAG_PART_FULL;
	*m = then;
	return FRAG_PART_NEW;
}

static void expect_parts(const struct frag_entry *e, const struct model *m)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < UNITS; i++) {
		if (!m->seen[i] || (i && m->seen[i - 1]))
			continue;
		uint32_t to = i;

		while (to < UNITS && m->seen[to])
			to++;
		assert_true(k < e->n_parts);
		assert_int_equal(e->part[k].from, i * 8);
		assert_int_equal(e->part[k++].to, to * 8);
	}
	assert_int_equal(e->n_parts, k);
	assert_int_equal(e->end, m->end * 8);
	bool all = m->end > 0;

	for (uint32_t i = 0; i < m->end; i++)
		all &= m->seen[i];
	assert_int_equal(frag_complete(e), all);
}

static void parts(void **state)
{
	uint32_t count[3] = {0}, complete = 0;

	for (int round = 0; round < 20000; round++) {
		const struct frag_key key = {{1}};
		struct frag_entry e[2] = {{{{0}}}};
		struct model m = {0};
		/* short pieces for many gaps, long ones for datagrams that become whole */
		const uint32_t most = 1 + random_below(&rnd, 12);

		start(0);
		frag_begin(&cache, e, &key, 7);
		memset(&e[1], 0xa5, sizeof e[1]);
		for (int i = 0; i < 60; i++) {
			const uint32_t from = random_below(&rnd, UNITS),
				       len = 1 + random_below(&rnd, most),
				       to = from + len < UNITS ? from + len : UNITS;
			const bool more = to < UNITS && random_below(&rnd, 20);
			const enum frag_part_result want = model_note(&m, from, to, more);

			assert_int_equal(frag_note(e, from * 8, to * 8, more), want);
			expect_parts(e, &m);
			count[want]++;
			complete += frag_complete(e);
		}
		for (size_t i = 0; i < sizeof e[1]; i++) /* nothing was written behind it */
			assert_int_equal(((uint8_t *)&e[1])[i], 0xa5);
	}
	assert_true(count[FRAG_PART_NEW] > 1000 && count[FRAG_PART_OVERLAP] > 1000 &&
		    count[FRAG_PART_FULL] > 1000 && complete > 100);
}

static struct rte_mbuf *mbuf(uintptr_t i)
{
	return (struct rte_mbuf *)(i * 64);
}

static struct frag_entry *begin(uint64_t k, uint16_t now)
{
	const struct frag_key key = {{k, 0, 0, 0, k << 20}};
	struct frag_entry *e = frag_place(&cache, &key);

	if (e->state != FRAG_FREE)
		frag_end(&cache, e);
	frag_begin(&cache, e, &key, now);
	assert_ptr_equal(frag_find(&cache, &key), e);
	return e;
}

/* What waits comes back in order, and there is room for so many of one datagram and of all. */
static void held(void **state)
{
	enum { ENTRIES = 6, MOST = FRAG_HELD_MAX };
	static uintptr_t queue[ENTRIES][60000];
	uint32_t first[ENTRIES] = {0}, last[ENTRIES] = {0}, all = 0, full_each = 0, full = 0;
	struct frag_entry *e[ENTRIES];
	uint8_t rx_port;

	start(0);
	for (uint32_t i = 0; i < ENTRIES; i++)
		e[i] = begin(i + 1, 0);
	assert_int_equal(cache.used, ENTRIES);
	for (uintptr_t step = 1; step < 60000; step++) {
		const uint32_t i = random_below(&rnd, ENTRIES), n = last[i] - first[i];
		/* up and down in turn, so that both limits are met */
		const bool take = random_below(&rnd, 100) < (step / 3000 % 2 ? 60 : 30);

		if (take) {
			struct rte_mbuf *m = frag_take(&cache, e[i], &rx_port);

			assert_ptr_equal(m, n ? mbuf(queue[i][first[i]]) : NULL);
			if (n)
				assert_int_equal(rx_port, queue[i][first[i]] % 7);
			first[i] += n != 0;
			all -= n != 0;
			continue;
		}
		const bool room = n < FRAG_HELD_EACH && all < MOST;

		assert_int_equal(frag_hold(&cache, e[i], mbuf(step), step % 7), room);
		full_each += n == FRAG_HELD_EACH;
		full += all == MOST;
		if (room) {
			queue[i][last[i]++] = step;
			all++;
		}
	}
	assert_true(full_each > 10 && full > 10);
	for (uint32_t i = 0; i < ENTRIES; i++)
		frag_end(&cache, e[i]);
	assert_int_equal(cache.used, 0);
}

/* A free place of the set while there is one, then that of the oldest, also when the clock wraps.
 */
static void places(void **state)
{
	enum { KEYS = 3000 };
	uint32_t sets = 0, taken = 0;
	bool seen[FRAG_SETS] = {false};

	start(0);
	for (uint64_t k = 1; k <= KEYS; k++) {
		const struct frag_key key = {{k, 0, 0, 0, k << 20}};
		const uint16_t now = (uint16_t)(64000 + k);

		assert_null(frag_find(&cache, &key));
		const struct frag_entry *e = frag_place(&cache, &key);
		const size_t set = (size_t)(e - cache.entry[0]) / FRAG_WAYS;

		for (uint32_t w = 0; w < FRAG_WAYS; w++) {
			const struct frag_entry *other = &cache.entry[set][w];

			if (e->state == FRAG_FREE)
				continue;
			assert_true(other->state != FRAG_FREE);
			assert_true((uint16_t)(now - other->born) <= (uint16_t)(now - e->born));
		}
		taken += e->state != FRAG_FREE;
		sets += !seen[set];
		seen[set] = true;
		begin(k, now);
	}
	assert_int_equal(cache.used, KEYS - taken);
	assert_true(sets > FRAG_SETS - 5);
	assert_true(taken > KEYS / 2);
}

/* Nobody knows which datagrams share a set. */
static void keyed(void **state)
{
	uint32_t same = 0;

	for (uint64_t k = 1; k <= 200; k++) {
		start(1);
		const size_t one = (size_t)(begin(k, 0) - cache.entry[0]) / FRAG_WAYS;

		start(2);
		same += one == (size_t)(begin(k, 0) - cache.entry[0]) / FRAG_WAYS;
	}
	assert_true(same < 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),
		cmocka_unit_test(held),
		cmocka_unit_test(places),
		cmocka_unit_test(keyed),
	};

	rnd = random_start();
	return cmocka_run_group_tests_name("frag_cache", tests, NULL, NULL);
}
