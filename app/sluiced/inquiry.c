/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>

#include <event2/event.h>

#include "inquiry.h"

TAILQ_HEAD(line, inquiry);

struct inquiries {
	struct lane *const *lanes;
	uint32_t n_lanes;
	uint32_t n_out; /* lanes with a question */
	struct event *look;
	struct line line[]; /* by lane; the first one is with the lane */
};

static const struct timeval look_again = {.tv_usec = 1000};

static void drop(struct inquiry *q)
{
	free(q->ask);
	free(q);
}

/* The first in line goes to the lane. One that nobody wants any more ends here. */
static void post_next(struct inquiries *all, uint32_t lane)
{
	struct line *line = &all->line[lane];
	struct inquiry *q;

	while ((q = TAILQ_FIRST(line)) && !q->answered) {
		TAILQ_REMOVE(line, q, link);
		drop(q);
	}
	if (!q)
		return;
	all->n_out++;
	ask_post(all->lanes[lane], q->ask);
}

static void take_answer(struct inquiries *all, uint32_t lane)
{
	struct inquiry *q = TAILQ_FIRST(&all->line[lane]);

	if (!q || !ask_answered(all->lanes[lane]))
		return;
	TAILQ_REMOVE(&all->line[lane], q, link);
	q->out = false;
	all->n_out--;
	post_next(all, lane);
	if (q->answered)
		q->answered(q->ctx, q);
	else
		drop(q);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct inquiries *all = arg;

	for (uint32_t i = 0; i < all->n_lanes; i++)
		take_answer(all, i);
	if (all->n_out)
		evtimer_add(all->look, &look_again);
}

struct inquiries *inquiries_new(
	struct event_base *base, struct lane *const *lanes, uint32_t n_lanes)
{
	struct inquiries *all = calloc(1, sizeof *all + n_lanes * sizeof *all->line);

	if (!all)
		return NULL;
	all->lanes = lanes;
	all->n_lanes = n_lanes;
	for (uint32_t i = 0; i < n_lanes; i++)
		TAILQ_INIT(&all->line[i]);
	all->look = evtimer_new(base, on_look, all);
	if (all->look)
		return all;
	free(all);
	return NULL;
}

void inquiries_free(struct inquiries *all)
{
	struct inquiry *q;

	if (!all)
		return;
	for (uint32_t i = 0; i < all->n_lanes; i++)
		while ((q = TAILQ_FIRST(&all->line[i]))) {
			TAILQ_REMOVE(&all->line[i], q, link);
			drop(q);
		}
	event_free(all->look);
	free(all);
}

struct inquiry *inquiry_new(uint32_t lane, uint32_t room, inquiry_fn answered, void *ctx)
{
	struct inquiry *q = calloc(1, sizeof *q);

	if (!q)
		return NULL;
	*q = (struct inquiry){.lane = lane, .answered = answered, .ctx = ctx};
	q->ask = calloc(1, sizeof *q->ask + room * sizeof *q->ask->flow);
	if (q->ask) {
		q->ask->room = room;
		return q;
	}
	free(q);
	return NULL;
}

void inquiry_send(struct inquiries *all, struct inquiry *q)
{
	const bool first = TAILQ_EMPTY(&all->line[q->lane]);

	q->out = true;
	TAILQ_INSERT_TAIL(&all->line[q->lane], q, link);
	if (first)
		post_next(all, q->lane);
	if (!evtimer_pending(all->look, NULL))
		evtimer_add(all->look, &look_again);
}

void inquiry_free(struct inquiry *q)
{
	if (!q)
		return;
	if (q->out)
		q->answered = NULL;
	else
		drop(q);
}
