/* SPDX-License-Identifier: BSD-3-Clause */

/* http and https: one request, on a connection of its own or on one of a reuse pool. A kept
 * connection that turns out to be broken says nothing of the backend: the request goes out once
 * more on a new one, within the same timeout. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "health/conn.h"
#include "health/http.h"
#include "health/probe_type.h"
#include "health/reuse.h"

struct web {
	struct conn_target target;
	char *name; /* for TLS */
	char *request;
	size_t request_len;
	struct http_want want;
	struct reuse_pool *pool; /* NULL = a new connection for each run */
	/* of a run */
	struct conn *conn;
	struct reuse_conn *kept; /* conn belongs to it, or NULL */
	struct reuse_user user;
	bool up, replaced;
	size_t sent;
	struct http_answer answer;
};

/* host without :PORT, or NULL for an address, which is verified as such. */
static int make_name(struct web *web, const char *host)
{
	struct sl_addr address;
	const size_t n = host && *host == '[' ? 0 : host ? strcspn(host, ":") : 0;

	if (n == 0)
		return 0;
	web->name = strndup(host, n);
	if (!web->name)
		return -ENOMEM;
	if (sl_addr_parse(web->name, &address) == 0 && sl_addr_eq(&address, &web->target.address)) {
		free(web->name);
		web->name = NULL;
	}
	return 0;
}

/* RFC 9110 7.2: the port is left out where it is the scheme's own. */
static int make_request(struct probe *p, struct web *web)
{
	char address[SL_ADDR_STRLEN], host[SL_ADDR_STRLEN + 16];
	const struct probe_spec *s = &p->spec;
	const bool own = s->port == (web->target.tls ? 443 : 80);

	snprintf(host, sizeof host, sl_addr_is4(&s->address) ? "%s" : "[%s]",
		sl_addr_format(&s->address, address));
	if (!own)
		snprintf(host + strlen(host), 16, ":%u", s->port);
	web->request = http_request(
		s->path, s->host ? s->host : host, s->head, s->reuse.max > 0, &web->request_len);
	return web->request ? 0 : -ENOMEM;
}

static int web_prepare(struct probe *p, struct web *web, bool tls, struct sl_err *err)
{
	const struct probe_spec *s = &p->spec;
	int rc;

	if (s->port == 0)
		return sl_err_add(err, "a probe of type %s needs a port", s->type);
	if (http_want_set(&web->want, s->status, s->body, s->head))
		return sl_err_add(err, "status or body of the probe cannot be asked for");
	web->target = (struct conn_target){.address = s->address,
		.port = s->port,
		.tls = tls,
		.verify = tls && s->tls_verify,
		.ca_file = tls && s->tls_verify ? s->ca_file : NULL};
	rc = make_request(p, web);
	if (!rc && tls)
		rc = make_name(web, s->host);
	web->target.name = web->name;
	if (!rc && s->reuse.max) {
		web->pool = reuse_hold(p->owner->reuse, &web->target, &s->reuse);
		rc = web->pool ? 0 : -ENOMEM;
	}
	return rc ? sl_err_sys(err, rc, "probe") : 0;
}

static int http_prepare(struct probe *p, void *state, struct sl_err *err)
{
	return web_prepare(p, state, false, err);
}

static int https_prepare(struct probe *p, void *state, struct sl_err *err)
{
	return web_prepare(p, state, true, err);
}

static void web_forget(struct probe *p, void *state)
{
	struct web *web = state;

	reuse_release(web->pool);
	free(web->request);
	free(web->name);
}

static void web_hear(void *ctx, enum conn_news news);

static void begin_exchange(struct web *web)
{
	web->sent = 0;
	memset(&web->answer, 0, sizeof web->answer);
}

/* A broken connection before any byte of an answer. True if a new one takes its place. */
static bool replace(struct probe *p, struct web *web)
{
	if (!web->kept || web->kept->fresh || web->replaced || web->answer.any)
		return false;
	web->replaced = true;
	web->up = false;
	web->conn = NULL;
	begin_exchange(web);
	if (reuse_replace(web->kept, &web->user)) {
		web->kept = NULL;
		probe_finish(p, HEALTH_CODE_SOCKERR, "out of memory or descriptors");
	} else {
		web->conn = web->kept->conn;
	}
	return true;
}

static void broken(struct probe *p, struct web *web)
{
	if (!replace(p, web))
		probe_finish(p, HEALTH_CODE_L7RSP, "connection reset %s",
			web->answer.any ? "in the middle of the answer" : "before an answer");
}

static void send_request(struct probe *p, struct web *web)
{
	while (web->sent < web->request_len) {
		const ssize_t n = conn_send(
			web->conn, web->request + web->sent, web->request_len - web->sent);

		if (n == -EAGAIN) {
			conn_want_write(web->conn);
			return;
		}
		if (n < 0) {
			broken(p, web);
			return;
		}
		web->sent += (size_t)n;
	}
}

static void ended(struct probe *p, struct web *web)
{
	if (!web->answer.any && replace(p, web))
		return;
	http_end(&web->answer, &web->want);
	probe_finish(p, web->answer.code, "%s", web->answer.why);
}

