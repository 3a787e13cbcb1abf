/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tuple.h"

/* The port behind the last colon, 1 to 65535, up to the end of the text. */
static int parse_port(const char *text, uint16_t *port)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < 1 || n > 65535)
		return -EINVAL;
	*port = (uint16_t)n;
	return 0;
}

/* ADDRESS:PORT, an IPv6 address in brackets. */
static int parse_end(const char *text, struct sl_addr *addr, uint16_t *port)
{
	char address[SL_ADDR_STRLEN + 2];
	const char *colon = strrchr(text, ':'), *from = address;
	const size_t len = colon ? (size_t)(colon - text) : 0;

	if (!len || len >= sizeof address)
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	if (*address == '[' && address[len - 1] == ']') {
		address[len - 1] = '\0';
		from = address + 1;
	}
	if ((from == address) == (strchr(address, ':') != NULL) || sl_addr_parse(from, addr))
		return -EINVAL;
	return parse_port(colon + 1, port);
}

static int fail_client(struct sl_err *err, const char *text)
{
	return sl_err_add(err,
		"\"%.80s\" is no client: ADDRESS:PORT is needed, for example 192.0.2.1:40000 or "
		"[2001:db8::1]:40000",
		text);
}

static int fail_service(struct sl_err *err, const char *text)
{
	return sl_err_add(err,
		"\"%.80s\" is no service: ADDRESS:PORT/PROTOCOL is needed, for example "
		"203.0.113.10:443/tcp or [2001:db8::10]:53/udp",
		text);
}

int tuple_parse(const char *client, const char *service, struct tuple *out, struct sl_err *err)
{
	const char *slash = strrchr(service, '/');
	char end[SL_ADDR_STRLEN + 16];

	if (parse_end(client, &out->client, &out->client_port))
		return fail_client(err, client);
	if (!slash || (size_t)(slash - service) >= sizeof end)
		return fail_service(err, service);
	snprintf(end, sizeof end, "%.*s", (int)(slash - service), service);
	out->proto = strcmp(slash, "/udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP;
	if ((out->proto == IPPROTO_TCP && strcmp(slash, "/tcp") != 0) ||
		parse_end(end, &out->vip, &out->vip_port))
		return fail_service(err, service);
	if (sl_addr_is4(&out->client) != sl_addr_is4(&out->vip))
		return sl_err_add(err,
			"client and service are of different families: both IPv4 or both IPv6");
	return 0;
}

const char *tuple_end(const struct sl_addr *a, uint16_t port, char *buf)
{
	char text[SL_ADDR_STRLEN];

	snprintf(buf, TUPLE_STRLEN, sl_addr_is4(a) ? "%s:%u" : "[%s]:%u", sl_addr_format(a, text),
		port);
	return buf;
}

struct flow_key tuple_key(const struct tuple *t, bool *v6)
{
	const uint32_t len = sl_addr_len(&t->client);
	const uint16_t ports[2] = {htons(t->client_port), htons(t->vip_port)};
	struct flow_key k = {{0}};
	uint8_t *b = (uint8_t *)k.w;

	*v6 = len == 16;
	memcpy(b, sl_addr_bytes(&t->client), len);
	memcpy(b + len, sl_addr_bytes(&t->vip), len);
	memcpy(b + 2 * len, ports, sizeof ports);
	b[2 * len + 4] = t->proto;
	return k;
}

struct tuple tuple_of_key(const struct flow_key *k, bool v6)
{
	const uint8_t *b = (const uint8_t *)k->w;
	const uint32_t len = v6 ? 16 : 4;
	uint16_t ports[2];

	memcpy(ports, b + 2 * len, sizeof ports);
	return (struct tuple){
		.client = v6 ? sl_addr_from16(b) : sl_addr_from4(b),
		.vip = v6 ? sl_addr_from16(b + len) : sl_addr_from4(b + len),
		.client_port = ntohs(ports[0]),
		.vip_port = ntohs(ports[1]),
		.proto = b[2 * len + 4],
	};
}
