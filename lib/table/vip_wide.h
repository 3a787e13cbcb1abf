/* SPDX-License-Identifier: BSD-3-Clause */

/* VIPs that are more than one address or more than one port: prefixes and port ranges. Looked at
 * only for packets that no VIP of just their address and port serves.
 *
 * Every prefix with such VIPs is a node that knows the next longer one around it. One binary search
 * finds the innermost node of an address, one per node its port; without an answer the search goes
 * on around it. So the work is bounded by how deep the operator's prefixes are nested (32 for IPv4,
 * 128 for IPv6 at the very most), not by what a packet says.
 *
 * Longest prefix first, then the narrowest range of ports. Built once, then only read. */

#ifndef SLUICE_TABLE_VIP_WIDE_H
#define SLUICE_TABLE_VIP_WIDE_H

#include <stddef.h>
#include <stdint.h>

#include "table/spans.h"

struct vip_def;
struct vip_wide;

/* Of n definitions those that are wide. *out is NULL when there is none. 0; -ENOMEM; or -EEXIST:
 * two are the same, or two of one prefix and protocol that are equally wide overlap. */
int vip_wide_new(struct vip_wide **out, const struct vip_def *defs, size_t n);

/* NULL is fine. */
void vip_wide_free(struct vip_wide *w);

/* address: host order, upper and lower half, IPv4 mapped. The service, or VIP_NONE. */
uint16_t vip_wide_find(
	const struct vip_wide *w, const uint64_t address[2], uint16_t port, uint8_t proto);

/* The service of the first definition of the longest prefix that holds the address, or VIP_NONE. */
uint16_t vip_wide_find_address(const struct vip_wide *w, const uint64_t address[2]);

#endif
