/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_flow.h"
#include "inquiry.h"
#include "slot_names.h"
#include "tuple.h"

const struct ctl_arg cmd_flow_flush_args[4] = {
	{"all", JSON_TRUE, false},
	{"backend", JSON_STRING, false}, /* POOL/NAME */
	{"client", JSON_STRING, false},  /* with service: one flow */
	{"service", JSON_STRING, false},
};

/* A flush under way: one order to each lane. */
struct flush {
	struct ctl_call *call;
	uint32_t waiting; /* lanes that have not answered */
	uint64_t dropped;
	uint32_t n;
	struct inquiry *q[];
};

static void flush_free(struct flush *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		inquiry_free(f->q[i]);
	free(f);
}

static void cancelled(void *ctx)
{
	flush_free(ctx);
}

static void answered(void *ctx, struct inquiry *q)
{
	struct flush *f = ctx;

	f->dropped += q->ask->n;
	if (--f->waiting)
		return;
	json_object_set_new(
		ctl_call_data(f->call), "flushed", json_integer((json_int_t)f->dropped));
	ctl_call_finish(f->call);
	flush_free(f);
}

/* What is to be forgotten, from the arguments. */
static int read_order(struct ctl_call *call, const struct daemon *d, struct ask *order)
{
	const char *backend = ctl_call_string(call, "backend");
	const char *client = ctl_call_string(call, "client");
	const char *service = ctl_call_string(call, "service");
	const bool all = ctl_call_boolean(call, "all", false);
	struct sl_err err = SL_ERR_INIT;
	struct tuple t;

	*order = (struct ask){.kind = ASK_DROP, .slot = ASK_ANY_BACKEND};
	if (all + !!backend + (client || service) != 1 || !client != !service)
		return ctl_call_fail(call, EINVAL,
			"all, --backend POOL/NAME, or SRC:PORT VIP:PORT/PROTOCOL",
			"say which connections are to be forgotten: one of three ways is needed");
	if (backend) {
		const int slot = slot_names_find(d->names, backend);

		if (slot < 0)
			return ctl_call_fail(call, ENOENT,
				"sluicectl backend list shows the backends, as POOL/NAME",
				"backend \"%s\" not found", backend);
		order->slot = (uint16_t)slot;
	}
	if (!client)
		return 0;
	if (tuple_parse(client, service, &t, &err)) {
		ctl_call_fail(call, EINVAL, NULL, "%s", sl_err_first(&err));
		sl_err_clear(&err);
		return -EINVAL;
	}
	order->one = true;
	order->key = tuple_key(&t, &order->v6);
	return 0;
}

int cmd_flow_flush(struct ctl_call *call, void *arg)
{
	struct daemon *d = arg;
	struct flush *f;
	struct ask order;
	int rc;

	slot_names_follow(d->names, d);
	rc = read_order(call, d, &order);
	if (rc)
		return rc;
	f = calloc(1, sizeof *f + d->n_lanes * sizeof(struct inquiry *));
	if (!f)
		return -ENOMEM;
	f->call = call;
	for (; f->n < d->n_lanes; f->n++) {
		f->q[f->n] = inquiry_new(f->n, 0, answered, f);
		if (!f->q[f->n]) {
			flush_free(f);
			return -ENOMEM;
		}
		*f->q[f->n]->ask = order;
	}
	f->waiting = f->n;
	rc = ctl_call_later(call, cancelled, f);
	for (uint32_t i = 0; i < f->n; i++)
		inquiry_send(d->inquiries, f->q[i]);
	return rc;
}
