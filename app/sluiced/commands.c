/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <netinet/in.h>

#include <rte_mempool.h>

#include "cmd_flow.h"
#include "cmd_lane.h"
#include "cmd_health.h"
#include "cmd_check.h"
#include "cmd_config.h"
#include "cmd_object.h"
#include "cmd_port.h"
#include "cmd_rule.h"
#include "cmd_table.h"
#include "cmd_show.h"
#include "cmd_session.h"
#include "commands.h"
#include "conf/schema.h"
#include "ctl/protocol.h"
#include "daemon.h"
#include "eal/cpu.h"
#include "save.h"

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
	return json_pack("{s:f, s:f, s:f, s:f, s:o}", "hold_ms", ms(minute.hold_us), "late_ms",
		ms(minute.late_us), "hold_now_ms", ms(now.hold_us), "late_5s_ms",
		ms(lately.late_us), "goes", goes);
}

static int status(struct ctl_call *call, void *arg)
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

/* As in the configuration: a number, or text for a range. */
static json_t *ports_json(const struct sl_ports *ports)
{
	char text[SL_PORTS_STRLEN];

	if (sl_ports_is_one(ports) || sl_ports_is_every(ports))
		return json_integer(ports->first);
	return json_string(sl_ports_format(ports, text));
}

static int vip_next(struct ctl_call *call, void *arg, json_t **item)
{
	const struct daemon *d = arg;
	const struct conf *conf = d->running->conf;
	struct ctl_cursor *at = ctl_call_cursor(call);
	char addr[SL_PREFIX_STRLEN];

	if (at->outer == conf->n_vips)
		return 0;
	const struct conf_vip *vip = &conf->vips[at->outer];
	const struct conf_pool *pool = &conf->pools[vip->pool_index];
	const uint16_t id = d->running->services[at->outer++];
	const struct traffic t = stats_read(&d->stats, STATS_SERVICE, id);
	const struct stats_row *row = stats_row(&d->stats, STATS_SERVICE, id);

	*item = json_pack("{s:s, s:s, s:o, s:s, s:s, s:i, s:s, s:I, s:I, s:f, s:f}", "vip",
		vip->name, "address", sl_prefix_format_short(&vip->prefix, addr), "port",
		ports_json(&vip->ports), "protocol", vip->protocol == IPPROTO_TCP ? "tcp" : "udp",
		"pool", pool->name, "rules", (int)vip->n_rules, "forward",
		conf_forward_name(pool->forward), "packets", (json_int_t)t.packets, "bytes",
		(json_int_t)t.bytes, "pps", row->pps, "bps", row->bps);
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}

/* Which pools the list goes over: all, or the one that was named. */
static int backend_begin(struct ctl_call *call, void *arg)
{
	const struct daemon *d = arg;
	const char *name = ctl_call_string(call, "pool");

	for (size_t i = 0; name && i < d->running->conf->n_pools; i++)
		if (strcmp(d->running->conf->pools[i].name, name) == 0)
			return 0;
	return name ? ctl_call_fail(call, ENOENT, "sluicectl pool list shows them",
			      "pool \"%s\" not found", name)
		    : 0;
}

static json_t *next_hop(
	const struct daemon *d, const struct conf_pool *pool, const struct conf_backend *be)
{
	struct compile_hop hop;
	const enum hop_state state =
		view_hop(d->running->conf, d->ports, d->mirror, pool, be, &hop);
	struct sl_ether mac = hop.mac;
	char text[SL_ETHER_STRLEN], vlans[SL_VLANS_STRLEN];
	json_t *o = json_object();

	json_object_set_new(o, "state", json_string(hop_state_name(state)));
	if (hop.resolved) {
		json_object_set_new(o, "mac", json_string(sl_ether_format(&mac, text)));
		json_object_set_new(o, "port", json_string(d->running->conf->ports[hop.port].name));
		if (hop.vlans.n)
			json_object_set_new(
				o, "vlan", json_string(sl_vlans_format(&hop.vlans, vlans)));
	}
	return o;
}

