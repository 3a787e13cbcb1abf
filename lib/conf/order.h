/* SPDX-License-Identifier: BSD-3-Clause */

/* A sorted view of an array: finds elements by key and says which came first among equals, in
 * O(log n) each. */

#ifndef SLUICE_CONF_ORDER_H
#define SLUICE_CONF_ORDER_H

#include <stdbool.h>
#include <stddef.h>

/* As for qsort, on pointers to elements. */
typedef int order_cmp(const void *a, const void *b);

struct conf_order {
	const void **item;
	size_t count;
	order_cmp *cmp;
	bool distinct; /* no two are equal */
};

/* View n elements of `size` bytes at base, which must outlive the view. 0, or -ENOMEM. */
int order_init(struct conf_order *o, const void *base, size_t n, size_t size, order_cmp *cmp);

/* The first element of the array that equals *key (an element of the same type), or NULL. */
const void *order_find(const struct conf_order *o, const void *key);

/* The first element of the view that is not below *key, or NULL. */
const void *order_from(const struct conf_order *o, const void *key);

/* The first element of the array that equals this one of it. */
const void *order_first(const struct conf_order *o, const void *element);

void order_free(struct conf_order *o);

#endif
