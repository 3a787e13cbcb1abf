/* SPDX-License-Identifier: BSD-3-Clause */

/* CPUs and ports. Both are few: loops inside loops are fine. */

#include <string.h>

#include "conf/check.h"
#include "conf/schema.h"

void check_control(struct check *c)
{
	static const struct conf_place nowhere;
	const struct conf *conf = c->conf;
	const struct conf_place *place = conf->n_ports ? &conf->ports[0].place : &nowhere;
	const struct conf_place file = {.file = place->file};
	const char *role = *conf->daemon.admin_group ? "admin_group" : "operator_group";

	if (*conf->daemon.control_group)
		return;
	if (*conf->daemon.admin_group || *conf->daemon.operator_group)
		check_fail(c, &file,
			"daemon.control: %s is of no use without group: only root may connect",
			role);
}

void check_eal(struct check *c)
{
	static const struct conf_place nowhere;
	const struct conf *conf = c->conf;
	const struct conf_place *place = conf->n_ports ? &conf->ports[0].place : &nowhere;
	const struct conf_place file = {.file = place->file};

	if (strchr(conf->eal.file_prefix, '/'))
		check_fail(c, &file,
			"eal: file_prefix \"%s\" is the name of a directory in /run/dpdk: no \"/\"",
			conf->eal.file_prefix);
	for (size_t i = 1; i < conf->eal.n_workers; i++)
		for (size_t j = 0; j < i; j++)
			if (conf->eal.workers[i] == conf->eal.workers[j]) {
				check_fail(c, &file, "eal: workers names CPU %u more than once",
					conf->eal.workers[i]);
				break;
			}
}

static void check_vdev(struct check *c, const struct conf_port *port)
{
	if (!port->device)
		check_fail(
			c, &port->place, "port \"%s\": a vdev port needs \"device\"", port->name);
	if (port->interface)
		check_fail(c, &port->place,
			"port \"%s\": a vdev port has no \"interface\", only \"device\"",
			port->name);
	if (!port->has_next_hop_mac)
		check_fail(c, &port->place,
			"port \"%s\": a vdev port needs \"next_hop_mac\": it has no kernel side to "
			"ask",
			port->name);
}

static void check_vlan(struct check *c, const struct conf_port *port)
{
	const char *interface = port->interface ? port->interface : "eth1";

	if (port->vlans.n && !port->has_next_hop_mac)
		check_fail(c, &port->place,
			"port \"%s\": \"vlan\" goes with \"next_hop_mac\"; where the kernel "
			"decides, a route by a VLAN interface says it: ip link add link %s name "
			"%s.100 type vlan id 100",
			port->name, interface, interface);
}

static void check_kernel_port(struct check *c, const struct conf_port *port)
{
	if (!port->interface)
		check_fail(c, &port->place, "port \"%s\": %s needs \"interface\"", port->name,
			conf_driver_name(port->driver));
	else if (strpbrk(port->interface, "/: \t") || strcmp(port->interface, ".") == 0 ||
		 strcmp(port->interface, "..") == 0 || strlen(port->interface) > 15)
		check_fail(c, &port->place,
			"port \"%s\": \"%s\" cannot be the name of an interface", port->name,
			port->interface);
	if (port->device)
		check_fail(c, &port->place, "port \"%s\": %s has no \"device\", only \"interface\"",
			port->name, conf_driver_name(port->driver));
}

/* DPDK names a device by what stands before the first comma. */
static bool same_device(const char *a, const char *b)
{
	const size_t n = strcspn(a, ",");

	return n == strcspn(b, ",") && strncmp(a, b, n) == 0;
}

static void check_unique(struct check *c, const struct conf_port *port)
{
	char where[CHECK_WHERE_STRLEN];

	for (const struct conf_port *p = c->conf->ports; p < port; p++) {
		if (strcmp(p->name, port->name) == 0) {
			check_fail(c, &port->place, "port \"%s\" exists already%s", port->name,
				check_where(&p->place, where));
			return;
		}
		if (p->interface && port->interface && strcmp(p->interface, port->interface) == 0)
			check_fail(c, &port->place,
				"port \"%s\": interface %s belongs to port \"%s\"", port->name,
				port->interface, p->name);
		if (p->device && port->device && same_device(p->device, port->device))
			check_fail(c, &port->place,
				"port \"%s\": device %.*s belongs to port \"%s\"", port->name,
				(int)strcspn(p->device, ","), p->device, p->name);
	}
}

void check_ports(struct check *c)
{
	for (size_t i = 0; i < c->conf->n_ports; i++) {
		struct conf_port *port = &c->conf->ports[i];
		const bool vdev = port->driver == CONF_DRIVER_VDEV;

		port->accept_mac = port->accept_mac_given;
		if (port->accept_mac == CONF_ACCEPT_DEFAULT)
			port->accept_mac = vdev ? CONF_ACCEPT_ANY : CONF_ACCEPT_OWN;
		if (port->place.broken)
			continue;
		check_name(c, "port", port->name, &port->place);
		if (vdev)
			check_vdev(c, port);
		else
			check_kernel_port(c, port);
		check_vlan(c, port);
		check_unique(c, port);
	}
}
