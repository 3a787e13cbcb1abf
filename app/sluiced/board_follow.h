/* SPDX-License-Identifier: BSD-3-Clause */

/* How the board comes from one configuration to the next, in parts of about a millisecond between
 * which the control loop goes on:
 *
 *   prepare  who is next, pool by pool (board_next.c): members, what they are asked, new checks
 *   leave    who of today's members is not among them
 *   switch   the next set is in force, at one go and without anything that can fail
 *   settle   members are judged by what they are asked now, then pools are decided on
 *   sweep    who left goes, and checks that nobody has any more
 *
 * Until the switch all members, their results and their decisions are those of the set before, and
 * go on; an error until then drops what was prepared and nothing else. A new check is asked as soon
 * as it is made; what it says counts for members from the switch on. From the switch to the end of
 * `settle` no pool is decided on by results or time, so no decision sees members who were not
 * judged. Each set has a round of its own: a check speaks for those who joined it in the round in
 * force, and so for nobody when it is of none. Control thread. */

#ifndef SLUICED_BOARD_FOLLOW_H
#define SLUICED_BOARD_FOLLOW_H

#include "board.h"

enum follow_stage { FOLLOW_PREPARE, FOLLOW_LEAVE, FOLLOW_SETTLE, FOLLOW_DECIDE, FOLLOW_SWEEP };

/* What a member becomes. Behind the switch: what it was, until that is freed. */
struct next_member {
	struct board_member *m;
	char *name;                       /* NULL: it stays */
	struct board_question *questions; /* if it is asked others */
	uint32_t n_questions;
	uint32_t pool, weight;
	bool ready, fresh, asks;
};

struct follow {
	struct board *b;
	const struct conf *conf;
	const struct conf *was; /* what is followed so far, with the same checks; NULL: not known */
	const uint16_t *slots;  /* by backend */
	uint64_t round, now_ms;
	enum follow_stage stage;
	size_t near;     /* the last pool of `was` that was found */
	size_t near_old; /* the same of the board */
	size_t pool;     /* prepare: where it is, */
	size_t backend;  /* and in the pool */
	bool asks_same;  /* the members of this pool are asked what they were */
	size_t at;       /* of the other stages */
	struct board_pool *pools;
	size_t *old; /* by pool: its place in board.pools; SIZE_MAX: it is new */
	uint32_t *order;
	struct next_member *next;
	struct board_member **members; /* of `next` */
	size_t n_members, n_all;       /* prepared, and to be */
	struct board_member **gone;
	size_t n_gone;
};

/* One backend further, in the order of the configuration. 1, 0 when all are prepared, or -ENOMEM
 * (board_next.c). */
int next_prepare(struct follow *f);

/* The pool's state goes on. */
void next_pool_inherit(struct board_pool *to, const struct board_pool *old);

void next_free_questions(struct board_question *questions, size_t n);
void next_free_member(struct board_member *m);

#endif
