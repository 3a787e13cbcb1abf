/* SPDX-License-Identifier: BSD-3-Clause */

/* A table is looked at before workers get it: a fault of a scheduler would send flows anywhere. */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "table/sched.h"

/* A member may have so many entries more or less than its weight asks for, or 1 % of those. */
#define ENTRIES_OFF  3
/* In smaller tables, with fewer entries than this for a member, many members have none at all, and
 * others more for it: the rule is for tables that can be even. */
#define ENTRIES_EACH 10

/* How many of the n slots in list each member has; of NULL: nobody asks. False: one is no
 * member's. */
static bool count(const uint16_t *list, uint32_t n, const uint16_t *number, uint32_t *of)
{
	for (uint32_t i = 0; i < n; i++) {
		if (list[i] > MAGLEV_MAX_SLOT || number[list[i]] == MAGLEV_NONE)
			return false;
		if (of)
			of[number[list[i]]]++;
	}
	return true;
}

static int check_slots(
	const struct sched_table *t, const uint16_t *number, uint32_t *of, struct sl_err *err)
{
	bool good = count(t->entry, t->size, number, of) &&
		    count(t->list, t->list ? t->n_list : 0, number, NULL);

	for (uint32_t i = 0; good && t->candidate && i < t->n_candidates; i++)
		good = count(&t->candidate[i].slot, 1, number, NULL);
	return good ? 0
		    : sl_err_add(err,
			      "the table names a backend that is not of its pool; this is a "
			      "fault of sluiced");
}

/* A ring is as even as its points happen to lie; every other table is filled by Maglev. */
static int check_shares(const struct sched_table *t, const uint32_t *of, struct sl_err *err)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < t->spec.n; i++)
		sum += t->spec.members[i].weight;
	if (t->spec.scheduler == SCHEDULER_RING || t->size < ENTRIES_EACH * t->spec.n)
		return 0;
	for (size_t i = 0; i < t->spec.n; i++) {
		const double due = (double)t->size * t->spec.members[i].weight / (double)sum;
		const double off = of[i] > due ? of[i] - due : due - of[i];
		char address[SL_ADDR_STRLEN];

		if (off > ENTRIES_OFF && off > due / 100)
			return sl_err_add(err,
				"backend %s has %u of %u entries of its table and not %.0f; this "
				"is a fault of sluiced",
				sl_addr_format(&t->spec.members[i].address, address), of[i],
				t->size, due);
	}
	return 0;
}

int sched_check(const struct sched_table *t, struct sl_err *err)
{
	uint16_t *number = malloc((MAGLEV_MAX_SLOT + 1) * sizeof *number);
	uint32_t *of = calloc(t->spec.n + 1, sizeof *of);
	int rc = number && of ? 0 : -ENOMEM;

	if (!rc && t->spec.n) {
		memset(number, 0xff, (MAGLEV_MAX_SLOT + 1) * sizeof *number);
		for (size_t i = 0; i < t->spec.n; i++)
			number[t->spec.members[i].slot] = (uint16_t)i;
		rc = check_slots(t, number, of, err);
		if (!rc)
			rc = check_shares(t, of, err);
	}
	free(number);
	free(of);
	return rc;
}
