/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cut.h"
#include "daemon.h"

/* The slot of a backend of the running configuration. */
static bool find_slot(
	const struct daemon *d, const char *pool_name, const char *name, uint16_t *slot)
{
	const struct conf *conf = d->running->conf;
	size_t n = 0;

	for (size_t p = 0; p < conf->n_pools; p++) {
		const struct conf_pool *pool = &conf->pools[p];
		const bool mine = strcmp(pool->name, pool_name) == 0;

		for (size_t i = 0; mine && i < pool->n_backends; i++)
			if (strcmp(pool->backends[i].name, name) == 0) {
				*slot = d->running->slots[n + i];
				return true;
			}
		n += pool->n_backends;
	}
	return false;
}

int cut_backend(struct ctl_call *call, const struct daemon *d, struct change_draft *draft,
	const char *pool, const char *backend)
{
	uint16_t slot;
	uint64_t flows;

	if (!find_slot(d, pool, backend, &slot))
		return 0;
	flows = stats_flows(&d->stats, slot);
	if (flows && !ctl_call_boolean(call, "force", false))
		return ctl_call_fail(call, EBUSY,
			"drain it first and wait until it has none, or use force, which sends "
			"their "
			"next packets to other backends",
			"backend \"%s\" has %llu live connections", backend,
			(unsigned long long)flows);
	return flows ? change_force_out(draft, slot) : 0;
}

/* Mark a pool and those that may help it. */
static void reach(const struct conf *conf, size_t pool, bool *reached)
{
	int p = (int)pool;

	while (p >= 0 && !reached[p]) {
		reached[p] = true;
		p = conf->pools[p].backup_index;
	}
}

/* Connections of the backends that a VIP can lead to. */
static uint64_t count_behind(const struct daemon *d, const bool *reached)
{
	const struct conf *conf = d->running->conf;
	uint64_t flows = 0;
	size_t n = 0;

	for (size_t p = 0; p < conf->n_pools; p++)
		for (size_t i = 0; i < conf->pools[p].n_backends; i++, n++)
			if (reached[p])
				flows += stats_flows(&d->stats, d->running->slots[n]);
	return flows;
}

static int count_live(const struct daemon *d, size_t index, uint64_t *live)
{
	const struct conf *conf = d->running->conf;
	const struct conf_vip *vip = &conf->vips[index];
	const uint64_t began =
		stats_new_flows(&d->stats, STATS_SERVICE, d->running->services[index]);
	bool *reached;

	*live = 0;
	if (!began)
		return 0;
	reached = calloc(conf->n_pools, sizeof *reached);
	if (!reached)
		return -ENOMEM;
	reach(conf, vip->pool_index, reached);
	for (size_t r = 0; r < vip->n_rules; r++)
		reach(conf, vip->rules[r].pool_index, reached);
	*live = count_behind(d, reached);
	if (*live > began)
		*live = began;
	free(reached);
	return 0;
}

int cut_vip(struct ctl_call *call, const struct daemon *d, const char *vip)
{
	const struct conf *conf = d->running->conf;
	uint64_t live = 0;
	size_t i = 0;

	while (i < conf->n_vips && strcmp(conf->vips[i].name, vip) != 0)
		i++;
	if (i == conf->n_vips || ctl_call_boolean(call, "force", false))
		return 0;
	if (count_live(d, i, &live))
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	if (!live)
		return 0;
	return ctl_call_fail(call, EBUSY,
		"drain the backends of its pool and wait until they have none, or use force, which "
		"ends them",
		"VIP \"%s\" may have up to %llu live connections", vip, (unsigned long long)live);
}
