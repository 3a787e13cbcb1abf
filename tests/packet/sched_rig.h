/* SPDX-License-Identifier: BSD-3-Clause */

/* Lanes and a pool for tests of picking: flows are counts here, begun and ended at will, so that a
 * test can hold thousands of connections and let time pass as it likes. */

#ifndef SLUICE_TESTS_SCHED_RIG_H
#define SLUICE_TESTS_SCHED_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "datapath/pick.h"
#include "random.h"

#define SCHED_RIG_MEMBERS 1000
#define SCHED_RIG_LANES   16

struct sched_rig {
	struct maglev_member member[SCHED_RIG_MEMBERS]; /* member i has slot i */
	uint32_t n;
	struct lane *lane[SCHED_RIG_LANES];
	uint32_t n_lanes;
	struct load_view *load;
	struct sched_spec spec;
	struct sched_table *table;
	struct service service;
};

/* n members of weight 100 on this many lanes, no flows, nothing known of the backends. */
void sched_rig_start(struct sched_rig *r, uint32_t n, uint32_t n_lanes);
void sched_rig_end(struct sched_rig *r);

/* Compile the members for a scheduler; what flows there are stay. */
void sched_rig_use(struct sched_rig *r, enum scheduler s);

/* What a worker picks for a new flow of this slot hash on a lane, counted there as a flow. Proves
 * that it is a member. */
uint16_t sched_rig_begin(struct sched_rig *r, uint32_t lane, uint64_t hash);
void sched_rig_finish(struct sched_rig *r, uint32_t lane, uint16_t slot);

/* Flows of a member over all lanes, and the greatest of them by the mean. */
uint32_t sched_rig_flows(const struct sched_rig *r, uint32_t member);
double sched_rig_imbalance(const struct sched_rig *r);

/* The control thread's count. */
void sched_rig_count(struct sched_rig *r);

#endif
