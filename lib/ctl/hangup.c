/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <event2/event.h>

#include "ctl/hangup.h"

/* Edge-triggered: a half-closed socket stays readable, and would be reported without end. */
static void on_edge(evutil_socket_t fd, short what, void *arg)
{
	const struct hangup *h = arg;
	struct pollfd now = {.fd = fd};

	if (poll(&now, 1, 0) == 1 && (now.revents & (POLLHUP | POLLERR)))
		h->gone(h->arg);
}

int hangup_open(
	struct hangup *h, struct event_base *base, int fd, void (*gone)(void *arg), void *arg)
{
	*h = (struct hangup){.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .gone = gone, .arg = arg};
	if (h->fd < 0)
		return -errno;
	h->event = event_new(base, h->fd, EV_READ | EV_CLOSED | EV_ET | EV_PERSIST, on_edge, h);
	return h->event ? 0 : -ENOMEM;
}

void hangup_watch(struct hangup *h, int on)
{
	if (on)
		event_add(h->event, NULL);
	else
		event_del(h->event);
}

void hangup_close(struct hangup *h)
{
	if (h->event)
		event_free(h->event);
	if (h->fd >= 0)
		close(h->fd);
	*h = (struct hangup){.fd = -1};
}
