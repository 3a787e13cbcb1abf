/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "ctl/call.h"
#include "ctl/hangup.h"
#include "ctl/peer.h"

/* Replies stop being made above HIGH and go on below LOW; the queue's limit is for one reply that
 * is larger than the room above HIGH. */
#define QUEUE_HIGH (CTL_QUEUE_MAX / 2)
#define QUEUE_LOW  (CTL_QUEUE_MAX / 8)

#define TURN_ITEMS 32

/* What the client is waited for, each with its own time. */
enum peer_wait {
	WAIT_NOTHING,
	WAIT_REQUEST, /* starts anew with every byte */
	WAIT_LINE,    /* does not: one byte now and then keeps nothing alive */
	WAIT_READER,  /* neither */
};

struct peer {
	TAILQ_ENTRY(peer) link;
	TAILQ_ENTRY(peer) ready_link;
	struct peer_host *host;
	struct bufferevent *bev;
	struct event *timer;
	struct hangup hangup; /* watched from the time a call waits until it is over */
	enum peer_wait wait;
	bool queued;     /* on the ready list */
	bool busy;       /* call is not over */
	bool discarding; /* the rest of a line that was too long */
	bool ended;      /* the client sends no more */
	struct ctl_session session;
	struct ctl_call call;
};

uint64_t peer_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void peer_ready(struct peer *p)
{
	static const struct timeval at_once;

	if (p->queued)
		return;
	p->queued = true;
	TAILQ_INSERT_TAIL(&p->host->ready, p, ready_link);
	/* A timer, not event_active(): that would run before sockets are looked at again. */
	evtimer_add(p->host->work, &at_once);
}

static void peer_wait_for(struct peer *p, enum peer_wait wait)
{
	const struct ctl_server_opts *opts = &p->host->opts;
	struct timeval time;
	unsigned ms = 0;

	if (wait == p->wait && wait != WAIT_REQUEST)
		return;
	p->wait = wait;
	switch (wait) {
	case WAIT_NOTHING:
		evtimer_del(p->timer);
		return;
	case WAIT_REQUEST:
		ms = opts->idle_ms;
		break;
	case WAIT_LINE:
		ms = opts->line_ms;
		break;
	case WAIT_READER:
		ms = opts->reader_ms;
		break;
	}
	time = (struct timeval){ms / 1000, ms % 1000 * 1000};
	evtimer_add(p->timer, &time);
}

/* Off while no request can be taken up: libevent calls back without end for an input that stands at
 * its high watermark. Never on again after the end, which would be reported without end. */
static void peer_read(struct peer *p, bool on)
{
	if (!on)
		bufferevent_disable(p->bev, EV_READ);
	else if (!p->ended)
		bufferevent_enable(p->bev, EV_READ);
}

static size_t peer_unsent(const struct peer *p)
{
	return evbuffer_get_length(bufferevent_get_output(p->bev));
}

/* Queue a line. False when the client is beyond its limit (or memory is short): it must go. */
static bool peer_send(struct peer *p, json_t *line)
{
	size_t len;
	char *text = ctl_line_text(line, &len);
	const bool fits = text && peer_unsent(p) + len <= CTL_QUEUE_MAX;
	const bool sent = fits && bufferevent_write(p->bev, text, len) == 0;

	free(text);
	return sent;
}

static bool peer_send_too_long(struct peer *p)
{
	struct ctl_failure why;

	ctl_failure_set(&why, EINVAL, "send less in one request",
		"the request is longer than %d bytes", CTL_REQUEST_MAX);
	return peer_send(p, ctl_line_failure(CTL_ID_NONE, &why));
}

enum peer_step {
	STEP_MORE, /* call again */
	STEP_WAIT, /* nothing to do until something happens */
	STEP_GONE, /* the client must be dropped */
};

/* What came of a step of the call. */
static enum peer_step peer_called(struct peer *p, enum call_state state, json_t *line)
{
	p->busy = state != CALL_OVER;
	if (state == CALL_WAITING) {
		hangup_watch(&p->hangup, true);
		return STEP_WAIT;
	}
	if (state == CALL_OVER)
		hangup_watch(&p->hangup, false);
	return (line || !p->busy) && !peer_send(p, line) ? STEP_GONE : STEP_MORE;
}

static enum peer_step peer_request(struct peer *p, const char *text, size_t len)
{
	json_t *line;
	const enum call_state state = ctl_call_begin(&p->call, &p->session, text, len, &line);

	return peer_called(p, state, line);
}

/* There is no whole line: drop what is surely too long, and choose what to wait for. */
static enum peer_step peer_no_line(struct peer *p, struct evbuffer *in)
{
	if (!p->discarding && evbuffer_get_length(in) > CTL_REQUEST_MAX) {
		p->discarding = true;
		if (!peer_send_too_long(p))
			return STEP_GONE;
	}
	if (p->discarding)
		evbuffer_drain(in, evbuffer_get_length(in));
	if (p->ended) {
		peer_wait_for(p, WAIT_READER);
		return peer_unsent(p) ? STEP_WAIT : STEP_GONE;
	}
	peer_wait_for(p, p->discarding || evbuffer_get_length(in) ? WAIT_LINE : WAIT_REQUEST);
	return STEP_WAIT;
}

