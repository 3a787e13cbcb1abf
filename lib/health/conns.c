/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "health/conns.h"

/* libcurl looks an established connection up by walking all of its multi handle, so a handle gets
 * no more than this many. */
#define SHARD_CONNS 64

/* Handles that wait for their next use: making one costs more than connecting with it. */
#define SPARE_MAX   256

struct conns {
	struct event_base *base;
	sl_array(struct shard *) shards;
	size_t first_with_room; /* no shard below it has room */
	CURL *spare[SPARE_MAX];
	size_t n_spare;
};

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
			conn_settled(c, rc);
	}
}

void shard_act(struct shard *s, int fd, int ready)
{
	int running;

	curl_multi_socket_action(s->multi, fd, ready, &running);
	shard_collect(s);
}

static void shard_timer(evutil_socket_t fd, short what, void *arg)
{
	shard_act(arg, CURL_SOCKET_TIMEOUT, 0);
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

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
	struct conn *c = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&c);
	if (c)
		conn_wait_for(c, fd, what);
	return 0;
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

static struct shard *with_room(struct conns *cs)
{
	for (; cs->first_with_room < cs->shards.count; cs->first_with_room++) {
		struct shard *s = cs->shards.item[cs->first_with_room];

		if (s->used < SHARD_CONNS)
			return s;
	}
	return shard_new(cs);
}

struct shard *shard_take(struct conns *cs)
{
	struct shard *s = with_room(cs);

	if (s)
		s->used++;
	return s;
}

void shard_give_back(struct shard *s)
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
	return easy;
}

CURL *handle_take(struct conns *cs)
{
	return cs->n_spare ? cs->spare[--cs->n_spare] : easy_new();
}

void handle_give_back(struct conns *cs, CURL *easy, bool again)
{
	if (again && cs->n_spare < SPARE_MAX)
		cs->spare[cs->n_spare++] = easy;
	else
		curl_easy_cleanup(easy);
}

struct event_base *conns_base(const struct conns *cs)
{
	return cs->base;
}
