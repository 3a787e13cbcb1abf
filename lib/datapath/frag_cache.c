/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "datapath/frag_cache.h"

void frag_cache_init(struct frag_cache *c, const uint8_t secret[HASH_SECRET_BYTES])
{
	memset(c, 0, sizeof *c);
	hash_key_init(&c->key, secret);
	for (uint16_t i = 0; i < FRAG_HELD_MAX; i++)
		c->held[i].next = i + 1 < FRAG_HELD_MAX ? i + 1 : FRAG_NONE;
}

static struct frag_entry *set_of(struct frag_cache *c, const struct frag_key *key)
{
	uint64_t blocks[6] = {0};

	memcpy(blocks, key->w, sizeof key->w);
	return c->entry[hash48(&c->key, blocks) % FRAG_SETS];
}

struct frag_entry *frag_find(struct frag_cache *c, const struct frag_key *key)
{
	struct frag_entry *set = set_of(c, key);

	for (uint32_t i = 0; c->used && i < FRAG_WAYS; i++)
		if (set[i].state != FRAG_FREE && memcmp(&set[i].key, key, sizeof *key) == 0)
			return &set[i];
	return NULL;
}

/* Clocks wrap; nothing is older than FRAG_LIFE_S. */
static bool is_older(const struct frag_entry *a, const struct frag_entry *b)
{
	return (int16_t)(uint16_t)(a->born - b->born) < 0;
}

struct frag_entry *frag_place(struct frag_cache *c, const struct frag_key *key)
{
	struct frag_entry *set = set_of(c, key), *oldest = set;

	for (uint32_t i = 0; i < FRAG_WAYS; i++) {
		if (set[i].state == FRAG_FREE)
			return &set[i];
		if (is_older(&set[i], oldest))
			oldest = &set[i];
	}
	return oldest;
}

void frag_begin(
	struct frag_cache *c, struct frag_entry *e, const struct frag_key *key, uint16_t now)
{
	*e = (struct frag_entry){
		.key = *key,
		.born = now,
		.state = FRAG_WAITING,
		.first = FRAG_NONE,
		.last = FRAG_NONE,
	};
	c->used++;
}

void frag_end(struct frag_cache *c, struct frag_entry *e)
{
	e->state = FRAG_FREE;
	c->used--;
}

/* Put [from, to) in at place k, joined with its neighbours where they touch. */
static enum frag_part_result put_part(struct frag_entry *e, uint32_t k, uint32_t from, uint32_t to)
{
	struct frag_part *p = e->part;
	const bool left = k > 0 && p[k - 1].to == from;
	const bool right = k < e->n_parts && p[k].from == to;

	if (left && right) {
		p[k - 1].to = p[k].to;
		memmove(&p[k], &p[k + 1], (size_t)(e->n_parts - k - 1) * sizeof *p);
		e->n_parts--;
	} else if (left) {
		p[k - 1].to = to;
	} else if (right) {
		p[k].from = from;
	} else {
		if (e->n_parts == FRAG_PARTS)
			return FRAG_PART_FULL;
		memmove(&p[k + 1], &p[k], (size_t)(e->n_parts - k) * sizeof *p);
		p[k] = (struct frag_part){from, to};
		e->n_parts++;
	}
	return FRAG_PART_NEW;
}

enum frag_part_result frag_note(struct frag_entry *e, uint32_t from, uint32_t to, bool more)
{
	const uint32_t seen = e->n_parts ? e->part[e->n_parts - 1].to : 0;
	uint32_t k = 0;

	/* what lies behind the end of a datagram is not of it */
	if ((e->end && (to > e->end || (!more && to != e->end))) || (!more && seen > to))
		return FRAG_PART_OVERLAP;
	while (k < e->n_parts && e->part[k].to <= from)
		k++;
	if (k < e->n_parts && e->part[k].from < to)
		return FRAG_PART_OVERLAP;
	const enum frag_part_result r = put_part(e, k, from, to);

	if (r == FRAG_PART_NEW && !more)
		e->end = to;
	return r;
}

bool frag_hold(struct frag_cache *c, struct frag_entry *e, struct rte_mbuf *m, uint8_t rx_port)
{
	const uint16_t i = c->spare;

	if (i == FRAG_NONE || e->n_held == FRAG_HELD_EACH)
		return false;
	c->spare = c->held[i].next;
	c->held[i] = (struct frag_held){.m = m, .next = FRAG_NONE, .rx_port = rx_port};
	if (e->last == FRAG_NONE)
		e->first = i;
	else
		c->held[e->last].next = i;
	e->last = i;
	e->n_held++;
	return true;
}

struct rte_mbuf *frag_take(struct frag_cache *c, struct frag_entry *e, uint8_t *rx_port)
{
	const uint16_t i = e->first;

	if (i == FRAG_NONE)
		return NULL;
	struct frag_held *h = &c->held[i];

	*rx_port = h->rx_port;
	e->first = h->next;
	if (e->first == FRAG_NONE)
		e->last = FRAG_NONE;
	e->n_held--;
	h->next = c->spare;
	c->spare = i;
	return h->m;
}
