/* SPDX-License-Identifier: BSD-3-Clause */

/* The rows of test_drop.c: a frame that is valid but for one thing, and the verdict it meets. */

#ifndef SLUICE_TESTS_DROP_ROWS_H
#define SLUICE_TESTS_DROP_ROWS_H

#include <netinet/in.h>

#include "base/verdict.h"

#include "frame.h"
#include "rig.h"
#include "world.h"

/* Overwrite `size` bytes at `off` from the start of the frame ('f'), the IP header ('i') or the
 * transport header ('t') by a big-endian value. */
struct drop_patch {
	char base;
	uint8_t off, size;
	uint32_t value;
};

struct drop_row {
	const char *name;
	enum verdict verdict;
	struct frame_spec spec;
	struct drop_patch patch[3];
	bool raw;         /* leave the IPv4 checksum as it was before the patches */
	int16_t cut;      /* bytes less at the end; below 0: only this many, negated, are left */
	int16_t headroom; /* 0: RIG_HEADROOM; below 0: this many, negated, less 1 */
	uint8_t port;
	uint64_t ol_flags;
};

#define DROP_KEEP(n)     .cut = -(n)
#define DROP_HEADROOM(n) .headroom = -(n)-1

/* Usual destinations: TCP through an IPv4 tunnel. */
#define DROP_TO4         .dst = VIP4, .dport = PORT_OF(POOL_VIA4)
#define DROP_TO6         .dst = VIP6, .dport = PORT_OF(POOL_VIA4)

struct drop_rows {
	const struct drop_row *row;
	unsigned int n;
};

extern const struct drop_rows drop_rows_link, drop_rows_ip, drop_rows_transport, drop_rows_policy;

#define DROP_ROWS(rows)                               \
	{                                             \
		(rows), sizeof(rows) / sizeof *(rows) \
	}

#endif
