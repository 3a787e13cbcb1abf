/* SPDX-License-Identifier: BSD-3-Clause */

/* No cache line, nor the pair of lines that a CPU fetches together, is written by two lanes: what a
 * lane writes lies in memory that no other lane's touches. */

#include "datapath/relay.h"
#include "datapath/report.h"
#include "datapath/slow.h"
#include "harness.h"

#define LANES 4
#define PAIR  128 /* bytes: two lines */
#define MOST  16

static_assert(sizeof(struct flow_bucket) == 64, "a bucket is one line");
static_assert(sizeof(struct backend) % 64 == 0, "a backend is whole lines");
static_assert(_Alignof(struct lane) >= 64, "a lane begins a line");
static_assert(offsetof(struct relay_ring, tail) - offsetof(struct relay_ring, head) >= 64 &&
		      offsetof(struct relay_ring, at) % 64 == 0 && sizeof(struct relay_msg) == 64,
	"the two ends of a ring write lines of their own, and a message is one");

struct range {
	uintptr_t from, to;
};

static void add(struct range *r, uint32_t *n, const void *p, size_t bytes)
{
	if (!p)
		return;
	assert_true(*n < MOST);
	r[(*n)++] = (struct range){(uintptr_t)p, (uintptr_t)p + bytes};
}

/* What the worker of a lane writes for its packets. */
static uint32_t written(const struct lane *l, struct range r[MOST])
{
	uint32_t n = 0;

	add(r, &n, l, sizeof *l);
	add(r, &n, l->service, world->g->n_services * sizeof *l->service);
	add(r, &n, l->backend, BACKEND_SLOTS * sizeof *l->backend);
	add(r, &n, l->service_new, world->g->n_services * sizeof *l->service_new);
	add(r, &n, l->backend_new, BACKEND_SLOTS * sizeof *l->backend_new);
	add(r, &n, l->backend_over, BACKEND_SLOTS * sizeof *l->backend_over);
	add(r, &n, l->backend_again, BACKEND_SLOTS * sizeof *l->backend_again);
	add(r, &n, l->reports, sizeof *l->reports);
	add(r, &n, l->cursor, GENERATION_MAX_POOLS * sizeof *l->cursor);
	add(r, &n, l->recent, BACKEND_SLOTS * sizeof *l->recent);
	add(r, &n, l->slow, sizeof *l->slow);
	if (l->flows) {
		add(r, &n, l->flows, sizeof *l->flows);
		add(r, &n, l->flows->active, BACKEND_SLOTS * sizeof *l->flows->active);
		add(r, &n, l->flows->bucket, (l->flows->mask + 1) * sizeof *l->flows->bucket);
	}
	return n;
}

static bool touch_one_pair(const struct range *a, const struct range *b)
{
	return a->from / PAIR <= (b->to - 1) / PAIR && b->from / PAIR <= (a->to - 1) / PAIR;
}

static void nothing_shared(void **state)
{
	struct lane *l[LANES];
	struct range r[LANES][MOST];
	uint32_t n[LANES];

	for (int i = 0; i < LANES; i++) {
		l[i] = harness_lane();
		n[i] = written(l[i], r[i]);
	}
	for (int i = 0; i < LANES; i++)
		for (int k = i + 1; k < LANES; k++)
			for (uint32_t a = 0; a < n[i]; a++)
				for (uint32_t b = 0; b < n[k]; b++)
					if (touch_one_pair(&r[i][a], &r[k][b]))
						fail_msg("part %u of lane %d and part %u of lane "
							 "%d lie in one pair of lines",
							a, i, b, k);
	for (int i = 0; i < LANES; i++)
		lane_free(l[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_shared)};

	return harness_main("layout", tests, sizeof tests / sizeof *tests);
}
