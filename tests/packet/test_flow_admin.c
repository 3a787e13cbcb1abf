/* SPDX-License-Identifier: BSD-3-Clause */

/* What an operator's drain and maintenance do to connections that are there, seen in the packets
 * that leave. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "flow_judge.h"

#define FLOWS 20000

/* FLOWS flows over five backends of each pool, counted in `before`. */
static struct judge *start(uint32_t before[FLOW_BACKENDS])
{
	struct judge *j = judge_new(FLOWS, 4 * FLOWS);

	judge_bring_in(j, 0, 5 * FLOW_POOLS);
	open_flows(j, FLOWS);
	census(j, before);
	return j;
}

/* Drain: flows stay, no new one comes, a SYN on an old tuple goes elsewhere, and so does what
 * follows it. Ready again: the rest is still there. */
static void drain_keeps_flows_and_takes_no_new_one(void **state)
{
	uint32_t before[FLOW_BACKENDS], after[FLOW_BACKENDS];
	struct judge *j = start(before);

	j->w.be[0].admin = CONF_ADMIN_DRAIN; /* serves TCP */
	flow_world_publish(&j->w);
	send_range(j, 0, FLOWS, ACK);
	census(j, after);
	assert_memory_equal(before, after, sizeof before);
	assert_true(before[0] > 1000);

	send_range(j, 0, FLOWS / 2, SYN);
	send_range(j, 0, FLOWS, ACK);
	census(j, after);
	assert_in_range(after[0], before[0] * 4 / 10, before[0] * 6 / 10);
	assert_int_equal(after[0], j->w.lane->flows->active[j->w.be[0].slot]);

	j->w.be[0].admin = CONF_ADMIN_READY;
	flow_world_publish(&j->w);
	send_range(j, 0, FLOWS, ACK);
	census(j, before);
	assert_memory_equal(before, after, sizeof before);
	judge_end(j);
}

/* When its time is over, the flows that are left start over by the table, and are counted nowhere.
 */
static void drain_that_is_over_purges(void **state)
{
	uint32_t before[FLOW_BACKENDS], after[FLOW_BACKENDS];
	struct judge *j = start(before);

	j->w.be[0].admin = CONF_ADMIN_DRAIN;
	flow_world_publish(&j->w);
	send_range(j, 0, FLOWS, ACK);
	j->w.be[0].drained = true;
	j->w.be[0].gone++;
	flow_world_publish(&j->w);
	judge_sweep(j, 1);
	assert_int_equal(j->w.lane->flows->active[j->w.be[0].slot], 0);
	send_range(j, 0, FLOWS, ACK);
	census(j, after);
	assert_int_equal(after[0], 0);
	for (uint32_t n = 1; n < 10; n++)
		assert_true(n % 2 ? after[n] == before[n] : after[n] > before[n]);
	judge_end(j);
}

/* Maintenance: the next packet of each flow goes elsewhere, swept or not; no other flow moves. */
static void maintenance_purges_at_once(void **state)
{
	uint32_t before[FLOW_BACKENDS], after[FLOW_BACKENDS];
	struct judge *j = start(before);

	j->w.be[1].admin = CONF_ADMIN_MAINT; /* serves UDP */
	j->w.be[1].gone++;
	flow_world_publish(&j->w);
	send_range(j, 0, FLOWS, ACK);
	census(j, after);
	assert_true(before[1] > 1000);
	assert_int_equal(after[1], 0);
	assert_int_equal(j->w.lane->flows->active[j->w.be[1].slot], 0);
	for (uint32_t n = 0; n < 10; n++)
		if (n != 1)
			assert_true(n % 2 ? after[n] > before[n] : after[n] == before[n]);

	j->w.be[1].admin = CONF_ADMIN_READY; /* those that moved stay where they are now */
	flow_world_publish(&j->w);
	send_range(j, 0, FLOWS, ACK);
	census(j, before);
	assert_memory_equal(before, after, sizeof before);
	judge_end(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drain_keeps_flows_and_takes_no_new_one),
		cmocka_unit_test(drain_that_is_over_purges),
		cmocka_unit_test(maintenance_purges_at_once),
	};

	printf("hash: %s, code: %s\n", hash_init(), pipeline_init());
	return cmocka_run_group_tests_name("flow_admin", tests, NULL, NULL);
}