static enum peer_step peer_line(struct peer *p)
{
	struct evbuffer *in = bufferevent_get_input(p->bev);
	const struct evbuffer_ptr end = evbuffer_search_eol(in, NULL, NULL, EVBUFFER_EOL_LF);
	enum peer_step step = STEP_MORE;
	const char *text;

	if (end.pos < 0)
		return peer_no_line(p, in);
	peer_wait_for(p, WAIT_NOTHING);
	text = (const char *)evbuffer_pullup(in, end.pos + 1);
	if (!text)
		return STEP_GONE;
	if (!p->discarding)
		step = peer_request(p, text, (size_t)end.pos);
	p->discarding = false;
	evbuffer_drain(in, (size_t)end.pos + 1);
	return step;
}

static enum peer_step peer_items(struct peer *p, uint64_t deadline_ns)
{
	enum peer_step step = STEP_MORE;
	json_t *line;

	for (int i = 0; i < TURN_ITEMS && p->busy && step == STEP_MORE; i++) {
		const enum call_state state = ctl_call_step(&p->call, &line);

		step = peer_called(p, state, line);
		if (peer_unsent(p) > QUEUE_HIGH || peer_now_ns() >= deadline_ns)
			break;
	}
	return step;
}

/* A little work for one client: one request, or some items of its list. */
static enum peer_step peer_turn(struct peer *p, uint64_t deadline_ns)
{
	const bool blocked = peer_unsent(p) > QUEUE_HIGH;

	peer_read(p, !blocked && !p->busy);
	if (blocked) {
		peer_wait_for(p, WAIT_READER);
		return STEP_WAIT;
	}
	if (!p->busy)
		return peer_line(p);
	peer_wait_for(p, WAIT_NOTHING);
	return peer_items(p, deadline_ns);
}

void peer_run_ready(struct peer_host *host, uint64_t deadline_ns)
{
	struct peer *p;

	while ((p = TAILQ_FIRST(&host->ready))) {
		TAILQ_REMOVE(&host->ready, p, ready_link);
		p->queued = false;
		switch (peer_turn(p, deadline_ns)) {
		case STEP_MORE:
			peer_ready(p);
			break;
		case STEP_GONE:
			peer_free(p);
			break;
		case STEP_WAIT:
			break;
		}
		if (peer_now_ns() >= deadline_ns)
			return;
	}
}

static void on_bytes(struct bufferevent *bev, void *arg)
{
	peer_ready(arg);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct peer *p = arg;

	if (what & BEV_EVENT_ERROR) {
		peer_free(p);
		return;
	}
	p->ended = true; /* a half-close still wants its answers */
	peer_ready(p);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	peer_free(arg);
}

void peer_kick(struct peer_host *host)
{
	struct peer *p;

	TAILQ_FOREACH(p, &host->all, link)
	{
		if (p->busy)
			peer_ready(p);
	}
}

static void on_wake(void *arg)
{
	peer_ready(arg);
}

static void on_hangup(void *arg)
{
	peer_free(arg);
}

int peer_new(struct peer_host *host, int fd, const struct ctl_caller *caller)
{
	struct peer *p = calloc(1, sizeof *p);

	if (!p) {
		close(fd);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&host->all, p, link);
	host->count++;
	p->host = host;
	p->hangup.fd = -1;
	p->session = (struct ctl_session){&host->opts, *caller, on_wake, p};
	p->bev = bufferevent_socket_new(host->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!p->bev)
		close(fd);
	p->timer = evtimer_new(host->base, on_timer, p);
	if (!p->bev || !p->timer || hangup_open(&p->hangup, host->base, fd, on_hangup, p) ||
		!peer_send(p, ctl_line_hello(host->opts.version, host->opts.rev(host->opts.arg),
				      ctl_role_name(p->session.caller.role)))) {
		peer_free(p);
		return -ENOMEM;
	}
	bufferevent_setcb(p->bev, on_bytes, on_bytes, on_event, p);
	bufferevent_setwatermark(p->bev, EV_READ, 0, CTL_REQUEST_MAX + 1);
	bufferevent_setwatermark(p->bev, EV_WRITE, QUEUE_LOW, 0);
	bufferevent_enable(p->bev, EV_READ | EV_WRITE);
	peer_wait_for(p, WAIT_REQUEST);
	return 0;
}

void peer_free(struct peer *p)
{
	TAILQ_REMOVE(&p->host->all, p, link);
	if (p->queued)
		TAILQ_REMOVE(&p->host->ready, p, ready_link);
	p->host->count--;
	ctl_call_clear(&p->call);
	hangup_close(&p->hangup);
	if (p->timer)
		event_free(p->timer);
	if (p->bev)
		bufferevent_free(p->bev);
	free(p);
}
