/* SPDX-License-Identifier: BSD-3-Clause */

/* The memory of a flow table: one mapping that holds no address, so that it can be copied, kept and
 * taken up again, here or by another process.
 *
 *     struct flow_head | names of backends by slot | buckets | spare index bits | keys
 *
 * Each part is an array for the most entries that the table may grow to, at the offset that the
 * head names; memory is taken only as the table grows into it, in huge pages where the kernel has
 * them. An image (flow_image_write) is the same with the parts cut to what is in use. */

#ifndef SLUICE_TABLE_FLOW_MEM_H
#define SLUICE_TABLE_FLOW_MEM_H

#include "base/err.h"
#include "table/flow.h"

#define FLOW_MAGIC       0x7466656369756c73u /* the bytes "sluiceft" */
#define FLOW_LAYOUT      2                   /* of the head and of the parts */
#define FLOW_NAME_BYTES  128                 /* "pool/address" of a slot, with a NUL */

/* How many times as large as at the beginning a table may become: 16 spare bits an entry. */
#define FLOW_GROWTH_MOST 65536

enum flow_part { FLOW_PART_NAMES, FLOW_PART_BUCKETS, FLOW_PART_SPARE, FLOW_PART_KEYS, FLOW_PARTS };

/* Worker: rw, but for the names, which the control thread writes. Numbers are in the byte order of
 * the machine; the magic tells another one. */
struct flow_head {
	uint64_t magic;
	uint32_t layout;
	uint32_t head_bytes;
	uint64_t bytes;                    /* of the whole */
	uint64_t sum;                      /* of an image, with this field 0; else 0 */
	uint8_t secret[HASH_SECRET_BYTES]; /* seed of the flow hash */
	uint32_t buckets;                  /* in use */
	uint32_t half, unsplit;            /* as in struct flow_table */
	uint32_t base_bits;
	uint16_t clock; /* of an image: the lane's, which the ages are measured by */
	uint8_t ways;
	uint8_t exact_keys;
	uint32_t names; /* slots that may have one: above the highest */
	struct {
		uint64_t offset, bytes;
	} part[FLOW_PARTS];
};

/* Bytes of each entry or slot in the parts. */
extern const uint32_t flow_part_unit[FLOW_PARTS];

/* Map memory for a table of `most` buckets and lay the head out. NULL without memory. */
struct flow_head *flow_mem_map(uint32_t most, bool exact_keys);
void flow_mem_unmap(struct flow_head *h);

static inline void *flow_mem_part(const struct flow_head *h, enum flow_part part)
{
	return (uint8_t *)(uintptr_t)h + h->part[part].offset;
}

/* Set the fields of a table that follow from its head, whose parts are in place. */
void flow_take_up(struct flow_table *t);

/* With more entries than this the table doubles; 0 while it does so, UINT32_MAX when it cannot. */
uint32_t flow_next_growth(const struct flow_table *t);

/* Keep what changed while the table grew also in the head. */
void flow_mem_note(struct flow_table *t);

/* Take memory for the next doubling when it is near, so that the worker does not wait for the
 * kernel to clear pages; without this it does, a page at a time. Control thread, now and then. */
void flow_mem_ready(const struct flow_table *t);

/* Which backend a slot stands for, "" = none. The control thread's; not longer than
 * FLOW_NAME_BYTES - 1. */
void flow_name_set(struct flow_table *t, uint16_t slot, const char *name);
const char *flow_name(const struct flow_table *t, uint16_t slot);

/* Bytes of an image of the table as it is. */
size_t flow_image_bytes(const struct flow_table *t);

/* Write the image; `to` has room for flow_image_bytes(). now: the lane's clock. By the table's
 * writer, or when it has none. */
void flow_image_write(const struct flow_table *t, uint16_t now, void *to);

/* Make a table of an image, which may lie anywhere (8-byte aligned): same flows, same secret, same
 * growth under way, counters from zero. *now: the clock to go on with. 0; -EINVAL with the reason
 * for what is no image of this layout, is cut short or damaged, or keeps keys where `s` does not or
 * the other way round; -E2BIG when s->entries is less than it has; -ENOMEM. Control thread. */
int flow_adopt(const void *image, size_t bytes, const struct flow_shape *s, struct flow_table **out,
	uint16_t *now, struct sl_err *err);

#endif
