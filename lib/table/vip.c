/* SPDX-License-Identifier: BSD-3-Clause */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "table/vip.h"

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

	memcpy(&addr_be, sl_addr_bytes(&d->address), 4);
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

	memcpy(new.addr, d->address.b, 16);
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
	return sl_addr_is4(&d->address) ? insert4(t, d, port_proto, service)
					: insert6(t, d, port_proto, service);
}

int vip_compile(struct vip_table *t, const struct vip_def *defs, size_t n)
{
	size_t n4 = 0;
	int rc;

	memset(t, 0, sizeof *t);
	for (size_t i = 0; i < n; i++)
		n4 += sl_addr_is4(&defs[i].address);
	rc = allocate(t, n4, n - n4);
	for (size_t i = 0; i < n && !rc; i++) {
		const struct vip_def *d = &defs[i];
		const uint32_t pp = vip_port_proto(htobe16(d->port), d->proto);

		t->any_port |= d->port == 0;
		rc = insert(t, d, pp, d->service);
		if (!rc)
			(void)insert(t, d, VIP_ADDRESS_ROW,
				d->service); /* -EEXIST: an earlier VIP has it */
	}
	if (rc)
		vip_clear(t);
	return rc;
}

void vip_clear(struct vip_table *t)
{
	free(t->v4);
	free(t->v6);
	memset(t, 0, sizeof *t);
}
