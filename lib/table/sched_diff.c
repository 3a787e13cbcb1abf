/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "table/sched_diff.h"

static bool is_even(const struct sched_table *t)
{
	return t->spec.scheduler == SCHEDULER_RR || t->spec.scheduler == SCHEDULER_LC;
}

double sched_meant(const struct sched_table *t, size_t i)
{
	double sum = 0;

	if (is_even(t))
		return 1.0 / (double)t->spec.n;
	for (size_t k = 0; k < t->spec.n; k++)
		sum += t->spec.members[k].weight;
	return t->spec.members[i].weight / sum;
}

double sched_deviation(const struct sched_table *t)
{
	double most = 0, sum = 0;

	for (size_t k = 0; k < t->spec.n; k++)
		sum += is_even(t) ? 1 : t->spec.members[k].weight;
	if (t->shape == SCHED_LOAD || t->shape == SCHED_PROGRAM)
		return 0;
	for (size_t i = 0; i < t->spec.n; i++) {
		const double meant = (is_even(t) ? 1 : t->spec.members[i].weight) / sum;
		const double off = fabs((double)t->owned[i] / sched_turns(t) / meant - 1);

		most = off > most ? off : most;
	}
	return most;
}

/* Tables of different sizes are laid over each other: a hash is a point of both. */
static double moved_entries(const struct sched_table *a, const struct sched_table *b)
{
	const double size_a = a->size, size_b = b->size;
	double moved = 0, at = 0;
	uint32_t i = 0, k = 0;

	while (i < a->size && k < b->size) {
		const double end_a = (i + 1) / size_a, end_b = (k + 1) / size_b;
		const double end = end_a < end_b ? end_a : end_b;

		if (a->entry[i] != b->entry[k])
			moved += end - at;
		at = end;
		i += end_a <= end;
		k += end_b <= end;
	}
	return moved;
}

static void add_shares(const struct sched_table *t, double *by_slot, double sign)
{
	double sum = 0;

	for (size_t i = 0; i < t->spec.n; i++)
		sum += t->spec.members[i].weight;
	for (size_t i = 0; i < t->spec.n; i++) {
		const struct maglev_member *m = &t->spec.members[i];
		double share = (double)t->owned[i] / sched_turns(t);

		if (t->shape == SCHED_LOAD || t->shape == SCHED_PROGRAM)
			share = is_even(t) ? 1.0 / (double)t->spec.n : m->weight / sum;
		by_slot[m->slot] += sign * share;
	}
}

int sched_moved(const struct sched_table *from, const struct sched_table *to, bool same_hash,
	double *moved, bool *by_slots)
{
	double *by_slot;

	*by_slots = from->shape == SCHED_TABLE && to->shape == SCHED_TABLE && same_hash;
	if (*by_slots) {
		*moved = moved_entries(from, to);
		return 0;
	}
	by_slot = calloc(MAGLEV_MAX_SLOT + 1, sizeof *by_slot);
	if (!by_slot)
		return -ENOMEM;
	add_shares(from, by_slot, -1);
	add_shares(to, by_slot, 1);
	*moved = 0;
	for (uint32_t s = 0; s <= MAGLEV_MAX_SLOT; s++)
		*moved += fabs(by_slot[s]) / 2;
	free(by_slot);
	return 0;
}
