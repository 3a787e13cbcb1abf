/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "kernel/mirror.h"
#include "kernel/neigh.h"
#include "kernel/netlink.h"

/* For what changes without an event. */
#define FULL_ROUND_MS 30000

static uint64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Time for the mirror never runs backwards, and brings questions to spend. */
static void advance(struct mirror *m, uint64_t now_ms)
{
	if (now_ms <= m->now_ms)
		return;
	const uint64_t tokens = m->tokens + (now_ms - m->now_ms) * HOP_ASKS_PER_SEC / 1000;

	m->tokens = tokens < MIRROR_TOKENS_MAX ? (uint32_t)tokens : MIRROR_TOKENS_MAX;
	m->now_ms = now_ms;
}

static int open_poll(struct mirror *m, struct sl_err *err)
{
	struct epoll_event in = {.events = EPOLLIN};

	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	m->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (m->epoll < 0 || m->timer < 0 ||
		epoll_ctl(m->epoll, EPOLL_CTL_ADD, m->timer, &in) != 0 ||
		epoll_ctl(m->epoll, EPOLL_CTL_ADD, mnl_socket_get_fd(m->events.socket), &in) != 0)
		return sl_err_sys(err, errno, "mirror of routes: epoll");
	return 0;
}

static int open_all(struct mirror *m, struct sl_err *err)
{
	int rc = hop_table_init(&m->hops);

	if (rc != 0)
		return sl_err_sys(err, rc, "mirror of routes");
	rc = rtnl_open(&m->query, err);
	if (rc == 0)
		rc = neigh_check_permission(&m->query, err);
	if (rc == 0)
		rc = listen_open(m, err);
	if (rc == 0)
		rc = open_poll(m, err);
	return rc;
}

int mirror_open(struct mirror **out, struct sl_err *err)
{
	struct mirror *m = calloc(1, sizeof *m);

	*out = NULL;
	if (!m)
		return sl_err_sys(err, ENOMEM, "mirror of routes");
	m->epoll = m->timer = -1;
	m->now_ms = m->full_ms = clock_ms();
	m->tokens = MIRROR_TOKENS_MAX;
	const int rc = open_all(m, err);

	if (rc != 0) {
		mirror_close(m);
		return rc;
	}
	ask_resync(m);
	*out = m;
	return 0;
}

void mirror_close(struct mirror *m)
{
	if (!m)
		return;
	if (m->query.socket)
		ask_release_all(m);
	rtnl_close(&m->query);
	rtnl_close(&m->events);
	if (m->timer >= 0)
		close(m->timer);
	if (m->epoll >= 0)
		close(m->epoll);
	hop_table_free(&m->hops);
	links_free(&m->links);
	free(m->targets.item);
	free(m);
}

int mirror_fd(const struct mirror *m)
{
	return m->epoll;
}

uint32_t mirror_tick_ms(const struct mirror *m)
{
	return MIRROR_TICK_MS;
}

int mirror_watch(struct mirror *m, const struct sl_addr *addrs, size_t n)
{
	struct target *gone;
	size_t gone_count;
	const int rc = targets_replace(&m->targets, addrs, n, &gone, &gone_count);

	if (rc != 0)
		return rc;
	advance(m, clock_ms());
	for (size_t i = 0; i < gone_count; i++)
		if (gone[i].hop)
			hop_release(gone[i].hop, m->now_ms);
	free(gone);
	ask_routes(m);
	ask_hops(m);
	return 0;
}

static void slice(struct mirror *m)
{
	if (m->resync)
		ask_resync(m);
	ask_routes(m);
	ask_hops(m);
}

static bool take_changed(struct mirror *m)
{
	const bool changed = m->changed;

	m->changed = false;
	return changed;
}

bool mirror_process(struct mirror *m)
{
	uint64_t expirations;

	advance(m, clock_ms());
	listen_drain(m);
	if (read(m->timer, &expirations, sizeof expirations) == sizeof expirations) {
		m->armed = false;
		slice(m);
	}
	return take_changed(m);
}

bool mirror_tick(struct mirror *m, uint64_t now_ms)
{
	advance(m, now_ms);
	listen_drain(m);
	if (m->now_ms >= m->full_ms + FULL_ROUND_MS) {
		struct route_range all;

		m->full_ms = m->now_ms;
		route_range_all(&all);
		targets_mark(&m->targets, &all);
		ask_arm(m, 0);
	}
	ask_hops(m);
	return take_changed(m);
}

bool mirror_find(const struct mirror *m, const struct sl_addr *addr, struct nexthop *out)
{
	const struct target *t = target_find(&m->targets, addr);

	if (!t)
		return false;
	const struct route *r = &t->route;

	*out = (struct nexthop){
		.state = t->asked ? NEXTHOP_NO_ROUTE : NEXTHOP_UNRESOLVED,
		.ifindex = r->ifindex,
		.via = r->via,
		.source = r->source,
		.has_source = r->has_source,
		.mtu = r->mtu ? r->mtu : links_mtu(&m->links, r->ifindex),
	};
	if (t->hop)
		out->state = t->hop->has_mac ? NEXTHOP_RESOLVED : NEXTHOP_UNRESOLVED;
	if (out->state == NEXTHOP_RESOLVED)
		out->mac = t->hop->mac;
	return true;
}

bool mirror_tags(const struct mirror *m, uint32_t ifindex, uint32_t below, struct sl_vlans *out)
{
	return links_tags(&m->links, ifindex, below, out);
}
