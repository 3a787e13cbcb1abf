/* SPDX-License-Identifier: BSD-3-Clause */

/* Sessions: which backend a client has in a pool with persist_s, over ports, VIPs of the pool,
 * lanes and changes of the members. One table for all lanes. Only new flows look here, and the end
 * of a connection; so it is asked once or twice a connection.
 *
 * A session is one 64-bit word, read and written whole: tag of the client's hash, backend slot,
 * time of the last use. That makes it free of locks and of read-modify-write instructions. What two
 * lanes write at the same moment, one of them loses: the next new flow of the client writes it
 * again. A bucket is a cache line of 8 words; when it is full, the session that was idle for
 * longest makes room. A client is taken for another one with a chance below 8 / 2^32, and is well
 * served then too. Beside the words stand addresses, for lists; the packet path writes and never
 * reads them.
 *
 * Decision 40 (docs/decisions) says why it is not rte_hash and not one table a lane. */

#ifndef SLUICE_TABLE_SESSION_H
#define SLUICE_TABLE_SESSION_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/flow_key.h"
#include "eal/hash.h"
#include "table/backend.h"

#define SESSION_WAYS     8
#define SESSION_AGE_BITS 18
#define SESSION_AGE_MASK ((1u << SESSION_AGE_BITS) - 1)
/* Longest persist_s: ages wrap at 2^18 s, and sessions must be swept before they look young. */
#define SESSION_MOST_S   86400

/* The client of a word. Any worker: w, control: r; parts may be of different writers, so a reader
 * proves them by the tag. */
struct session_client {
	uint64_t source[2]; /* address as in a flow key */
	uint32_t pool;      /* its number */
	uint32_t is6;
};

struct session_table {
	/* control: rw before the workers start, then ro for all */
	uint64_t *word;
	struct session_client *client;
	uint32_t mask; /* buckets - 1 */
	struct hash_key key;

	/* control: rw, worker: ro */
	alignas(64) uint32_t clock; /* seconds */
};

/* Room for at least `most` sessions (a power of two, 64 or more); memory is taken as they come.
 * NULL without memory. Control thread. */
struct session_table *session_new(uint32_t most, const uint8_t secret[HASH_SECRET_BYTES]);
void session_free(struct session_table *t);

/* A session as a reader sees it; word 0 = none. */
struct session {
	uint64_t *at;
	uint64_t word;
};

static inline uint16_t session_slot(uint64_t word)
{
	return word >> SESSION_AGE_BITS & BACKEND_SLOT_MASK;
}

static inline uint32_t session_idle_s(const struct session_table *t, uint64_t word)
{
	return (__atomic_load_n(&t->clock, __ATOMIC_RELAXED) - (uint32_t)word) & SESSION_AGE_MASK;
}

/* The session with this hash that was used in the last persist_s seconds. Any thread. */
struct session session_find(const struct session_table *t, uint64_t hash, uint32_t persist_s);

/* It was used now. Worker. */
void session_use(const struct session_table *t, struct session s);

enum session_put { SESSION_NEW, SESSION_CHANGED, SESSION_EVICTED };

/* The client of this hash has this backend from now on. SESSION_EVICTED: another one that was idle
 * for no longer than it may had to go. Worker. */
enum session_put session_put(struct session_table *t, uint64_t hash,
	const struct session_client *client, uint16_t slot, uint32_t persist_s);

/* Word number i, with its client; false: there is none, or another one is just being written.
 * Control thread. */
bool session_read(
	const struct session_table *t, uint32_t i, uint64_t *word, struct session_client *client);

/* Forget word number i if it is still this one. A worker that uses the session at this very moment
 * may bring it back. Control thread. */
bool session_forget(struct session_table *t, uint32_t i, uint64_t word);

static inline uint32_t session_words(const struct session_table *t)
{
	return (t->mask + 1) * SESSION_WAYS;
}

/* The hash of a client in a pool, and what stands in the list. */
uint64_t session_hash(const struct session_table *t, const struct session_client *client);

#endif
