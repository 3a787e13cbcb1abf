/* SPDX-License-Identifier: BSD-3-Clause */

/* VIP lookup: destination address, port and protocol to a service. The longest prefix wins, then
 * the narrowest range of ports: one port before a range, a range before every port. A VIP whose
 * ports do not hold the packet's does not count: a shorter prefix may serve it.
 *
 * VIPs of one address and one port, or every port, are in a hash table per family: open addressing,
 * at most half full. Most packets need one probe of it. Prefixes and ranges are in vip_wide.h,
 * which is asked behind a probe that found nothing. Built once, then only read. */

#ifndef SLUICE_TABLE_VIP_H
#define SLUICE_TABLE_VIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/flow_key.h"
#include "base/ports.h"

/* No service: the value of an empty entry and the answer for "not found". */
#define VIP_NONE        0xffff

/* Stands for port and protocol in the row that says "this address is a VIP". A bit above those that
 * a packet can set. */
#define VIP_ADDRESS_ROW 0x1000000u

struct vip4_entry {
	uint64_t key; /* vip4_key() */
	uint16_t service;
};

struct vip6_entry {
	uint64_t addr[2];
	uint32_t port_proto; /* vip_port_proto() */
	uint16_t service;
};

struct vip_table {
	uint32_t mask4, mask6; /* entries - 1 */
	bool more; /* some VIP serves several ports or addresses: the first probe may miss it */
	struct vip4_entry *v4;
	struct vip6_entry *v6;
	struct vip_wide *wide; /* NULL: no VIP is a prefix or has a range */
};

struct vip_def {
	struct sl_prefix prefix;
	struct sl_ports ports;
	uint8_t proto;
	uint16_t service; /* what a lookup answers */
};

/* Build from n definitions. 0; -ENOMEM; or -EEXIST: two have the same prefix, ports and proto, or
 * two of one prefix and proto have ranges of the same width that overlap. */
int vip_compile(struct vip_table *t, const struct vip_def *defs, size_t n);

/* Free what vip_compile made. */
void vip_clear(struct vip_table *t);

/* Port as it stands in the packet, and protocol, in one word. */
static inline uint32_t vip_port_proto(uint16_t port_be, uint8_t proto)
{
	return port_be | (uint32_t)proto << 16;
}

static inline uint64_t vip4_key(uint32_t addr_be, uint32_t port_proto)
{
	return addr_be | (uint64_t)port_proto << 32;
}

/* Fibonacci hashing (Knuth, TAOCP 3, 6.4): the product's upper half carries every bit of the key.
 */
static inline uint32_t vip_hash(uint64_t x)
{
	return (uint32_t)((x * 0x9e3779b97f4a7c15u) >> 32);
}

/* What tells addresses of one network apart is the last bytes of either word, its highest; a
 * product carries bits upwards only. So the words are turned over before the last one. */
static inline uint32_t vip6_hash(const uint64_t addr[2], uint32_t port_proto)
{
	const uint64_t both = addr[0] ^ (addr[1] * 0xff51afd7ed558ccdu);

	return vip_hash(__builtin_bswap64(both) ^ (uint64_t)port_proto << 17);
}

static inline uint16_t vip4_probe(const struct vip_table *t, uint64_t key)
{
	for (uint32_t i = vip_hash(key);; i++) {
		const struct vip4_entry *e = &t->v4[i & t->mask4];

		if (e->key == key || e->service == VIP_NONE)
			return e->service;
	}
}

static inline uint16_t vip6_probe(const struct vip_table *t, const uint64_t addr[2], uint32_t pp)
{
	for (uint32_t i = vip6_hash(addr, pp);; i++) {
		const struct vip6_entry *e = &t->v6[i & t->mask6];

		if (e->service == VIP_NONE ||
			(e->port_proto == pp && e->addr[0] == addr[0] && e->addr[1] == addr[1]))
			return e->service;
	}
}

/* Destination address, destination port and protocol of a flow key, as the probes want them. */
static inline uint64_t vip4_key_of(const struct flow_key *k)
{
	return k->w[0] >> 32 | (k->w[1] & 0xffffff0000u) << 16;
}

static inline uint32_t vip6_port_proto_of(const struct flow_key *k)
{
	return (uint32_t)(k->w[4] >> 16) & 0xffffff;
}

/* Behind a probe that found nothing. */
uint16_t vip_find4_more(const struct vip_table *t, uint64_t key);
uint16_t vip_find6_more(const struct vip_table *t, const uint64_t addr[2], uint32_t port_proto);

/* The service of a packet, or VIP_NONE. */
static inline uint16_t vip_find4(const struct vip_table *t, const struct flow_key *k)
{
	const uint64_t key = vip4_key_of(k);
	const uint16_t s = vip4_probe(t, key);

	if (__builtin_expect(s != VIP_NONE || !t->more, 1))
		return s;
	return vip_find4_more(t, key);
}

static inline uint16_t vip_find6(const struct vip_table *t, const struct flow_key *k)
{
	const uint32_t pp = vip6_port_proto_of(k);
	const uint16_t s = vip6_probe(t, k->w + 2, pp);

	if (__builtin_expect(s != VIP_NONE || !t->more, 1))
		return s;
	return vip_find6_more(t, k->w + 2, pp);
}

static inline uint16_t vip_find(const struct vip_table *t, const struct flow_key *k, bool v6)
{
	return v6 ? vip_find6(t, k) : vip_find4(t, k);
}

/* The service of the first VIP with this address, or else of the first one with the longest prefix
 * that holds it, whatever port and protocol; or VIP_NONE. addr: 4 or 16 bytes. */
uint16_t vip_find_address(const struct vip_table *t, const void *addr, bool v6);

static inline bool vip_has_address(const struct vip_table *t, const void *addr, bool v6)
{
	return vip_find_address(t, addr, v6) != VIP_NONE;
}

#endif