static void read_answer(struct probe *p, struct web *web)
{
	char bytes[PROBE_HTTP_MAX];

	for (;;) {
		const ssize_t n = conn_recv(web->conn, bytes, sizeof bytes);

		if (n == -EAGAIN)
			return;
		if (n < 0) {
			broken(p, web);
			return;
		}
		if (n == 0) {
			ended(p, web);
			return;
		}
		if (http_feed(&web->answer, &web->want, bytes, (size_t)n)) {
			probe_finish(p, web->answer.code, "%s", web->answer.why);
			return;
		}
	}
}

static void web_hear(void *ctx, enum conn_news news)
{
	struct probe *p = ctx;
	struct web *web = p->state;
	enum health_code code;
	const char *why;

	switch (news) {
	case CONN_FAILED:
		why = conn_fault(web->conn, &code);
		probe_finish(p, code, "%s", why);
		break;
	case CONN_UP:
		web->up = true;
		send_request(p, web);
		break;
	case CONN_WRITABLE:
		send_request(p, web);
		break;
	case CONN_READABLE:
		read_answer(p, web);
		break;
	}
}

static void web_got(void *ctx, struct reuse_conn *kept)
{
	struct probe *p = ctx;
	struct web *web = p->state;

	web->kept = kept;
	if (!kept) {
		probe_finish(p, HEALTH_CODE_SOCKERR, "all %u connections are in use, waited %u ms",
			p->spec.reuse.max, p->spec.reuse.wait_ms);
		return;
	}
	web->conn = kept->conn;
	if (kept->fresh)
		return;
	web->up = true;
	send_request(p, web);
}

static void web_start(struct probe *p, void *state)
{
	struct web *web = state;
	struct reuse_conn *kept;
	int rc = 0;

	web->up = web->replaced = false;
	begin_exchange(web);
	if (web->pool) {
		web->user = (struct reuse_user){.hear = web_hear, .got = web_got, .ctx = p};
		rc = reuse_take(web->pool, &web->user, &kept);
		if (!rc)
			web_got(p, kept);
	} else {
		web->conn = conn_open(p->owner->conns, &web->target, web_hear, p);
		rc = web->conn ? 0 : -ENOMEM;
	}
	if (rc == -ENOMEM)
		probe_finish(p, HEALTH_CODE_SOCKERR, "out of memory or descriptors");
}

/* Of a kept connection, an unacknowledged request means that the way to the backend lost it. */
static void web_again(struct probe *p, void *state)
{
	struct web *web = state;

	if (!web->conn)
		return;
	if (!web->up && conn_is_unanswered(web->conn)) {
		conn_again(web->conn);
	} else if (web->up && conn_is_unacknowledged(web->conn) && !web->answer.any && web->kept &&
		   !web->kept->fresh) {
		reuse_distrust(web->pool);
		replace(p, web);
	}
}

static void web_expire(struct probe *p, void *state)
{
	struct web *web = state;
	const unsigned int ms = p->spec.timeout_ms;
	enum health_code code;
	const char *why = web->conn && !web->up ? conn_obstacle(web->conn, &code) : NULL;

	if (why) {
		probe_finish(p, code, "%s", why);
	} else if (!web->conn) {
		probe_finish(
			p, HEALTH_CODE_SOCKERR, "all %u connections are in use", p->spec.reuse.max);
	} else if (!web->up && conn_is_unanswered(web->conn)) {
		probe_finish(p, HEALTH_CODE_L4TOUT, "no answer to connect in %u ms", ms);
	} else if (!web->up) {
		probe_finish(p, HEALTH_CODE_L7TOUT, "connected, TLS not ready in %u ms", ms);
	} else if (web->kept && !web->kept->fresh && !web->answer.any &&
		   conn_is_unacknowledged(web->conn)) {
		reuse_distrust(web->pool);
		probe_finish(p, HEALTH_CODE_SOCKERR,
			"a kept connection went silent, the next probe opens a new one");
	} else {
		probe_finish(p, HEALTH_CODE_L7TOUT, "connected, %s in %u ms",
			web->answer.any ? "answer not complete" : "no answer", ms);
	}
}

static void web_stop(struct probe *p, void *state)
{
	struct web *web = state;

	reuse_leave(&web->user);
	if (web->kept && web->answer.whole)
		reuse_give(web->kept);
	else if (web->kept)
		reuse_drop(web->kept, web->up && !web->answer.judged);
	else
		conn_close(web->conn, false);
	web->kept = NULL;
	web->conn = NULL;
}

const struct probe_type probe_http = {
	.name = "http",
	.state_bytes = sizeof(struct web),
	.prepare = http_prepare,
	.start = web_start,
	.again = web_again,
	.expire = web_expire,
	.stop = web_stop,
	.forget = web_forget,
};

const struct probe_type probe_https = {
	.name = "https",
	.state_bytes = sizeof(struct web),
	.prepare = https_prepare,
	.start = web_start,
	.again = web_again,
	.expire = web_expire,
	.stop = web_stop,
	.forget = web_forget,
};
