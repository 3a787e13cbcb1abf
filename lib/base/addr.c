/* SPDX-License-Identifier: BSD-3-Clause */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "base/addr.h"

struct sl_addr sl_addr_from4(const void *be)
{
	struct sl_addr a = {.b = {[10] = 0xff, [11] = 0xff}};

	memcpy(a.b + 12, be, 4);
	return a;
}

struct sl_addr sl_addr_from16(const void *be)
{
	struct sl_addr a;

	memcpy(a.b, be, 16);
	return a;
}

static bool is_host4(const uint8_t *b)
{
	return b[0] != 0 && b[0] != 127 && b[0] < 224;
}

bool sl_addr_is_host(const struct sl_addr *a)
{
	static const struct sl_addr unspecified = {{0}};
	static const struct sl_addr loopback = {{[15] = 1}};

	if (sl_addr_is4(a))
		return is_host4(a->b + 12);
	if (a->b[0] == 0xff || (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80))
		return false;
	return !sl_addr_eq(a, &unspecified) && !sl_addr_eq(a, &loopback);
}

int sl_addr_parse(const char *text, struct sl_addr *out)
{
	uint8_t v4[4];

	if (inet_pton(AF_INET, text, v4) == 1) {
		*out = sl_addr_from4(v4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, out->b) == 1 && !sl_addr_is4(out))
		return 0;
	return -EINVAL;
}

const char *sl_addr_format(const struct sl_addr *a, char *buf)
{
	const int family = sl_addr_is4(a) ? AF_INET : AF_INET6;

	return inet_ntop(family, sl_addr_bytes(a), buf, SL_ADDR_STRLEN);
}

int sl_ether_parse(const char *text, struct sl_ether *out)
{
	unsigned int v[6];
	int used = 0;

	if (strlen(text) != SL_ETHER_STRLEN - 1 ||
		sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
			&used) != 6 ||
		used != SL_ETHER_STRLEN - 1)
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		out->b[i] = (uint8_t)v[i];
	return 0;
}

const char *sl_ether_format(const struct sl_ether *e, char *buf)
{
	snprintf(buf, SL_ETHER_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", e->b[0], e->b[1], e->b[2],
		e->b[3], e->b[4], e->b[5]);
	return buf;
}
