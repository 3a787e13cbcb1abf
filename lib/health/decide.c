/* SPDX-License-Identifier: BSD-3-Clause */

#include "health/decide.h"

static const struct {
	const char *name, *help;
} reasons[DECIDE_REASON_COUNT] = {
#define DECIDE_REASON_ROW(id, name, help) {name, help},
	DECIDE_REASON_LIST(DECIDE_REASON_ROW)
#undef DECIDE_REASON_ROW
};

const char *decide_reason_name(enum decide_reason r)
{
	return (unsigned int)r < DECIDE_REASON_COUNT ? reasons[r].name : "?";
}

const char *decide_reason_help(enum decide_reason r)
{
	return (unsigned int)r < DECIDE_REASON_COUNT ? reasons[r].help : "?";
}

/* How far the search for members goes: each step takes in what those before it do. */
enum take {
	TAKE_HEALTHY,
	TAKE_SUPPRESSED,
	TAKE_EJECTED,
	TAKE_ALL,
};

static bool takes(enum take take, const struct decide_memory *memory, const struct decide_member *m)
{
	if (!m->ready)
		return false;
	if (take == TAKE_ALL)
		return true;
	if (m->state == HEALTH_INIT)
		return memory->starting;
	return m->state == HEALTH_UP && (!m->suppressed || take >= TAKE_SUPPRESSED) &&
	       (!m->ejected || take >= TAKE_EJECTED);
}

static uint64_t weigh(
	const struct decide_memory *memory, const struct decide_member *m, size_t n, enum take take)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		if (takes(take, memory, &m[i]))
			sum += m[i].weight;
	return sum;
}

static void share(
	const struct decide_memory *memory, struct decide_member *m, size_t n, enum take take)
{
	for (size_t i = 0; i < n; i++)
		if (takes(take, memory, &m[i]))
			m[i].share = take == TAKE_ALL ? m[i].weight : m[i].effective;
}

static size_t count(const struct decide_member *m, size_t n, bool only_init)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += m[i].ready && (!only_init || m[i].state == HEALTH_INIT);
	return found;
}

static bool below(uint64_t part, uint64_t all, uint64_t pct)
{
	return part * 100 < all * pct;
}

static struct decision ends(
	struct decide_memory *memory, enum decide_reason reason, enum pool_action action)
{
	memory->panic = false;
	memory->calm = false;
	return (struct decision){.reason = reason, .action = action};
}

/* Step 3: as few besides the healthy ones as it takes. */
static enum take widen(const struct decide_rules *rules, const struct decide_memory *memory,
	const struct decide_member *m, size_t n, uint64_t w_all)
{
	enum take take = TAKE_HEALTHY;

	for (; take < TAKE_EJECTED; take++) {
		const uint64_t w_ok = weigh(memory, m, n, take);

		if (w_ok && !below(w_ok, w_all, rules->panic_pct))
			break;
	}
	return take;
}

/* Is, or stays, the pool in panic? */
static bool panics(const struct decide_rules *rules, struct decide_memory *memory, uint64_t w_ok,
	uint64_t w_all, uint64_t now_ms)
{
	const uint32_t leave = rules->panic_pct + DECIDE_CALM_PCT;

	if (!rules->panic_pct)
		return false;
	if (below(w_ok, w_all, rules->panic_pct)) {
		memory->calm = false;
		return true;
	}
	if (!memory->panic)
		return false;
	if (below(w_ok, w_all, leave < 100 ? leave : 100)) {
		memory->calm = false;
		return true;
	}
	if (!memory->calm)
		memory->calm_ms = now_ms;
	memory->calm = true;
	return now_ms - memory->calm_ms < DECIDE_CALM_MS;
}

static struct decision all_down(const struct decide_rules *rules, struct decide_memory *memory,
	struct decide_member *m, size_t n)
{
	struct decision d;

	if (rules->on_all_down == DECIDE_ALL_REJECT)
		return ends(memory, DECIDE_REJECT, POOL_ACTION_REJECT);
	if (rules->on_all_down == DECIDE_ALL_DROP)
		return ends(memory, DECIDE_DROP, POOL_ACTION_DROP);
	d = ends(memory, DECIDE_FAILOPEN, POOL_ACTION_TABLE);
	memory->panic = true;
	share(memory, m, n, TAKE_ALL);
	return d;
}

static struct decision serve(const struct decide_rules *rules, struct decide_memory *memory,
	struct decide_member *m, size_t n, enum take take, bool pending)
{
	struct decision d = {.action = POOL_ACTION_TABLE};

	if (memory->panic) {
		d.reason = DECIDE_PANIC;
		share(memory, m, n, TAKE_ALL);
		return d;
	}
	memory->calm = false;
	d.reason = take != TAKE_HEALTHY          ? DECIDE_RESERVE
		   : memory->starting && pending ? DECIDE_STARTING
						 : DECIDE_NORMAL;
	share(memory, m, n, take);
	return d;
}

struct decision decide(const struct decide_rules *rules, struct decide_memory *memory,
	struct decide_member *members, size_t n, bool backup_usable, uint64_t now_ms)
{
	const size_t ready = count(members, n, false), pending = count(members, n, true);
	const uint64_t w_all = weigh(memory, members, n, TAKE_ALL);
	struct decision d;

	for (size_t i = 0; i < n; i++)
		members[i].share = 0;
	memory->starting = pending && (memory->starting || pending == ready);
	if (!ready)
		return ends(memory, DECIDE_EMPTY, POOL_ACTION_EMPTY);
	if (pending == ready) {
		d = ends(memory, DECIDE_WAIT, POOL_ACTION_WAIT);
		d.w_all = w_all;
		return d;
	}
	const enum take take = widen(rules, memory, members, n, w_all);
	const uint64_t w_ok = weigh(memory, members, n, take);

	if (w_ok < rules->backup_below && backup_usable) {
		const bool spill = rules->backup_mode == DECIDE_BACKUP_SPILL;

		d = ends(memory, spill ? DECIDE_SPILL : DECIDE_REPLACE, POOL_ACTION_TABLE);
		d.borrow = true;
		if (spill)
			share(memory, members, n, take);
	} else if (!w_ok) {
		d = all_down(rules, memory, members, n);
	} else {
		memory->panic = panics(rules, memory, w_ok, w_all, now_ms);
		d = serve(rules, memory, members, n, take, pending > 0);
	}
	d.w_ok = w_ok;
	d.w_all = w_all;
	return d;
}

bool decide_can_help(const struct decision *d)
{
	return d->action == POOL_ACTION_TABLE && d->reason != DECIDE_FAILOPEN;
}

enum decide_standing decide_standing(
	const struct decision *d, const struct decide_member *members, size_t n)
{
	if (d->action != POOL_ACTION_TABLE)
		return DECIDE_STANDS_DOWN;
	if (d->reason == DECIDE_PANIC || d->reason == DECIDE_FAILOPEN)
		return DECIDE_STANDS_PANIC;
	for (size_t i = 0; i < n; i++)
		if (members[i].ready && (members[i].state != HEALTH_UP || members[i].suppressed ||
						members[i].ejected))
			return DECIDE_STANDS_DEGRADED;
	return DECIDE_STANDS_OK;
}

const char *decide_standing_name(enum decide_standing s)
{
	static const char *const names[] = {"ok", "degraded", "panic", "down"};

	return (unsigned int)s < DECIDE_STANDS ? names[s] : "?";
}
