/* SPDX-License-Identifier: BSD-3-Clause */

/* What schedulers compile to. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>

#include "random.h"
#include "table/sched.h"

#define SIZE 4999
#define MOST 300

static struct random rnd;

static struct maglev_member member(uint32_t id, uint32_t weight)
{
	return (struct maglev_member){.id = id, .weight = weight, .slot = (uint16_t)(10000 - id)};
}

static struct sched_spec spec_of(
	enum scheduler s, const struct maglev_member *m, size_t n, uint32_t size)
{
	return (struct sched_spec){
		.scheduler = s,
		.size = size,
		.virtual_nodes = 150,
		.flows = 40,
		.latency = 40,
		.errors = 20,
		.members = m,
		.n = n,
	};
}

static struct sched_table *make(enum scheduler s, const struct maglev_member *m, size_t n)
{
	const struct sched_spec spec = spec_of(s, m, n, SIZE);
	struct sched_table *t = sched_compile(&spec);

	assert_non_null(t);
	return t;
}

static void smooth_wrr_of_5_1_1(void **state)
{
	const struct maglev_member m[] = {member(3, 100), member(1, 500), member(2, 100)};
	struct sched_table *t = make(SCHEDULER_WRR, m, 3);
	static const uint16_t turns[] = {9999, 9999, 9998, 9999, 9997, 9999, 9999};

	assert_int_equal(t->shape, SCHED_CURSOR);
	assert_int_equal(t->n_list, 7);
	assert_memory_equal(t->list, turns, sizeof turns);
	assert_int_equal(t->owned[1], 5);
	assert_int_equal(t->owned[0] + t->owned[2], 2);
	sched_unref(t);
}

static void rr_is_in_turn(void **state)
{
	const struct maglev_member m[] = {member(2, 1), member(3, 1000), member(1, 7)};
	struct sched_table *t = make(SCHEDULER_RR, m, 3);
	static const uint16_t turns[] = {9999, 9998, 9997};

	assert_int_equal(t->n_list, 3);
	assert_memory_equal(t->list, turns, sizeof turns);
	for (size_t i = 0; i < 3; i++)
		assert_true(sched_share(t, i) * 3 == 1);
	sched_unref(t);
}

/* Longest run of turns without member i, in rounds of its own. */
static double longest_gap(const struct sched_table *t, size_t i)
{
	const uint16_t slot = t->spec.members[i].slot;
	uint32_t gap = 0, longest = 0;

	for (uint32_t k = 0; k < 2 * t->n_list; k++) {
		gap = t->list[k % t->n_list] == slot ? 0 : gap + 1;
		longest = gap > longest ? gap : longest;
	}
	return longest * (double)t->owned[i] / t->n_list;
}

/* However many members: turns are as the weights, and nobody waits for much more than his turn. */
static void wrr_of_many(void **state)
{
	static const struct {
		uint32_t n, weights;
		double share; /* what rounding may take or add */
	} rows[] = {{10, 1000, 0}, {300, 7, 0}, {300, 1000, 0}, {3000, 1000, 0.03}};

	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
		struct maglev_member *m = calloc(rows[r].n, sizeof *m);
		double sum = 0;

		for (uint32_t i = 0; i < rows[r].n; i++) {
			m[i] = member(i + 1, 1 + random_below(&rnd, rows[r].weights));
			sum += m[i].weight;
		}
		struct sched_table *t = make(SCHEDULER_WRR, m, rows[r].n);

		assert_in_range(t->n_list, rows[r].n, (1 << 18) + rows[r].n);
		for (uint32_t i = 0; i < rows[r].n; i++) {
			const double want = m[i].weight / sum * t->n_list;

			assert_true(t->owned[i] >= want * (1 - rows[r].share) - 1);
			assert_true(t->owned[i] <= want * (1 + rows[r].share) + 1);
			if (i < 100)
				assert_true(longest_gap(t, i) < 2.5);
		}
		sched_unref(t);
		free(m);
	}
}

static bool is_member(const struct maglev_member *m, size_t n, uint16_t slot)
{
	for (size_t i = 0; i < n; i++)
		if (m[i].slot == slot && m[i].weight)
			return true;
	return false;
}

