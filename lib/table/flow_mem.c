/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "table/flow_mem.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* since Linux 5.14 */
#endif

#define HUGE_BYTES ((size_t)2 << 20)
#define PAGE_BYTES ((size_t)4096)

const uint32_t flow_part_unit[FLOW_PARTS] = {
	[FLOW_PART_NAMES] = FLOW_NAME_BYTES,
	[FLOW_PART_BUCKETS] = sizeof(struct flow_bucket) / FLOW_WAYS,
	[FLOW_PART_SPARE] = sizeof(uint16_t),
	[FLOW_PART_KEYS] = sizeof(struct flow_key),
};

/* A part that can be as large as a huge page begins on one. */
static size_t align_part(size_t offset, size_t bytes)
{
	const size_t to = bytes < HUGE_BYTES ? PAGE_BYTES : HUGE_BYTES;

	return (offset + to - 1) / to * to;
}

/* Zero pages that take memory only when they are used, from the start of a huge page. */
static void *map_pages(size_t bytes)
{
	const size_t room = bytes + HUGE_BYTES;
	uint8_t *p = mmap(NULL, room, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	const size_t skip = -(uintptr_t)p % HUGE_BYTES;

	if (skip)
		munmap(p, skip);
	munmap(p + skip + bytes, room - skip - bytes);
	return p + skip;
}

struct flow_head *flow_mem_map(uint32_t most, bool exact_keys)
{
	const size_t entries = (size_t)most * FLOW_WAYS;
	struct flow_head h = {
		.magic = FLOW_MAGIC,
		.layout = FLOW_LAYOUT,
		.head_bytes = sizeof h,
		.ways = FLOW_WAYS,
		.exact_keys = exact_keys,
		.bytes = PAGE_BYTES,
	};

	for (int p = 0; p < FLOW_PARTS; p++) {
		const size_t units = p == FLOW_PART_NAMES                 ? BACKEND_SLOTS
				     : p == FLOW_PART_KEYS && !exact_keys ? 0
									  : entries;

		h.part[p].bytes = units * flow_part_unit[p];
		h.part[p].offset = align_part(h.bytes, h.part[p].bytes);
		h.bytes = align_part(h.part[p].offset + h.part[p].bytes, 1);
	}
	struct flow_head *at = map_pages(h.bytes);

	if (!at)
		return NULL;
	*at = h;
	for (int p = FLOW_PART_BUCKETS; p < FLOW_PARTS; p++)
		if (h.part[p].bytes >= HUGE_BYTES)
			madvise(flow_mem_part(at, p), h.part[p].bytes, MADV_HUGEPAGE);
	return at;
}

void flow_mem_unmap(struct flow_head *h)
{
	if (h)
		munmap(h, h->bytes);
}

void flow_mem_note(struct flow_table *t)
{
	t->head->buckets = t->mask + 1;
	t->head->half = t->half;
	t->head->unsplit = t->unsplit;
}

/* The pages of bytes [from, end) of a part. */
static void populate(const struct flow_head *h, enum flow_part part, size_t from, size_t end)
{
	const uintptr_t at = (uintptr_t)flow_mem_part(h, part);
	const uintptr_t first = (at + from) / PAGE_BYTES * PAGE_BYTES;

	madvise((void *)first, at + end - first, MADV_POPULATE_WRITE);
}

void flow_mem_ready(const struct flow_table *t)
{
	const uint32_t buckets = __atomic_load_n(&t->mask, __ATOMIC_RELAXED) + 1;
	const size_t capacity = (size_t)buckets * FLOW_WAYS;

	if (buckets >= t->most || __atomic_load_n(&t->entries, __ATOMIC_RELAXED) < capacity / 8 * 3)
		return;
	for (int p = FLOW_PART_BUCKETS; p < FLOW_PARTS; p++)
		if (t->head->part[p].bytes)
			populate(t->head, p, capacity * flow_part_unit[p],
				2 * capacity * flow_part_unit[p]);
}

static char *name_of(const struct flow_table *t, uint16_t slot)
{
	return (char *)flow_mem_part(t->head, FLOW_PART_NAMES) + (size_t)slot * FLOW_NAME_BYTES;
}

void flow_name_set(struct flow_table *t, uint16_t slot, const char *name)
{
	if (strcmp(name_of(t, slot), name) != 0)
		snprintf(name_of(t, slot), FLOW_NAME_BYTES, "%s", name);
	if (*name && slot >= t->head->names)
		t->head->names = slot + 1u;
}

const char *flow_name(const struct flow_table *t, uint16_t slot)
{
	return name_of(t, slot);
}
