/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "compile/compile.h"
#include "compile/own.h"
#include "compile/table.h"
#include "compile/vip.h"
#include "compile/way.h"

/* Weight of backend `number` in the table of its own pool. */
static uint32_t weight_of(
	const struct compile_input *in, const struct conf_backend *be, size_t number)
{
	if (in->health)
		return in->health->backends[number].weight;
	return be->admin == CONF_ADMIN_READY ? be->weight : 0;
}

/* Weight 0 means no new connection; those it has go on. So does drain, but for a time only. What is
 * marked down keeps its TCP connections, or none. */
static enum backend_state backend_state(const struct compile_input *in,
	const struct conf_pool *pool, const struct conf_backend *be, size_t number)
{
	const bool drain = be->admin == CONF_ADMIN_DRAIN;

	if (be->admin == CONF_ADMIN_MAINT || (drain && in->drained && in->drained[number]))
		return BACKEND_GONE;
	/* One that is down and gets new flows all the same, for want of others, keeps them too. */
	if (in->health && in->health->backends[number].down && !in->health->backends[number].weight)
		return pool->on_marked_down == CONF_MARKED_DOWN_REHASH ? BACKEND_GONE
								       : BACKEND_DOWN;
	return drain || !be->weight ? BACKEND_DRAIN : BACKEND_READY;
}

/* `number`: of the backend, over all pools. */
static void compile_backend(struct backend *out, const struct compile_input *in,
	const struct conf_pool *pool, const struct conf_backend *be, size_t number)
{
	out->state = (uint8_t)backend_state(in, pool, be, number);
	compile_way(out, in, pool, be, &in->hops[number]);
}

static void compile_leavers(struct generation *g, const struct compile_input *in)
{
	for (size_t i = 0; i < in->n_leavers; i++) {
		const struct compile_leaver *l = &in->leavers[i];

		g->backends[l->slot].state = BACKEND_DRAIN;
		compile_way(&g->backends[l->slot], in, &l->pool, &l->be, &l->hop);
	}
}

/* Tables of the previous generation by the slot of their first member. Two that begin with the same
 * one, since a pool borrows from another, may hide each other: that costs a build, no more. */
static struct sched_table **index_tables(const struct generation *prev)
{
	struct sched_table **by_slot = calloc(BACKEND_SLOTS, sizeof *by_slot);

	for (size_t t = 0; by_slot && prev && t < prev->n_tables; t++)
		if (prev->tables[t]->spec.n)
			by_slot[prev->tables[t]->spec.members[0].slot] = prev->tables[t];
	return by_slot;
}

/* Work space of a build. */
struct build {
	const struct compile_input *in;
	const struct conf_backend **by_number; /* backends over all pools */
	struct sched_table **by_slot;          /* index_tables() */
	struct sl_err *err;
};

static struct maglev_member member_of(const struct build *b, size_t number, uint32_t weight)
{
	return (struct maglev_member){
		.address = b->by_number[number]->address,
		.id = b->by_number[number]->id,
		.weight = weight,
		.slot = b->in->slots[number],
	};
}

/* The members of pool p, whose first backend is number `first`, and those it borrows. */
static size_t list_members(struct maglev_member *m, const struct build *b, size_t p, size_t first)
{
	const struct conf_pool *pool = &b->in->conf->pools[p];
	const struct health_view_pool *hp = b->in->health ? &b->in->health->pools[p] : NULL;
	size_t n = 0;

	if (hp && hp->action != POOL_ACTION_TABLE)
		return 0;
	for (size_t i = first; i < first + pool->n_backends; i++) {
		const uint32_t weight = weight_of(b->in, b->by_number[i], i);

		if (weight)
			m[n++] = member_of(b, i, weight);
	}
	for (size_t i = 0; hp && i < hp->n_borrowed; i++)
		m[n++] = member_of(b, hp->borrowed[i].backend, hp->borrowed[i].weight);
	return n;
}

/* NULL with a message where it is not as it should be: what is in force stays then. */
static struct sched_table *new_table(
	const struct conf_pool *pool, const struct sched_spec *spec, struct sl_err *err)
{
	struct sched_table *t = sched_compile(spec);
	struct sl_err why = SL_ERR_INIT;

	if (t && sched_check(t, &why) != 0) {
		sl_err_add(err, "pool \"%s\": %s", pool->name,
			why.count ? sl_err_first(&why) : "no memory to look at its table");
		sched_unref(t);
		t = NULL;
	}
	sl_err_clear(&why);
	return t;
}

/* The table of one pool, shared where nothing changed. */
static struct sched_table *compile_table(const struct build *b, size_t p, size_t first)
{
	const struct conf_pool *pool = &b->in->conf->pools[p];
	const size_t borrowed = b->in->health ? b->in->health->pools[p].n_borrowed : 0;
	struct maglev_member *m = malloc((pool->n_backends + borrowed + 1) * sizeof *m);
	struct sched_table *t = NULL, *was;

	if (!m)
		return NULL;
	struct sched_spec spec = compile_sched_spec(pool, m, list_members(m, b, p, first));

	if (compile_program(pool, b->in->prev, &spec.program, b->err)) {
		free(m);
		return NULL;
	}
	was = spec.n ? b->by_slot[m[0].slot] : NULL;
	t = was && sched_same(was, &spec) ? sched_ref(was) : new_table(pool, &spec, b->err);
	program_unref(spec.program);
	free(m);
	return t;
}

/* What each of the pool's own n members has of its table; they stand before the borrowed ones. */
static void note_owned(struct generation *g, const struct sched_table *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		g->owned[t->spec.members[i].slot] = t->owned[i];
}

