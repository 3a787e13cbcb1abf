/* SPDX-License-Identifier: BSD-3-Clause */

/* The health of all backends: which checks there are, when they run, what they say, and who gets
 * new flows because of it. lib/health decides, the board remembers and wires. Control thread only.
 *
 *   configuration --board_follow--> members, checks --probe--> result --> states --> decisions
 *   decisions --board_view--> struct health_view --> build
 *
 * A member keeps its state as long as its pool's name and its address stay; a check as long as what
 * it asks stays, also when it is to ask at other times. What is gone takes its probe along, so a
 * late answer meets nobody. */

#ifndef SLUICED_BOARD_H
#define SLUICED_BOARD_H

#include <stdarg.h>
#include <sys/queue.h>
#include <event2/event.h>

#include "conf/conf.h"
#include "events.h"
#include "health/decide.h"
#include "health/freeze.h"
#include "health/member.h"
#include "health/outlier.h"
#include "health/probe.h"
#include "health/schedule.h"
#include "saved.h"
#include "table/health_view.h"

struct daemon;
struct board;
struct board_member;
struct follow;

/* Who is judged by a check in a round (board_follow.h). */
struct board_judged {
	uint64_t round;
	struct board_member **members;
	size_t n, room;
};

/* One question to one address; equal ones of several pools are one. */
struct board_check {
	char *key;    /* what is asked, then how and when, as text */
	size_t asked; /* bytes of key that say what */
	struct schedule_item item;
	struct probe *probe;
	struct health health;
	struct health_params params;
	uint32_t jitter_pct;
	uint64_t saved;                /* number of the state file that has it */
	struct board_judged judged[2]; /* of the round in force, and of the next one */
	struct board *board;
	TAILQ_ENTRY(board_check) link;
	/* The one in force that asks the same otherwise, and those who will; NULL: none. What it
	 * finds out until they are in force is known to them. */
	struct board_check *from;
	LIST_HEAD(board_heirs, board_check) heirs;
	LIST_ENTRY(board_check) heir;
};

/* What a member calls a check of its. */
struct board_question {
	const char *name; /* owned by the member */
	struct board_check *check;
};

/* What the packet path and ICMP errors say of a slot, since the daemon started. */
struct board_traffic {
	uint64_t flows, failures;
};

struct board_member {
	char *pool_name, *name;
	struct sl_addr address;
	uint16_t slot;
	uint32_t number; /* in the order of the configuration */
	uint32_t pool;   /* index into board.pools */
	struct member m;
	struct member held; /* m as it was when tables froze, if is_held: decisions go by it */
	bool is_held;
	struct board_question *questions;
	size_t n_questions;
	bool ready; /* admin ready and weight above 0 */
	uint32_t weight;
	uint32_t share; /* weight in its pool's table as decided last */
	uint8_t port;   /* the one of ours that leads there, as far as is known */
	bool has_port;
	uint64_t round; /* the last one that has it */
	uint64_t saved; /* number of the state file that has it */
	struct outlier outlier;
	struct board_traffic seen; /* of its slot, when it was counted last */
	struct health_entry last;  /* the newest result of any of its checks */
	const char *last_check;    /* its name; NULL: none yet */
	uint64_t transitions;      /* from one state to another */
};

struct board_pool {
	char *name;
	uint32_t first, n; /* its members */
	struct member_params params;
	struct decide_rules rules;
	struct outlier_rules outlier;
	uint64_t outlier_ms; /* when its interval began */
	uint32_t n_ejected;  /* of its members */
	struct decide_memory memory;
	struct decision decision;
	bool decided;
	bool touched; /* a member has changed since it was looked at last */
	bool due;     /* it is to be decided on in the look under way */
	enum decide_standing standing;
	uint64_t since_ms; /* when the reason became what it is */
	uint64_t saved;    /* number of the state file that has it */
	int backup;        /* index, or -1 */
};

