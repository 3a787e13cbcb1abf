/* SPDX-License-Identifier: BSD-3-Clause */

/* Which members of a pool get new flows: a pure function of their states, the pool's rules and what
 * little it remembers.
 *
 *   W_all = weight of the ready members (admin ready, weight above 0), W_ok of the healthy ones
 *   0. all ready members INIT              WAIT
 *   1. W_all = 0                           EMPTY
 *   2. healthy = ready, UP, neither suppressed nor ejected; after WAIT the members that are still
 *      INIT count as healthy, until all have a verdict
 *   3. W_ok / W_all < panic_pct, or none   take in suppressed members that are UP, then
 *                                          ejected ones
 *   4. W_ok < backup_below                 the backup pool helps, if it can
 *   5. W_ok = 0                            on_all_down
 *   6. W_ok / W_all < panic_pct            PANIC: all ready members at their configured weight,
 *                                          until W_ok / W_all was DECIDE_CALM_PCT above
 *                                          panic_pct for DECIDE_CALM_MS
 */

#ifndef SLUICE_HEALTH_DECIDE_H
#define SLUICE_HEALTH_DECIDE_H

#include "health/health.h"
#include "table/health_view.h"

#define DECIDE_CALM_PCT 10
#define DECIDE_CALM_MS  5000

/* X(identifier, name, help) */
#define DECIDE_REASON_LIST(X)                                                             \
	X(NORMAL, "normal", "healthy members by weight")                                  \
	X(WAIT, "wait", "no member has a verdict yet")                                    \
	X(EMPTY, "empty", "no member is ready with a weight above 0")                     \
	X(STARTING, "starting", "healthy members and those without a verdict yet")        \
	X(RESERVE, "reserve", "too few healthy members: flapping or ejected ones help")   \
	X(SPILL, "spill", "too few healthy members: the backup pool helps")               \
	X(REPLACE, "replace", "too few healthy members: the backup pool took over")       \
	X(PANIC, "panic", "too few healthy members: all ready ones, healthy or not")      \
	X(FAILOPEN, "failopen", "no healthy member: all ready ones at configured weight") \
	X(REJECT, "reject", "no healthy member: new flows are refused")                   \
	X(DROP, "drop", "no healthy member: new flows are dropped")

enum decide_reason {
#define DECIDE_REASON_ENUM(id, name, help) DECIDE_##id,
	DECIDE_REASON_LIST(DECIDE_REASON_ENUM)
#undef DECIDE_REASON_ENUM
		DECIDE_REASON_COUNT
};

enum decide_backup_mode { DECIDE_BACKUP_SPILL, DECIDE_BACKUP_REPLACE };
enum decide_all_down { DECIDE_ALL_FAILOPEN, DECIDE_ALL_REJECT, DECIDE_ALL_DROP };

/* Of a pool. */
struct decide_rules {
	uint32_t panic_pct; /* 0 = never */
	uint64_t backup_below;
	enum decide_backup_mode backup_mode;
	enum decide_all_down on_all_down;
};

/* From one decision on a pool to the next; zero at first. */
struct decide_memory {
	bool starting;
	bool panic;
	bool calm; /* since calm_ms W_ok is high enough to leave panic */
	uint64_t calm_ms;
};

struct decide_member {
	bool ready; /* admin ready and weight above 0 */
	uint32_t weight;
	uint32_t effective; /* after slow start and the like */
	enum health_state state;
	bool suppressed, ejected;
	uint32_t share; /* out: weight in the table, 0 = not in it */
};

struct decision {
	enum decide_reason reason;
	enum pool_action action;
	bool borrow;          /* the members of the backup pool come in too */
	uint64_t w_ok, w_all; /* as above, after step 3 */
};

/* Decide for n members; fills their share. backup_usable: there is a backup pool, and it can serve.
 */
struct decision decide(const struct decide_rules *rules, struct decide_memory *memory,
	struct decide_member *members, size_t n, bool backup_usable, uint64_t now_ms);

/* What a person wants to know of a pool first. */
enum decide_standing {
	DECIDE_STANDS_OK,       /* every ready member is healthy and serves */
	DECIDE_STANDS_DEGRADED, /* it serves, but a ready member is not healthy */
	DECIDE_STANDS_PANIC,    /* it serves by members that are healthy or not */
	DECIDE_STANDS_DOWN,     /* nobody gets new flows */
	DECIDE_STANDS
};

enum decide_standing decide_standing(
	const struct decision *d, const struct decide_member *members, size_t n);

/* "ok", "degraded", "panic", "down". */
const char *decide_standing_name(enum decide_standing s);

/* True when a pool that decided so can help others: its members are healthy, or those it borrows.
 */
bool decide_can_help(const struct decision *d);

/* "normal" and the like; "?" outside the enum. */
const char *decide_reason_name(enum decide_reason r);

/* One line for a person. */
const char *decide_reason_help(enum decide_reason r);

#endif
