/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/timerfd.h>

#include "kernel/mirror.h"
#include "kernel/neigh.h"

/* Routes and neighbour entries read in one slice. */
#define SLICE           256

/* Pause between two slices, for the rest of the control loop. */
#define PAUSE_MS        4

/* A kernel that goes on losing events must not keep us re-reading. */
#define RESYNC_PAUSE_MS 250

void ask_arm(struct mirror *m, uint32_t delay_ms)
{
	const struct itimerspec when = {.it_value = {.tv_sec = delay_ms / 1000,
						.tv_nsec = (long)(delay_ms % 1000) * 1000000}};

	if (!m->armed)
		m->armed = timerfd_settime(m->timer, 0, &when, NULL) == 0;
}

/* Errors that say that there is no way; another one says nothing about the route. */
static bool no_way(int error)
{
	return error != -EAGAIN && error != -ENOBUFS && error != -ENOMEM && error != -EINTR;
}

static void take_route(struct mirror *m, struct target *t, const struct route *route)
{
	if (t->asked && route_eq(&t->route, route))
		return;
	struct hop *hop = NULL;

	if (route->ifindex != 0) {
		hop = hop_acquire(&m->hops, route->ifindex, &route->via, m->now_ms);
		if (!hop)
			return; /* out of memory: the next full round tries again */
	}
	if (t->hop)
		hop_release(t->hop, m->now_ms);
	t->hop = hop;
	t->route = *route;
	t->asked = true;
	m->changed = true;
}

static void route_answered(void *ctx, struct rtnl_tag tag, const struct nlmsghdr *answer, int error)
{
	struct mirror *m = ctx;
	struct target *t = tag.who;
	struct route route = {0};

	if (!answer && !no_way(error))
		return;
	if (answer)
		route_parse(answer, &t->addr, &route);
	t->dirty = false;
	m->targets.dirty--;
	take_route(m, t, &route);
}

void ask_routes(struct mirror *m)
{
	struct targets *t = &m->targets;
	struct rtnl_batch batch;
	uint32_t asked = 0;

	rtnl_batch_start(&batch, &m->query);
	for (size_t i = 0; i < t->count && asked < SLICE && t->dirty > 0; i++) {
		if (t->cursor >= t->count)
			t->cursor = 0;
		struct target *next = &t->item[t->cursor++];

		if (!next->dirty)
			continue;
		if (rtnl_batch_full(&batch))
			rtnl_batch_run(&batch, route_answered, m);
		route_ask(&batch, &next->addr, (struct rtnl_tag){next, 0});
		asked++;
	}
	rtnl_batch_run(&batch, route_answered, m);
	if (t->dirty > 0)
		ask_arm(m, PAUSE_MS);
}

static void take_neigh(struct mirror *m, struct hop *h, const struct neigh *n, bool gone)
{
	if (gone)
		hop_gone(h, m->now_ms);
	else if (hop_heard(&m->hops, h, n->nud, n->has_mac ? &n->mac : NULL, m->now_ms))
		m->changed = true;
}

void ask_heard_neigh(struct mirror *m, const struct nlmsghdr *nlh)
{
	const bool gone = nlh->nlmsg_type == RTM_DELNEIGH;
	struct neigh n;

	/* What we said ourselves comes back too: it is no news, and no answer of the neighbour. */
	if ((nlh->nlmsg_pid == m->query.port && !gone) || !neigh_parse(nlh, &n))
		return;
	struct hop *h = hop_find(&m->hops, n.ifindex, &n.addr);

	if (h)
		take_neigh(m, h, &n, gone);
}

static void hop_answered(void *ctx, struct rtnl_tag tag, const struct nlmsghdr *answer, int error)
{
	struct mirror *m = ctx;
	struct hop *h = tag.who;
	const enum hop_action action = (enum hop_action)tag.what;
	struct neigh n;

	if (action == HOP_DO_RELEASE)
		hop_drop(&m->hops, h);
	else if (error != 0)
		hop_refused(h, action, error, m->now_ms);
	else if (action == HOP_DO_CREATE)
		hop_created(h, m->now_ms);
	else if (answer && neigh_parse(answer, &n))
		take_neigh(m, h, &n, false);
}

