/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "table/sched.h"

/* How many entries each member has. */
static int count_owned(struct sched_table *t)
{
	uint32_t *by_slot = calloc(MAGLEV_MAX_SLOT + 1, sizeof *by_slot);

	if (!by_slot)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->size; i++)
		by_slot[t->entry[i]]++;
	for (size_t i = 0; i < t->n_members; i++)
		t->owned[i] = by_slot[t->members[i].slot];
	free(by_slot);
	return 0;
}

static int fill(struct sched_table *t, const struct maglev_member *members, size_t n)
{
	int rc;

	t->members = malloc(n * sizeof *t->members);
	t->owned = calloc(n, sizeof *t->owned);
	if (!t->members || !t->owned)
		return -ENOMEM;
	memcpy(t->members, members, n * sizeof *members);
	t->n_members = n;
	rc = maglev_compile(members, n, t->entry, t->size);
	if (!rc)
		rc = maglev_checksum(members, n, t->entry, t->size, &t->checksum);
	return rc ? rc : count_owned(t);
}

struct sched_table *sched_maglev(const struct maglev_member *members, size_t n, uint32_t size)
{
	struct sched_table *t = malloc(sizeof *t + size * sizeof t->entry[0]);

	if (!t)
		return NULL;
	*t = (struct sched_table){.refs = 1, .size = size};
	if (fill(t, members, n) == 0)
		return t;
	sched_unref(t);
	return NULL;
}

struct sched_table *sched_none(void)
{
	struct sched_table *t = malloc(sizeof *t + sizeof t->entry[0]);

	if (!t)
		return NULL;
	*t = (struct sched_table){.refs = 1, .size = 1};
	t->entry[0] = MAGLEV_NONE;
	return t;
}

static bool same_member(const struct maglev_member *a, const struct maglev_member *b)
{
	return sl_addr_eq(&a->address, &b->address) && a->id == b->id && a->weight == b->weight &&
	       a->slot == b->slot;
}

bool sched_same(
	const struct sched_table *t, const struct maglev_member *members, size_t n, uint32_t size)
{
	if (t->size != size || t->n_members != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!same_member(&t->members[i], &members[i]))
			return false;
	return true;
}

struct sched_table *sched_ref(struct sched_table *t)
{
	__atomic_fetch_add(&t->refs, 1, __ATOMIC_RELAXED);
	return t;
}

void sched_unref(struct sched_table *t)
{
	if (!t || __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL))
		return;
	free(t->members);
	free(t->owned);
	free(t);
}
