/* SPDX-License-Identifier: BSD-3-Clause */

/* Questions of the control thread about the flows of a lane, and orders to forget some. Only the
 * worker that drives a lane may look into its flow table, so the control thread leaves a question
 * with the lane (a ring with room for one) and comes back for the answer; neither waits. The worker
 * does a bounded piece of it a loop, between bursts. With no question that is one relaxed load. */

#ifndef SLUICE_DATAPATH_ASK_H
#define SLUICE_DATAPATH_ASK_H

#include "base/flow_key.h"
#include "datapath/lane.h"

enum ask_kind {
	ASK_FIND, /* the flow with this key: rows n = 0 or 1 */
	ASK_LIST, /* flows from `at` on, until there is no room */
	ASK_DROP, /* forget flows; n = how many were */
};

#define ASK_ANY_BACKEND 0xffff

/* What a lane remembers of one flow. */
struct ask_flow {
	uint16_t slot;
	uint16_t idle_s;
	uint8_t state; /* enum flow_state */
	uint8_t way;
	bool has_key; /* flows.exact_keys: the rest is valid */
	bool v6;
	uint32_t bucket;
	struct flow_key key;
};

struct ask {
	/* control: rw before ask_post, worker: ro */
	enum ask_kind kind;
	bool one; /* ASK_DROP: only the flow with this key */
	bool v6;
	uint16_t slot; /* ASK_LIST, ASK_DROP of many: only those of this backend, or ASK_ANY_BACKEND
			*/
	struct flow_key key;
	uint32_t room; /* rows of flow[] */

	/* worker: rw until it is answered, then control: rw */
	uint32_t at; /* bucket where the walk goes on; zero to begin with */
	bool end;    /* there is nothing behind `at` */
	uint64_t n;  /* rows filled, or flows forgotten; zero to begin with */
	struct ask_flow flow[];
};

/* Leave a question with a lane that has none. Lane and question must outlive the answer. Control
 * thread. */
static inline void ask_post(struct lane *l, struct ask *a)
{
	__atomic_store_n(&l->ask, a, __ATOMIC_RELEASE);
}

/* True when the lane has no question any more: the one that was posted is answered. Control thread.
 */
static inline bool ask_answered(const struct lane *l)
{
	return !__atomic_load_n(&l->ask, __ATOMIC_ACQUIRE);
}

/* Do a piece of the lane's question. */
void ask_work(struct lane *l, const struct generation *g);

/* Once a loop for each lane, with no burst of it begun and not finished. Worker. */
static inline void ask_serve(struct lane *l, const struct generation *g)
{
	if (__builtin_expect(__atomic_load_n(&l->ask, __ATOMIC_RELAXED) != NULL, 0))
		ask_work(l, g);
}

#endif
