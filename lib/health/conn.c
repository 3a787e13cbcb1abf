/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "health/conns.h"
#include "health/fault.h"

enum conn_stage { STAGE_CONNECTING, STAGE_UP, STAGE_FAILED };

struct conn {
	struct conns *owner;
	struct shard *shard;
	CURL *easy;
	struct conn_target target;
	conn_hear *hear;
	void *ctx;
	enum conn_stage stage;
	int fd;           /* -1 = none */
	int socket_error; /* errno of socket(), 0 = none */
	bool watched;     /* event belongs to a socket that libcurl waits for, or to us when UP */
	bool want_write;
	struct event event;
	struct curl_slist *connect_to;
	enum health_code code;
	char why[CURL_ERROR_SIZE];
};

static void watch(struct conn *c, int fd, short what, event_callback_fn call)
{
	if (c->watched)
		event_del(&c->event);
	c->watched = what != 0;
	if (!c->watched)
		return;
	event_assign(&c->event, conns_base(c->owner), fd, what | EV_PERSIST, call, c);
	event_add(&c->event, NULL);
}

static void connecting(evutil_socket_t fd, short what, void *arg)
{
	shard_act(((struct conn *)arg)->shard, fd,
		(what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

/* Until the connection is up. */
void conn_wait_for(struct conn *c, int fd, int what)
{
	short wanted = 0;

	if (c->stage == STAGE_UP)
		return;
	if (what != CURL_POLL_REMOVE)
		wanted = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
				 (what & CURL_POLL_OUT ? EV_WRITE : 0));
	watch(c, fd, wanted, connecting);
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct conn *c = arg;

	c->fd = socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
	c->socket_error = c->fd < 0 ? errno : 0;
	return c->fd < 0 ? CURL_SOCKET_BAD : c->fd;
}

/* "https://NAME/" and where that really is, so that libcurl asks for and verifies NAME. */
static CURLcode set_target(struct conn *c)
{
	const struct conn_target *t = &c->target;
	char address[SL_ADDR_STRLEN], host[SL_ADDR_STRLEN + 2], url[512];
	CURLcode rc;

	snprintf(host, sizeof host, sl_addr_is4(&t->address) ? "%s" : "[%s]",
		sl_addr_format(&t->address, address));
	snprintf(url, sizeof url, "%s://%s:%u/", t->tls ? "https" : "http",
		t->tls && t->name ? t->name : host, t->port);
	rc = curl_easy_setopt(c->easy, CURLOPT_URL, url);
	if (!rc && t->tls && t->name) {
		snprintf(url, sizeof url, "::%s:%u", host, t->port);
		c->connect_to = curl_slist_append(NULL, url);
		rc = c->connect_to ? CURLE_OK : CURLE_OUT_OF_MEMORY;
	}
	curl_easy_setopt(c->easy, CURLOPT_CONNECT_TO, c->connect_to);
	return rc;
}

static CURLcode set_tls(struct conn *c)
{
	const struct conn_target *t = &c->target;
	CURLcode rc = CURLE_OK;

	curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, t->verify ? 1L : 0L);
	curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, t->verify ? 2L : 0L);
	/* Without this the system's certificates are read for every connection. */
	if (!t->verify || t->ca_file) {
		rc = curl_easy_setopt(c->easy, CURLOPT_CAINFO, t->verify ? t->ca_file : NULL);
		curl_easy_setopt(c->easy, CURLOPT_CAPATH, NULL);
	}
	return rc;
}

static CURLcode set_up(struct conn *c)
{
	CURLcode rc;

	curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
	curl_easy_setopt(c->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(c->easy, CURLOPT_OPENSOCKETDATA, c);
	curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->target.tls ? c->why : NULL);
	rc = set_target(c);
	if (!rc && c->target.tls)
		rc = set_tls(c);
	return rc;
}

struct conn *conn_open(
	struct conns *cs, const struct conn_target *target, conn_hear *hear, void *ctx)
{
	struct conn *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->owner = cs;
	c->target = *target;
	c->hear = hear;
	c->ctx = ctx;
	c->fd = -1;
	/* Options of an earlier TLS connection would stay, so those handles do not come back. */
	c->easy = handle_take(cs);
	c->shard = shard_take(cs);
	if (!c->easy || !c->shard || set_up(c) || curl_multi_add_handle(c->shard->multi, c->easy)) {
		conn_close(c, false);
		return NULL;
	}
	return c;
}

void conn_hand(struct conn *c, conn_hear *hear, void *ctx)
{
	c->hear = hear;
	c->ctx = ctx;
}

static bool tcp_info(const struct conn *c, struct tcp_info *info)
{
	socklen_t len = sizeof *info;

	memset(info, 0, sizeof *info);
	return c->fd >= 0 && getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, info, &len) == 0;
}

