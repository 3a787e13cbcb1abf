/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdio.h>

#include <rte_mempool.h>

#include "cmd_health.h"
#include "cmd_status.h"
#include "ctl/protocol.h"
#include "daemon.h"

static json_t *counter(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* How many pools are "ok", "degraded" and so on: "pools_ok" ... */
static void put_standings(const struct board *b, json_t *o)
{
	for (int i = 0; i < DECIDE_STANDS; i++) {
		char name[32];

		snprintf(name, sizeof name, "pools_%s",
			decide_standing_name((enum decide_standing)i));
		json_object_set_new(o, name, counter(b->standing[i]));
	}
}

static json_t *config_state(const struct daemon *d)
{
	json_t *c = json_object();

	json_object_set_new(c, "path", json_string(d->options->config));
	json_object_set_new(c, "last_apply", json_string(d->last_error ? "failed" : "ok"));
	if (d->last_error)
		json_object_set_new(c, "error", ctl_text_json(d->last_error));
	if (d->trial.back)
		json_object_set_new(c, "trial", trial_json(d));
	else if (d->trial.noted.applied)
		json_object_set_new(c, "unconfirmed", json_true());
	return c;
}

/* A moment's count: what a driver holds for reception is in use too. */
static json_t *mbufs_json(const struct daemon *d)
{
	return json_pack("{s:I, s:I}", "size", (json_int_t)d->mbufs->size, "in_use",
		(json_int_t)rte_mempool_in_use_count(d->mbufs));
}

/* Packets whose flow is another lane's. */
static json_t *relay_json(const struct stats *s)
{
	const struct stats_relay r = stats_relay(s);

	return json_pack("{s:I, s:I, s:I}", "asked", (json_int_t)r.asked, "taken",
		(json_int_t)r.taken, "refused", (json_int_t)r.refused);
}

static double ms(uint32_t us)
{
	return (double)us / 1000;
}

/* How long the control loop worked at one go, and how late it was. */
static json_t *loop_state(const struct loop_meter *m)
{
	const struct loop_lag minute = loop_worst(m, LOOP_SECONDS), now = loop_worst(m, 2),
			      lately = loop_worst(m, 5);
	json_t *goes = json_array();

	for (size_t i = 0; i < LOOP_COUNTS; i++)
		json_array_append_new(goes,
			json_pack("{s:o, s:I}", "up_to_ms",
				i < LOOP_COUNTS - 1 ? json_real(ms(loop_bounds[i])) : json_null(),
				"count", (json_int_t)m->count[i]));
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:o}", "hold_ms", ms(minute.hold_us), "late_ms",
		ms(minute.late_us), "hold_now_ms", ms(now.hold_us), "late_now_ms", ms(now.late_us),
		"late_5s_ms", ms(lately.late_us), "goes", goes);
}

int cmd_status(struct ctl_call *call, void *arg)
{
	const struct daemon *d = arg;
	const struct stats *s = &d->stats;
	json_t *o = ctl_call_data(call);

	json_object_set_new(o, "version", json_string(SLUICE_VERSION));
	json_object_set_new(o, "uptime_s", counter((daemon_now_ms() - d->start_ms) / 1000));
	json_object_set_new(o, "rev", counter(d->change.in_force));
	json_object_set_new(o, "accepted_rev", counter(d->change.accepted));
	json_object_set_new(o, "vips", counter(d->running->conf->n_vips));
	json_object_set_new(o, "pools", counter(d->running->conf->n_pools));
	put_standings(d->board, o);
	json_object_set_new(o, "backends", counter(d->running->n_backends));
	json_object_set_new(o, "workers", counter(d->n_workers));
	json_object_set_new(o, "lanes", counter(d->n_lanes));
	json_object_set_new(o, "rx_packets", counter(stats_rx(s)));
	json_object_set_new(o, "forwarded_packets", counter(stats_verdict(s, VERDICT_FORWARDED)));
	json_object_set_new(o, "dropped_packets", counter(stats_dropped(s)));
	json_object_set_new(o, "answered_packets", counter(stats_verdict(s, VERDICT_ANSWERED)));
	json_object_set_new(o, "punted_packets", counter(stats_verdict(s, VERDICT_PUNTED)));
	json_object_set_new(o, "held_packets", counter(stats_verdict(s, VERDICT_HELD)));
	json_object_set_new(o, "mbufs", mbufs_json(d));
	json_object_set_new(o, "relay", relay_json(s));
	json_object_set_new(o, "rx_pps", json_real(s->rx_pps));
	json_object_set_new(o, "forwarded_pps", json_real(s->verdict_pps[VERDICT_FORWARDED]));
	json_object_set_new(o, "dropped_pps", json_real(stats_dropped_pps(s)));
	json_object_set_new(o, "hash", json_string(d->hash_path));
	json_object_set_new(o, "code", json_string(d->code_path));
	json_object_set_new(o, "builds", counter(d->running->number));
	json_object_set_new(o, "health", cmd_health_sums(d->board));
	json_object_set_new(o, "config", config_state(d));
	json_object_set_new(o, "loop", loop_state(&d->loop));
	return 0;
}

int cmd_drops_next(struct ctl_call *call, void *arg, json_t **item)
{
	const struct daemon *d = arg;
	struct ctl_cursor *at = ctl_call_cursor(call);
	const enum verdict v = (enum verdict)(VERDICT_FIRST_DROP + at->outer);

	if (v >= VERDICT_COUNT)
		return 0;
	at->outer++;
	*item = json_pack("{s:s, s:s, s:I, s:f}", "reason", verdict_name(v), "help",
		verdict_help(v), "packets", (json_int_t)stats_verdict(&d->stats, v), "pps",
		d->stats.verdict_pps[v]);
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}
