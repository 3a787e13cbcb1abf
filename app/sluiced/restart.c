/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "restart.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_workers(const struct conf *a, const struct conf *b)
{
	return a->eal.n_workers == b->eal.n_workers &&
	       (a->eal.n_workers == 0 || memcmp(a->eal.workers, b->eal.workers,
						 a->eal.n_workers * sizeof *a->eal.workers) == 0);
}

static bool same_args(const struct conf *a, const struct conf *b)
{
	if (a->eal.n_args != b->eal.n_args)
		return false;
	for (size_t i = 0; i < a->eal.n_args; i++)
		if (!same_text(a->eal.args[i], b->eal.args[i]))
			return false;
	return true;
}

static void need(struct sl_err *err, const char *what)
{
	sl_err_add(err, "%s changed: that takes a restart", what);
}

static void compare_ports(const struct conf *from, const struct conf *to, struct sl_err *err)
{
	if (from->n_ports != to->n_ports) {
		need(err, "the list of ports");
		return;
	}
	for (size_t i = 0; i < to->n_ports; i++) {
		const struct conf_port *a = &from->ports[i], *b = &to->ports[i];

		if (!same_text(a->name, b->name) || a->driver != b->driver ||
			!same_text(a->interface, b->interface) ||
			!same_text(a->device, b->device) || a->mbufs != b->mbufs ||
			a->mtu != b->mtu)
			sl_err_at(err, b->place.file, b->place.line,
				"port \"%s\": name, driver, interface, device, mbufs or mtu "
				"changed: "
				"that takes a restart",
				b->name);
	}
}

bool restart_needed(const struct conf *from, const struct conf *to, struct sl_err *err)
{
	const size_t before = err->count;

	if (!same_text(from->daemon.control_socket, to->daemon.control_socket))
		need(err, "daemon.control.socket");
	if (!same_text(from->daemon.control_group, to->daemon.control_group))
		need(err, "daemon.control.group");
	if (!same_text(from->daemon.operator_group, to->daemon.operator_group))
		need(err, "daemon.control.operator_group");
	if (!same_text(from->daemon.admin_group, to->daemon.admin_group))
		need(err, "daemon.control.admin_group");
	if (from->eal.main_lcore != to->eal.main_lcore)
		need(err, "eal.main_lcore");
	if (!same_workers(from, to))
		need(err, "eal.workers");
	if (from->eal.lanes != to->eal.lanes)
		need(err, "eal.lanes");
	if (from->eal.huge != to->eal.huge)
		need(err, "eal.huge");
	if (from->eal.idle != to->eal.idle)
		need(err, "eal.idle");
	if (!same_text(from->eal.file_prefix, to->eal.file_prefix))
		need(err, "eal.file_prefix");
	if (!same_args(from, to))
		need(err, "eal.args");
	if (from->flows.per_lane != to->flows.per_lane)
		need(err, "flows.per_lane");
	if (from->flows.sessions != to->flows.sessions)
		need(err, "flows.sessions");
	if (from->flows.exact_keys != to->flows.exact_keys)
		need(err, "flows.exact_keys");
	compare_ports(from, to, err);
	return err->count > before;
}