/* Every place that a pick may read. */
static void expect_members_only(
	const struct sched_table *t, const struct maglev_member *m, size_t n)
{
	for (uint32_t e = 0; e < t->size; e++)
		assert_true(is_member(m, n, t->entry[e]));
	for (uint32_t k = 0; k < t->n_list; k++)
		assert_true(is_member(m, n, t->list[k]));
	for (uint32_t c = 0; c < t->n_candidates; c++) {
		assert_true(is_member(m, n, t->candidate[c].slot));
		assert_true(t->candidate[c].weight > 0);
		assert_true(t->candidate[c].alias < t->n_candidates);
	}
	if (t->shape == SCHED_CURSOR)
		assert_true(t->n_list > 0);
	if (t->shape == SCHED_LOAD)
		assert_int_equal(t->n_candidates, n);
}

static void change(struct maglev_member *m, size_t *n, uint32_t *next)
{
	const uint32_t what = random_below(&rnd, 3), at = random_below(&rnd, (uint32_t)*n + 1);

	if (what == 0 && *n < 40) {
		m[(*n)++] = member((*next)++, 1 + random_below(&rnd, 1000));
	} else if (what == 1 && *n > 1 && at < *n) {
		m[at] = m[--*n];
	} else if (at < *n) {
		m[at].weight = 1 + random_below(&rnd, 1000);
	}
}

static void a_thousand_changes(void **state)
{
	struct maglev_member m[41] = {member(1, 100)};
	uint32_t next = 2;
	size_t n = 1;

	for (int i = 0; i < 1000; i++) {
		change(m, &n, &next);
		const struct sched_spec any = spec_of(SCHEDULER_MAGLEV, m, n, 251);

		for (int s = 0; s < SCHEDULER_COUNT; s++) {
			struct sched_spec spec = any;

			spec.scheduler = (enum scheduler)s;
			struct sched_table *t = sched_compile(&spec);

			assert_non_null(t);
			expect_members_only(t, m, n);
			assert_true(sched_same(t, &spec));
			sched_unref(t);
		}
	}
}

static void one_member_and_none(void **state)
{
	const struct maglev_member one = member(7, 3);

	for (int s = 0; s < SCHEDULER_COUNT; s++) {
		struct sched_table *t = make((enum scheduler)s, &one, 1);

		expect_members_only(t, &one, 1);
		assert_true(sched_share(t, 0) == 1);
		sched_unref(t);
		t = make((enum scheduler)s, NULL, 0);
		assert_int_equal(t->shape, SCHED_TABLE);
		assert_int_equal(t->size, 1);
		assert_int_equal(t->entry[0], MAGLEV_NONE);
		assert_int_equal(t->checksum, 0);
		sched_unref(t);
	}
}

/* Chance that a row ends at candidate c, from the rows alone. */
static double drawn(const struct sched_table *t, uint32_t c)
{
	double p = 0;

	for (uint32_t i = 0; i < t->n_candidates; i++) {
		const double keep = (t->candidate[i].keep + 1) / 65536.0;

		p += (i == c ? keep : 0) + (t->candidate[i].alias == c ? 1 - keep : 0);
	}
	return p / t->n_candidates;
}

static void draws_are_by_weight(void **state)
{
	struct maglev_member m[MOST];
	double sum = 0;

	for (uint32_t i = 0; i < MOST; i++) {
		m[i] = member(i + 1, i % 3 ? 1 + random_below(&rnd, 1000) : 1);
		sum += m[i].weight;
	}
	struct sched_table *t = make(SCHEDULER_WLC, m, MOST);

	for (uint32_t i = 0; i < MOST; i++) {
		assert_int_equal(t->candidate[i].slot, m[i].slot);
		assert_true(drawn(t, i) > m[i].weight / sum - 1e-4);
		assert_true(drawn(t, i) < m[i].weight / sum + 1e-4);
	}
	sched_unref(t);
	t = make(SCHEDULER_LC, m, MOST);
	for (uint32_t i = 0; i < MOST; i++)
		assert_true(drawn(t, i) > 0.999 / MOST && drawn(t, i) < 1.001 / MOST);
	sched_unref(t);
}

/* A member's points differ from the mean as a Poisson number does: 1 / sqrt(150 * weight / 100). */
static void ring_is_as_the_weights(void **state)
{
	struct maglev_member m[100];
	double sum = 0, chi = 0;

	for (uint32_t i = 0; i < 100; i++) {
		m[i] = member(i + 1, i % 4 ? 100 : 400);
		sum += m[i].weight;
	}
	const struct sched_spec spec = spec_of(SCHEDULER_RING, m, 100, 655373);
	struct sched_table *t = sched_compile(&spec);

	assert_non_null(t);
	for (uint32_t i = 0; i < 100; i++) {
		const double want = m[i].weight / sum, off = sched_share(t, i) / want - 1;

		chi += off * off * 150 * m[i].weight / 100;
	}
	/* gaps between points are exponential: the sum is of 100 squares with mean 1 */
	printf("ring: chi-square %.1f of 100 members\n", chi);
	assert_true(chi > 50 && chi < 175);
	sched_unref(t);
}

