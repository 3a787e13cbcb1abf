/* SPDX-License-Identifier: BSD-3-Clause */

/* bpf: the operator's own program. It speaks of members by their number in the order of their
 * identities, which is the order of the candidates. */

#include "table/sched.h"

int sched_bpf(struct sched_table *t);

int sched_bpf(struct sched_table *t)
{
	const int rc = sched_fill_candidates(t, SCHED_FLOWS, false);

	t->shape = SCHED_PROGRAM;
	return rc;
}
