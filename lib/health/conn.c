/* SPDX-License-Identifier: BSD-3-Clause */

#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "health/conn.h"
#include "health/fault.h"

/* libcurl looks an established connection up by walking all of its multi handle, so a handle gets
 * no more than this many. */
#define SHARD_CONNS 64

/* Handles that wait for their next use: making one costs more than connecting with it. */
#define SPARE_MAX   256

struct shard {
	struct conns *owner;
	CURLM *multi;
	struct event timer;
	unsigned int used;
};

struct conns {
	struct event_base *base;
	sl_array(struct shard *) shards;
	size_t first_with_room; /* no shard below it has room */
	CURL *spare[SPARE_MAX];
	size_t n_spare;
};

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

static void shard_collect(struct shard *s);

static void shard_timer(evutil_socket_t fd, short what, void *arg)
{
	struct shard *s = arg;
	int running;

	curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	shard_collect(s);
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct shard *s = arg;

	if (ms < 0) {
		evtimer_del(&s->timer);
	} else if (ms == 0) {
		event_active(&s->timer, EV_TIMEOUT, 1);
	} else {
		const struct timeval tv = {ms / 1000, ms % 1000 * 1000};

		evtimer_add(&s->timer, &tv);
	}
	return 0;
}

static void connecting(evutil_socket_t fd, short what, void *arg)
{
	struct shard *s = ((struct conn *)arg)->shard;
	const int mask =
		(what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(s->multi, fd, mask, &running);
	shard_collect(s);
}

static void watch(struct conn *c, int fd, short what, event_callback_fn call)
{
	if (c->watched)
		event_del(&c->event);
	c->watched = what != 0;
	if (!c->watched)
		return;
	event_assign(&c->event, c->owner->base, fd, what | EV_PERSIST, call, c);
	event_add(&c->event, NULL);
}

/* What libcurl waits for, until the connection is up. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
	struct conn *c = NULL;
	short wanted = 0;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&c);
	if (!c || c->stage == STAGE_UP)
		return 0;
	if (what != CURL_POLL_REMOVE)
		wanted = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
				 (what & CURL_POLL_OUT ? EV_WRITE : 0));
	watch(c, fd, wanted, connecting);
	return 0;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct conn *c = arg;

	c->fd = socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
	c->socket_error = c->fd < 0 ? errno : 0;
	return c->fd < 0 ? CURL_SOCKET_BAD : c->fd;
}

static struct shard *shard_new(struct conns *cs)
{
	struct shard **place = sl_array_add(&cs->shards);
	struct shard *s = place ? calloc(1, sizeof *s) : NULL;

	if (s)
		s->multi = curl_multi_init();
	if (!s || !s->multi) {
		free(s);
		if (place)
			cs->shards.count--;
		return NULL;
	}
	s->owner = cs;
	event_assign(&s->timer, cs->base, -1, 0, shard_timer, s);
	curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
	curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
	curl_multi_setopt(s->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, 4L * SHARD_CONNS);
	return *place = s;
}

static struct shard *shard_take(struct conns *cs)
{
	for (; cs->first_with_room < cs->shards.count; cs->first_with_room++) {
		struct shard *s = cs->shards.item[cs->first_with_room];

		if (s->used < SHARD_CONNS)
			return s;
	}
	return shard_new(cs);
}

static void shard_give_back(struct shard *s)
{
	struct conns *cs = s->owner;

	s->used--;
	for (size_t i = 0; i < cs->first_with_room; i++)
		if (cs->shards.item[i] == s)
			cs->first_with_room = i;
}

void conns_free(struct conns *cs)
{
	if (!cs)
		return;
	while (cs->n_spare)
		curl_easy_cleanup(cs->spare[--cs->n_spare]);
	sl_array_each (&cs->shards, s) {
		curl_multi_cleanup((*s)->multi);
		event_del(&(*s)->timer);
		free(*s);
	}
	sl_array_free(&cs->shards);
	free(cs);
	curl_global_cleanup();
}

int conns_new(struct event_base *base, struct conns **out, struct sl_err *err)
{
	struct conns *cs;

	*out = NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return sl_err_add(err, "libcurl does not start");
	cs = calloc(1, sizeof *cs);
	if (!cs) {
		curl_global_cleanup();
		return -ENOMEM;
	}
	cs->base = base;
	/* The first one now: it takes descriptors, which may be short later. */
	if (!shard_new(cs)) {
		conns_free(cs);
		return -ENOMEM;
	}
	*out = cs;
	return 0;
}

/* What is the same for every connection. */
static CURL *easy_new(void)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		return NULL;
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* A resumed session would not show a certificate that ran out. */
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	return easy;
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
	struct shard *s = shard_take(cs);
	struct conn *c = s ? calloc(1, sizeof *c) : NULL;

	if (!c)
		return NULL;
	c->owner = cs;
	c->target = *target;
	c->hear = hear;
	c->ctx = ctx;
	c->fd = -1;
	/* Options of an earlier TLS connection would stay, so those handles do not come back. */
	c->easy = cs->n_spare ? cs->spare[--cs->n_spare] : easy_new();
	c->shard = s;
	s->used++;
	if (!c->easy || set_up(c) || curl_multi_add_handle(s->multi, c->easy)) {
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

static void settled(struct conn *c, CURLcode rc)
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

static void shard_collect(struct shard *s)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(s->multi, &left))) {
		struct conn *c = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		const CURLcode rc = msg->data.result;

		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&c);
		if (c)
			settled(c, rc);
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
		curl_multi_remove_handle(c->shard->multi, c->easy);
		curl_easy_setopt(c->easy, CURLOPT_PRIVATE, NULL);
		curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, NULL);
		curl_easy_setopt(c->easy, CURLOPT_CONNECT_TO, NULL);
		if (c->target.tls || c->owner->n_spare == SPARE_MAX)
			curl_easy_cleanup(c->easy);
		else
			c->owner->spare[c->owner->n_spare++] = c->easy;
	}
	curl_slist_free_all(c->connect_to);
	shard_give_back(c->shard);
	free(c);
}