/* Somebody who waits for a change of any kind; called after each, until it removes itself. */
struct board_waiter {
	void (*changed)(struct board_waiter *w);
	struct board_waiter *next;
};

/* Pools are looked at in parts, backups first. */
struct board_look {
	bool under_way;
	size_t at;            /* in board.order */
	unsigned int changed; /* what decisions did to tables */
	uint64_t now_ms;
};

/* The state file that is being written. */
struct board_save {
	struct saved_writer writer;
	struct board_moving
		*moving; /* the one before, on its way to its place; NULL: there is none */
	struct event *event;
	size_t at;       /* how far it is, as board_state.c counts */
	uint64_t number; /* of files begun */
	int told;        /* how the last one ended */
};

struct board {
	struct daemon *d;
	const struct conf *followed; /* only to be compared; NULL: none, or not wholly */
	struct prober *prober;
	struct schedule *schedule;
	struct event *pump, *tick;
	struct event *part;   /* of a tick: members and pools are looked at in parts */
	size_t ticked;        /* members, then pools, that the tick has looked at */
	struct event *decide; /* pools are to be decided on */
	bool touched;         /* some pool is */
	struct board_look look;
	struct board_pool *pools;
	size_t n_pools;
	uint32_t *order; /* of the pools: backups before those they help */
	struct board_member **members;
	size_t n_members;
	struct board_member **by_slot;             /* BACKEND_SLOTS */
	void *checks;                              /* tsearch tree of struct board_check, by key */
	TAILQ_HEAD(board_checks, board_check) all; /* the same */
	struct board_check *swept;                 /* the next one to be looked at; NULL: none */
	size_t n_checks;
	uint64_t round, rounds; /* in force; given out */
	struct follow *follow;  /* to another configuration (board_follow.h); NULL: none */
	uint64_t standing[DECIDE_STANDS]; /* pools that stand so; any thread: ro */
	struct freeze freeze;
	bool links_up[CONF_MAX_PORTS];
	uint64_t settled_ms[CONF_MAX_PORTS]; /* until then failures behind a link are its own */
	uint64_t links_ms;                   /* when links were looked at last */
	uint64_t results[3];                 /* by enum health_outcome */
	uint64_t transitions;                /* of members, from one state to another */
	uint64_t mass_ms;                    /* when it was last looked for a mass failure */
	uint64_t saved_ms;                   /* when the state file was written */
	bool unsaved;                        /* something changed that no file has yet */
	struct board_save save;
	struct board_waiter *waiters;
};

/* Make it, with an empty set of members; after the event loop. 0, or -errno with a message. */
int board_open(struct daemon *d, struct sl_err *err);

/* Begin to probe. 0 or -ENOMEM. */
int board_start(struct board *b);

/* NULL is fine. Saves the state. */
void board_close(struct board *b);

/* Members, checks and rules become those of conf; slots by backend. New decisions are made. Both
 * outlive it. Begin, and then go on until it is done. Each 0 or -ENOMEM, with which all is as it
 * was; a step also 1: there is more to do. A follow under way is dropped for another one. */
int board_follow_begin(struct board *b, const struct conf *conf, const uint16_t *slots);
int board_follow_step(struct board *b);

/* The same at one go. */
int board_follow(struct board *b, const struct conf *conf, const uint16_t *slots);

/* Leave no follow under way: what is not in force yet never will be. */
void board_follow_drop(struct board *b);

/* Members are in force that were not all judged yet. */
bool board_is_settling(const struct board *b);

/* Which of our ports leads to each backend, in the order of the configuration. */
void board_set_port(struct board *b, size_t number, bool known, uint8_t port);

/* The view for a build of the configuration followed last. NULL without memory. */
struct health_view *board_view(const struct board *b);

/* The member of a slot; NULL: none. */
struct board_member *board_member(const struct board *b, uint16_t slot);

/* What traffic says of its slot by now (board_traffic.c); and what came of it since the last time
 * is counted for the member. */
