/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/sticky.h"
#include "net/key.h"

/* The client of packet i, as the sessions of a pool know it. */
static struct session_client client_of(uint16_t pool_id, const struct burst *b, uint32_t i)
{
	struct session_client c = {.pool = pool_id, .is6 = b->is6[i]};

	key_source(&b->key[i], b->is6[i], c.source);
	return c;
}

/* Does this backend take new flows of this pool? */
static bool is_usable(const struct generation *g, const struct service *s, uint16_t slot)
{
	return slot < g->n_backends && g->backends[slot].state == BACKEND_READY &&
	       g->pool_of[slot] == s->pool_id;
}

int sticky_find(struct lane *l, const struct generation *g, const struct service *s,
	const struct burst *b, uint32_t i)
{
	const struct session_client c = client_of(s->pool_id, b, i);
	const struct session at =
		session_find(l->sessions, session_hash(l->sessions, &c), s->persist_s);

	if (!at.word || !is_usable(g, s, session_slot(at.word)))
		return -1;
	session_use(l->sessions, at);
	counter_add(&l->session.hits, 1);
	return session_slot(at.word);
}

void sticky_learn(struct lane *l, const struct generation *g, const struct service *s,
	const struct burst *b, uint32_t i)
{
	const struct session_client c = client_of(s->pool_id, b, i);

	if (!is_usable(g, s, b->backend[i]))
		return;
	switch (session_put(
		l->sessions, session_hash(l->sessions, &c), &c, b->backend[i], s->persist_s)) {
	case SESSION_CHANGED:
		counter_add(&l->session.changed, 1);
		break;
	case SESSION_EVICTED:
		counter_add(&l->session.evicted, 1);
		/* fall through */
	case SESSION_NEW:
		counter_add(&l->session.began, 1);
	}
}

void sticky_end(struct lane *l, const struct generation *g, const struct burst *b, uint32_t ended)
{
	for (; ended && l->sessions; ended &= ended - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(ended);
		const uint16_t slot = b->backend[i];
		const struct session_client c = client_of(g->pool_of[slot], b, i);
		/* A connection may outlast its session; it is the client's last one then. */
		const struct session at =
			session_find(l->sessions, session_hash(l->sessions, &c), SESSION_MOST_S);

		if (at.word && session_slot(at.word) == slot)
			session_use(l->sessions, at);
	}
}
