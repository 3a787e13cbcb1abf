/* SPDX-License-Identifier: BSD-3-Clause */

/* Between conn.c, a connection, and conns.c, what all of them share: libcurl's handles, driven by
 * the event loop. Not for users of the module. */

#ifndef SLUICE_HEALTH_CONNS_H
#define SLUICE_HEALTH_CONNS_H

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "health/conn.h"

/* A multi handle of libcurl and its connections. */
struct shard {
	struct conns *owner;
	CURLM *multi;
	struct event timer;
	unsigned int used;
};

/* One with room, where the connection is counted from now on. NULL without memory. */
struct shard *shard_take(struct conns *cs);
void shard_give_back(struct shard *s);

/* The socket is ready for what libcurl waits for: CURL_CSELECT_ bits. */
void shard_act(struct shard *s, int fd, int ready);

/* A handle with all that is the same for every connection; NULL without memory. One that is given
 * back must have no option of its own connection left. */
CURL *handle_take(struct conns *cs);
void handle_give_back(struct conns *cs, CURL *easy, bool again);

struct event_base *conns_base(const struct conns *cs);

/* conn.c, with what CURLOPT_PRIVATE is. libcurl waits for CURL_POLL_ bits on the socket. */
void conn_wait_for(struct conn *c, int fd, int what);

/* libcurl is done: connected, or why not. */
void conn_settled(struct conn *c, CURLcode rc);

#endif
