/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "kernel/mirror.h"

static int by_addr(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sl_addr));
}

/* Index of the first target not below addr. */
static size_t position(const struct targets *t, const struct sl_addr *addr)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (by_addr(&t->item[middle].addr, addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct target *target_find(const struct targets *t, const struct sl_addr *addr)
{
	const size_t at = position(t, addr);

	return at < t->count && sl_addr_eq(&t->item[at].addr, addr) ? &t->item[at] : NULL;
}

void targets_mark(struct targets *t, const struct route_range *range)
{
	if (t->dirty == t->count)
		return;
	for (size_t i = position(t, &range->low); i < t->count; i++) {
		if (by_addr(&t->item[i].addr, &range->high) > 0)
			break;
		t->dirty += !t->item[i].dirty;
		t->item[i].dirty = true;
	}
}

/* Sorted, without duplicates, all new. NULL without memory. */
static struct target *make_set(const struct sl_addr *addrs, size_t n, size_t *count)
{
	struct target *set = calloc(n + 1, sizeof *set);
	struct sl_addr *sorted = calloc(n + 1, sizeof *sorted);

	*count = 0;
	if (!set || !sorted) {
		free(set);
		free(sorted);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		sorted[i] = addrs[i];
	qsort(sorted, n, sizeof *sorted, by_addr); /* targets themselves are far larger */
	for (size_t i = 0; i < n; i++)
		if (*count == 0 || !sl_addr_eq(&sorted[i - 1], &sorted[i]))
			set[(*count)++] = (struct target){.addr = sorted[i], .dirty = true};
	free(sorted);
	return set;
}

static size_t count_dirty(const struct target *set, size_t count)
{
	size_t dirty = 0;

	for (size_t i = 0; i < count; i++)
		dirty += set[i].dirty;
	return dirty;
}

int targets_replace(struct targets *t, const struct sl_addr *addrs, size_t n, struct target **gone,
	size_t *gone_count)
{
	size_t count;
	struct target *set = make_set(addrs, n, &count);
	struct target *left = calloc(t->count + 1, sizeof *left);

	if (!set || !left) {
		free(set);
		free(left);
		return -ENOMEM;
	}
	*gone_count = 0;
	for (size_t i = 0, j = 0; i < t->count; i++) {
		while (j < count && by_addr(&set[j].addr, &t->item[i].addr) < 0)
			j++;
		if (j < count && sl_addr_eq(&set[j].addr, &t->item[i].addr))
			set[j] = t->item[i];
		else
			left[(*gone_count)++] = t->item[i];
	}
	free(t->item);
	*t = (struct targets){.item = set, .count = count, .dirty = count_dirty(set, count)};
	*gone = left;
	return 0;
}
