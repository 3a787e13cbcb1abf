/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "table/sched.h"

#define X(ID, id, name, needs, help) int sched_##id(struct sched_table *t);
SCHEDULER_LIST(X)
#undef X

const struct sched_ops schedulers[SCHEDULER_COUNT] = {
#define X(ID, id, name, needs, help) [SCHEDULER_##ID] = {name, sched_##id},
	SCHEDULER_LIST(X)
#undef X
};

/* How many entries or turns each member has. */
static int count_owned(struct sched_table *t)
{
	const bool cursor = t->shape == SCHED_CURSOR;
	const uint16_t *list = cursor ? t->list : t->entry;
	const uint32_t n = sched_turns(t);
	uint32_t *by_slot = calloc(MAGLEV_MAX_SLOT + 1, sizeof *by_slot);

	if (!by_slot)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		by_slot[list[i]]++;
	for (size_t i = 0; i < t->spec.n; i++)
		t->owned[i] = by_slot[t->spec.members[i].slot];
	free(by_slot);
	return 0;
}

static uint64_t mix(uint64_t sum, uint64_t word)
{
	return ((sum << 29 | sum >> 35) ^ word) * UINT64_C(0x9e3779b97f4a7c15);
}

/* The table's checksum, and what else decides: the scheduler's shape, and the turns. */
static int sum_up(struct sched_table *t)
{
	const int rc = maglev_checksum(t->spec.members, t->spec.n, t->entry, t->size, &t->checksum);
	uint64_t *by_slot;

	if (rc || t->shape == SCHED_TABLE)
		return rc;
	t->checksum = mix(t->checksum, (uint64_t)t->shape << 8 | t->metric);
	if (t->shape != SCHED_CURSOR)
		return 0;
	by_slot = maglev_identities(t->spec.members, t->spec.n);
	if (!by_slot)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->n_list; i++)
		t->checksum = mix(t->checksum, by_slot[t->list[i]]);
	free(by_slot);
	return 0;
}

static int fill(struct sched_table *t, const struct sched_spec *spec)
{
	const size_t bytes = spec->n * sizeof *spec->members;
	struct maglev_member *members = malloc(bytes);
	int rc;

	t->spec.members = members;
	t->owned = calloc(spec->n, sizeof *t->owned);
	if (!members || !t->owned)
		return -ENOMEM;
	memcpy(members, spec->members, bytes);
	rc = schedulers[spec->scheduler].compile(t);
	if (!rc)
		rc = sum_up(t);
	return rc ? rc : count_owned(t);
}

struct sched_table *sched_compile(const struct sched_spec *spec)
{
	const uint32_t size = spec->n ? spec->size : 1;
	struct sched_table *t = malloc(sizeof *t + size * sizeof t->entry[0]);

	if (!t)
		return NULL;
	*t = (struct sched_table){.refs = 1, .size = size, .spec = *spec};
	t->spec.members = NULL;
	if (spec->program)
		program_ref(spec->program);
	t->entry[0] = MAGLEV_NONE;
	if (!spec->n || fill(t, spec) == 0)
		return t;
	sched_unref(t);
	return NULL;
}

static bool same_member(const struct maglev_member *a, const struct maglev_member *b)
{
	return sl_addr_eq(&a->address, &b->address) && a->id == b->id && a->weight == b->weight &&
	       a->slot == b->slot;
}

bool sched_same(const struct sched_table *t, const struct sched_spec *spec)
{
	const struct sched_spec *is = &t->spec;

	if (is->scheduler != spec->scheduler || is->size != spec->size || is->n != spec->n ||
		is->virtual_nodes != spec->virtual_nodes || is->flows != spec->flows ||
		is->latency != spec->latency || is->errors != spec->errors ||
		is->max_latency_us != spec->max_latency_us || is->program != spec->program)
		return false;
	for (size_t i = 0; i < spec->n; i++)
		if (!same_member(&is->members[i], &spec->members[i]))
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
	free((void *)(uintptr_t)t->spec.members);
	program_unref(t->spec.program);
	free(t->owned);
	free(t->list);
	free(t->candidate);
	free(t);
}

double sched_share(const struct sched_table *t, size_t i)
{
	double sum = 0;

	if (t->shape != SCHED_LOAD && t->shape != SCHED_PROGRAM)
		return (double)t->owned[i] / sched_turns(t);
	if (t->shape == SCHED_LOAD && t->metric == SCHED_FLOWS)
		return 1.0 / (double)t->spec.n;
	for (size_t k = 0; k < t->spec.n; k++)
		sum += t->spec.members[k].weight;
	return t->spec.members[i].weight / sum;
}

int sched_fill_maglev(struct sched_table *t)
{
	return maglev_compile(t->spec.members, t->spec.n, t->entry, t->size);
}

const struct maglev_member **sched_sorted(const struct sched_table *t)
{
	const struct maglev_member **sorted = calloc(t->spec.n, sizeof *sorted);

	for (size_t i = 0; sorted && i < t->spec.n; i++)
		sorted[i] = &t->spec.members[i];
	if (sorted)
		qsort(sorted, t->spec.n, sizeof *sorted, maglev_identity_cmp);
	return sorted;
}
