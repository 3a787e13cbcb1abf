/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>

#include "conf/order.h"

/* Equal elements keep the order of the array, so that the first one of them is the earliest. */
static int compare(const void *a, const void *b, void *cmp)
{
	const char *const ea = *(const char *const *)a, *const eb = *(const char *const *)b;
	const int d = (*(order_cmp **)cmp)(ea, eb);

	if (d)
		return d;
	return ea < eb ? -1 : ea > eb;
}

/* Is it in order? Also finds out about equals. */
static bool is_sorted(struct conf_order *o)
{
	o->distinct = true;
	for (size_t i = 1; i < o->count; i++) {
		const int d = o->cmp(o->item[i - 1], o->item[i]);

		if (d > 0)
			return false;
		o->distinct &= d != 0;
	}
	return true;
}

int order_init(struct conf_order *o, const void *base, size_t n, size_t size, order_cmp *cmp)
{
	*o = (struct conf_order){.count = n, .cmp = cmp};
	o->item = calloc(n ? n : 1, sizeof *o->item);
	if (!o->item)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		o->item[i] = (const char *)base + i * size;
	/* Many a list is written in its order. */
	if (!is_sorted(o)) {
		qsort_r(o->item, n, sizeof *o->item, compare, &o->cmp);
		is_sorted(o);
	}
	return 0;
}

const void *order_first(const struct conf_order *o, const void *element)
{
	return o->distinct ? element : order_find(o, element);
}

const void *order_from(const struct conf_order *o, const void *key)
{
	size_t low = 0, high = o->count;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (o->cmp(o->item[mid], key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < o->count ? o->item[low] : NULL;
}

const void *order_find(const struct conf_order *o, const void *key)
{
	const void *at = order_from(o, key);

	return at && o->cmp(at, key) == 0 ? at : NULL;
}

void order_free(struct conf_order *o)
{
	free(o->item);
	*o = (struct conf_order){0};
}
