/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include <rte_cycles.h>

#include "cmd_lane.h"
#include "daemon.h"

/* How long a worker may take to hand a lane over: it does so between two polls. */
#define HANDOVER_MS 1000
#define LOOK_MS     1

const struct ctl_arg cmd_lane_move_args[2] = {
	{"lane", JSON_INTEGER, true},
	{"lcore", JSON_INTEGER, true},
};

static json_t *lanes_of(const struct daemon *d, uint32_t worker)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < d->n_lanes; i++)
		if (lane_map_owner(&d->lane_map, i) == worker)
			json_array_append_new(list, json_integer(i));
	return list;
}

int cmd_lcore_list_next(struct ctl_call *call, void *arg, json_t **item)
{
	const struct daemon *d = arg;
	struct ctl_cursor *at = ctl_call_cursor(call);

	if (at->outer == d->n_workers)
		return 0;
	const uint32_t i = (uint32_t)at->outer++;
	const struct worker *w = &d->workers[i];
	const uint64_t age = rte_rdtsc() - counter_read(&w->heartbeat);

	*item = json_pack("{s:i, s:o, s:I, s:I, s:f, s:f, s:I}", "lcore", (int)w->lcore, "lanes",
		lanes_of(d, i), "rx_packets", (json_int_t)counter_read(&w->rx), "forwarded_packets",
		(json_int_t)counter_read(&w->tx), "rx_pps", w->rate.rx_pps, "busy", w->rate.busy,
		"heartbeat_age_us",
		(json_int_t)((int64_t)age > 0 ? age * 1000000 / rte_get_tsc_hz() : 0));
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}

/* A lane on its way. */
struct move {
	struct daemon *d;
	struct ctl_call *call;
	struct event *look;
	uint32_t lane, to;
	uint64_t since_ms;
};

static void move_free(void *ctx)
{
	struct move *m = ctx;

	event_free(m->look);
	free(m);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval again = {.tv_usec = LOOK_MS * 1000};
	struct move *m = arg;
	const bool there = lane_map_owner(&m->d->lane_map, m->lane) == m->to;

	if (!there && daemon_now_ms() - m->since_ms < HANDOVER_MS) {
		evtimer_add(m->look, &again);
		return;
	}
	if (!there)
		ctl_call_fail(m->call, ETIMEDOUT,
			"heartbeat_age_us of sluicectl -j lcore list grows where a worker stands",
			"the worker that drives lane %u does not hand it over; it will when it "
			"goes on",
			m->lane);
	ctl_call_finish(m->call);
	move_free(m);
}

static int worker_of_lcore(const struct daemon *d, int64_t lcore)
{
	for (uint32_t i = 0; i < d->n_workers; i++)
		if (d->workers[i].lcore == lcore)
			return (int)i;
	return -1;
}

int cmd_lane_move(struct ctl_call *call, void *arg)
{
	struct daemon *d = arg;
	const int64_t lane = ctl_call_integer(call, "lane", -1);
	const int64_t lcore = ctl_call_integer(call, "lcore", -1);
	const int to = worker_of_lcore(d, lcore);
	struct move *m;
	int rc;

	if (lane < 0 || lane >= d->n_lanes)
		return ctl_call_fail(call, ENOENT, "sluicectl lcore list shows the lanes",
			"there is no lane %lld: there are %u, from 0 on", (long long)lane,
			d->n_lanes);
	if (to < 0)
		return ctl_call_fail(call, ENOENT, "sluicectl lcore list shows the workers",
			"lcore %lld is no worker", (long long)lcore);
	m = calloc(1, sizeof *m);
	if (m)
		m->look = evtimer_new(d->base, on_look, m);
	if (!m || !m->look) {
		free(m);
		return -ENOMEM;
	}
	m->d = d;
	m->call = call;
	m->lane = (uint32_t)lane;
	m->to = (uint32_t)to;
	m->since_ms = daemon_now_ms();
	rc = ctl_call_later(call, move_free, m);
	lane_map_move(&d->lane_map, m->lane, m->to);
	on_look(-1, 0, m);
	return rc;
}
