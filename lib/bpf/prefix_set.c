/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "bpf/prefix_set.h"
#include "bpf/shared.h"

static struct bpf_prefix key_of(const struct sl_prefix *p)
{
	struct bpf_prefix key = {.len = p->len};

	memcpy(&key.addr, &p->address, sizeof key.addr);
	return key;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct bpf_prefix));
}

static size_t list(int fd, size_t max, struct bpf_prefix *keys)
{
	size_t count = 0;

	while (count < max &&
		bpf_map_get_next_key(fd, count ? &keys[count - 1] : NULL, &keys[count]) == 0)
		count++;
	return count;
}

/* Remove every key that is not among the sorted ones. They are listed first: a walk goes on from a
 * key that is still there. */
static int remove_others(int fd, size_t max, const struct bpf_prefix *sorted, size_t n)
{
	struct bpf_prefix *keys = calloc(max, sizeof *keys);
	int rc = keys ? 0 : -ENOMEM;
	const size_t count = keys ? list(fd, max, keys) : 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		if (!bsearch(&keys[i], sorted, n, sizeof *sorted, by_bytes) &&
			bpf_map_delete_elem(fd, &keys[i]) && errno != ENOENT)
			rc = -errno;
	free(keys);
	return rc;
}

int prefix_set_make_equal(
	int fd, size_t max, uint32_t value, const struct sl_prefix *prefixes, size_t n)
{
	struct bpf_prefix *sorted = calloc(n + 1, sizeof *sorted);
	int rc = sorted ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && rc == 0; i++) {
		sorted[i] = key_of(&prefixes[i]);
		rc = bpf_map_update_elem(fd, &sorted[i], &value, BPF_ANY) ? -errno : 0;
	}
	if (rc == 0) {
		qsort(sorted, n, sizeof *sorted, by_bytes);
		rc = remove_others(fd, max, sorted, n);
	}
	free(sorted);
	return rc;
}

ssize_t prefix_set_list(int fd, size_t max, struct sl_prefix *keys)
{
	struct bpf_prefix *key = calloc(max, sizeof *key);
	const size_t n = key ? list(fd, max, key) : 0;

	for (size_t i = 0; i < n; i++) {
		memcpy(&keys[i].address, &key[i].addr, sizeof keys[i].address);
		keys[i].len = (uint8_t)key[i].len;
	}
	const bool failed = !key;

	free(key);
	return failed ? -ENOMEM : (ssize_t)n;
}

/* The trie answers with the longest prefix: it is asked for one key after another instead. */
uint32_t prefix_set_get(int fd, const struct sl_prefix *prefix)
{
	const struct bpf_prefix want = key_of(prefix);
	struct bpf_prefix at, next;
	bool first = true;
	uint32_t value;

	while (bpf_map_get_next_key(fd, first ? NULL : &at, &next) == 0) {
		if (by_bytes(&next, &want) == 0)
			return bpf_map_lookup_elem(fd, &want, &value) ? 0 : value;
		at = next;
		first = false;
	}
	return 0;
}

int prefix_set_put(int fd, const struct sl_prefix *prefix, uint32_t value)
{
	const struct bpf_prefix key = key_of(prefix);

	if (value)
		return bpf_map_update_elem(fd, &key, &value, BPF_ANY) ? -errno : 0;
	return bpf_map_delete_elem(fd, &key) && errno != ENOENT ? -errno : 0;
}