/* Entries that changed hands, and those of them that had to: their owner is gone, or it is new. */
struct moves {
	uint32_t moved, forced;
};

static struct moves compare(const struct sched_table *a, const struct sched_table *b, uint16_t slot)
{
	struct moves m = {0, 0};

	for (uint32_t e = 0; e < a->size; e++) {
		m.moved += a->entry[e] != b->entry[e];
		m.forced +=
			a->entry[e] != b->entry[e] && (a->entry[e] == slot || b->entry[e] == slot);
	}
	return m;
}

/* With a ring nothing moves but what has to; with Maglev little else does. */
static void disruption(void **state)
{
	static const enum scheduler kinds[] = {SCHEDULER_RING, SCHEDULER_MAGLEV};
	struct maglev_member m[50], fewer[49], heavier[50], lighter[50];

	for (uint32_t i = 0; i < 50; i++)
		m[i] = member(i + 1, 100);
	memcpy(fewer, m, sizeof fewer);
	memcpy(heavier, m, sizeof m);
	memcpy(lighter, m, sizeof m);
	heavier[49].weight = 200;
	lighter[49].weight = 50;
	for (size_t k = 0; k < 2; k++) {
		const uint32_t extra = kinds[k] == SCHEDULER_RING ? 0 : SIZE * 3 / 100;
		struct sched_table *all = make(kinds[k], m, 50);
		struct sched_table *less = make(kinds[k], fewer, 49);
		struct sched_table *more = make(kinds[k], heavier, 50);
		struct sched_table *half = make(kinds[k], lighter, 50);
		const struct moves removed = compare(all, less, m[49].slot);
		const struct moves added = compare(less, all, m[49].slot);
		const struct moves up = compare(all, more, m[49].slot);
		const struct moves down = compare(all, half, m[49].slot);

		assert_int_equal(removed.forced, all->owned[49]);
		assert_int_equal(added.forced, all->owned[49]);
		assert_true(removed.moved - removed.forced <= extra);
		assert_int_equal(added.moved, removed.moved);
		assert_true(up.moved - up.forced <= extra);
		assert_true(up.forced >= more->owned[49] - all->owned[49]);
		assert_true(down.moved - down.forced <= extra);
		assert_true(down.forced >= all->owned[49] - half->owned[49]);
		assert_true(more->owned[49] > all->owned[49] && all->owned[49] > half->owned[49]);
		sched_unref(all);
		sched_unref(less);
		sched_unref(more);
		sched_unref(half);
	}
}

/* What two nodes compare is the same whatever the order of the members and their slots. */
static void checksums_are_of_identities(void **state)
{
	struct maglev_member m[20], other[20];

	for (uint32_t i = 0; i < 20; i++) {
		m[i] = member(i + 1, 1 + i % 5);
		other[19 - i] = m[i];
		other[19 - i].slot = (uint16_t)(500 + i);
	}
	for (int s = 0; s < SCHEDULER_COUNT; s++) {
		struct sched_table *a = make((enum scheduler)s, m, 20);
		struct sched_table *b = make((enum scheduler)s, other, 20);

		assert_int_equal(a->checksum, b->checksum);
		sched_unref(b);
		other[3].weight++;
		b = make((enum scheduler)s, other, 20);
		if (a->shape != SCHED_CURSOR || s != SCHEDULER_RR)
			assert_int_not_equal(a->checksum, b->checksum);
		other[3].weight--;
		sched_unref(a);
		sched_unref(b);
	}
	struct sched_table *rr = make(SCHEDULER_RR, m, 20), *wrr = make(SCHEDULER_WRR, m, 20);

	assert_int_not_equal(rr->checksum, wrr->checksum);
	sched_unref(rr);
	sched_unref(wrr);
}

