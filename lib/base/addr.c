/* SPDX-License-Identifier: BSD-3-Clause */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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

/* The number behind the slash, 0 to most. -EINVAL for anything else. */
static int parse_len(const char *text, long most)
{
	char *end;
	const long n = strtol(text, &end, 10);

	return *text < '0' || *text > '9' || *end || n > most ? -EINVAL : (int)n;
}

/* Are all bits from number `len` on 0? */
static bool is_clear_from(const struct sl_addr *a, int len)
{
	for (int bit = len; bit < 128; bit++)
		if (a->b[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

int sl_prefix_parse(const char *text, struct sl_prefix *out)
{
	const size_t n = strcspn(text, "/");
	char address[SL_ADDR_STRLEN];
	int len = 128;

	if (n >= sizeof address)
		return -EINVAL;
	memcpy(address, text, n);
	address[n] = '\0';
	if (sl_addr_parse(address, &out->address))
		return -EINVAL;
	const int above = sl_addr_is4(&out->address) ? 96 : 0;

	if (text[n] == '/') {
		len = parse_len(text + n + 1, 128 - above);
		if (len < 0)
			return -EINVAL;
		len += above;
	}
	out->len = (uint8_t)len;
	return is_clear_from(&out->address, len) ? 0 : -EINVAL;
}

const char *sl_prefix_format(const struct sl_prefix *p, char *buf)
{
	char address[SL_ADDR_STRLEN];

	snprintf(buf, SL_PREFIX_STRLEN, "%s/%u", sl_addr_format(&p->address, address),
		p->len - (sl_addr_is4(&p->address) ? 96u : 0u));
	return buf;
}

const char *sl_prefix_format_short(const struct sl_prefix *p, char *buf)
{
	return sl_prefix_is_one(p) ? sl_addr_format(&p->address, buf) : sl_prefix_format(p, buf);
}

bool sl_prefix_has(const struct sl_prefix *p, const struct sl_addr *a)
{
	const int whole = p->len / 8, rest = p->len % 8;

	if (sl_addr_is4(&p->address) != sl_addr_is4(a) || memcmp(&p->address, a, (size_t)whole))
		return false;
	return rest == 0 || (p->address.b[whole] ^ a->b[whole]) >> (8 - rest) == 0;
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
