/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "ctl/listen.h"
#include "ctl/peer.h"
#include "ctl/protocol.h"
#include "ctl/server.h"
#include "ctl/who.h"

#define LINE_MS         5000
#define IDLE_MS         120000
#define READER_MS       10000

/* Without a free file descriptor accept(2) fails at once, over and over. */
#define ACCEPT_PAUSE_MS 100

struct ctl_server {
	struct ctl_listen listen;
	struct evconnlistener *listener;
	struct event *resume; /* accepting, after a pause */
	struct who_groups groups;
	struct peer_host host;
};

/* One try to tell why, then the end; a client that does not read is not waited for. */
static void refuse(int fd)
{
	struct ctl_failure why;
	char *text;
	size_t len;

	ctl_failure_set(&why, EBUSY, "end another control client, or try as root",
		"the daemon serves %d control clients at once, the last %d only for root",
		CTL_CLIENTS_MAX, CTL_CLIENTS_ROOT);
	text = ctl_line_text(ctl_line_refusal(&why), &len);
	if (text && send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		/* nobody is left to hear it */
	}
	free(text);
	close(fd);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
	int len, void *arg)
{
	struct ctl_server *s = arg;
	unsigned most = CTL_CLIENTS_MAX;
	struct ctl_caller caller;

	if (who_is(fd, &s->groups, &caller)) {
		close(fd);
		return;
	}
	if (caller.uid != 0)
		most -= CTL_CLIENTS_ROOT;
	if (s->host.count >= most)
		refuse(fd);
	else
		peer_new(&s->host, fd, &caller);
}

static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct ctl_server *s = arg;

	evconnlistener_disable(listener);
	evtimer_add(s->resume, &(struct timeval){.tv_usec = ACCEPT_PAUSE_MS * 1000});
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct ctl_server *s = arg;

	evconnlistener_enable(s->listener);
}

static void on_work(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once;
	struct ctl_server *s = arg;

	peer_run_ready(&s->host, peer_now_ns() + CTL_SLICE_MS * UINT64_C(1000000));
	if (!TAILQ_EMPTY(&s->host.ready))
		evtimer_add(s->host.work, &at_once);
	if (s->host.opts.worked)
		s->host.opts.worked(s->host.opts.arg);
}

static void ignore_sigpipe(void)
{
	struct sigaction now;

	if (sigaction(SIGPIPE, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
		now.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

static void set_opts(struct peer_host *host, const struct ctl_server_opts *opts)
{
	host->opts = *opts;
	if (!opts->line_ms)
		host->opts.line_ms = LINE_MS;
	if (!opts->idle_ms)
		host->opts.idle_ms = IDLE_MS;
	if (!opts->reader_ms)
		host->opts.reader_ms = READER_MS;
}

int ctl_server_new(struct event_base *base, const struct ctl_server_opts *opts,
	struct ctl_server **out, struct sl_err *err)
{
	struct ctl_server *s = calloc(1, sizeof *s);
	int ret;

	*out = NULL;
	if (!s)
		return sl_err_sys(err, ENOMEM, "control socket");
	s->host.base = base;
	TAILQ_INIT(&s->host.all);
	TAILQ_INIT(&s->host.ready);
	set_opts(&s->host, opts);
	ret = who_group(opts->operator_group, &s->groups.operators, err);
	if (!ret)
		ret = who_group(opts->admin_group, &s->groups.admins, err);
	if (!ret)
		ret = ctl_listen_open(opts->path, opts->group, &s->listen, err);
	if (ret) {
		free(s);
		return ret;
	}
	ignore_sigpipe();
	s->host.work = evtimer_new(base, on_work, s);
	s->resume = evtimer_new(base, on_resume, s);
	s->listener =
		evconnlistener_new(base, on_accept, s, LEV_OPT_CLOSE_ON_EXEC, 0, s->listen.fd);
	if (!s->host.work || !s->resume || !s->listener) {
		ctl_server_free(s);
		return sl_err_sys(err, ENOMEM, "control socket");
	}
	evconnlistener_set_error_cb(s->listener, on_accept_error);
	*out = s;
	return 0;
}

void ctl_server_kick(struct ctl_server *s)
{
	peer_kick(&s->host);
}

void ctl_server_free(struct ctl_server *s)
{
	struct peer *p;

	if (!s)
		return;
	if (s->listener)
		evconnlistener_free(s->listener);
	while ((p = TAILQ_FIRST(&s->host.all)))
		peer_free(p);
	if (s->resume)
		event_free(s->resume);
	if (s->host.work)
		event_free(s->host.work);
	ctl_listen_close(&s->listen);
	free(s);
}
