/* SPDX-License-Identifier: BSD-3-Clause */

/* What outlives a restart: states of members and checks, in state_dir/health.json. The file is
 * written beside its place and moved there; one that is older than RESTORE_MS, from another boot or
 * not understood is not used. */

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/log.h"
#include "board.h"
#include "daemon.h"

#define RESTORE_MS 60000
#define VERSION    1
#define BOOT_BYTES 40

/* The clock counts from the boot, so it means nothing after another one. */
static void boot_id(char id[BOOT_BYTES])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f || !fgets(id, BOOT_BYTES, f))
		strcpy(id, "?");
	id[strcspn(id, "\n")] = '\0';
	if (f)
		fclose(f);
}

static char *path_of(const struct board *b, const char *suffix)
{
	const struct conf *conf = b->d->running ? b->d->running->conf : b->d->first->conf;
	char *path;

	if (!conf || asprintf(&path, "%s/health.json%s", conf->daemon.state_dir, suffix) < 0)
		return NULL;
	return path;
}

static json_t *member_state(const struct board_member *m, const struct board_pool *p, uint64_t now)
{
	char address[SL_ADDR_STRLEN];

	return json_pack("{s:s, s:s, s:s, s:I, s:f, s:b, s:I, s:f, s:f}", "pool", m->pool_name,
		"address", sl_addr_format(&m->address, address), "state",
		health_state_name(m->m.state), "since_ms", (json_int_t)m->m.since_ms, "penalty",
		member_penalty(&m->m, &p->params, now), "suppressed", m->m.suppressed,
		"suppressed_ms", (json_int_t)m->m.suppressed_ms, "latency_us",
		m->m.measured ? m->m.latency_us : 0.0, "error_permille", m->m.error_permille);
}

/* twalk has no argument for its function. */
static json_t *check_list;

static void save_check(const void *node, VISIT which, int depth)
{
	const struct board_check *c = *(struct board_check *const *)node;

	(void)depth;
	if ((which == postorder || which == leaf) && c->health.state != HEALTH_INIT)
		json_array_append_new(check_list, json_pack("{s:s, s:s}", "key", c->key, "state",
							  health_state_name(c->health.state)));
}

static json_t *state_of(const struct board *b)
{
	const uint64_t now = daemon_now_ms();
	char boot[BOOT_BYTES];
	json_t *members = json_array();

	boot_id(boot);
	check_list = json_array();
	for (size_t i = 0; i < b->n_members; i++)
		json_array_append_new(
			members, member_state(b->members[i], &b->pools[b->members[i]->pool], now));
	twalk(b->checks, save_check);
	return json_pack("{s:i, s:s, s:I, s:o, s:o}", "version", VERSION, "boot", boot, "at_ms",
		(json_int_t)now, "members", members, "checks", check_list);
}

static int write_file(const char *path, const char *place, const json_t *state)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return -errno;
	int rc = json_dumpf(state, f, JSON_COMPACT) ? -EIO : 0;

	if (fclose(f) != 0 && !rc)
		rc = -errno;
	if (!rc && rename(path, place) != 0)
		rc = -errno;
	if (rc)
		unlink(path);
	return rc;
}

void board_save(struct board *b)
{
	static int told;
	char *path = path_of(b, ".new"), *place = path_of(b, "");
	const struct conf *conf = b->d->running ? b->d->running->conf : NULL;
	json_t *state = conf && path && place ? state_of(b) : NULL;
	int rc = -ENOMEM;

	if (conf)
		mkdir(conf->daemon.state_dir, 0750);
	if (state)
		rc = write_file(path, place, state);
	if (conf && rc && rc != told)
		log_warn("cannot write %s: %s; a restart begins without health",
			place ? place : "the state of health", strerror(-rc));
	told = rc;
	json_decref(state);
	free(path);
	free(place);
	b->saved_ms = daemon_now_ms();
	b->unsaved = false;
}