static void every_part_of_a_spec_counts(void **state)
{
	struct maglev_member m[2] = {member(1, 1), member(2, 2)}, other[2] = {m[0], m[1]};
	const struct sched_spec spec = spec_of(SCHEDULER_P2C, m, 2, SIZE);
	struct sched_table *t = sched_compile(&spec);
	struct sched_spec s[8];

	for (int i = 0; i < 8; i++)
		s[i] = spec;
	s[0].scheduler = SCHEDULER_LC;
	s[1].size = 251;
	s[2].virtual_nodes++;
	s[3].flows++;
	s[4].latency++;
	s[5].errors++;
	s[6].max_latency_us++;
	s[7].members = other;
	other[1].weight++;
	assert_true(sched_same(t, &spec));
	for (int i = 0; i < 8; i++)
		assert_false(sched_same(t, &s[i]));
	s[7].n = 1;
	assert_false(sched_same(t, &s[7]));
	sched_unref(t);
}

static void source_hash_is_maglev(void **state)
{
	const struct maglev_member m[] = {member(1, 10), member(2, 20), member(3, 30)};
	struct sched_table *a = make(SCHEDULER_MAGLEV, m, 3);
	struct sched_table *b = make(SCHEDULER_SOURCE_HASH, m, 3);

	assert_memory_equal(a->entry, b->entry, SIZE * sizeof a->entry[0]);
	assert_int_equal(a->checksum, b->checksum);
	assert_int_equal(b->shape, SCHED_TABLE);
	sched_unref(a);
	sched_unref(b);
}

static void refused(struct sched_table *t, const char *why)
{
	struct sl_err err = SL_ERR_INIT;

	assert_int_equal(sched_check(t, &err), -EINVAL);
	assert_non_null(strstr(sl_err_first(&err), why));
	sl_err_clear(&err);
}

/* Tables of every scheduler are sound, with weights of all kinds; one entry too far and they are
 * not. */
static void tables_are_looked_at(void **state)
{
	for (uint32_t turn = 0; turn < 20; turn++)
		for (int s = 0; s < SCHEDULER_COUNT; s++) {
			struct maglev_member m[MOST];
			const size_t n = 1 + random_below(&rnd, turn % 2 ? 5 : MOST);

			for (size_t i = 0; i < n; i++)
				m[i] = member((uint32_t)i + 1,
					1 + random_below(&rnd, turn < 10 ? 3 : 1000));
			struct sched_table *t = make((enum scheduler)s, m, n);

			assert_int_equal(sched_check(t, NULL), 0);
			t->entry[random_below(&rnd, t->size)] = turn % 2 ? 4 : MAGLEV_NONE;
			refused(t, "names a backend that is not of its pool");
			sched_unref(t);
		}
}

/* Two members of 4999 entries: due 2499.5 each, and 1 % of that is 24.995 entries. */
static void shares_are_looked_at(void **state)
{
	const struct maglev_member m[] = {member(1, 7), member(2, 7)};

	for (int s = 0; s < SCHEDULER_COUNT; s++) {
		struct sched_table *t = make((enum scheduler)s, m, 2);
		uint32_t of = 0, want = 2499 + 25; /* 24.5 above its due */

		if (s == SCHEDULER_RING) {
			sched_unref(t);
			continue;
		}
		for (uint32_t i = 0; i < t->size; i++)
			of += t->entry[i] == m[0].slot;
		for (uint32_t i = 0; i < t->size && of < want; i++) {
			of += t->entry[i] != m[0].slot;
			t->entry[i] = m[0].slot;
		}
		assert_int_equal(of, want);
		assert_int_equal(sched_check(t, NULL), 0);
		for (uint32_t i = 0; i < t->size && of == want; i++) {
			of += t->entry[i] != m[0].slot;
			t->entry[i] = m[0].slot;
		}
		refused(t, "has 2525 of 4999 entries of its table and not 2500");
		sched_unref(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smooth_wrr_of_5_1_1),
		cmocka_unit_test(rr_is_in_turn),
		cmocka_unit_test(wrr_of_many),
		cmocka_unit_test(a_thousand_changes),
		cmocka_unit_test(one_member_and_none),
		cmocka_unit_test(draws_are_by_weight),
		cmocka_unit_test(ring_is_as_the_weights),
		cmocka_unit_test(disruption),
		cmocka_unit_test(checksums_are_of_identities),
		cmocka_unit_test(every_part_of_a_spec_counts),
		cmocka_unit_test(source_hash_is_maglev),
		cmocka_unit_test(tables_are_looked_at),
		cmocka_unit_test(shares_are_looked_at),
	};

	rnd = random_start();
	return cmocka_run_group_tests_name("sched", tests, NULL, NULL);
}
