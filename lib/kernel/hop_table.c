/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "kernel/hop.h"

#define BUCKETS_MIN 64

int hop_table_init(struct hop_table *t)
{
	*t = (struct hop_table){.buckets = BUCKETS_MIN, .random = 2463534242u};
	t->bucket = calloc(t->buckets, sizeof(struct hop *));
	return t->bucket ? 0 : -ENOMEM;
}

void hop_table_free(struct hop_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->all[i]);
	free(t->all);
	free(t->bucket);
	*t = (struct hop_table){0};
}

static struct hop **chain(
	struct hop **bucket, size_t buckets, uint32_t ifindex, const struct sl_addr *via)
{
	uint64_t w[2], x;

	memcpy(w, via->b, sizeof w);
	x = (w[0] ^ w[1] * 0x9e3779b97f4a7c15ULL ^ ifindex) * 0xbf58476d1ce4e5b9ULL;
	return &bucket[(x ^ x >> 32) & (buckets - 1)];
}

struct hop *hop_find(const struct hop_table *t, uint32_t ifindex, const struct sl_addr *via)
{
	struct hop *h = *chain(t->bucket, t->buckets, ifindex, via);

	while (h && (h->ifindex != ifindex || !sl_addr_eq(&h->via, via)))
		h = h->next;
	return h;
}

static void link_hop(struct hop **bucket, size_t buckets, struct hop *h)
{
	struct hop **head = chain(bucket, buckets, h->ifindex, &h->via);

	h->next = *head;
	*head = h;
}

/* Room for one more; longer chains are the price when memory for the buckets is short. */
static bool grow(struct hop_table *t)
{
	if (t->count == t->room) {
		const size_t room = t->room ? t->room * 2 : BUCKETS_MIN;
		struct hop **all = reallocarray(t->all, room, sizeof(struct hop *));

		if (!all)
			return false;
		t->all = all;
		t->room = room;
	}
	if (t->count < t->buckets)
		return true;
	struct hop **bucket = calloc(t->buckets * 2, sizeof(struct hop *));

	if (!bucket)
		return true;
	for (size_t i = 0; i < t->count; i++)
		link_hop(bucket, t->buckets * 2, t->all[i]);
	free(t->bucket);
	t->bucket = bucket;
	t->buckets *= 2;
	return true;
}

struct hop *hop_acquire(
	struct hop_table *t, uint32_t ifindex, const struct sl_addr *via, uint64_t now_ms)
{
	struct hop *h = hop_find(t, ifindex, via);

	if (!h) {
		h = grow(t) ? calloc(1, sizeof *h) : NULL;
		if (!h)
			return NULL;
		h->ifindex = ifindex;
		h->via = *via;
		h->at = (uint32_t)t->count;
		h->due_ms = now_ms;
		link_hop(t->bucket, t->buckets, h);
		t->all[t->count++] = h;
	} else if (h->phase == HOP_UNUSED) {
		h->phase = HOP_UNKNOWN;
		h->due_ms = now_ms;
	}
	h->users++;
	return h;
}

void hop_release(struct hop *h, uint64_t now_ms)
{
	if (--h->users > 0)
		return;
	h->phase = HOP_UNUSED;
	h->due_ms = now_ms;
}

void hop_drop(struct hop_table *t, struct hop *h)
{
	struct hop **at = chain(t->bucket, t->buckets, h->ifindex, &h->via);

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	t->all[h->at] = t->all[--t->count];
	t->all[h->at]->at = h->at;
	free(h);
}
