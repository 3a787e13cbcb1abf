/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <string.h>

#include "base/counter.h"
#include "table/flow_mem.h"

#define HEAD_ROOM 512 /* before the first part of an image */

static_assert(sizeof(struct flow_head) <= HEAD_ROOM && sizeof(struct flow_head) % 8 == 0,
	"an image is summed up by words");

/* FNV-1a (Fowler, Noll, Vo) by words of 8 bytes: finds damage, proves no origin. */
static uint64_t sum_words(uint64_t sum, const void *at, size_t bytes)
{
	const uint8_t *p = at;

	for (uint64_t word; bytes; p += 8, bytes -= 8) {
		memcpy(&word, p, 8);
		sum = (sum ^ word) * 0x100000001b3;
		sum ^= sum >> 32;
	}
	return sum;
}

static uint64_t sum_image(const struct flow_head *h, const uint8_t *image)
{
	struct flow_head bare = *h;

	bare.sum = 0;
	return sum_words(sum_words(0xcbf29ce484222325, &bare, sizeof bare), image + HEAD_ROOM,
		h->bytes - HEAD_ROOM);
}

/* Where the parts of an image lie that has these numbers. */
static void lay_parts(struct flow_head *h, bool spare)
{
	const size_t units[FLOW_PARTS] = {
		[FLOW_PART_NAMES] = h->names,
		[FLOW_PART_BUCKETS] = (size_t)h->buckets * FLOW_WAYS,
		[FLOW_PART_SPARE] = spare ? (size_t)h->buckets * FLOW_WAYS : 0,
		[FLOW_PART_KEYS] = h->exact_keys ? (size_t)h->buckets * FLOW_WAYS : 0,
	};

	h->bytes = HEAD_ROOM;
	for (int p = 0; p < FLOW_PARTS; p++) {
		h->part[p].offset = h->bytes;
		h->part[p].bytes = units[p] * flow_part_unit[p];
		h->bytes += h->part[p].bytes;
	}
}

size_t flow_image_bytes(const struct flow_table *t)
{
	struct flow_head h = *t->head;

	lay_parts(&h, t->spare);
	return h.bytes;
}

void flow_image_write(const struct flow_table *t, uint16_t now, void *to)
{
	uint8_t *image = to;
	struct flow_head h = *t->head;

	h.clock = now;
	lay_parts(&h, t->spare);
	memset(image, 0, HEAD_ROOM);
	for (int p = 0; p < FLOW_PARTS; p++)
		memcpy(image + h.part[p].offset, flow_mem_part(t->head, p), h.part[p].bytes);
	h.sum = sum_image(&h, image);
	memcpy(image, &h, sizeof h);
}

static bool power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

static bool numbers_make_sense(const struct flow_head *h)
{
	return h->ways == FLOW_WAYS && h->exact_keys <= 1 && h->names <= BACKEND_SLOTS &&
	       power_of_two(h->buckets) && h->buckets <= FLOW_MAX_ENTRIES / FLOW_WAYS &&
	       h->base_bits < 32 && h->buckets >> h->base_bits &&
	       (!h->half || (h->half == h->buckets / 2 && h->unsplit < h->half));
}

/* Is this an image, whole and of our layout? */
static int check(const void *image, size_t bytes, struct flow_head *h, struct sl_err *err)
{
	struct flow_head want;

	if (bytes < HEAD_ROOM)
		return sl_err_add(err, "too short for the image of a flow table");
	memcpy(h, image, sizeof *h);
	if (h->magic != FLOW_MAGIC)
		return sl_err_add(err, "not the image of a flow table");
	if (h->layout != FLOW_LAYOUT || h->head_bytes != sizeof *h)
		return sl_err_add(err, "layout %u, this version reads layout %u", h->layout,
			(unsigned int)FLOW_LAYOUT);
	if (h->bytes != bytes)
		return sl_err_add(
			err, "%zu bytes, the image says %llu", bytes, (unsigned long long)h->bytes);
	if (!numbers_make_sense(h))
		return sl_err_add(err, "damaged: the head makes no sense");
	want = *h;
	lay_parts(&want, h->part[FLOW_PART_SPARE].bytes);
	if (memcmp(&want, h, sizeof want) != 0 || (h->half && !h->part[FLOW_PART_SPARE].bytes))
		return sl_err_add(err, "damaged: the parts are not where they belong");
	return sum_image(h, image) == h->sum ? 0 : sl_err_add(err, "damaged: the sum is not right");
}

/* Count anew what is counted as flows come and go. False for an entry that no table writes. */
static bool recount(struct flow_table *t)
{
	for (uint32_t i = 0; i < (t->mask + 1) * FLOW_WAYS; i++) {
		const struct flow_at at = {&t->bucket[i / FLOW_WAYS], i % FLOW_WAYS};

		if (!at.b->tag[at.way])
			continue;
		if (flow_slot(at) >= BACKEND_SLOTS)
			return false;
		counter_shift(&t->active[flow_slot(at)], 1);
		counter_shift(&t->entries, 1);
	}
	return true;
}

static void take_over(struct flow_table *t, const struct flow_head *from, const uint8_t *image)
{
	struct flow_head *h = t->head;

	h->base_bits = from->base_bits;
	h->buckets = from->buckets;
	h->half = from->half;
	h->unsplit = from->unsplit;
	h->names = from->names;
	for (int p = 0; p < FLOW_PARTS; p++)
		memcpy(flow_mem_part(h, p), image + from->part[p].offset, from->part[p].bytes);
	/* entries do not know more bits of their index than this */
	if (!from->part[FLOW_PART_SPARE].bytes)
		t->most = from->buckets;
	while (t->most >> from->base_bits > FLOW_GROWTH_MOST)
		t->most /= 2;
	flow_take_up(t);
}

int flow_adopt(const void *image, size_t bytes, const struct flow_shape *s, struct flow_table **out,
	uint16_t *now, struct sl_err *err)
{
	struct flow_head h;
	struct flow_table *t;
	int rc = check(image, bytes, &h, err);

	*out = NULL;
	if (rc)
		return rc;
	if (h.exact_keys != s->exact_keys)
		return sl_err_add(
			err, "the image %s whole keys", h.exact_keys ? "holds" : "does not hold");
	t = flow_new(s, h.secret);
	if (!t)
		return sl_err_sys(err, ENOMEM, "a table of %u flows", s->entries);
	if (h.buckets > t->most) {
		flow_free(t);
		sl_err_add(err, "the image has %u entries, more than %u", h.buckets * FLOW_WAYS,
			s->entries);
		return -E2BIG;
	}
	take_over(t, &h, image);
	if (!recount(t)) {
		flow_free(t);
		return sl_err_add(err, "damaged: a flow of no backend");
	}
	*out = t;
	*now = h.clock;
	return 0;
}