/* Backend i of a pool; `slot` is its slot. */
static json_t *backend_item(const struct daemon *d, const struct conf_pool *pool, size_t i,
	uint32_t table_size, uint16_t slot)
{
	const struct conf_backend *be = &pool->backends[i];
	const struct traffic t = stats_read(&d->stats, STATS_BACKEND, slot);
	const struct stats_row *row = stats_row(&d->stats, STATS_BACKEND, slot);
	const uint32_t owned = d->rcu.current->owned[slot];
	char addr[SL_ADDR_STRLEN];

	const struct board_member *m = board_member(d->board, slot);
	json_t *item = m ? cmd_member_json(d->board, m) : json_object();
	json_t *more = json_pack(
		"{s:s, s:s, s:s, s:I, s:s, s:i, s:I, s:i, s:f, s:o, s:I, s:I, s:f, s:I, s:I, s:I, "
		"s:f}",
		"pool", pool->name, "backend", be->name, "address",
		sl_addr_format(&be->address, addr), "id", (json_int_t)be->id, "admin",
		conf_admin_name(be->admin), "weight", (int)be->weight, "max_flows",
		(json_int_t)be->max_flows, "slots", (int)owned, "share", (double)owned / table_size,
		"next_hop", next_hop(d, pool, be), "flows",
		(json_int_t)stats_flows(&d->stats, slot), "new_flows",
		(json_int_t)stats_new_flows(&d->stats, STATS_BACKEND, slot), "new_flows_ps",
		row->new_ps, "over_flows", (json_int_t)stats_over(&d->stats, slot), "packets",
		(json_int_t)t.packets, "bytes", (json_int_t)t.bytes, "pps", row->pps);

	json_object_update(item, more);
	json_decref(more);
	cmd_path_json(d, slot, item);
	return item;
}

/* outer: number of the pool; inner: number of the backend in it. */
static int backend_next(struct ctl_call *call, void *arg, json_t **item)
{
	const struct daemon *d = arg;
	const struct conf *conf = d->running->conf;
	const char *only = ctl_call_string(call, "pool");
	struct ctl_cursor *at = ctl_call_cursor(call);
	const size_t first = conf_count_backends(conf, at->outer);

	if (at->outer == conf->n_pools)
		return 0;
	const struct conf_pool *pool = &conf->pools[at->outer];

	if (at->inner == pool->n_backends || (only && strcmp(pool->name, only) != 0)) {
		at->outer++;
		at->inner = 0;
		return 1; /* nothing in this step */
	}
	*item = backend_item(d, pool, at->inner, sched_turns(d->rcu.current->tables[at->outer]),
		d->running->slots[first + at->inner]);
	at->inner++;
	return *item ? 1 : ctl_call_fail(call, ENOMEM, NULL, "no memory");
}

static int drops_next(struct ctl_call *call, void *arg, json_t **item)
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

static const struct ctl_arg backend_args[] = {{"pool", JSON_STRING, false}};

static const struct ctl_arg applied_args[] = {{"rev", JSON_INTEGER, false}};

#define ARGS(a)              .args = a, .n_args = sizeof(a) / sizeof *(a)

/* A change whose further arguments are keys of the object. */
#define CHANGE(least, fn, a) .role = least, .mutate = fn, .flags = CTL_FREE_ARGS, ARGS(a)

