/* SPDX-License-Identifier: BSD-3-Clause */

/* Backup pools: they exist, do not go in a circle, and bring nobody who is there already. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/hint.h"
#include "conf/schema.h"

static void find_backup(struct check *c, struct conf_pool *pool)
{
	const struct conf_pool key = {.name = pool->backup_pool};
	const struct conf_pool *backup;
	struct hint hint = {.word = pool->backup_pool};
	char near[HINT_STRLEN];

	pool->backup_index = -1;
	if (!pool->backup_pool)
		return;
	backup = order_find(&c->pool_names, &key);
	if (backup) {
		pool->backup_index = (int)(backup - c->conf->pools);
		return;
	}
	for (size_t i = 0; i < c->conf->n_pools && !check_is_full(c); i++)
		hint_offer(&hint, c->conf->pools[i].name);
	check_fail(c, &pool->place, "pool \"%s\": backup_pool \"%s\" does not exist%s", pool->name,
		pool->backup_pool, hint_format(&hint, near));
}

/* A chain of backups that comes back to its begin is reported where it begins; one that runs into a
 * circle further on is reported there. True when it ends. */
static bool chain_ends(struct check *c, const struct conf_pool *pool)
{
	const struct conf *conf = c->conf;
	const struct conf_pool *at = pool;

	for (size_t steps = 0; at->backup_index >= 0; steps++) {
		at = &conf->pools[at->backup_index];
		if (at == pool) {
			check_fail(c, &pool->place,
				steps ? "pool \"%s\": its backup_pool \"%s\" leads back to it"
				      : "pool \"%s\": it is its own backup_pool",
				pool->name, pool->backup_pool);
			return false;
		}
		if (steps > conf->n_pools)
			return false;
	}
	return true;
}

static int cmp_backend_address(const void *a, const void *b)
{
	const struct conf_backend *const *ba = a, *const *bb = b;

	return memcmp(&(*ba)->address, &(*bb)->address, sizeof(*ba)->address);
}

static size_t count_chain(const struct conf *conf, const struct conf_pool *pool)
{
	size_t n = pool->n_backends;

	for (; pool->backup_index >= 0; n += pool->n_backends)
		pool = &conf->pools[pool->backup_index];
	return n;
}

/* Which pool of the chain has this backend. */
static const struct conf_pool *pool_of(
	const struct conf *conf, const struct conf_pool *pool, const struct conf_backend *b)
{
	while (b < pool->backends || b >= pool->backends + pool->n_backends)
		pool = &conf->pools[pool->backup_index];
	return pool;
}

/* One table may hold an address once only; twice in one pool is check_backends' to say. */
static int check_chain(struct check *c, const struct conf_pool *pool)
{
	const size_t n = count_chain(c->conf, pool);
	const struct conf_backend **all = calloc(n + 1, sizeof *all);
	const struct conf_pool *at = pool;
	char text[SL_ADDR_STRLEN];
	size_t used = 0;

	if (!all)
		return -ENOMEM;
	for (;;) {
		for (size_t i = 0; i < at->n_backends; i++)
			if (!at->backends[i].place.broken)
				all[used++] = &at->backends[i];
		if (at->backup_index < 0)
			break;
		at = &c->conf->pools[at->backup_index];
	}
	qsort(all, used, sizeof *all, cmp_backend_address);
	for (size_t i = 1; i < used; i++)
		if (sl_addr_eq(&all[i - 1]->address, &all[i]->address) &&
			pool_of(c->conf, pool, all[i - 1]) != pool_of(c->conf, pool, all[i]))
			check_fail(c, &pool->place,
				"pool \"%s\": backend %s is in its backup_pool too: a backup "
				"needs backends of its own",
				pool->name, sl_addr_format(&all[i]->address, text));
	free(all);
	return 0;
}

static void check_policy(struct check *c, const struct conf_pool *pool)
{
	if (pool->require > pool->n_checks)
		check_fail(c, &pool->place,
			"pool \"%s\": require = \"%s\", but it has %zu checks: it could never be "
			"up",
			pool->name, conf_require_name(pool->require), pool->n_checks);
	if (pool->flap.suppress && pool->flap.reuse >= pool->flap.suppress)
		check_fail(c, &pool->place,
			"pool \"%s\": flap.reuse %u is not below flap.suppress %u", pool->name,
			pool->flap.reuse, pool->flap.suppress);
	if (pool->outlier.eject_s > pool->outlier.max_eject_s)
		check_fail(c, &pool->place,
			"pool \"%s\": outlier.eject_s %u is above outlier.max_eject_s %u",
			pool->name, pool->outlier.eject_s, pool->outlier.max_eject_s);
	if (pool->outlier.error_pct && (pool->track == CONF_TRACK_NONE || !c->conf->flows.per_lane))
		check_fail(c, &pool->place,
			"pool \"%s\": outlier.error_pct needs connections that are remembered: "
			"track = \"all\", and flows.per_lane above 0",
			pool->name);
}

int check_backups(struct check *c)
{
	int rc = 0;

	for (size_t i = 0; i < c->conf->n_pools; i++)
		find_backup(c, &c->conf->pools[i]);
	for (size_t i = 0; i < c->conf->n_pools && !rc; i++) {
		const struct conf_pool *pool = &c->conf->pools[i];

		if (pool->place.broken)
			continue;
		check_policy(c, pool);
		if (pool->backup_index >= 0 && chain_ends(c, pool))
			rc = check_chain(c, pool);
	}
	return rc;
}