struct board_traffic board_traffic(const struct board *b, uint16_t slot);
void board_count_traffic(struct board *b, struct board_member *m);

/* Members whose traffic fails are held out, or come back (board_traffic.c). */
void board_eject(struct board *b, struct board_pool *p, uint64_t now_ms);

/* A member of the pool has changed: decide soon for it and those that it helps, or for all; asks
 * for a build where that changes a table. */
void board_touch(struct board *b, struct board_pool *p);
void board_decide(struct board *b);

/* A part of that. True: there is more. */
bool board_decide_part(struct board *b);

/* Begin to look at pools, at all of them or at those that were touched; one pool further: 1, or 0
 * when that was the last one; no further. */
void board_decide_begin(struct board *b, bool all);
int board_decide_step(struct board *b);
void board_decide_break(struct board *b);

/* Look at the checks of a member: its state. True when its pool is to be decided on. */
bool board_judge(struct board *b, struct board_member *m);

/* A result of a check, as if from its probe. */
void board_take(struct board_check *c, const struct health_result *r);

/* Freeze for so long, or end a freeze with 0. */
void board_freeze(struct board *b, enum freeze_why why, uint64_t for_ms);
bool board_is_frozen(const struct board *b);

/* Which of our links have a carrier: one that lost it freezes. At most once in a millisecond. */
void board_look_at_links(struct board *b);

/* Have w->changed called from now on, or no longer. */
void board_add_waiter(struct board *b, struct board_waiter *w);
void board_remove_waiter(struct board *b, struct board_waiter *w);

/* The other files of the board. */

/* The check that asks this of the member: the one there is, or a new one. m: with the questions
 * that it had. NULL without memory (board_checks.c). */
struct board_check *board_check_need(struct board *b, const struct conf_check *k,
	const struct board_member *m, uint16_t port, uint64_t now_ms);

/* One more member is judged by it in this round. 0 or -ENOMEM. */
int board_check_join(struct board_check *c, struct board_member *m, uint64_t round);

/* Who is judged by it in the round in force. */
struct board_member **board_check_members(const struct board_check *c, size_t *n);

/* Those that nobody joined in the round in force go: begin; one further: 1, or 0 when all are. */
void board_checks_sweep_begin(struct board *b);
int board_checks_sweep(struct board *b);

/* What a check in force knows now, its heirs do. */
void board_check_pass_on(struct board_check *c);

/* Remember or forget the probe of a check (board_probe.c); the first one starts within first_ms. 0
 * or -errno. */
int board_probe_add(struct board_check *c, const struct conf_check *conf,
	const struct sl_addr *address, uint16_t port, uint32_t first_ms, struct sl_err *err);
void board_probe_remove(struct board_check *c);
void board_probe_now(struct board_check *c);
void board_pump(struct board *b);

/* "UP", "UP 1/3" and the like. buf: BOARD_STATE_STRLEN bytes. Returns buf. */
#define BOARD_STATE_STRLEN 32
const char *board_state_text(const struct board_member *m, char *buf);

/* The state file (board_state.c). Restoring speaks of members that are there. Begin to write it, in
 * slices of a few milliseconds; the set of members changed meanwhile; write it now as a whole. */
int board_save_open(struct board *b);
void board_save_close(struct board *b);
void board_save_begin(struct board *b);
void board_save_follow(struct board *b);
void board_save(struct board *b);
void board_restore(struct board *b);

/* An event and a line in the log: of an object. */
void board_note(struct board *b, const char *object, const char *text);

/* What changed of a member (bits of enum member_change), told. was: its state before. */
void board_tell_changes(
	struct board *b, const struct board_member *m, unsigned int changed, enum health_state was);

/* Tell of a backend of a pool, in words as vprintf takes them: an event and a line in the log. */
void board_tell_of(struct board *b, const char *pool, const char *backend, const char *fmt,
	va_list ap) __attribute__((format(printf, 4, 0)));

/* The same of member m. */
void board_tell(struct board *b, const struct board_member *m, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
