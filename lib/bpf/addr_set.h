/* SPDX-License-Identifier: BSD-3-Clause */

/* A BPF hash map with addresses as keys (struct bpf_addr) and a 32-bit value, as a set. Not for
 * users of the module. */

#ifndef SLUICE_BPF_ADDR_SET_H
#define SLUICE_BPF_ADDR_SET_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* Write the keys of the map to keys[max]. Returns their number. */
size_t addr_set_list(int fd, size_t max, struct sl_addr *keys);

/* Make the keys of the map equal to `addrs` (duplicates are fine), each with this value. Addresses
 * are added before others are removed. max: room of the map. 0, or -errno: -E2BIG when the new
 * addresses do not fit beside the old ones; those that fitted are in, none was removed. */
int addr_set_make_equal(int fd, size_t max, uint32_t value, const struct sl_addr *addrs, size_t n);

/* Sort in place and drop duplicates. Returns the number left. */
size_t addr_set_sort(struct sl_addr *addrs, size_t n);

/* The same as addr_set_make_equal() for a map that holds `from`, with `to`, both sorted: only what
 * differs is asked of the kernel. -errno: the map holds part of both. */
int addr_set_change(int fd, uint32_t value, const struct sl_addr *from, size_t n_from,
	const struct sl_addr *to, size_t n_to);

#endif
