/* SPDX-License-Identifier: BSD-3-Clause */

/* A BPF trie with prefixes as keys (struct bpf_prefix) and a 32-bit value, as a set. Not for users
 * of the module. */

#ifndef SLUICE_BPF_PREFIX_SET_H
#define SLUICE_BPF_PREFIX_SET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"

/* The keys of the map to keys[max]. Returns their number, or -ENOMEM. */
ssize_t prefix_set_list(int fd, size_t max, struct sl_prefix *keys);

/* Value of just this prefix, not of one around it; 0: it is not in the map. */
uint32_t prefix_set_get(int fd, const struct sl_prefix *prefix);

/* Put the prefix in with this value; 0 takes it out. 0, or -errno. */
int prefix_set_put(int fd, const struct sl_prefix *prefix, uint32_t value);

/* Make the keys of the map equal to `prefixes` (duplicates are fine), each with this value. New
 * ones are added before others are removed. max: room of the map. 0, or -errno: -ENOSPC or -E2BIG
 * when the new prefixes do not fit beside the old ones; those that fitted are in, none was removed.
 */
int prefix_set_make_equal(
	int fd, size_t max, uint32_t value, const struct sl_prefix *prefixes, size_t n);

#endif
