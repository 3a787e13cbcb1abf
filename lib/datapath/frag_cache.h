/* SPDX-License-Identifier: BSD-3-Clause */

/* What a lane remembers of datagrams that come in fragments: which backend has them, which parts
 * were seen, and those fragments that came before the first one. Bounded in number and in time. One
 * writer. */

#ifndef SLUICE_DATAPATH_FRAG_CACHE_H
#define SLUICE_DATAPATH_FRAG_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "eal/hash.h"

#define FRAG_SETS      256
#define FRAG_WAYS      4

/* Fragments that may wait: of all datagrams, and of one (65535 bytes in packets of 1500 are 45). */
#define FRAG_HELD_MAX  256
#define FRAG_HELD_EACH 48

/* Seconds that a fragment waits for the first one of its datagram, and that a datagram is known.
 * RFC 791, 3.2 gives the receiver 15 for the latter. */
#define FRAG_WAIT_S    2
#define FRAG_LIFE_S    15

/* Parts of a datagram, with gaps between them, that are told apart. */
#define FRAG_PARTS     8

#define FRAG_NONE      0xffff

enum frag_state {
	FRAG_FREE,
	FRAG_WAITING, /* the first fragment has not come */
	FRAG_KNOWN,   /* service, backend and hash are set */
	FRAG_REFUSED, /* every fragment ends under `verdict` */
};

/* Source and destination as in struct sl_addr, identification and protocol. IPv6 has no protocol
 * here (RFC 8200, 4.5). */
struct frag_key {
	uint64_t w[5];
};

struct frag_part {
	uint32_t from, to;
};

struct frag_entry {
	struct frag_key key;
	uint64_t hash; /* of its flow */
	uint16_t born; /* lane clock */
	uint8_t state; /* enum frag_state */
	uint8_t verdict;
	uint8_t n_parts;
	uint8_t n_held;
	uint16_t service, backend;
	uint16_t first, last;              /* held fragments, in the order they came */
	uint32_t end;                      /* payload bytes of the datagram; 0: not known yet */
	struct frag_part part[FRAG_PARTS]; /* in order, apart from each other */
};

struct frag_held {
	struct rte_mbuf *m;
	uint16_t next;
	uint8_t rx_port;
};

struct frag_cache {
	struct frag_entry entry[FRAG_SETS][FRAG_WAYS];
	struct frag_held held[FRAG_HELD_MAX];
	uint16_t spare; /* first free one of held */
	uint16_t used;  /* entries */
	struct hash_key key;
};

void frag_cache_init(struct frag_cache *c, const uint8_t secret[HASH_SECRET_BYTES]);

/* The entry of a datagram, NULL if there is none. */
struct frag_entry *frag_find(struct frag_cache *c, const struct frag_key *key);

/* The place of a new one, where it is not in the cache: a free one, or the oldest of its set, which
 * the caller ends first (state is not FRAG_FREE then). */
struct frag_entry *frag_place(struct frag_cache *c, const struct frag_key *key);

/* Make a free place the entry of a datagram, waiting. */
void frag_begin(
	struct frag_cache *c, struct frag_entry *e, const struct frag_key *key, uint16_t now);

/* Give its place back. It holds nothing. */
void frag_end(struct frag_cache *c, struct frag_entry *e);

enum frag_part_result { FRAG_PART_NEW, FRAG_PART_OVERLAP, FRAG_PART_FULL };

/* Note that bytes [from, to) of the payload were seen; more: others follow. */
enum frag_part_result frag_note(struct frag_entry *e, uint32_t from, uint32_t to, bool more);

/* All of the datagram was seen. */
static inline bool frag_complete(const struct frag_entry *e)
{
	return e->end && e->n_parts == 1 && e->part[0].from == 0 && e->part[0].to == e->end;
}

/* Keep a fragment. False: no place. */
bool frag_hold(struct frag_cache *c, struct frag_entry *e, struct rte_mbuf *m, uint8_t rx_port);

/* Take the oldest of those that are kept. NULL: none is left. */
struct rte_mbuf *frag_take(struct frag_cache *c, struct frag_entry *e, uint8_t *rx_port);

#endif
