/* SPDX-License-Identifier: BSD-3-Clause */

/* Addresses that are ours or our backends', and what for: what a source address is held against,
 * and the addresses of tunnels. Open addressing, at most half full; built once, then only read.
 *
 * A filter stands in front, of two bits for each address in one word (Putze, Sanders, Singler,
 * "Cache-, Hash- and Space-Efficient Bloom Filters", 2007, with blocks of a word): nearly every
 * client's address is told from ours by one load. VIPs are in the filter alone, vip_has_address has
 * the last word on them; backends are in the set alone. */

#ifndef SLUICE_TABLE_OWN_H
#define SLUICE_TABLE_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* What an address is. */
enum own_what {
	OWN_TUNNEL = 1,  /* source of our tunnels */
	OWN_BACKEND = 2, /* backend that a tunnel leads to */
	OWN_PROBE = 4,   /* our address towards a backend, which probes come from */
};

struct own_entry {
	uint64_t addr[2]; /* as struct sl_addr */
	uint8_t what;     /* bits; 0 = empty */
};

struct own_set {
	uint64_t *filter;
	uint32_t filter_shift; /* leaves the bits of a hash that number a word of the filter */
	uint32_t mask;         /* entries - 1 */
	struct own_entry *entry;
	uint64_t varied; /* bit n: some source is a prefix whose n last bits flows choose, n > 0 */
};

/* An empty set with room for `most` addresses and a filter that about `noted` may pass. 0 or
 * -ENOMEM. */
int own_new(struct own_set *s, size_t most, size_t noted);
void own_clear(struct own_set *s);

/* Put an address in, or add to what it is. */
void own_add(struct own_set *s, const struct sl_addr *addr, enum own_what what);

/* Let own_maybe say yes for this address; and for every one. */
void own_note(struct own_set *s, const struct sl_addr *addr);
void own_note_all(struct own_set *s);

/* A word of which every bit depends on the address, the upper ones most. */
static inline uint64_t own_hash(const uint64_t addr[2])
{
	return (addr[0] * 0xff51afd7ed558ccdu ^ addr[1]) * 0x9e3779b97f4a7c15u;
}

/* The bits of an address in its word. */
static inline uint64_t own_bits(uint64_t hash)
{
	return UINT64_C(1) << (hash >> 40 & 63) | UINT64_C(1) << (hash >> 46 & 63);
}

/* False: the address was not noted. */
static inline bool own_maybe(const struct own_set *s, const uint64_t addr[2])
{
	const uint64_t hash = own_hash(addr);

	return !(own_bits(hash) & ~s->filter[hash >> s->filter_shift]);
}

/* What the address is, 0 when it is not in the set. */
static inline uint8_t own_find(const struct own_set *s, const uint64_t addr[2])
{
	for (uint32_t i = (uint32_t)(own_hash(addr) >> 32);; i++) {
		const struct own_entry *e = &s->entry[i & s->mask];

		if (!e->what || (e->addr[0] == addr[0] && e->addr[1] == addr[1]))
			return e->what;
	}
}

/* Does a tunnel of ours come from this address, be it one that flows choose from a prefix? */
bool own_is_tunnel(const struct own_set *s, const uint64_t addr[2]);

/* Can it be one that flows choose from a prefix? False is certain. */
bool own_maybe_varied(const struct own_set *s, const uint64_t addr[2]);

#endif
