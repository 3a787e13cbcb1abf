/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "events.h"

struct event_log {
	uint64_t newest;
	struct event_entry kept[EVENTS_KEPT]; /* number n stands at n % EVENTS_KEPT */
};

struct event_log *event_log_new(void)
{
	return calloc(1, sizeof(struct event_log));
}

void event_log_free(struct event_log *l)
{
	free(l);
}

static uint64_t read_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void event_add_entry(struct event_log *l, const char *object, const char *text)
{
	struct event_entry *e = &l->kept[++l->newest % EVENTS_KEPT];

	e->number = l->newest;
	e->wall_ms = read_ms(CLOCK_REALTIME);
	e->at_ms = read_ms(CLOCK_MONOTONIC);
	snprintf(e->object, sizeof e->object, "%s", object);
	snprintf(e->text, sizeof e->text, "%s", text);
}

const struct event_entry *event_log_from(const struct event_log *l, uint64_t number)
{
	const uint64_t oldest = l->newest < EVENTS_KEPT ? 1 : l->newest - EVENTS_KEPT + 1;

	if (number < oldest)
		number = oldest;
	return number <= l->newest ? &l->kept[number % EVENTS_KEPT] : NULL;
}

uint64_t event_log_newest(const struct event_log *l)
{
	return l->newest;
}
