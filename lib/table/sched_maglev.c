/* SPDX-License-Identifier: BSD-3-Clause */

/* maglev, and what is a Maglev table with another number to index it by: source-hash (the hash of
 * the source address alone, see enum slot_fields) and random (chance). */

#include "table/sched.h"

int sched_maglev(struct sched_table *t);
int sched_source_hash(struct sched_table *t);
int sched_random(struct sched_table *t);

int sched_maglev(struct sched_table *t)
{
	return sched_fill_maglev(t);
}

int sched_source_hash(struct sched_table *t)
{
	return sched_fill_maglev(t);
}

int sched_random(struct sched_table *t)
{
	t->shape = SCHED_CHANCE;
	return sched_fill_maglev(t);
}
