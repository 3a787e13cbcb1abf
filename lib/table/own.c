/* SPDX-License-Identifier: BSD-3-Clause */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/own.h"

/* Bits of the filter for each address that passes it, at least, and bits at least and at most: 512
 * bytes to 16 KiB, which stay in the first cache. */
#define BITS_EACH 32
#define LOG_MIN   12
#define LOG_MAX   17

static size_t filter_bytes(const struct own_set *s)
{
	return (size_t)8 << (64 - s->filter_shift);
}

int own_new(struct own_set *s, size_t most, size_t noted)
{
	uint32_t n = 8, log = LOG_MIN;

	while (n < most * 2)
		n *= 2;
	while (log < LOG_MAX && (size_t)1 << log < noted * BITS_EACH)
		log++;
	memset(s, 0, sizeof *s);
	s->filter_shift = 64 - log + 6;
	s->filter = calloc(1, filter_bytes(s));
	s->entry = calloc(n, sizeof *s->entry);
	s->mask = n - 1;
	if (s->entry && s->filter)
		return 0;
	own_clear(s);
	return -ENOMEM;
}

void own_clear(struct own_set *s)
{
	free(s->filter);
	free(s->entry);
	memset(s, 0, sizeof *s);
}

void own_note(struct own_set *s, const struct sl_addr *addr)
{
	uint64_t a[2];

	memcpy(a, addr, sizeof a);
	const uint64_t hash = own_hash(a);

	s->filter[hash >> s->filter_shift] |= own_bits(hash);
}

void own_note_all(struct own_set *s)
{
	memset(s->filter, 0xff, filter_bytes(s));
}

void own_add(struct own_set *s, const struct sl_addr *addr, enum own_what what)
{
	uint64_t a[2];
	uint32_t i;

	memcpy(a, addr, sizeof a);
	for (i = (uint32_t)(own_hash(a) >> 32);; i++) {
		struct own_entry *e = &s->entry[i & s->mask];

		if (e->what && (e->addr[0] != a[0] || e->addr[1] != a[1]))
			continue;
		memcpy(e->addr, a, sizeof a);
		e->what |= (uint8_t)what;
		return;
	}
}

/* The address without the n last bits. */
static void clear_last(uint64_t out[2], const uint64_t addr[2], int n)
{
	out[0] = addr[0];
	out[1] = htobe64(be64toh(addr[1]) >> n << n);
}

bool own_is_tunnel(const struct own_set *s, const uint64_t addr[2])
{
	uint64_t a[2];

	if (own_find(s, addr) & OWN_TUNNEL)
		return true;
	for (uint64_t left = s->varied; left; left &= left - 1) {
		clear_last(a, addr, __builtin_ctzll(left));
		if (own_find(s, a) & OWN_TUNNEL)
			return true;
	}
	return false;
}

bool own_maybe_varied(const struct own_set *s, const uint64_t addr[2])
{
	uint64_t a[2];

	for (uint64_t left = s->varied; left; left &= left - 1) {
		clear_last(a, addr, __builtin_ctzll(left));
		if (own_maybe(s, a))
			return true;
	}
	return false;
}
