/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "datapath/relay.h"
#include "stats.h"

int stats_init(struct stats *s, struct lane *const *lanes, uint32_t n_lanes, uint64_t now_ms)
{
	*s = (struct stats){.lanes = lanes, .n_lanes = n_lanes, .last_ms = now_ms};
	s->services = calloc(IDS_ROOM(CONF_MAX_VIPS), sizeof *s->services);
	s->backends = calloc(BACKEND_SLOTS, sizeof *s->backends);
	return s->services && s->backends ? 0 : -ENOMEM;
}

void stats_clear(struct stats *s)
{
	free(s->services);
	free(s->backends);
	*s = (struct stats){0};
}

static struct stats_row *rows(const struct stats *s, enum stats_kind kind)
{
	return kind == STATS_SERVICE ? s->services : s->backends;
}

const struct stats_row *stats_row(const struct stats *s, enum stats_kind kind, uint16_t id)
{
	return &rows(s, kind)[id];
}

static struct traffic sum(const struct stats *s, enum stats_kind kind, uint32_t id)
{
	struct traffic t = {0};

	for (uint32_t i = 0; i < s->n_lanes; i++) {
		const struct lane *l = s->lanes[i];
		const struct traffic *c = kind == STATS_SERVICE ? &l->service[id] : &l->backend[id];

		t.packets += counter_read(&c->packets);
		t.bytes += counter_read(&c->bytes);
	}
	return t;
}

static uint64_t sum_new(const struct stats *s, enum stats_kind kind, uint32_t id)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < s->n_lanes; i++) {
		const struct lane *l = s->lanes[i];

		n += counter_read(
			kind == STATS_SERVICE ? &l->service_new[id] : &l->backend_new[id]);
	}
	return n;
}

static uint64_t sum_over(const struct stats *s, uint32_t slot)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < s->n_lanes; i++)
		n += counter_read(&s->lanes[i]->backend_over[slot]);
	return n;
}

uint64_t stats_over(const struct stats *s, uint16_t slot)
{
	return sum_over(s, slot) - s->backends[slot].over_base;
}

uint64_t stats_new_flows(const struct stats *s, enum stats_kind kind, uint16_t id)
{
	return sum_new(s, kind, id) - rows(s, kind)[id].new_base;
}

uint64_t stats_flows(const struct stats *s, uint16_t slot)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < s->n_lanes; i++)
		if (s->lanes[i]->flows)
			n += __atomic_load_n(&s->lanes[i]->flows->active[slot], __ATOMIC_RELAXED);
	return n;
}

struct traffic stats_read(const struct stats *s, enum stats_kind kind, uint16_t id)
{
	const struct traffic base = rows(s, kind)[id].base;
	struct traffic t = sum(s, kind, id);

	t.packets -= base.packets;
	t.bytes -= base.bytes;
	return t;
}

void stats_follow(struct stats *s, enum stats_kind kind, const struct ids *ids)
{
	for (uint32_t i = 0; i < ids_top(ids); i++) {
		struct stats_row *row = &rows(s, kind)[i];
		const uint32_t epoch = ids_epoch(ids, (uint16_t)i);

		if (row->epoch == epoch)
			continue;
		*row = (struct stats_row){.epoch = epoch, .base = sum(s, kind, i)};
		row->last = row->base;
		row->new_base = sum_new(s, kind, i);
		row->new_last = row->new_base;
		if (kind == STATS_BACKEND)
			row->over_base = sum_over(s, i);
	}
}

static void tick_rows(struct stats *s, enum stats_kind kind, uint32_t n, double seconds)
{
	for (uint32_t i = 0; i < n; i++) {
		struct stats_row *row = &rows(s, kind)[i];
		const struct traffic now = sum(s, kind, i);

		row->pps = (double)(now.packets - row->last.packets) / seconds;
		row->bps = (double)(now.bytes - row->last.bytes) * 8 / seconds;
		row->last = now;
		const uint64_t began = sum_new(s, kind, i);

		row->new_ps = (double)(began - row->new_last) / seconds;
		row->new_last = began;
	}
}

uint64_t stats_verdict(const struct stats *s, enum verdict v)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < s->n_lanes; i++)
		n += counter_read(&s->lanes[i]->verdict[v]);
	return v == VERDICT_HELD && (int64_t)n < 0 ? 0 : n;
}

struct stats_relay stats_relay(const struct stats *s)
{
	struct stats_relay sum = {0};

	for (uint32_t i = 0; i < s->n_lanes; i++) {
		const struct relay *r = s->lanes[i]->relay;

		if (!r)
			continue;
		sum.asked += counter_read(&r->asked);
		sum.taken += counter_read(&r->taken);
		sum.refused += counter_read(&r->refused);
	}
	return sum;
}

uint64_t stats_rx(const struct stats *s)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < s->n_lanes; i++)
		n += counter_read(&s->lanes[i]->rx);
	return n;
}

uint64_t stats_dropped(const struct stats *s)
{
	uint64_t n = 0;

	for (int v = VERDICT_FIRST_DROP; v < VERDICT_COUNT; v++)
		n += stats_verdict(s, v);
	return n;
}

double stats_dropped_pps(const struct stats *s)
{
	double n = 0;

	for (int v = VERDICT_FIRST_DROP; v < VERDICT_COUNT; v++)
		n += s->verdict_pps[v];
	return n;
}

void stats_tick(struct stats *s, uint64_t now_ms, uint32_t n_services, uint32_t n_backends)
{
	const double seconds = (double)(now_ms - s->last_ms) / 1000;
	const uint64_t rx = stats_rx(s);

	if (now_ms == s->last_ms)
		return;
	s->last_ms = now_ms;
	tick_rows(s, STATS_SERVICE, n_services, seconds);
	tick_rows(s, STATS_BACKEND, n_backends, seconds);
	for (int v = 0; v < VERDICT_COUNT; v++) {
		const uint64_t now = stats_verdict(s, v);

		s->verdict_pps[v] = (double)(int64_t)(now - s->verdict_last[v]) / seconds;
		s->verdict_last[v] = now;
	}
	s->rx_pps = (double)(rx - s->rx_last) / seconds;
	s->rx_last = rx;
}
