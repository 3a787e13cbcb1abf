/* SPDX-License-Identifier: BSD-3-Clause */

/* What happened, newest EVENTS_KEPT: for `sluicectl events`. Control thread only. */

#ifndef SLUICED_EVENTS_H
#define SLUICED_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#define EVENTS_KEPT        2048
#define EVENT_OBJECT_BYTES 132
#define EVENT_TEXT_BYTES   192

struct event_entry {
	uint64_t number;                 /* from 1, never reused */
	uint64_t wall_ms;                /* UNIX time, to show */
	uint64_t at_ms;                  /* CLOCK_MONOTONIC, to reckon with: the other may jump */
	char object[EVENT_OBJECT_BYTES]; /* "web/b7", "web", "health" */
	char text[EVENT_TEXT_BYTES];     /* "UP->DOWN direct L4CON 3/3" */
};

struct event_log;

/* NULL without memory. */
struct event_log *event_log_new(void);
void event_log_free(struct event_log *l);

/* Add one; what does not fit is cut. */
void event_add_entry(struct event_log *l, const char *object, const char *text);

/* The first one with at least this number; NULL: none yet. */
const struct event_entry *event_log_from(const struct event_log *l, uint64_t number);

/* Number of the newest; 0: none. */
uint64_t event_log_newest(const struct event_log *l);

#endif
