/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "cmd_health.h"
#include "cmd_list.h"
#include "cmd_show.h"
#include "conf/schema.h"
#include "daemon.h"

const struct ctl_arg cmd_backend_list_args[1] = {{"pool", JSON_STRING, false}};

/* As in the configuration: a number, or text for a range. */
static json_t *ports_json(const struct sl_ports *ports)
{
	char text[SL_PORTS_STRLEN];

	if (sl_ports_is_one(ports) || sl_ports_is_every(ports))
		return json_integer(ports->first);
	return json_string(sl_ports_format(ports, text));
}

int cmd_vip_list_next(struct ctl_call *call, void *arg, json_t **item)
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
int cmd_backend_list(struct ctl_call *call, void *arg)
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
int cmd_backend_list_next(struct ctl_call *call, void *arg, json_t **item)
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
