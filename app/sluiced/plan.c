/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/table.h"
#include "daemon.h"
#include "plan.h"
#include "table/sched_diff.h"

/* One pool, as it runs and as the draft has it. */
struct plan {
	const struct daemon *d;
	const struct conf_pool *was, *is;
	const uint16_t *slots; /* of the backends of `was` */
	const struct sched_table *now;
	uint32_t *effective; /* by slot: weight in the table */
	bool *own;           /* by slot: of a backend of `was` */
	struct maglev_member *members;
	size_t n;
	uint32_t fresh; /* a slot that nobody has */
};

/* Where a backend of the draft stands in the running pool: mostly at the same place. */
static const struct conf_backend *find_before(
	const struct plan *p, const struct conf_backend *be, size_t near)
{
	const struct conf_pool *was = p->was;

	if (near < was->n_backends && sl_addr_eq(&was->backends[near].address, &be->address))
		return &was->backends[near];
	for (size_t i = 0; i < was->n_backends; i++)
		if (sl_addr_eq(&was->backends[i].address, &be->address))
			return &was->backends[i];
	return NULL;
}

uint32_t plan_weight(
	const struct conf_backend *was, const struct conf_backend *is, uint32_t effective)
{
	if (is->admin != CONF_ADMIN_READY)
		return 0;
	if (!was || was->admin != CONF_ADMIN_READY || !was->weight)
		return is->weight;
	const uint64_t scaled = (uint64_t)effective * is->weight / was->weight;

	return (uint32_t)(effective && is->weight && !scaled ? 1 : scaled);
}

static void add(struct plan *p, const struct conf_backend *be, size_t near)
{
	const struct conf_backend *was = find_before(p, be, near);
	const uint16_t slot = was ? p->slots[was - p->was->backends] : (uint16_t)p->fresh++;
	const uint32_t weight = plan_weight(was, be, was ? p->effective[slot] : 0);

	if (weight)
		p->members[p->n++] = (struct maglev_member){
			.address = be->address, .id = be->id, .weight = weight, .slot = slot};
}

/* The members then: those of the draft, and what the pool borrows from others today. */
static void list(struct plan *p)
{
	for (size_t i = 0; i < p->was->n_backends; i++)
		p->own[p->slots[i]] = true;
	for (size_t i = 0; i < p->now->spec.n; i++)
		p->effective[p->now->spec.members[i].slot] = p->now->spec.members[i].weight;
	for (size_t i = 0; i < p->is->n_backends; i++)
		add(p, &p->is->backends[i], i);
	for (size_t i = 0; i < p->now->spec.n; i++)
		if (!p->own[p->now->spec.members[i].slot])
			p->members[p->n++] = p->now->spec.members[i];
}

/* Build the table and compare; an item where something moves, or NULL. *rc = -ENOMEM on failure. */
static json_t *compare(const struct plan *p, int *rc)
{
	const struct sched_spec spec = compile_sched_spec(p->is, p->members, p->n);
	struct sched_table *then = sched_same(p->now, &spec) ? NULL : sched_compile(&spec);
	double moved = 0;
	bool by_slots = false;

	if (then)
		*rc = sched_moved(p->now, then, p->was->hash == p->is->hash, &moved, &by_slots);
	sched_unref(then);
	if (*rc || !moved)
		return NULL;
	return json_pack("{s:s, s:f, s:s}", "pool", p->is->name, "moved", moved, "by",
		by_slots ? "slots" : "shares");
}

static json_t *plan_pool(struct plan *p, int *rc)
{
	json_t *item = NULL;

	p->fresh = ids_top(p->d->slots);
	p->effective = calloc(BACKEND_SLOTS, sizeof *p->effective);
	p->own = calloc(BACKEND_SLOTS, sizeof *p->own);
	p->members = calloc(p->is->n_backends + p->now->spec.n + 1, sizeof *p->members);
	*rc = p->effective && p->own && p->members ? 0 : -ENOMEM;
	if (!*rc && p->fresh + p->is->n_backends > BACKEND_SLOTS)
		*rc = -ENOSPC;
	if (!*rc) {
		list(p);
		item = compare(p, rc);
	}
	free(p->effective);
	free(p->own);
	free(p->members);
	return item;
}

static const struct conf_pool *find_pool(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_pools; i++)
		if (strcmp(conf->pools[i].name, name) == 0)
			return &conf->pools[i];
	return NULL;
}

json_t *plan_moves(const struct daemon *d, const struct conf *draft)
{
	const struct conf *running = d->running->conf;
	json_t *array = json_array();
	size_t first = 0;
	int rc = 0;

	for (size_t i = 0; i < running->n_pools && !rc; i++) {
		struct plan p = {
			.d = d,
			.was = &running->pools[i],
			.is = find_pool(draft, running->pools[i].name),
			.slots = d->running->slots + first,
			.now = d->rcu.current->tables[i],
		};
		json_t *item = p.is ? plan_pool(&p, &rc) : NULL;

		if (item)
			json_array_append_new(array, item);
		first += running->pools[i].n_backends;
	}
	if (!rc)
		return array;
	json_decref(array);
	return NULL;
}