bool conn_is_unanswered(const struct conn *c)
{
	struct tcp_info info;

	return c->stage == STAGE_CONNECTING &&
	       (!tcp_info(c, &info) || info.tcpi_state == TCP_SYN_SENT);
}

bool conn_is_unacknowledged(const struct conn *c)
{
	struct tcp_info info;

	return tcp_info(c, &info) && info.tcpi_unacked > 0;
}

void conn_again(struct conn *c)
{
	if (c->stage != STAGE_CONNECTING)
		return;
	curl_multi_remove_handle(c->shard->multi, c->easy);
	watch(c, -1, 0, NULL);
	c->fd = -1;
	if (curl_multi_add_handle(c->shard->multi, c->easy))
		c->socket_error = ENOMEM; /* the timeout of the probe ends it */
}

const char *conn_fault(const struct conn *c, enum health_code *code)
{
	*code = c->code;
	return c->why;
}

const char *conn_obstacle(const struct conn *c, enum health_code *code)
{
	int error = 0;
	socklen_t len = sizeof error;
	const char *why = NULL;

	if (c->fd >= 0 && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error)
		*code = fault_code(error, &c->target.address, &why);
	return why;
}

static void judge_failure(struct conn *c, CURLcode rc)
{
	const char *why = "connection ended by the backend";
	long error = 0;

	curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &error);
	if (c->socket_error || rc == CURLE_COULDNT_CONNECT) {
		c->code = fault_code(
			c->socket_error ? c->socket_error : (int)error, &c->target.address, &why);
	} else if (rc == CURLE_OUT_OF_MEMORY) {
		c->code = HEALTH_CODE_SOCKERR;
		why = "out of memory";
	} else if (rc == CURLE_SSL_CACERT_BADFILE) {
		c->code = HEALTH_CODE_SOCKERR;
		why = "ca_file cannot be used";
	} else if (c->target.tls) {
		c->code = HEALTH_CODE_L6RSP;
		why = *c->why ? NULL : curl_easy_strerror(rc);
	} else {
		c->code = HEALTH_CODE_L4CON;
	}
	if (why)
		snprintf(c->why, sizeof c->why, "%s", why);
}

static void exchanging(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	if (what & EV_WRITE) {
		c->want_write = false;
		watch(c, c->fd, EV_READ, exchanging);
		c->hear(c->ctx, CONN_WRITABLE);
	} else {
		c->hear(c->ctx, CONN_READABLE);
	}
}

void conn_settled(struct conn *c, CURLcode rc)
{
	if (rc) {
		c->stage = STAGE_FAILED;
		judge_failure(c, rc);
		watch(c, -1, 0, NULL);
		c->fd = -1;
		c->hear(c->ctx, CONN_FAILED);
	} else {
		c->stage = STAGE_UP;
		watch(c, c->fd, EV_READ, exchanging);
		c->hear(c->ctx, CONN_UP);
	}
}

/* libcurl tells what happened, the socket why. */
static int broken(const struct conn *c)
{
	int error = 0;
	socklen_t len = sizeof error;

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error ? -error : -ECONNRESET;
}

ssize_t conn_send(struct conn *c, const void *data, size_t len)
{
	size_t n = 0;
	const CURLcode rc = curl_easy_send(c->easy, data, len, &n);

	if (rc == CURLE_AGAIN)
		return -EAGAIN;
	return rc ? broken(c) : (ssize_t)n;
}

ssize_t conn_recv(struct conn *c, void *data, size_t len)
{
	size_t n = 0;
	const CURLcode rc = curl_easy_recv(c->easy, data, len, &n);

	if (rc == CURLE_AGAIN)
		return -EAGAIN;
	return rc ? broken(c) : (ssize_t)n;
}

void conn_want_write(struct conn *c)
{
	if (!c->want_write)
		watch(c, c->fd, EV_READ | EV_WRITE, exchanging);
	c->want_write = true;
}

void conn_close(struct conn *c, bool reset)
{
	if (!c)
		return;
	if (reset && c->fd >= 0) {
		const struct linger at_once = {1, 0};

		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	}
	watch(c, -1, 0, NULL);
	if (c->easy) {
		if (c->shard)
			curl_multi_remove_handle(c->shard->multi, c->easy);
		curl_easy_setopt(c->easy, CURLOPT_PRIVATE, NULL);
		curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, NULL);
		curl_easy_setopt(c->easy, CURLOPT_CONNECT_TO, NULL);
		handle_give_back(c->owner, c->easy, !c->target.tls);
	}
	curl_slist_free_all(c->connect_to);
	if (c->shard)
		shard_give_back(c->shard);
	free(c);
}
