/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "bpf/key_set.h"
#include "bpf/prefix_set.h"
#include "bpf/shared.h"

static struct bpf_prefix key_of(const struct sl_prefix *p)
{
	struct bpf_prefix key = {.len = p->len};

	memcpy(&key.addr, &p->address, sizeof key.addr);
	return key;
}

int prefix_set_make_equal(
	int fd, size_t max, uint32_t value, const struct sl_prefix *prefixes, size_t n)
{
	struct bpf_prefix *keys = calloc(n + 1, sizeof *keys);

	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		keys[i] = key_of(&prefixes[i]);
	const int rc = key_set_make_equal(fd, sizeof *keys, max, value, keys, n);

	free(keys);
	return rc;
}

ssize_t prefix_set_list(int fd, size_t max, struct sl_prefix *keys)
{
	struct bpf_prefix *key = calloc(max, sizeof *key);
	const size_t n = key ? key_set_list(fd, sizeof *key, key, max) : 0;

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
		if (memcmp(&next, &want, sizeof want) == 0)
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
