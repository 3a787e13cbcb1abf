/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "bpf/key_set.h"

static const void *key_at(const void *keys, size_t size, size_t i)
{
	return (const char *)keys + i * size;
}

static int by_bytes(const void *a, const void *b, void *size)
{
	return memcmp(a, b, *(const size_t *)size);
}

size_t key_set_sort(void *keys, size_t size, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort_r(keys, n, size, by_bytes, &size);
	for (size_t i = 0; i < n; i++) {
		const void *key = key_at(keys, size, i);

		if (kept == 0 || memcmp(key_at(keys, size, kept - 1), key, size) != 0)
			memmove((char *)keys + kept++ * size, key, size);
	}
	return kept;
}

size_t key_set_list(int fd, size_t size, void *keys, size_t max)
{
	size_t n = 0;

	while (n < max && bpf_map_get_next_key(fd, n ? key_at(keys, size, n - 1) : NULL,
				  (char *)keys + n * size) == 0)
		n++;
	return n;
}

/* Is the key among the sorted ones? *at goes on from call to call. */
static bool has(const void *keys, size_t size, size_t n, const void *key, size_t *at)
{
	int order = -1;

	while (*at < n && (order = memcmp(key_at(keys, size, *at), key, size)) < 0)
		++*at;
	return *at < n && order == 0;
}

int key_set_change(int fd, size_t size, uint32_t value, const void *from, size_t n_from,
	const void *to, size_t n_to)
{
	size_t at = 0;

	for (size_t i = 0; i < n_to; i++) {
		const void *key = key_at(to, size, i);

		if (!has(from, size, n_from, key, &at) &&
			bpf_map_update_elem(fd, key, &value, BPF_ANY))
			return -errno;
	}
	at = 0;
	for (size_t i = 0; i < n_from; i++) {
		const void *key = key_at(from, size, i);

		if (!has(to, size, n_to, key, &at) && bpf_map_delete_elem(fd, key) &&
			errno != ENOENT)
			return -errno;
	}
	return 0;
}

int key_set_make_equal(int fd, size_t size, size_t max, uint32_t value, void *keys, size_t n)
{
	void *held = calloc(max, size);

	if (!held)
		return -ENOMEM;
	n = key_set_sort(keys, size, n);
	int rc = key_set_change(fd, size, value, NULL, 0, keys, n);

	if (rc == 0) {
		const size_t all = key_set_list(fd, size, held, max);

		rc = key_set_change(fd, size, value, held, key_set_sort(held, size, all), keys, n);
	}
	free(held);
	return rc;
}

int key_set_copy(int fd, size_t size, size_t max, int from_fd)
{
	void *keys = calloc(max, size);
	int rc = keys ? 0 : -ENOMEM;
	const size_t n = keys ? key_set_list(from_fd, size, keys, max) : 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const void *key = key_at(keys, size, i);
		uint32_t value;

		if (bpf_map_lookup_elem(from_fd, key, &value) ||
			bpf_map_update_elem(fd, key, &value, BPF_ANY))
			rc = -errno;
	}
	free(keys);
	return rc;
}
