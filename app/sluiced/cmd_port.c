/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>

#include <rte_ethdev.h>

#include "base/offload.h"
#include "cmd_port.h"
#include "cmd_show.h"
#include "conf/schema.h"
#include "daemon.h"

const struct ctl_arg cmd_port_show_args[1] = {{"port", JSON_STRING, true}};

static const char *link_name(const struct port *p)
{
	static const char *const names[] = {
		[PORT_LINK_UP] = "up", [PORT_LINK_DOWN] = "down", [PORT_LINK_GONE] = "gone"};

	return names[p->link];
}

/* Names of those whose bit in `set` is `wanted`. */
static json_t *offloads_json(uint32_t set, bool wanted)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < OFFLOAD_COUNT; i++)
		if ((set >> i & 1) == wanted)
			json_array_append_new(list, json_string(offload_name(i)));
	return list;
}

static void put_count(json_t *o, const char *key, uint64_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

/* As its driver counts. */
static void put_device(json_t *o, const struct port *p)
{
	struct rte_eth_stats s = {0};

	if (rte_eth_stats_get(p->dpdk_port, &s))
		return;
	put_count(o, "rx_packets", s.ipackets);
	put_count(o, "rx_missed", s.imissed);
	put_count(o, "rx_errors", s.ierrors);
	put_count(o, "rx_no_mbuf", s.rx_nombuf);
	put_count(o, "tx_packets", s.opackets);
	put_count(o, "tx_errors", s.oerrors);
}

static void put_port(json_t *o, const struct port *p)
{
	const struct conf_port *conf = p->conf;
	char mac[SL_ETHER_STRLEN];

	json_object_set_new(o, "port", json_string(conf->name));
	json_object_set_new(o, "driver", json_string(conf_driver_name(conf->driver)));
	json_object_set_new(
		o, "device", json_string(conf->interface ? conf->interface : conf->device));
	json_object_set_new(o, "link", json_string(p->ifindex ? link_name(p) : "up"));
	json_object_set_new(o, "mac", json_string(sl_ether_format(&p->mac, mac)));
	put_count(o, "mtu", p->mtu);
	put_count(o, "rx_queues", p->n_rx_queues);
	json_object_set_new(o, "offloads", offloads_json(p->offloads, true));
	json_object_set_new(o, "software", offloads_json(p->offloads, false));
	put_device(o, p);
}

int cmd_port_list_next(struct ctl_call *call, void *arg, json_t **item)
{
	const struct daemon *d = arg;
	struct ctl_cursor *at = ctl_call_cursor(call);

	if (at->outer == d->n_ports)
		return 0;
	*item = json_object();
	if (!*item)
		return ctl_call_fail(call, ENOMEM, NULL, "no memory");
	put_port(*item, &d->ports[at->outer++]);
	return 1;
}

int cmd_port_show(struct ctl_call *call, void *arg)
{
	const char *name = ctl_call_string(call, "port");
	const struct daemon *d = arg;

	for (uint32_t i = 0; i < d->n_ports; i++) {
		if (strcmp(d->ports[i].conf->name, name) != 0)
			continue;
		json_t *o = ctl_call_data(call), *state = json_object();

		put_port(state, &d->ports[i]);
		json_object_set_new(o, "port", json_string(name));
		json_object_set_new(o, "state", state);
		cmd_show_config(call, d, "ports", name, NULL);
		return 0;
	}
	return ctl_call_fail(
		call, ENOENT, "sluicectl port list shows the ports", "port \"%s\" not found", name);
}
