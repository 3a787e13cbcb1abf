/* SPDX-License-Identifier: BSD-3-Clause */

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "eal/hash.h"
#include "table/maglev.h"

/* Identities are hashed with a key that is part of the algorithm: tables agree between nodes even
 * where `cluster.hash_key` does not. */
static const uint8_t identity_secret[HASH_SECRET_BYTES] = "sluice maglev v1";

int maglev_identity_cmp(const void *left, const void *right)
{
	const struct maglev_member *const *l = left, *const *r = right;

	if ((*l)->id || (*r)->id)
		return ((*l)->id > (*r)->id) - ((*l)->id < (*r)->id);
	return memcmp(&(*l)->address, &(*r)->address, sizeof(struct sl_addr));
}

/* 64 bits that stand for an identity: hash48 of {address or zero, id in little-endian order, zero}.
 */
static uint64_t identity_hash(const struct hash_key *k, const struct maglev_member *m)
{
	uint8_t block[48] = {0};
	const uint32_t id = htole32(m->id);

	if (!m->id)
		memcpy(block, &m->address, sizeof m->address);
	memcpy(block + 16, &id, sizeof id);
	return hash48(k, block);
}

static bool is_prime(uint32_t v)
{
	if (v % 2 == 0)
		return false;
	for (uint32_t d = 3; d * d <= v; d += 2)
		if (v % d == 0)
			return false;
	return v > 2;
}

static int check(const struct maglev_member *m, size_t n, uint32_t size)
{
	if (n > MAGLEV_MAX_MEMBERS || size > MAGLEV_MAX_SIZE || !is_prime(size))
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (m[i].slot > MAGLEV_MAX_SLOT)
			return -EINVAL;
	return 0;
}

/* Leave those with a weight, in the order of their identities. Their number, or -EEXIST. */
static int sort_members(
	const struct maglev_member *m, size_t n, const struct maglev_member **sorted)
{
	int kept = 0;

	for (size_t i = 0; i < n; i++)
		sorted[i] = &m[i];
	qsort(sorted, n, sizeof *sorted, maglev_identity_cmp);
	for (size_t i = 1; i < n; i++)
		if (maglev_identity_cmp(&sorted[i - 1], &sorted[i]) == 0)
			return -EEXIST;
	for (size_t i = 0; i < n; i++)
		if (sorted[i]->weight)
			sorted[kept++] = sorted[i];
	return kept;
}

/* The upper half of the hash gives the offset, the lower one the skip. */
static void ways_from_identities(
	const struct maglev_member *const *sorted, size_t n, uint32_t size, struct maglev_way *way)
{
	struct hash_key key;

	hash_key_init(&key, identity_secret);
	for (size_t i = 0; i < n; i++) {
		const uint64_t h = identity_hash(&key, sorted[i]);

		way[i].offset = (uint32_t)(h >> 32) % size;
		way[i].skip = (uint32_t)h % (size - 1) + 1;
		way[i].weight = sorted[i]->weight;
	}
}

static int fill_sorted(
	const struct maglev_member *const *sorted, size_t n, uint16_t *table, uint32_t size)
{
	struct maglev_way *way = malloc(n * sizeof *way);
	int rc;

	if (!way)
		return -ENOMEM;
	ways_from_identities(sorted, n, size, way);
	rc = maglev_fill(way, n, table, size);
	for (uint32_t e = 0; rc == 0 && e < size; e++)
		table[e] = sorted[table[e]]->slot;
	free(way);
	return rc;
}

int maglev_compile(const struct maglev_member *m, size_t n, uint16_t *table, uint32_t size)
{
	const struct maglev_member **sorted;
	int rc = check(m, n, size);

	if (rc)
		return rc;
	sorted = calloc(n + 1, sizeof *sorted);
	if (!sorted)
		return -ENOMEM;
	rc = sort_members(m, n, sorted);
	if (rc > 0)
		rc = fill_sorted(sorted, (size_t)rc, table, size);
	else if (rc == 0)
		memset(table, 0xff, size * sizeof *table);
	free(sorted);
	return rc;
}

uint64_t maglev_identity(const struct maglev_member *m)
{
	struct hash_key key;

	hash_key_init(&key, identity_secret);
	return identity_hash(&key, m);
}

uint64_t *maglev_identities(const struct maglev_member *m, size_t n)
{
	uint64_t *by_slot = calloc(MAGLEV_MAX_SLOT + 1, sizeof *by_slot);
	struct hash_key key;

	if (!by_slot)
		return NULL;
	hash_key_init(&key, identity_secret);
	for (size_t i = 0; i < n; i++) {
		const uint64_t h = identity_hash(&key, &m[i]);

		by_slot[m[i].slot] = h ? h : 1;
	}
	return by_slot;
}

int maglev_checksum(const struct maglev_member *m, size_t n, const uint16_t *table, uint32_t size,
	uint64_t *sum)
{
	uint64_t *by_slot;
	uint64_t s = size;
	int rc = check(m, n, size);

	if (rc)
		return rc;
	by_slot = maglev_identities(m, n);
	if (!by_slot)
		return -ENOMEM;
	for (uint32_t e = 0; e < size && rc == 0; e++) {
		const uint16_t slot = table[e];
		const uint64_t h = slot <= MAGLEV_MAX_SLOT ? by_slot[slot] : 0;

		if (!h && slot != MAGLEV_NONE)
			rc = -EINVAL;
		/* 2^64 / golden ratio: odd, so no step loses a bit of what came before. */
		s = ((s << 29 | s >> 35) ^ h) * UINT64_C(0x9e3779b97f4a7c15);
	}
	free(by_slot);
	if (rc == 0)
		*sum = s;
	return rc;
}
