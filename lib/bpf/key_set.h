/* SPDX-License-Identifier: BSD-3-Clause */

/* The keys of a BPF map with 32-bit values as a set. A key has `size` bytes, all of which count.
 * Not for users of the module. */

#ifndef SLUICE_BPF_KEY_SET_H
#define SLUICE_BPF_KEY_SET_H

#include <stddef.h>
#include <stdint.h>

/* Sort in place and drop duplicates. Returns the number left. */
size_t key_set_sort(void *keys, size_t size, size_t n);

/* Write the keys of the map to keys[max]. Returns their number. */
size_t key_set_list(int fd, size_t size, void *keys, size_t max);

/* Make the keys of a map that holds `from` those of `to`, both sorted, and new ones with this
 * value: only what differs is asked of the kernel, and keys are added before others are removed. 0,
 * or -errno: -E2BIG or, of a trie, -ENOSPC when the new keys do not fit beside the old ones; those
 * that fitted are in, none was removed. */
int key_set_change(int fd, size_t size, uint32_t value, const void *from, size_t n_from,
	const void *to, size_t n_to);

/* The same for a map that holds who knows what, and `keys` that this sorts; all get this value.
 * max: room of the map. */
int key_set_make_equal(int fd, size_t size, size_t max, uint32_t value, void *keys, size_t n);

/* Put the keys of another map in, each with its value there. 0, or -errno. */
int key_set_copy(int fd, size_t size, size_t max, int from_fd);

#endif
