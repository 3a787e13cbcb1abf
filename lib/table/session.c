/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>
#include <sys/mman.h>

#include "table/session.h"

#define WORD_AT(p) __atomic_load_n(p, __ATOMIC_RELAXED)

/* Zero pages that take memory when they are used. */
static void *pages(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

struct session_table *session_new(uint32_t most, const uint8_t secret[HASH_SECRET_BYTES])
{
	struct session_table *t = aligned_alloc(64, (sizeof *t + 63) / 64 * 64);
	uint32_t buckets = 8;

	if (!t)
		return NULL;
	while (buckets < (most + SESSION_WAYS - 1) / SESSION_WAYS)
		buckets *= 2;
	*t = (struct session_table){.mask = buckets - 1};
	hash_key_init(&t->key, secret);
	t->word = pages(session_words(t) * sizeof *t->word);
	t->client = pages(session_words(t) * sizeof *t->client);
	if (t->word && t->client)
		return t;
	session_free(t);
	return NULL;
}

void session_free(struct session_table *t)
{
	if (!t)
		return;
	if (t->word)
		munmap(t->word, session_words(t) * sizeof *t->word);
	if (t->client)
		munmap(t->client, session_words(t) * sizeof *t->client);
	free(t);
}

static uint32_t tag_of(uint64_t hash)
{
	const uint32_t tag = (uint32_t)(hash >> 32);

	return tag ? tag : 1;
}

static uint64_t *bucket_of(const struct session_table *t, uint64_t hash)
{
	return &t->word[((uint32_t)hash & t->mask) * SESSION_WAYS];
}

static uint64_t word_of(const struct session_table *t, uint64_t hash, uint16_t slot)
{
	const uint32_t now = WORD_AT(&t->clock) & SESSION_AGE_MASK;

	return (uint64_t)tag_of(hash) << 32 | (uint64_t)slot << SESSION_AGE_BITS | now;
}

struct session session_find(const struct session_table *t, uint64_t hash, uint32_t persist_s)
{
	uint64_t *b = bucket_of(t, hash);

	for (uint32_t way = 0; way < SESSION_WAYS; way++) {
		const uint64_t word = WORD_AT(&b[way]);

		if (word >> 32 == tag_of(hash) && session_idle_s(t, word) <= persist_s)
			return (struct session){&b[way], word};
	}
	return (struct session){NULL, 0};
}

void session_use(const struct session_table *t, struct session s)
{
	const uint64_t now = WORD_AT(&t->clock) & SESSION_AGE_MASK;
	const uint64_t is = (s.word & ~(uint64_t)SESSION_AGE_MASK) | now;

	if (is != s.word)
		__atomic_store_n(s.at, is, __ATOMIC_RELAXED);
}

/* Where it stands already, idle or not; else an empty place; else the one that is idle for longest.
 */
static uint32_t choose_way(const struct session_table *t, const uint64_t *b, uint32_t tag)
{
	uint32_t best = 0, most = 0;

	for (uint32_t way = 0; way < SESSION_WAYS; way++) {
		const uint64_t word = WORD_AT(&b[way]);
		const uint32_t score = word ? session_idle_s(t, word) : SESSION_AGE_MASK + 1;

		if (word >> 32 == tag)
			return way;
		if (score > most) {
			best = way;
			most = score;
		}
	}
	return best;
}

static void write_client(struct session_client *to, const struct session_client *c)
{
	__atomic_store_n(&to->source[0], c->source[0], __ATOMIC_RELAXED);
	__atomic_store_n(&to->source[1], c->source[1], __ATOMIC_RELAXED);
	__atomic_store_n(&to->pool, c->pool, __ATOMIC_RELAXED);
	__atomic_store_n(&to->is6, c->is6, __ATOMIC_RELAXED);
}

enum session_put session_put(struct session_table *t, uint64_t hash,
	const struct session_client *client, uint16_t slot, uint32_t persist_s)
{
	uint64_t *b = bucket_of(t, hash);
	const uint32_t way = choose_way(t, b, tag_of(hash));
	const uint64_t was = WORD_AT(&b[way]);

	write_client(&t->client[&b[way] - t->word], client);
	__atomic_store_n(&b[way], word_of(t, hash, slot), __ATOMIC_RELEASE);
	if (was >> 32 == tag_of(hash))
		return session_idle_s(t, was) <= persist_s ? SESSION_CHANGED : SESSION_NEW;
	return was && session_idle_s(t, was) <= persist_s ? SESSION_EVICTED : SESSION_NEW;
}

uint64_t session_hash(const struct session_table *t, const struct session_client *client)
{
	const struct flow_key k = {{client->source[0], client->source[1], client->pool}};
	const uint8_t whole = 1; /* the long form has room for both families */
	uint64_t hash;

	hash_burst(&t->key, &k, &whole, 1, &hash);
	return hash;
}

bool session_read(
	const struct session_table *t, uint32_t i, uint64_t *word, struct session_client *client)
{
	const struct session_client *c = &t->client[i];

	*word = __atomic_load_n(&t->word[i], __ATOMIC_ACQUIRE);
	if (!*word)
		return false;
	*client = (struct session_client){
		.source = {WORD_AT(&c->source[0]), WORD_AT(&c->source[1])},
		.pool = WORD_AT(&c->pool),
		.is6 = WORD_AT(&c->is6),
	};
	return tag_of(session_hash(t, client)) == *word >> 32;
}

bool session_forget(struct session_table *t, uint32_t i, uint64_t word)
{
	return __atomic_compare_exchange_n(
		&t->word[i], &word, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}
