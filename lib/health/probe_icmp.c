/* SPDX-License-Identifier: BSD-3-Clause */

/* icmp: an echo request is answered (RFC 792, RFC 4443 4). By the kernel's ping sockets where
 * net.ipv4.ping_group_range allows them, else by a raw socket, which takes CAP_NET_RAW. */

#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "health/dgram.h"

/* A reply is known by the cookie in the data: a ping socket chooses the identifier itself. */
struct echo {
	uint8_t type, code;
	uint16_t checksum;
	uint16_t id, sequence;
	uint64_t cookie;
} __attribute__((packed));

struct icmp {
	struct dgram dgram;
	struct echo echo;
	bool raw;
};

static int icmp_prepare(struct probe *p, void *state, struct sl_err *err)
{
	struct icmp *icmp = state;

	icmp->echo.type = sl_addr_is4(&p->spec.address) ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	icmp->dgram.payload = (const uint8_t *)&icmp->echo;
	icmp->dgram.len = sizeof icmp->echo;
	return 0;
}

/* RFC 1071. The kernel does it for ICMPv6. */
static uint16_t checksum(const void *data, size_t len)
{
	const uint8_t *d = data;
	uint32_t sum = 0;
	uint16_t word;

	for (size_t i = 0; i + 1 < len; i += 2) {
		memcpy(&word, d + i, 2);
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* A raw socket hears every ICMP message of its peer: let echo replies in alone. */
static void filter_replies(int fd, bool four)
{
	struct icmp_filter filter = {.data = ~(1u << ICMP_ECHOREPLY)};
	struct icmp6_filter filter6;

	ICMP6_FILTER_SETBLOCKALL(&filter6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter6);
	if (four)
		setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof filter);
	else
		setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof filter6);
}

static int icmp_socket(bool four, bool *raw)
{
	const int family = four ? AF_INET : AF_INET6, flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
	const int protocol = four ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	int fd = socket(family, SOCK_DGRAM | flags, protocol);

	*raw = fd < 0 && (errno == EACCES || errno == EPERM);
	if (*raw) {
		fd = socket(family, SOCK_RAW | flags, protocol);
		if (fd >= 0)
			filter_replies(fd, four);
	}
	return fd < 0 ? -errno : fd;
}

static void icmp_judge(struct probe *p, void *state, const uint8_t *data, size_t len)
{
	const struct icmp *icmp = state;
	const bool four = sl_addr_is4(&p->spec.address);
	/* Raw IPv4 sockets deliver the IP header too. */
	const size_t skip = icmp->raw && four && len ? (size_t)(data[0] & 0xf) * 4 : 0;
	struct echo reply;

	if (len < skip + sizeof reply)
		return;
	memcpy(&reply, data + skip, sizeof reply);
	if (reply.type == (four ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) &&
		reply.cookie == icmp->echo.cookie)
		probe_finish(p, HEALTH_CODE_L4OK, "echo reply");
}

static void icmp_start(struct probe *p, void *state)
{
	struct icmp *icmp = state;
	const bool four = sl_addr_is4(&p->spec.address);
	const uint64_t number = probe_random(p->owner);

	icmp->echo.cookie = probe_random(p->owner);
	icmp->echo.id = (uint16_t)number;
	icmp->echo.sequence = (uint16_t)(number >> 16);
	icmp->echo.checksum = 0;
	if (four)
		icmp->echo.checksum = checksum(&icmp->echo, sizeof icmp->echo);
	icmp->dgram.judge = icmp_judge;
	dgram_begin(&icmp->dgram, p, icmp_socket(four, &icmp->raw), 0);
}

static void icmp_again(struct probe *p, void *state)
{
	dgram_again(&((struct icmp *)state)->dgram);
}

static void icmp_expire(struct probe *p, void *state)
{
	dgram_expire(&((struct icmp *)state)->dgram, HEALTH_CODE_L4TOUT);
}

static void icmp_stop(struct probe *p, void *state)
{
	dgram_end(&((struct icmp *)state)->dgram);
}

const struct probe_type probe_icmp = {
	.name = "icmp",
	.state_bytes = sizeof(struct icmp),
	.prepare = icmp_prepare,
	.start = icmp_start,
	.again = icmp_again,
	.expire = icmp_expire,
	.stop = icmp_stop,
};