static bool state_named(const char *name, enum health_state *out)
{
	for (int s = HEALTH_UP; s <= HEALTH_DOWN; s++)
		if (strcmp(name, health_state_name((enum health_state)s)) == 0) {
			*out = (enum health_state)s;
			return true;
		}
	return false;
}

static struct board_member *member_named(
	const struct board *b, const char *pool, const struct sl_addr *address)
{
	for (size_t p = 0; p < b->n_pools; p++) {
		if (strcmp(b->pools[p].name, pool) != 0)
			continue;
		for (uint32_t i = b->pools[p].first; i < b->pools[p].first + b->pools[p].n; i++)
			if (sl_addr_eq(&b->members[i]->address, address))
				return b->members[i];
	}
	return NULL;
}

static bool restore_member(struct board *b, json_t *o, uint64_t now)
{
	const char *pool, *address, *state;
	json_int_t since, suppressed_ms;
	double penalty, latency, errors;
	struct board_member *m;
	struct sl_addr addr;
	int suppressed;

	if (json_unpack(o, "{s:s, s:s, s:s, s:I, s:F, s:b, s:I, s:F, s:F}", "pool", &pool,
		    "address", &address, "state", &state, "since_ms", &since, "penalty", &penalty,
		    "suppressed", &suppressed, "suppressed_ms", &suppressed_ms, "latency_us",
		    &latency, "error_permille", &errors) != 0 ||
		sl_addr_parse(address, &addr) != 0)
		return false;
	m = member_named(b, pool, &addr);
	if (!m || !m->n_questions || !state_named(state, &m->m.state))
		return false;
	m->m.since_ms = since > 0 && (uint64_t)since <= now ? (uint64_t)since : now;
	m->m.penalty = penalty >= 0 && penalty < 1e6 ? penalty : 0;
	m->m.penalty_ms = now;
	m->m.suppressed = suppressed;
	m->m.suppressed_ms =
		suppressed_ms > 0 && (uint64_t)suppressed_ms <= now ? (uint64_t)suppressed_ms : now;
	m->m.measured = latency > 0;
	m->m.latency_us = latency > 0 ? latency : 0;
	m->m.error_permille = errors >= 0 && errors <= 1000 ? errors : 0;
	return true;
}

static int cmp_key(const void *a, const void *b)
{
	return strcmp(((const struct board_check *)a)->key, ((const struct board_check *)b)->key);
}

static void restore_check(struct board *b, json_t *o, uint64_t now)
{
	struct board_check key = {0}, **found;
	const char *text, *state;

	if (json_unpack(o, "{s:s, s:s}", "key", &text, "state", &state) != 0)
		return;
	key.key = (char *)(uintptr_t)text;
	found = tfind(&key, &b->checks, cmp_key);
	if (found && state_named(state, &(*found)->health.state))
		(*found)->health.since_ms = now;
}

void board_restore(struct board *b)
{
	char *path = path_of(b, ""), boot[BOOT_BYTES];
	json_t *state = path ? json_load_file(path, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const uint64_t now = daemon_now_ms();
	json_t *members, *checks, *o;
	const char *of_boot;
	json_int_t at;
	size_t i, n = 0;
	int version;

	boot_id(boot);
	if (state &&
		json_unpack(state, "{s:i, s:s, s:I, s:o, s:o}", "version", &version, "boot",
			&of_boot, "at_ms", &at, "members", &members, "checks", &checks) == 0 &&
		version == VERSION && strcmp(boot, of_boot) == 0 && at > 0 && (uint64_t)at <= now &&
		now - (uint64_t)at < RESTORE_MS) {
		json_array_foreach(members, i, o) n += restore_member(b, o, now);
		json_array_foreach(checks, i, o) restore_check(b, o, now);
		log_info("health of %zu backends restored, %u s old", n,
			(unsigned int)((now - (uint64_t)at) / 1000));
	}
	json_decref(state);
	free(path);
}
