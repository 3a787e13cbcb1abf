/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "health/dgram.h"
#include "health/fault.h"
#include "health/sockaddr.h"

/* The largest UDP payload of IPv4. */
#define ANSWER_MAX 65507

int dgram_socket(const struct sl_addr *address)
{
	const int fd = socket(sl_addr_is4(address) ? AF_INET : AF_INET6,
		SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

/* On a datagram socket a refusal is an ICMP error, of the port. */
static void fail(struct dgram *d, int error)
{
	const char *why;
	const enum health_code code = fault_code(error, &d->probe->spec.address, &why);

	if (error == ECONNREFUSED)
		probe_finish(d->probe, HEALTH_CODE_ICMPUNR, "port unreachable");
	else
		probe_finish(d->probe, code, "%s", why);
}

static void send_payload(struct dgram *d)
{
	if (send(d->fd, d->payload, d->len, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		fail(d, errno);
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	static uint8_t bytes[ANSWER_MAX]; /* one loop, one thread; nothing is kept in it */
	struct dgram *d = arg;

	while (d->open) {
		const ssize_t n = recv(d->fd, bytes, sizeof bytes, 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			fail(d, errno);
			return;
		}
		d->judge(d->probe, d->probe->state, bytes, (size_t)n);
		if (d->open && ++d->strangers % 64 == 0)
			return; /* others want their turn */
	}
}

static void report_icmp_errors(int fd, bool four)
{
	const int on = 1;

	if (four)
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
}

void dgram_begin(struct dgram *d, struct probe *p, int fd, uint16_t port)
{
	struct sockaddr_storage to;
	const socklen_t len = sockaddr_make(&p->spec.address, port, &to);

	d->probe = p;
	d->fd = fd;
	d->open = fd >= 0;
	d->strangers = 0;
	if (fd < 0) {
		fail(d, -fd);
		return;
	}
	event_assign(&d->event, p->owner->base, fd, EV_READ | EV_PERSIST, readable, d);
	event_add(&d->event, NULL);
	report_icmp_errors(fd, sl_addr_is4(&p->spec.address));
	if (connect(fd, (struct sockaddr *)&to, len))
		fail(d, errno);
	else
		send_payload(d);
}

void dgram_again(struct dgram *d)
{
	send_payload(d);
}

void dgram_expire(struct dgram *d, enum health_code code)
{
	const unsigned int ms = d->probe->spec.timeout_ms;

	if (d->strangers)
		probe_finish(d->probe, code, "no answer in %u ms, %u that answer something else",
			ms, d->strangers);
	else
		probe_finish(d->probe, code, "no answer in %u ms", ms);
}

void dgram_end(struct dgram *d)
{
	if (!d->open)
		return;
	event_del(&d->event);
	close(d->fd);
	d->open = false;
}
