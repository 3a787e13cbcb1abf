/* SPDX-License-Identifier: BSD-3-Clause */

/* The board's probes: made from the configuration, started by the schedule. */

#include <errno.h>

#include "base/log.h"
#include "board.h"
#include "conf/schema.h"
#include "daemon.h"

/* Probes are started for so long at one go. */
#define PART_US 1000

static void on_result(void *ctx, const struct health_result *r)
{
	struct board_check *c = ctx;
	struct board *b = c->board;

	board_take(c, r);
	schedule_done(b->schedule, &c->item, health_interval_ms(&c->health, &c->params),
		c->jitter_pct, daemon_now_us());
	board_pump(b);
}

int board_probe_add(struct board_check *c, const struct conf_check *conf,
	const struct sl_addr *address, uint16_t port, uint32_t first_ms, struct sl_err *err)
{
	const struct probe_spec spec = {
		.type = conf_check_type_name(conf->type),
		.address = *address,
		.port = port,
		.timeout_ms = conf->timeout_ms,
		.path = conf->path,
		.host = conf->host,
		.status = conf->status,
		.body = conf->body,
		.head = conf->method == CONF_METHOD_HEAD,
		.tls_verify = conf->tls_verify,
		.ca_file = conf->ca_file,
		.send_hex = conf->send_hex,
		.expect_hex = conf->expect_hex,
		.dns_name = conf->dns_name,
		.dns_type = conf->dns_type,
		.reuse = {conf->reuse.min, conf->reuse.max, conf->reuse.idle_s,
			conf->reuse.wait_ms},
	};
	int rc = probe_new(c->board->prober, &spec, on_result, c, &c->probe, err);

	if (rc)
		return rc;
	rc = schedule_add(c->board->schedule, &c->item, first_ms, daemon_now_us());
	return rc ? sl_err_sys(err, rc, "cannot schedule the check \"%s\"", conf->name) : 0;
}

void board_probe_remove(struct board_check *c)
{
	schedule_remove(c->board->schedule, &c->item);
	probe_free(c->probe);
	c->probe = NULL;
}

void board_probe_now(struct board_check *c)
{
	schedule_hurry(c->board->schedule, &c->item, daemon_now_us());
	board_pump(c->board);
}

/* Start what is due, and come back when the next one is. */
void board_pump(struct board *b)
{
	struct schedule_item *item;
	struct timeval tv;
	uint64_t wait;

	const uint64_t until = daemon_now_us() + PART_US;
	bool more = false;

	while (!more && (item = schedule_next(b->schedule, daemon_now_us()))) {
		probe_start(
			((struct board_check *)((char *)item - offsetof(struct board_check, item)))
				->probe);
		more = b->pump && daemon_now_us() >= until;
	}
	wait = more ? 0 : schedule_wait_us(b->schedule, daemon_now_us());
	if (!b->pump)
		return;
	evtimer_del(b->pump);
	if (wait == UINT64_MAX)
		return;
	tv = (struct timeval){(time_t)(wait / 1000000), (suseconds_t)(wait % 1000000)};
	evtimer_add(b->pump, &tv);
}
