/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "bpf/addr_set.h"
#include "bpf/shared.h"

_Static_assert(sizeof(struct bpf_addr) == sizeof(struct sl_addr), "one key on both sides");

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sl_addr));
}

size_t addr_set_sort(struct sl_addr *a, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(a, n, sizeof *a, by_bytes);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || !sl_addr_eq(&a[kept - 1], &a[i]))
			a[kept++] = a[i];
	}
	return kept;
}

static int add_all(int fd, uint32_t value, const struct sl_addr *addrs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bpf_map_update_elem(fd, &addrs[i], &value, BPF_ANY))
			return -errno;
	}
	return 0;
}

size_t addr_set_list(int fd, size_t max, struct sl_addr *keys)
{
	size_t count = 0;

	while (count < max &&
		bpf_map_get_next_key(fd, count ? &keys[count - 1] : NULL, &keys[count]) == 0)
		count++;
	return count;
}

/* Remove every key that is not in the sorted array. The keys are listed first: removing the key at
 * hand would start the walk anew. */
static int remove_others(int fd, size_t max, const struct sl_addr *addrs, size_t n)
{
	struct sl_addr *keys = calloc(max, sizeof *keys);
	int rc = 0;

	if (!keys)
		return -ENOMEM;
	const size_t count = addr_set_list(fd, max, keys);

	for (size_t i = 0; i < count && rc == 0; i++) {
		if (bsearch(&keys[i], addrs, n, sizeof *addrs, by_bytes))
			continue;
		if (bpf_map_delete_elem(fd, &keys[i]) && errno != ENOENT)
			rc = -errno;
	}
	free(keys);
	return rc;
}

int addr_set_make_equal(int fd, size_t max, uint32_t value, const struct sl_addr *addrs, size_t n)
{
	struct sl_addr *sorted = calloc(n ? n : 1, sizeof *sorted);
	int rc = -E2BIG;

	if (!sorted)
		return -ENOMEM;
	if (n)
		memcpy(sorted, addrs, n * sizeof *sorted);
	n = addr_set_sort(sorted, n);
	if (n <= max)
		rc = add_all(fd, value, sorted, n);
	if (rc == 0)
		rc = remove_others(fd, max, sorted, n);
	free(sorted);
	return rc;
}

/* Where an address stands or would stand. */
static bool has(const struct sl_addr *addrs, size_t n, const struct sl_addr *a, size_t *at)
{
	while (*at < n && by_bytes(&addrs[*at], a) < 0)
		++*at;
	return *at < n && sl_addr_eq(&addrs[*at], a);
}

int addr_set_change(int fd, uint32_t value, const struct sl_addr *from, size_t n_from,
	const struct sl_addr *to, size_t n_to)
{
	size_t at = 0;

	for (size_t i = 0; i < n_to; i++)
		if (!has(from, n_from, &to[i], &at) &&
			bpf_map_update_elem(fd, &to[i], &value, BPF_ANY))
			return -errno;
	at = 0;
	for (size_t i = 0; i < n_from; i++)
		if (!has(to, n_to, &from[i], &at) && bpf_map_delete_elem(fd, &from[i]) &&
			errno != ENOENT)
			return -errno;
	return 0;
}