const struct ctl_command commands[] = {
	{.name = "status", .role = CTL_ROLE_VIEWER, .handler = status},
	{.name = "vip.list", .role = CTL_ROLE_VIEWER, .next = vip_next},
	{.name = "backend.list",
		.role = CTL_ROLE_VIEWER,
		.handler = backend_begin,
		.next = backend_next,
		.args = backend_args,
		.n_args = 1},
	{.name = "flow.list",
		.role = CTL_ROLE_VIEWER,
		.handler = cmd_flow_list,
		.next = cmd_flow_list_next,
		.args = cmd_flow_list_args,
		.n_args = 2,
		.flags = CTL_ANY_REV},
	{.name = "flow.stats",
		.role = CTL_ROLE_VIEWER,
		.next = cmd_flow_stats_next,
		.flags = CTL_ANY_REV},
	{.name = "flow.flush",
		.role = CTL_ROLE_ADMIN,
		.handler = cmd_flow_flush,
		.args = cmd_flow_flush_args,
		.n_args = 4,
		.flags = CTL_MUTATES},
	{.name = "lookup",
		.role = CTL_ROLE_VIEWER,
		.handler = cmd_lookup,
		.args = cmd_lookup_args,
		.n_args = 2},
	{.name = "table.show",
		.role = CTL_ROLE_VIEWER,
		.handler = cmd_table_show,
		.next = cmd_table_show_next,
		ARGS(cmd_table_show_args)},
	{.name = "table.diff",
		.role = CTL_ROLE_VIEWER,
		.handler = cmd_table_diff,
		.flags = CTL_FREE_ARGS,
		ARGS(cmd_table_diff_args)},
	{.name = "lcore.list",
		.role = CTL_ROLE_VIEWER,
		.next = cmd_lcore_list_next,
		.flags = CTL_ANY_REV},
	{.name = "port.list",
		.role = CTL_ROLE_VIEWER,
		.next = cmd_port_list_next,
		.flags = CTL_ANY_REV},
	{.name = "port.show",
		.role = CTL_ROLE_VIEWER,
		.handler = cmd_port_show,
		ARGS(cmd_port_show_args)},
	{.name = "lane.move",
		.role = CTL_ROLE_ADMIN,
		.handler = cmd_lane_move,
		.args = cmd_lane_move_args,
		.n_args = 2,
		.flags = CTL_MUTATES},
	{.name = "backend.add", CHANGE(CTL_ROLE_ADMIN, cmd_backend_add, cmd_backend_args)},
	{.name = "backend.set", CHANGE(CTL_ROLE_ADMIN, cmd_backend_set, cmd_backend_args)},
	{.name = "backend.del",
		.role = CTL_ROLE_ADMIN,
		.mutate = cmd_backend_del,
		ARGS(cmd_backend_args)},
	{.name = "backend.weight",
		.role = CTL_ROLE_OPERATOR,
		.mutate = cmd_backend_weight,
		ARGS(cmd_weight_args)},
	{.name = "backend.drain",
		.role = CTL_ROLE_OPERATOR,
		.mutate = cmd_backend_drain,
		ARGS(cmd_backend_args)},
	{.name = "backend.maint",
		.role = CTL_ROLE_ADMIN,
		.mutate = cmd_backend_maint,
		ARGS(cmd_backend_args)},
	{.name = "backend.ready",
		.role = CTL_ROLE_OPERATOR,
		.mutate = cmd_backend_ready,
		ARGS(cmd_backend_args)},
	{.name = "vip.add", CHANGE(CTL_ROLE_ADMIN, cmd_vip_add, cmd_vip_args)},
	{.name = "vip.set", CHANGE(CTL_ROLE_ADMIN, cmd_vip_set, cmd_vip_force_args)},
	{.name = "vip.del",
		.role = CTL_ROLE_ADMIN,
		.mutate = cmd_vip_del,
		ARGS(cmd_vip_force_args)},
	{.name = "rule.add", CHANGE(CTL_ROLE_ADMIN, cmd_rule_add, cmd_rule_args)},
	{.name = "rule.set", CHANGE(CTL_ROLE_ADMIN, cmd_rule_set, cmd_rule_args)},
	{.name = "rule.del", .role = CTL_ROLE_ADMIN, .mutate = cmd_rule_del, ARGS(cmd_rule_args)},
	{.name = "rule.list",
		.role = CTL_ROLE_VIEWER,
		.handler = cmd_rule_list,
		.next = cmd_rule_list_next,
		ARGS(cmd_rule_list_args)},
	{.name = "check.add", CHANGE(CTL_ROLE_ADMIN, cmd_check_add, cmd_check_args)},
	{.name = "check.set", CHANGE(CTL_ROLE_ADMIN, cmd_check_set, cmd_check_args)},
	{.name = "check.del",
		.role = CTL_ROLE_ADMIN,
		.mutate = cmd_check_del,
		ARGS(cmd_check_args)},
	{.name = "check.list", .role = CTL_ROLE_VIEWER, .next = cmd_check_list_next},
	{.name = "check.show",
		.role = CTL_ROLE_VIEWER,
		.handler = cmd_check_show,
		ARGS(cmd_check_args)},
	{.name = "pool.add", CHANGE(CTL_ROLE_ADMIN, cmd_pool_add, cmd_pool_args)},
	{.name = "pool.set", CHANGE(CTL_ROLE_ADMIN, cmd_pool_set, cmd_pool_args)},
	{.name = "pool.del", .role = CTL_ROLE_ADMIN, .mutate = cmd_pool_del, ARGS(cmd_pool_args)},
	{.name = "port.set", CHANGE(CTL_ROLE_ADMIN, cmd_port_set, cmd_port_args)},
	{.name = "pool.replace",
		.role = CTL_ROLE_ADMIN,
		.mutate = cmd_pool_replace,
		ARGS(cmd_replace_args)},
	{.name = "vip.show", .role = CTL_ROLE_VIEWER, .handler = cmd_vip_show, ARGS(cmd_vip_args)},
	{.name = "config.check",
		.role = CTL_ROLE_ADMIN,
		.handler = cmd_config_check,
		ARGS(cmd_config_check_args)},
	{.name = "config.diff",
		.role = CTL_ROLE_ADMIN,
		.handler = cmd_config_diff,
		.next = cmd_config_diff_next,
		.flags = CTL_ANY_REV},
	{.name = "config.show",
		.role = CTL_ROLE_ADMIN,
		.handler = cmd_config_show,
		.next = cmd_config_show_next,
		.flags = CTL_ANY_REV},
	{.name = "config.apply",
		.role = CTL_ROLE_ADMIN,
		.handler = cmd_config_apply,
		.flags = CTL_MUTATES | CTL_DRY_RUN,
		ARGS(cmd_config_apply_args)},
	{.name = "config.confirm",
		.role = CTL_ROLE_ADMIN,
		.handler = cmd_config_confirm,
		.flags = CTL_MUTATES},
	{.name = "config.undo",
		.role = CTL_ROLE_ADMIN,
		.handler = change_undo,
		.flags = CTL_MUTATES},
	{.name = "config.save",
		.role = CTL_ROLE_ADMIN,
		.handler = save_command,
		.flags = CTL_MUTATES},
	{.name = "config.set",
		.role = CTL_ROLE_ADMIN,
		.mutate = cmd_config_set,
		.flags = CTL_FREE_ARGS},
	{.name = "batch", .role = CTL_ROLE_OPERATOR, .mutate = ctl_batch, ARGS(ctl_batch_args)},
	{.name = "applied", .role = CTL_ROLE_VIEWER, .handler = change_applied, ARGS(applied_args)},
	{.name = "backend.show",
		.role = CTL_ROLE_VIEWER,
		.handler = cmd_backend_show,
		ARGS(cmd_health_run_args)},
	{.name = "pool.list", .role = CTL_ROLE_VIEWER, .next = cmd_pool_list_next},
	{.name = "pool.show",
		.role = CTL_ROLE_VIEWER,
		.handler = cmd_pool_show,
		ARGS(cmd_pool_name_args)},
	{.name = "pool.wait",
		.role = CTL_ROLE_VIEWER,
		.handler = cmd_pool_wait,
		ARGS(cmd_pool_wait_args)},
	{.name = "health.list",
		.role = CTL_ROLE_VIEWER,
		.handler = cmd_health_list,
		.next = cmd_health_list_next,
		ARGS(cmd_health_args)},
	{.name = "health.run",
		.role = CTL_ROLE_OPERATOR,
		.handler = cmd_health_run,
		ARGS(cmd_health_run_args),
		.flags = CTL_MUTATES},
	{.name = "health.freeze",
		.role = CTL_ROLE_ADMIN,
		.handler = cmd_health_freeze,
		ARGS(cmd_freeze_args),
		.flags = CTL_MUTATES},
	{.name = "events",
		.role = CTL_ROLE_VIEWER,
		.handler = cmd_events,
		.next = cmd_events_next,
		ARGS(cmd_events_args),
		.flags = CTL_ANY_REV},
	{.name = "session.list",
		.role = CTL_ROLE_VIEWER,
		.handler = cmd_session_list,
		.next = cmd_session_list_next,
		ARGS(cmd_session_list_args),
		.flags = CTL_ANY_REV},
	{.name = "session.stats",
		.role = CTL_ROLE_VIEWER,
		.next = cmd_session_stats_next,
		.flags = CTL_ANY_REV},
	{.name = "session.flush",
		.role = CTL_ROLE_ADMIN,
		.handler = cmd_session_flush,
		ARGS(cmd_session_flush_args),
		.flags = CTL_MUTATES},
	{.name = "drops", .role = CTL_ROLE_VIEWER, .next = drops_next},
	{.name = "schema", .role = CTL_ROLE_VIEWER, .next = ctl_schema_next, .flags = CTL_ANY_REV},
};

const size_t commands_count = sizeof commands / sizeof *commands;
