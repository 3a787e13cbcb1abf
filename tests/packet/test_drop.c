/* SPDX-License-Identifier: BSD-3-Clause */

/* Each drop reason is raised alone, by as many as the packets that deserve it. */

#include "drop_rows.h"
#include "harness.h"

static const struct drop_rows *const tables[] = {
	&drop_rows_link, &drop_rows_ip, &drop_rows_transport, &drop_rows_policy};

static struct frame frame;
static struct outcome outcome;

static void patch(struct frame *f, const struct drop_patch *p)
{
	const uint32_t base = p->base == 'f' ? 0 : p->base == 'i' ? f->l3 : f->l4;

	for (uint8_t i = 0; i < p->size; i++)
		f->b[base + p->off + i] = (uint8_t)(p->value >> 8 * (p->size - 1 - i));
}

static void prepare(const struct drop_row *row)
{
	harness_frame(&frame, &row->spec, row->port);
	for (unsigned int i = 0; i < 3 && row->patch[i].size; i++)
		patch(&frame, &row->patch[i]);
	if (!row->raw)
		frame_fix_ipv4(&frame);
	if (row->cut == INT16_MIN)
		frame.len = 0;
	else if (row->cut < 0)
		frame.len = (uint32_t)-row->cut;
	else
		frame.len -= (uint32_t)row->cut;
}

static void drops_n(const struct drop_row *row, uint16_t n)
{
	const uint16_t headroom = (uint16_t)(row->headroom ? -row->headroom - 1 : RIG_HEADROOM);
	struct rte_mbuf *m[BURST_MAX];

	for (uint16_t i = 0; i < n; i++) {
		m[i] = rig_mbuf(frame.b, frame.len, headroom);
		m[i]->ol_flags |= row->ol_flags;
	}
	harness_run(&outcome, row->port, m, n);
	harness_expect(&outcome, row->verdict, n);
}

static void drops(void **state)
{
	const struct drop_row *row = *state;

	prepare(row);
	drops_n(row, 1);
	drops_n(row, 7);
	drops_n(row, BURST_MAX);
}

/* The frame of a row between others that are taken: only the former is dropped. */
static void drops_one_of_many(void **state)
{
	const struct drop_row *row = *state;
	const uint16_t headroom = (uint16_t)(row->headroom ? -row->headroom - 1 : RIG_HEADROOM);
	const struct frame_spec spec = {.dst = VIP6, .dport = PORT_OF(POOL_L2)};
	static struct frame good;
	struct rte_mbuf *m[3];

	harness_frame(&good, &spec, row->port);
	prepare(row);
	m[0] = rig_mbuf(good.b, good.len, RIG_HEADROOM);
	m[1] = rig_mbuf(frame.b, frame.len, headroom);
	m[1]->ol_flags |= row->ol_flags;
	m[2] = rig_mbuf(good.b, good.len, RIG_HEADROOM);
	harness_run(&outcome, row->port, m, 3);
	assert_int_equal(outcome.n, 2);
	assert_int_equal(outcome.count[row->verdict], 1);
	for (uint16_t i = 0; i < 2; i++)
		harness_expect_out(&outcome, i, &good, world_way_in(POOL_L2));
}

/* A new drop reason wants a row here. Those that a frame alone does not raise have tests of their
 * own: tx_full in test_tx.c, rate_limited and mbuf_alloc in test_mtu.c, icmp_unmatched in
 * test_icmp_error.c, frag_overlap and frag_cache_full in test_frag.c. */
static void every_reason_has_a_row(void **state)
{
	uint64_t seen = UINT64_C(1) << VERDICT_TX_FULL | UINT64_C(1) << VERDICT_RATE_LIMITED |
			UINT64_C(1) << VERDICT_MBUF_ALLOC | UINT64_C(1) << VERDICT_ICMP_UNMATCHED |
			UINT64_C(1) << VERDICT_FRAG_OVERLAP |
			UINT64_C(1) << VERDICT_FRAG_CACHE_FULL;

	for (unsigned int t = 0; t < sizeof tables / sizeof *tables; t++)
		for (unsigned int i = 0; i < tables[t]->n; i++)
			seen |= UINT64_C(1) << tables[t]->row[i].verdict;
	for (int v = VERDICT_FIRST_DROP; v < VERDICT_COUNT; v++)
		if (!(seen >> v & 1))
			fail_msg("no row raises %s", verdict_name(v));
}

int main(void)
{
	static struct CMUnitTest tests[512];
	size_t n = 0;

	for (unsigned int t = 0; t < sizeof tables / sizeof *tables; t++)
		for (unsigned int i = 0; i < tables[t]->n; i++) {
			const struct drop_row *row = &tables[t]->row[i];

			tests[n++] = (struct CMUnitTest){
				row->name, drops, NULL, NULL, (void *)(uintptr_t)row};
			tests[n++] = (struct CMUnitTest){
				row->name, drops_one_of_many, NULL, NULL, (void *)(uintptr_t)row};
		}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(every_reason_has_a_row);
	return harness_main("drop", tests, n);
}
