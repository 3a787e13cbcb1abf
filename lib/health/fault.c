/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "health/fault.h"
#include "health/sockaddr.h"

static const struct {
	int error;
	enum health_code code;
	const char *why; /* NULL = what strerror says */
} known[] = {
	{ECONNREFUSED, HEALTH_CODE_L4CON, "connection refused"},
	{ECONNRESET, HEALTH_CODE_L4CON, "connection reset"},
	{EPIPE, HEALTH_CODE_L4CON, "connection reset"},
	{ECONNABORTED, HEALTH_CODE_L4CON, "connection aborted"},
	{ETIMEDOUT, HEALTH_CODE_L4TOUT, "no answer"},
	{EHOSTUNREACH, HEALTH_CODE_ICMPUNR, "host unreachable"},
	{EHOSTDOWN, HEALTH_CODE_ICMPUNR, "host is down"},
	{ENETUNREACH, HEALTH_CODE_ICMPUNR, "network unreachable"},
	{ENOPROTOOPT, HEALTH_CODE_ICMPUNR, "protocol unreachable"},
	{EPROTO, HEALTH_CODE_ICMPUNR, "ICMP error"},
	{EMSGSIZE, HEALTH_CODE_ICMPUNR, "packet too big"},
	{ENETDOWN, HEALTH_CODE_LINKDOWN, "our link is down"},
	{ENODEV, HEALTH_CODE_LINKDOWN, "our link is gone"},
	{ENONET, HEALTH_CODE_LINKDOWN, "our link is gone"},
	{EADDRNOTAVAIL, HEALTH_CODE_SOCKERR, "no free local port or address"},
	{EMFILE, HEALTH_CODE_SOCKERR, NULL},
	{ENFILE, HEALTH_CODE_SOCKERR, NULL},
	{ENOBUFS, HEALTH_CODE_SOCKERR, NULL},
	{ENOMEM, HEALTH_CODE_SOCKERR, NULL},
	{EPERM, HEALTH_CODE_SOCKERR, "not permitted on this host (capability, or a firewall rule)"},
	{EACCES, HEALTH_CODE_SOCKERR,
		"not permitted on this host (capability, or a firewall rule)"},
	{EAFNOSUPPORT, HEALTH_CODE_SOCKERR, NULL},
	{EAGAIN, HEALTH_CODE_SOCKERR, "no free local port"},
};

/* A datagram socket's connect looks for a route and sends nothing. */
static bool is_without_route(const struct sl_addr *to)
{
	struct sockaddr_storage sa;
	const socklen_t len = sockaddr_make(to, 9, &sa);
	const int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return false;
	rc = connect(fd, (struct sockaddr *)&sa, len);
	close(fd);
	return rc != 0;
}

enum health_code fault_code(int error, const struct sl_addr *to, const char **why)
{
	*why = NULL;
	if ((error == ENETUNREACH || error == EHOSTUNREACH) && is_without_route(to)) {
		*why = "no route on this host";
		return HEALTH_CODE_LINKDOWN;
	}
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (known[i].error != error)
			continue;
		*why = known[i].why ? known[i].why : strerror(error);
		return known[i].code;
	}
	*why = strerror(error);
	return HEALTH_CODE_L4CON;
}