/* May it be said now? Those that answer are asked before those that have not for long: the search
 * for many dead neighbours leaves half of the questions to the living. */
static bool affordable(const struct mirror *m, uint32_t cost)
{
	const uint32_t reserve = cost > 1 ? MIRROR_TOKENS_MAX / 2 : 0;

	return cost == 0 || m->tokens >= cost + reserve;
}

/* One hop's turn: what was added to the batch. *poor is set when it has to wait for its turn. */
static enum hop_action say(struct mirror *m, struct rtnl_batch *batch, struct hop *h, bool *poor)
{
	const enum hop_action action = hop_due(h, m->now_ms);
	const uint32_t cost = hop_cost(h, action);

	*poor = !affordable(m, cost);
	if (action == HOP_DO_NOTHING || *poor)
		return HOP_DO_NOTHING;
	if (action == HOP_DO_RELEASE && !h->ours) {
		hop_drop(&m->hops, h);
		return HOP_DO_NOTHING;
	}
	m->tokens -= cost;
	hop_acted(h, action, m->now_ms);
	neigh_say(batch, h, action);
	if (action == HOP_DO_FAIL)
		neigh_say(batch, h, HOP_DO_SEARCH);
	return action;
}

void ask_hops(struct mirror *m)
{
	struct rtnl_batch batch;
	const size_t turns = m->hops.count;
	size_t first_poor = SIZE_MAX;
	uint32_t said = 0;
	bool more = false, poor;

	rtnl_batch_start(&batch, &m->query);
	for (size_t i = 0; i < turns && m->hops.count > 0 && said < SLICE; i++) {
		if (m->hop_cursor >= m->hops.count)
			m->hop_cursor = 0;
		struct hop *h = m->hops.all[m->hop_cursor++];

		if (hop_expire(h, m->now_ms))
			m->changed = true;
		const enum hop_action action = say(m, &batch, h, &poor);

		if (poor && first_poor == SIZE_MAX)
			first_poor = m->hop_cursor - 1;
		said += action != HOP_DO_NOTHING;
		more |= action == HOP_DO_READ || action == HOP_DO_CREATE;
		if (batch.count + 2 > RTNL_BATCH_MAX)
			rtnl_batch_run(&batch, hop_answered, m);
	}
	rtnl_batch_run(&batch, hop_answered, m);
	if (first_poor != SIZE_MAX)
		m->hop_cursor = first_poor; /* the first to be served next time */
	if (more || said == SLICE)
		ask_arm(m, PAUSE_MS); /* the answers call for a next step, or some had no turn */
}

static void hear_link(void *ctx, const struct nlmsghdr *nlh)
{
	links_hear(ctx, nlh);
}

void ask_resync(struct mirror *m)
{
	struct route_range all;

	if (m->now_ms < m->resync_ms + RESYNC_PAUSE_MS) {
		ask_arm(m, RESYNC_PAUSE_MS);
		return;
	}
	m->resync = false;
	m->resync_ms = m->now_ms;
	links_free(&m->links);
	if (rtnl_dump(&m->query, RTM_GETLINK, hear_link, &m->links) != 0)
		m->resync = true;
	route_range_all(&all);
	targets_mark(&m->targets, &all);
	for (size_t i = 0; i < m->hops.count; i++)
		hop_doubt(m->hops.all[i], m->now_ms);
	m->changed = true;
	ask_arm(m, m->resync ? RESYNC_PAUSE_MS : PAUSE_MS);
}

static void ignore(void *ctx, struct rtnl_tag tag, const struct nlmsghdr *answer, int error)
{
}

void ask_release_all(struct mirror *m)
{
	struct rtnl_batch batch;

	rtnl_batch_start(&batch, &m->query);
	for (size_t i = 0; i < m->hops.count; i++) {
		if (!m->hops.all[i]->ours)
			continue;
		if (rtnl_batch_full(&batch))
			rtnl_batch_run(&batch, ignore, NULL);
		neigh_say(&batch, m->hops.all[i], HOP_DO_RELEASE);
	}
	rtnl_batch_run(&batch, ignore, NULL);
}
