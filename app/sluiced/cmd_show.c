/* SPDX-License-Identifier: BSD-3-Clause */

#include "cmd_rule.h"
#include "cmd_show.h"
#include "conf/edit.h"
#include "daemon.h"
#include "object_json.h"
#include "paths.h"

int cmd_show_find(struct ctl_call *call, const struct daemon *d, const char *list,
	const char *first, const char *second, struct edit_object *o)
{
	const char *const names[] = {first, second};
	struct sl_err err = SL_ERR_INIT;
	const int rc = edit_look(d->running->conf, list, names, o, &err);

	return rc ? change_refuse(call, rc, &err) : 0;
}

void cmd_show_config(struct ctl_call *call, const struct daemon *d, const char *list,
	const char *first, const char *second)
{
	const char *const names[] = {first, second};
	struct edit_object o;

	if (edit_look(d->running->conf, list, names, &o, NULL) == 0)
		json_object_set_new(
			ctl_call_data(call), "config", object_json(object_list(list), o.base));
}

void cmd_path_json(const struct daemon *d, uint16_t slot, json_t *item)
{
	const struct path *p = paths_of(d, slot);

	if (p->mtu)
		json_object_set_new(item, "path_mtu", json_integer(p->mtu));
	json_object_set_new(item, "unreachable", json_integer((json_int_t)p->unreachable));
}

static void put_traffic(
	struct ctl_call *call, const struct daemon *d, enum stats_kind kind, uint16_t id)
{
	const struct traffic t = stats_read(&d->stats, kind, id);
	const struct stats_row *row = stats_row(&d->stats, kind, id);
	json_t *o = ctl_call_data(call);

	json_object_set_new(o, "packets", json_integer((json_int_t)t.packets));
	json_object_set_new(o, "bytes", json_integer((json_int_t)t.bytes));
	json_object_set_new(o, "pps", json_real(row->pps));
	json_object_set_new(o, "bps", json_real(row->bps));
}

int cmd_vip_show(struct ctl_call *call, void *daemon)
{
	const char *name = ctl_call_string(call, "vip");
	const struct daemon *d = daemon;
	struct edit_object o;
	const int rc = cmd_show_find(call, d, "vips", name, NULL, &o);

	if (rc)
		return rc;
	json_object_set_new(ctl_call_data(call), "vip", json_string(name));
	cmd_show_config(call, d, "vips", name, NULL);
	json_object_set_new(ctl_call_data(call), "rules", cmd_rules_json(o.base));
	put_traffic(call, d, STATS_SERVICE, d->running->services[o.index]);
	return 0;
}
