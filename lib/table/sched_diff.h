/* SPDX-License-Identifier: BSD-3-Clause */

/* Comparing tables: how far shares are from what is meant, and what a change would move. Pure. */

#ifndef SLUICE_TABLE_SCHED_DIFF_H
#define SLUICE_TABLE_SCHED_DIFF_H

#include "table/sched.h"

/* Share of new flows that member i should have by the members' weights; evenly where the scheduler
 * does not go by them. 0 to 1. */
double sched_meant(const struct sched_table *t, size_t i);

/* The greatest distance of a share from what is meant, as a part of that: 0.01 = 1 %. 0 without
 * members. */
double sched_deviation(const struct sched_table *t);

/* Share of new flows that `to` gives another backend than `from`. Between two tables that go by the
 * same hash (same_hash: the same fields of it) that is what moves, entry by entry. Else it is what
 * the shares of the members differ by: no single flow's backend is known before. *by_slots says
 * which. -ENOMEM, else 0. */
int sched_moved(const struct sched_table *from, const struct sched_table *to, bool same_hash,
	double *moved, bool *by_slots);

#endif
