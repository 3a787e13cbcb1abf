/* SPDX-License-Identifier: BSD-3-Clause */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "table/vip.h"
#include "table/vip_wide.h"

/* A power of two, at least four entries a VIP (each takes one, its address another), at least 8:
 * probes stay short and always meet a free entry. */
static uint32_t entries_for(size_t n)
{
	uint32_t e = 8;

	while (e < n * 4)
		e *= 2;
	return e;
}

static int allocate(struct vip_table *t, size_t n4, size_t n6)
{
	const uint32_t e4 = entries_for(n4), e6 = entries_for(n6);

	t->v4 = aligned_alloc(64, e4 * sizeof *t->v4);
	t->v6 = aligned_alloc(64, e6 * sizeof *t->v6);
	if (!t->v4 || !t->v6)
		return -ENOMEM;
	t->mask4 = e4 - 1;
	t->mask6 = e6 - 1;
	for (uint32_t i = 0; i < e4; i++)
		t->v4[i] = (struct vip4_entry){.service = VIP_NONE};
	for (uint32_t i = 0; i < e6; i++)
		t->v6[i] = (struct vip6_entry){.service = VIP_NONE};
	return 0;
}

static int insert4(
	struct vip_table *t, const struct vip_def *d, uint32_t port_proto, uint16_t service)
{
	uint32_t addr_be;

	memcpy(&addr_be, sl_addr_bytes(&d->prefix.address), 4);
	const uint64_t key = vip4_key(addr_be, port_proto);

	for (uint32_t i = vip_hash(key);; i++) {
		struct vip4_entry *e = &t->v4[i & t->mask4];

		if (e->service == VIP_NONE) {
			*e = (struct vip4_entry){.key = key, .service = service};
			return 0;
		}
		if (e->key == key)
			return -EEXIST;
	}
}

static int insert6(
	struct vip_table *t, const struct vip_def *d, uint32_t port_proto, uint16_t service)
{
	struct vip6_entry new = {.port_proto = port_proto, .service = service};

	memcpy(new.addr, d->prefix.address.b, 16);
	for (uint32_t i = vip6_hash(new.addr, port_proto);; i++) {
		struct vip6_entry *e = &t->v6[i & t->mask6];

		if (e->service == VIP_NONE) {
			*e = new;
			return 0;
		}
		if (e->port_proto == port_proto && memcmp(e->addr, new.addr, 16) == 0)
			return -EEXIST;
	}
}

static int insert(
	struct vip_table *t, const struct vip_def *d, uint32_t port_proto, uint16_t service)
{
	return sl_addr_is4(&d->prefix.address) ? insert4(t, d, port_proto, service)
					       : insert6(t, d, port_proto, service);
}

/* What a probe can find: one address, and one port or every port. */
static bool is_plain(const struct vip_def *d)
{
	return d->prefix.len == 128 && (sl_ports_is_one(&d->ports) || sl_ports_is_every(&d->ports));
}

/* All of a definition that is for the hash tables. */
static int insert_rows(struct vip_table *t, const struct vip_def *d)
{
	const uint16_t port = sl_ports_is_every(&d->ports) ? 0 : d->ports.first;
	int rc = 0;

	if (is_plain(d))
		rc = insert(t, d, vip_port_proto(htobe16(port), d->proto), d->service);
	if (!rc && d->prefix.len == 128) /* -EEXIST: an earlier VIP has it */
		(void)insert(t, d, VIP_ADDRESS_ROW, d->service);
	return rc;
}

int vip_compile(struct vip_table *t, const struct vip_def *defs, size_t n)
{
	bool wide = false;
	size_t n4 = 0;
	int rc;

	memset(t, 0, sizeof *t);
	for (size_t i = 0; i < n; i++) {
		n4 += sl_addr_is4(&defs[i].prefix.address);
		wide |= !is_plain(&defs[i]);
		t->more |= wide || sl_ports_is_every(&defs[i].ports);
	}
	rc = allocate(t, n4, n - n4);
	for (size_t i = 0; i < n && !rc; i++)
		rc = insert_rows(t, &defs[i]);
	if (!rc && wide)
		rc = vip_wide_new(&t->wide, defs, n);
	if (rc)
		vip_clear(t);
	return rc;
}

void vip_clear(struct vip_table *t)
{
	vip_wide_free(t->wide);
	free(t->v4);
	free(t->v6);
	memset(t, 0, sizeof *t);
}

/* The address of a packet as vip_wide.h wants it. */
static void number4(uint64_t out[2], uint32_t addr_be)
{
	out[0] = 0;
	out[1] = 0xffff00000000u | be32toh(addr_be);
}

static void number6(uint64_t out[2], const uint64_t addr[2])
{
	out[0] = be64toh(addr[0]);
	out[1] = be64toh(addr[1]);
}

uint16_t vip_find4_more(const struct vip_table *t, uint64_t key)
{
	uint64_t number[2];

	if (!t->wide)
		return vip4_probe(t, key & 0x00ff0000ffffffffu);
	number4(number, (uint32_t)key);
	return vip_wide_find(t->wide, number, be16toh((uint16_t)(key >> 32)), (uint8_t)(key >> 48));
}

uint16_t vip_find6_more(const struct vip_table *t, const uint64_t addr[2], uint32_t port_proto)
{
	uint64_t number[2];

	if (!t->wide)
		return vip6_probe(t, addr, port_proto & 0xff0000);
	number6(number, addr);
	return vip_wide_find(
		t->wide, number, be16toh((uint16_t)port_proto), (uint8_t)(port_proto >> 16));
}

static uint16_t find_address4(const struct vip_table *t, const void *addr)
{
	uint64_t number[2];
	uint32_t a;

	memcpy(&a, addr, sizeof a);
	const uint16_t s = vip4_probe(t, vip4_key(a, VIP_ADDRESS_ROW));

	if (s != VIP_NONE || !t->wide)
		return s;
	number4(number, a);
	return vip_wide_find_address(t->wide, number);
}

static uint16_t find_address6(const struct vip_table *t, const void *addr)
{
	uint64_t number[2], a[2];

	memcpy(a, addr, sizeof a);
	const uint16_t s = vip6_probe(t, a, VIP_ADDRESS_ROW);

	if (s != VIP_NONE || !t->wide)
		return s;
	number6(number, a);
	return vip_wide_find_address(t->wide, number);
}

uint16_t vip_find_address(const struct vip_table *t, const void *addr, bool v6)
{
	return v6 ? find_address6(t, addr) : find_address4(t, addr);
}
