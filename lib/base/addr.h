/* SPDX-License-Identifier: BSD-3-Clause */

/* Addresses as the control side keeps them: one 16-byte type for both families. */

#ifndef SLUICE_BASE_ADDR_H
#define SLUICE_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* An IPv6 address, or an IPv4 one in mapped form ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). Network order.
 */
struct sl_addr {
	uint8_t b[16];
};

struct sl_ether {
	uint8_t b[6];
};

/* The addresses that begin with the first `len` bits of one; IPv4 counts from bit 96 on. The others
 * are 0. */
struct sl_prefix {
	struct sl_addr address;
	uint8_t len; /* 0-128 */
};

/* Big enough for every text that the format functions below write, with its NUL. */
#define SL_ADDR_STRLEN   46
#define SL_ETHER_STRLEN  18
#define SL_PREFIX_STRLEN (SL_ADDR_STRLEN + 4)

/* True for an address of family IPv4. */
static inline bool sl_addr_is4(const struct sl_addr *a)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return memcmp(a->b, mapped, sizeof mapped) == 0;
}

static inline bool sl_addr_eq(const struct sl_addr *a, const struct sl_addr *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* The 4 or 16 bytes that travel in a packet header; their number is sl_addr_len(). */
static inline const uint8_t *sl_addr_bytes(const struct sl_addr *a)
{
	return sl_addr_is4(a) ? a->b + 12 : a->b;
}

static inline uint32_t sl_addr_len(const struct sl_addr *a)
{
	return sl_addr_is4(a) ? 4 : 16;
}

/* From the 4 bytes of an IPv4 address in network order. */
struct sl_addr sl_addr_from4(const void *be);

/* From the 16 bytes of an IPv6 address in network order. */
struct sl_addr sl_addr_from16(const void *be);

/* True for an address that can be a VIP, a backend or a tunnel source: unicast, not loopback, not
 * unspecified, and (IPv6) neither link-local nor IPv4-mapped text. */
bool sl_addr_is_host(const struct sl_addr *a);

/* Text to address, either family, no prefix, no zone. 0, or -EINVAL. */
int sl_addr_parse(const char *text, struct sl_addr *out);

/* Address to its usual text. buf: SL_ADDR_STRLEN bytes. Returns buf. */
const char *sl_addr_format(const struct sl_addr *a, char *buf);

/* "10.0.0.0/8", "2001:db8::/32", or an address alone, which is a prefix of all its bits. 0, or
 * -EINVAL, also where bits behind the prefix are not 0. */
int sl_prefix_parse(const char *text, struct sl_prefix *out);

/* Always with its length. buf: SL_PREFIX_STRLEN bytes. Returns buf. */
const char *sl_prefix_format(const struct sl_prefix *p, char *buf);

/* The same, but an address alone where it is one. buf: SL_PREFIX_STRLEN bytes. Returns buf. */
const char *sl_prefix_format_short(const struct sl_prefix *p, char *buf);

/* A prefix of all the bits of an address, and whether it is one. */
static inline struct sl_prefix sl_prefix_of(const struct sl_addr *a)
{
	return (struct sl_prefix){*a, 128};
}

static inline bool sl_prefix_is_one(const struct sl_prefix *p)
{
	return p->len == 128;
}

/* Does it hold the address? No prefix of IPv6 holds one of IPv4. */
bool sl_prefix_has(const struct sl_prefix *p, const struct sl_addr *a);

static inline bool sl_prefix_eq(const struct sl_prefix *a, const struct sl_prefix *b)
{
	return a->len == b->len && sl_addr_eq(&a->address, &b->address);
}

/* "02:00:00:00:00:01" to bytes. 0, or -EINVAL. */
int sl_ether_parse(const char *text, struct sl_ether *out);

/* buf: SL_ETHER_STRLEN bytes. Returns buf. */
const char *sl_ether_format(const struct sl_ether *e, char *buf);

#endif
