/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>

#include "daemon.h"
#include "load.h"

/* How old a count of the flows may be where a scheduler or a limit goes by it. */
#define COUNT_MS 10

static void on_count(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	const struct generation *g = d->rcu.current;

	lanes_count_flows(d->lanes, d->n_lanes, g->counted, g->n_counted, d->load);
	for (size_t i = 0; g->some_limited && i < g->n_counted; i++)
		load_judge(d->load, g->counted[i], g->max_flows[g->counted[i]]);
}

int load_open(struct daemon *d)
{
	d->load_event = event_new(d->base, -1, EV_PERSIST, on_count, d);
	return d->load_event ? 0 : -ENOMEM;
}

void load_close(struct daemon *d)
{
	if (d->load_event)
		event_free(d->load_event);
	d->load_event = NULL;
}

void load_follow_generation(struct daemon *d)
{
	const struct timeval every = {.tv_usec = COUNT_MS * 1000};
	const bool wanted = d->rcu.current->n_counted > 0;

	if (wanted == !!event_pending(d->load_event, EV_TIMEOUT, NULL))
		return;
	if (wanted)
		event_add(d->load_event, &every);
	else
		event_del(d->load_event);
}

void load_count_all(struct daemon *d)
{
	const struct generation *g = d->rcu.current;
	const uint32_t top = ids_top(d->slots);

	for (uint32_t slot = 0; slot < top; slot++) {
		const uint16_t s = (uint16_t)slot;

		lanes_count_flows(d->lanes, d->n_lanes, &s, 1, d->load);
		load_judge(d->load, s, slot < g->n_backends ? g->max_flows[slot] : 0);
	}
}

void load_follow(struct daemon *d)
{
	const uint32_t top = ids_top(d->slots);

	for (uint32_t slot = 0; slot < top; slot++) {
		const uint32_t epoch = ids_epoch(d->slots, (uint16_t)slot);

		if (d->load_epoch[slot] != epoch)
			load_forget(d->load, (uint16_t)slot);
		d->load_epoch[slot] = epoch;
	}
}