static bool goes_by_count(const struct sched_table *t)
{
	return t->shape == SCHED_PROGRAM || (t->shape == SCHED_LOAD && t->metric == SCHED_SCORE);
}

static int slot_cmp(const void *left, const void *right)
{
	return *(const uint16_t *)left - *(const uint16_t *)right;
}

/* Which backends' flows are to be counted every few ms: each once, though pools lend members. */
static int list_counted(struct generation *g)
{
	size_t n = 0, k = 0;

	for (size_t t = 0; t < g->n_tables; t++)
		n += goes_by_count(g->tables[t]) ? g->tables[t]->spec.n : 0;
	for (uint32_t slot = 0; slot < g->n_backends; slot++)
		n += g->max_flows[slot] != 0;
	g->counted = calloc(n + 1, sizeof *g->counted);
	if (!g->counted)
		return -ENOMEM;
	for (size_t t = 0; t < g->n_tables; t++)
		for (size_t i = 0; goes_by_count(g->tables[t]) && i < g->tables[t]->spec.n; i++)
			g->counted[g->n_counted++] = g->tables[t]->spec.members[i].slot;
	for (uint32_t slot = 0; slot < g->n_backends; slot++)
		if (g->max_flows[slot])
			g->counted[g->n_counted++] = (uint16_t)slot;
	qsort(g->counted, n, sizeof *g->counted, slot_cmp);
	for (size_t i = 0; i < n; i++)
		if (!k || g->counted[k - 1] != g->counted[i])
			g->counted[k++] = g->counted[i];
	g->n_counted = k;
	return 0;
}

static const struct conf_backend **list_backends(const struct conf *conf)
{
	const struct conf_backend **list =
		calloc(conf_count_backends(conf, conf->n_pools) + 1, sizeof *list);
	size_t n = 0;

	for (size_t p = 0; list && p < conf->n_pools; p++)
		for (size_t i = 0; i < conf->pools[p].n_backends; i++)
			list[n++] = &conf->pools[p].backends[i];
	return list;
}

static int compile_pool(struct generation *g, const struct build *b, size_t p, size_t first)
{
	const struct compile_input *in = b->in;
	const struct conf_pool *pool = &in->conf->pools[p];
	const size_t borrowed = in->health ? in->health->pools[p].n_borrowed : 0;

	for (size_t i = 0; i < pool->n_backends; i++) {
		const uint16_t slot = in->slots[first + i];

		compile_backend(&g->backends[slot], in, pool, &pool->backends[i], first + i);
		g->max_flows[slot] = pool->backends[i].max_flows;
		g->some_limited |= pool->backends[i].max_flows != 0;
		g->pool_of[slot] = in->pools ? in->pools[p] : (uint16_t)p;
	}
	g->tables[p] = compile_table(b, p, first);
	if (!g->tables[p])
		return -ENOMEM;
	if (g->tables[p]->spec.n)
		note_owned(g, g->tables[p], g->tables[p]->spec.n - borrowed);
	return 0;
}

static int compile_pools(struct generation *g, const struct compile_input *in, struct sl_err *err)
{
	const struct build b = {
		.in = in,
		.by_number = list_backends(in->conf),
		.by_slot = index_tables(in->prev),
		.err = err,
	};
	size_t first = 0; /* of the pool in the arrays by backend */
	int rc = b.by_slot && b.by_number ? 0 : -ENOMEM;

	for (size_t p = 0; p < in->conf->n_pools && !rc; p++) {
		rc = compile_pool(g, &b, p, first);
		first += in->conf->pools[p].n_backends;
	}
	free(b.by_slot);
	free(b.by_number);
	return rc ? rc : list_counted(g);
}

static void compile_ports(struct generation *g, const struct compile_input *in)
{
	for (size_t i = 0; i < in->conf->n_ports; i++)
		g->ports[i] = (struct gen_port){
			.mac = in->ports[i].mac,
			.accept_any = in->conf->ports[i].accept_mac == CONF_ACCEPT_ANY,
			.shared = in->ports[i].shared,
		};
}

static void compile_timeouts(struct flow_timeouts *to, const struct conf *conf)
{
	to->idle_s[FLOW_NEW] = (uint16_t)conf->flows.tcp_syn_s;
	to->idle_s[FLOW_ESTABLISHED] = (uint16_t)conf->flows.tcp_established_s;
	to->idle_s[FLOW_CLOSING] = (uint16_t)conf->flows.tcp_closing_s;
	to->idle_s[FLOW_UDP] = (uint16_t)conf->flows.udp_s;
}

int compile_generation(const struct compile_input *in, struct generation **out, struct sl_err *err)
{
	struct generation *g = generation_new(in->n_services, in->n_slots, in->conf->n_pools);
	int rc = g ? 0 : -ENOMEM;
	const size_t before = err->count;

	*out = NULL;
	if (g) {
		g->revision = in->revision;
		hash_key_init(&g->slot_key, in->conf->cluster.hash_key);
		compile_timeouts(&g->flow_timeouts, in->conf);
		compile_ports(g, in);
		compile_leavers(g, in);
		rc = compile_pools(g, in, err);
	}
	if (!rc)
		rc = compile_vips(g, in);
	if (!rc)
		rc = compile_own(g, in);
	if (rc) {
		generation_free(g);
		if (err->count > before)
			return rc;
		return sl_err_sys(err, rc, "cannot build the tables of revision %llu",
			(unsigned long long)in->revision);
	}
	*out = g;
	return 0;
}
