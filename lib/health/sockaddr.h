/* SPDX-License-Identifier: BSD-3-Clause */

/* Addresses for the socket calls. */

#ifndef SLUICE_HEALTH_SOCKADDR_H
#define SLUICE_HEALTH_SOCKADDR_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/addr.h"

/* port: host order. Returns the length. */
static inline socklen_t sockaddr_make(
	const struct sl_addr *address, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof *out);
	if (sl_addr_is4(address)) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, address->b + 12, 4);
		return sizeof *in;
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, address->b, 16);
	return sizeof *in6;
}

#endif
