/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "base/splitmix.h"
#include "health/schedule.h"

#define SECOND_US 1000000u

struct schedule {
	/* 1..count: heap[i] is due no later than heap[2i], heap[2i+1] */
	struct schedule_item **heap;
	size_t count, room;
	uint32_t max_inflight, max_rate, inflight;
	uint64_t credit_us; /* starts that are paid for, SECOND_US / max_rate each */
	uint64_t credit_at_us;
	uint64_t wanted_us; /* when the caller was told to come back; 0 = it was not */
	uint64_t random;
	uint64_t delayed, stalls;
	const struct schedule_item *held; /* the one that was counted as delayed last */
};

struct schedule *schedule_new(uint64_t seed)
{
	struct schedule *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->random = seed;
	schedule_limit(s, 1, 1);
	return s;
}

void schedule_free(struct schedule *s)
{
	if (s)
		free(s->heap);
	free(s);
}

void schedule_limit(struct schedule *s, uint32_t max_inflight, uint32_t max_rate)
{
	s->max_inflight = max_inflight;
	s->max_rate = max_rate;
}

static uint64_t draw(struct schedule *s, uint64_t below)
{
	const uint64_t random = splitmix_next(&s->random);

	return below ? random % below : 0;
}

static void put(struct schedule *s, size_t at, struct schedule_item *item)
{
	s->heap[at] = item;
	item->at = at;
}

static void sift_up(struct schedule *s, struct schedule_item *item)
{
	size_t at = item->at;

	for (; at > 1 && s->heap[at / 2]->due_us > item->due_us; at /= 2)
		put(s, at, s->heap[at / 2]);
	put(s, at, item);
}

static void sift_down(struct schedule *s, struct schedule_item *item)
{
	size_t at = item->at;

	for (size_t child = 2 * at; child <= s->count; child = 2 * at) {
		if (child < s->count && s->heap[child + 1]->due_us < s->heap[child]->due_us)
			child++;
		if (s->heap[child]->due_us >= item->due_us)
			break;
		put(s, at, s->heap[child]);
		at = child;
	}
	put(s, at, item);
}

/* There is room: schedule_add made it. */
static void insert(struct schedule *s, struct schedule_item *item, uint64_t due_us)
{
	item->due_us = due_us;
	put(s, ++s->count, item);
	sift_up(s, item);
}

static void take_out(struct schedule *s, struct schedule_item *item)
{
	struct schedule_item *last = s->heap[s->count--];
	const size_t at = item->at;

	item->at = 0;
	if (last == item)
		return;
	put(s, at, last);
	sift_up(s, last);
	sift_down(s, last);
}

int schedule_add(
	struct schedule *s, struct schedule_item *item, uint32_t interval_ms, uint64_t now_us)
{
	/* Room for every item, also for those that run now. */
	const size_t needed = s->count + s->inflight + 2;

	if (needed > s->room) {
		void *grown = reallocarray(s->heap, needed * 2, sizeof *s->heap);

		if (!grown)
			return -ENOMEM;
		s->heap = grown;
		s->room = needed * 2;
	}
	item->interval_us = (uint64_t)interval_ms * 1000;
	insert(s, item, now_us + draw(s, item->interval_us));
	return 0;
}

void schedule_hurry(struct schedule *s, struct schedule_item *item, uint64_t now_us)
{
	if (item->running || !item->at || item->due_us <= now_us)
		return;
	item->due_us = now_us;
	sift_up(s, item);
}

void schedule_remove(struct schedule *s, struct schedule_item *item)
{
	if (item->at)
		take_out(s, item);
	if (item->running)
		s->inflight--;
	item->running = false;
	if (s->held == item)
		s->held = NULL;
}

/* Deal the overdue ones out over their intervals. */
static void spread(struct schedule *s, uint64_t now_us)
{
	s->stalls++;
	for (size_t i = 1; i <= s->count; i++)
		if (s->heap[i]->due_us < now_us)
			s->heap[i]->due_us = now_us + draw(s, s->heap[i]->interval_us);
	for (size_t i = s->count / 2; i >= 1; i--)
		sift_down(s, s->heap[i]);
}

/* A tenth of a second's starts may be saved up, one at least. */
static void earn(struct schedule *s, uint64_t now_us)
{
	const uint64_t price = SECOND_US / s->max_rate;
	const uint64_t most = price > SECOND_US / 10 ? price : SECOND_US / 10;

	if (now_us > s->credit_at_us)
		s->credit_us += now_us - s->credit_at_us;
	s->credit_at_us = now_us;
	if (s->credit_us > most)
		s->credit_us = most;
}

static bool may_start(const struct schedule *s)
{
	return s->inflight < s->max_inflight && s->credit_us >= SECOND_US / s->max_rate;
}

struct schedule_item *schedule_next(struct schedule *s, uint64_t now_us)
{
	struct schedule_item *item;

	if (s->wanted_us && now_us > s->wanted_us + SCHEDULE_STALL_US)
		spread(s, now_us);
	s->wanted_us = 0;
	earn(s, now_us);
	item = s->count ? s->heap[1] : NULL;
	if (!item || item->due_us > now_us)
		return NULL;
	if (!may_start(s)) {
		s->delayed += s->held != item;
		s->held = item;
		return NULL;
	}
	take_out(s, item);
	s->held = NULL;
	s->credit_us -= SECOND_US / s->max_rate;
	s->inflight++;
	item->running = true;
	item->start_us = now_us;
	return item;
}

void schedule_done(struct schedule *s, struct schedule_item *item, uint32_t interval_ms,
	uint32_t jitter_pct, uint64_t now_us)
{
	const uint64_t interval = (uint64_t)interval_ms * 1000;
	const uint64_t swing = interval * jitter_pct / 100;
	const uint64_t due = item->start_us + interval - swing + draw(s, 2 * swing + 1);
	const uint64_t soonest = now_us + SCHEDULE_GAP_US;

	item->interval_us = interval;
	item->running = false;
	s->inflight--;
	insert(s, item, due > soonest ? due : soonest);
}

uint64_t schedule_wait_us(struct schedule *s, uint64_t now_us)
{
	uint64_t wait = UINT64_MAX;

	if (s->count && s->heap[1]->due_us > now_us)
		wait = s->heap[1]->due_us - now_us;
	else if (s->count && s->inflight < s->max_inflight)
		wait = SECOND_US / s->max_rate; /* the rate holds it back */
	s->wanted_us = wait == UINT64_MAX ? 0 : now_us + wait;
	return wait;
}

uint64_t schedule_lag_us(const struct schedule *s, uint64_t now_us)
{
	return s->count && s->heap[1]->due_us < now_us ? now_us - s->heap[1]->due_us : 0;
}

uint32_t schedule_inflight(const struct schedule *s)
{
	return s->inflight;
}

uint64_t schedule_delayed(const struct schedule *s)
{
	return s->delayed;
}

uint64_t schedule_stalls(const struct schedule *s)
{
	return s->stalls;
}
