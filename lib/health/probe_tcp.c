/* SPDX-License-Identifier: BSD-3-Clause */

/* tcp: the backend accepts a connection. */

#include "health/conn.h"
#include "health/probe_type.h"

struct tcp {
	struct conn_target target;
	struct conn *conn;
};

static int tcp_prepare(struct probe *p, void *state, struct sl_err *err)
{
	struct tcp *tcp = state;

	if (p->spec.port == 0)
		return sl_err_add(err, "a tcp probe needs a port");
	tcp->target = (struct conn_target){.address = p->spec.address, .port = p->spec.port};
	return 0;
}

static void tcp_hear(void *ctx, enum conn_news news)
{
	struct probe *p = ctx;
	const struct tcp *tcp = p->state;
	enum health_code code;
	const char *why;

	if (news == CONN_UP) {
		probe_finish(p, HEALTH_CODE_L4OK, "connected");
		return;
	}
	why = conn_fault(tcp->conn, &code);
	probe_finish(p, code, "%s", why);
}

static void tcp_start(struct probe *p, void *state)
{
	struct tcp *tcp = state;

	tcp->conn = conn_open(p->owner->conns, &tcp->target, tcp_hear, p);
	if (!tcp->conn)
		probe_finish(p, HEALTH_CODE_SOCKERR, "out of memory or descriptors");
}

static void tcp_again(struct probe *p, void *state)
{
	struct tcp *tcp = state;

	if (conn_is_unanswered(tcp->conn))
		conn_again(tcp->conn);
}

static void tcp_expire(struct probe *p, void *state)
{
	const struct tcp *tcp = state;
	enum health_code code;
	const char *why = conn_obstacle(tcp->conn, &code);

	if (why)
		probe_finish(p, code, "%s", why);
	else
		probe_finish(
			p, HEALTH_CODE_L4TOUT, "no answer to connect in %u ms", p->spec.timeout_ms);
}

/* Thousands of probes would leave tens of thousands of connections in TIME_WAIT. */
static void tcp_stop(struct probe *p, void *state)
{
	struct tcp *tcp = state;

	conn_close(tcp->conn, true);
	tcp->conn = NULL;
}

const struct probe_type probe_tcp = {
	.name = "tcp",
	.state_bytes = sizeof(struct tcp),
	.prepare = tcp_prepare,
	.start = tcp_start,
	.again = tcp_again,
	.expire = tcp_expire,
	.stop = tcp_stop,
};
